/** `Warning` headers (RFC 7234): `299 - "text"`, several in one header or in several. Pure; what is of no such form is left out. */
export const warningsIn = (header: string | readonly string[] | undefined): readonly string[] =>
  Array.from((typeof header === 'string' ? header : (header ?? []).join(', ')).matchAll(/(?<![0-9])299 [^\s"]+ "((?:[^"\\]|\\.)*)"/g), ([, text = '']) => text.replaceAll(/\\(.)/g, '$1'))
