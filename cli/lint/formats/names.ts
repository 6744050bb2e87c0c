/** The words of `--format`. */
export const FORMAT_NAMES = ['text', 'json', 'sarif', 'junit', 'github'] as const
export type Format = (typeof FORMAT_NAMES)[number]
