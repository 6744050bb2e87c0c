/**
 * Objects with holes in them. A hole has a standard, which fills it in `config/`, and an expression, which fills it in
 * the chart: one object, so that both say the same.
 */
import { toYaml } from '../generators/generator.ts'

/**
 * How the expression stands in the template: `scalar` as it is, `block` as YAML below its key, `with` the same where it
 * is not empty (the key goes without it), `text` as lines of a string.
 */
type Kind = 'scalar' | 'block' | 'with' | 'text'

export class Hole {
  readonly kind: Kind
  readonly expression: string
  /** Undefined: the key is not there. */
  readonly standard: unknown
  constructor(kind: Kind, expression: string, standard?: unknown) {
    this.kind = kind
    this.expression = expression
    this.standard = standard
  }
}

/** Items of a list that are there while the condition holds. */
export class Items {
  readonly condition: string
  readonly items: readonly unknown[]
  /** Whether it holds in `config/`. */
  readonly standard: 'holds' | 'fails'
  constructor(condition: string, standard: 'holds' | 'fails', items: readonly unknown[]) {
    this.condition = condition
    this.standard = standard
    this.items = items
  }
}

/** As `config/` has it: standards in the holes. */
export function filled(value: unknown): unknown {
  if (value instanceof Hole) return filled(value.standard)
  if (Array.isArray(value)) return value.flatMap((item: unknown) => (item instanceof Items ? (item.standard === 'holds' ? item.items.map(filled) : []) : [filled(item)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]): [string, unknown] => [key, filled(member)]).filter(([, member]) => member !== undefined))
}

/** As the chart has it: text of a template. */
export function template(value: unknown): string {
  const holes: Hole[] = []
  const conditions: string[] = []
  const mark = (part: unknown): unknown => {
    if (part instanceof Hole) return `HOLE${holes.push(part) - 1}HOLE`
    if (Array.isArray(part)) return part.flatMap((item: unknown) => (item instanceof Items ? [`IF${conditions.push(item.condition) - 1}IF`, ...item.items.map(mark), 'ENDIF'] : [mark(item)]))
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, mark(member)]))
  }
  const text = toYaml(mark(value)).replaceAll('{{', '{{ "{{" }}')
  return text
    .replaceAll(/^ *- IF(\d+)IF$/gm, (_, index: string) => `{{- if ${conditions[Number(index)]} }}`)
    .replaceAll(/^ *- ENDIF$/gm, '{{- end }}')
    .replaceAll(/^(( |- )*)(.*)HOLE(\d+)HOLE$/gm, (_, lead: string, _last: string, key: string, index: string) => {
      const hole = holes[Number(index)]
      if (hole === undefined) throw new Error(`no hole ${index}`)
      return line(hole, lead, key.trimEnd())
    })
}

function line({ kind, expression }: Hole, lead: string, key: string): string {
  const indent = lead.length + 2
  switch (kind) {
    case 'scalar':
      return `${lead}${key === '' ? '' : `${key} `}{{ ${expression} }}`
    case 'block':
      return `${lead}${key}\n${' '.repeat(indent)}{{- toYaml ${expression} | nindent ${indent} }}`
    case 'with':
      if (lead.includes('-')) throw new Error(`${key} cannot be the first of an item`)
      return `${lead}{{- with ${expression} }}\n${lead}${key}\n${' '.repeat(indent)}{{- toYaml . | nindent ${indent} }}\n${lead}{{- end }}`
    case 'text':
      return `${lead}${key} |-\n${' '.repeat(indent)}{{- ${expression} | nindent ${indent} }}`
    default:
      return kind satisfies never
  }
}
