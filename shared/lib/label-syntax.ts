/** What can be the key and the value of a label, as the API server has it. */

export const LABEL_VALUE_PATTERN = '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$'
export const LABEL_VALUE_LENGTH = 63
export const LABEL_KEY_PATTERN = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'

const VALUE = new RegExp(LABEL_VALUE_PATTERN)
const KEY = new RegExp(LABEL_KEY_PATTERN)
/** Characters of the part before the slash, and of the part after it. */
const PREFIX_LENGTH = 253
const NAME_LENGTH = 63

export const isLabelValue = (value: string): boolean => value.length <= LABEL_VALUE_LENGTH && VALUE.test(value)

/** Narrower than the pattern, which knows neither the lengths of the parts nor that a prefix is a DNS name. */
export function isLabelKey(key: string): boolean {
  if (key.length > PREFIX_LENGTH + 1 + NAME_LENGTH || !KEY.test(key)) return false
  const slash = key.indexOf('/')
  const prefix = key.slice(0, Math.max(0, slash))
  return prefix.length <= PREFIX_LENGTH && key.length - slash - 1 <= NAME_LENGTH && !/\.[.-]|-\./.test(prefix)
}
