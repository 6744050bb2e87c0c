/** The imports of a TypeScript source, without a parser: enough for sources that a formatter and a linter keep regular. */

export interface Import {
  /** undefined: a dynamic import of a computed name. */
  readonly specifier: string | undefined
  readonly kind: 'value' | 'type' | 'dynamic'
  /** Where in the text. */
  readonly index: number
}

/** The text with comments blanked out; every other character stays where it is. */
export function withoutComments(source: string): string {
  const blank = (comment: string): string => comment.replaceAll(/[^\n]/g, ' ')
  // Only where a comment can begin: "https://" and "**/*.ts" in strings are none.
  return source.replaceAll(/(?<=^|[\s(,;{}=])\/\*[\s\S]*?\*\//g, blank).replaceAll(/(?<=^|[\s(,;{}])\/\/[^\n]*/gm, blank)
}

/** Of a text without comments, in order of appearance. */
export function importsOf(text: string): Import[] {
  const found: Import[] = []
  for (const match of text.matchAll(/^[ \t]*(?:import|export)\s+(type\s+)?(?:[^'"`;()=]*?\sfrom\s*)?(['"])([^'"\n]+)\2/gm)) {
    found.push({ specifier: match[3], kind: match[1] !== undefined || onlyTypes(match[0]) ? 'type' : 'value', index: match.index })
  }
  for (const match of text.matchAll(/\b(?:import|require)\s*\(\s*(?:(['"`])([^'"`\n$]+)\1\s*[,)])?/g)) {
    found.push({ specifier: match[2], kind: 'dynamic', index: match.index })
  }
  return found.sort((a, b) => a.index - b.index)
}

/** `import { type A, type B } from`. A statement that also takes a value loads the module. */
function onlyTypes(statement: string): boolean {
  const names = /^[^{]*\b(?:import|export)\s*\{([^}]*)\}/.exec(statement)?.[1]?.split(',') ?? []
  const given = names.map((name) => name.trim()).filter((name) => name !== '')
  return given.length > 0 && given.every((name) => name.startsWith('type '))
}

export const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length
