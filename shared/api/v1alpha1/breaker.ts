/** Verifications that the breaker remembers. With all of them known and half or more that did not help, it opens, whatever failureThreshold says. */
export const REMEMBERED_OUTCOMES = 6
