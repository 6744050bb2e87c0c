/** Of Prometheus and its like that an installation asks: each is a value of a label. */
export const MOST_SOURCES = 16
