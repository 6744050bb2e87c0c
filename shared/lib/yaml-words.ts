/** What is wrong with a text that is no YAML, in words of people: the parser's own are about its grammar. Pure. */

const WORDS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias names no anchor that comes before it',
  BAD_DIRECTIVE: 'a line that begins with % is no directive of YAML',
  BAD_DQ_ESCAPE: 'a text in double quotes has a \\ with a letter that means nothing: write \\\\',
  BAD_INDENT: 'a line is indented otherwise than the one that it belongs to',
  BAD_SCALAR_START: 'a text begins with a character that means something in YAML: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon follows in the same line: put the value in quotes, or the map into braces',
  BLOCK_IN_FLOW: 'a list or a map of several lines stands within brackets',
  DUPLICATE_KEY: 'a key is written twice in one map',
  KEY_OVER_1024_CHARS: 'a key has more than 1024 characters',
  MISSING_CHAR: 'a bracket, a quote, a comma, a colon or a blank after it is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes on in the next line: put it in quotes, or write its colon',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  MULTIPLE_DOCS: 'there is more than one document',
  MULTIPLE_TAGS: 'a value has two tags',
  TAB_AS_INDENT: 'a tab indents, where only blanks may',
  UNEXPECTED_TOKEN: 'something follows where the value has ended already',
}

/** @param code of an error of the parser; undefined: none of its own */
export const yamlProblem = (code: string): string | undefined => (Object.hasOwn(WORDS, code) ? WORDS[code] : undefined)
