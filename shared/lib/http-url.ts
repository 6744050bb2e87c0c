/** An address that whoever runs the installation writes, and a program connects to. */

/** Without credentials, which would be in the clear in a ConfigMap. */
export const HTTP_URL = /^https?:\/\/[^\s@?#/\\]+(\/[^\s@?#\\]*)?$/
export const HTTP_URL_FORMAT = 'an http or https URL without credentials, query or fragment'

/** What the pattern leaves to say: in ASCII, so that what is read is what is connected to, with an address or port that there can be. */
export const isHttpUrl = (text: string): boolean => HTTP_URL.test(text) && /^[!-~]+$/.test(text) && URL.canParse(text)
