/** The second layer (KS002): the CEL rules of a schema, each evaluated by its twin. */
import { sameJson } from '../../lib/json.ts'
import type { Issue } from '../../schema/issue.ts'
import type { StructuralSchema, Validation } from '../../schema/structural.ts'
import { places } from '../../schema/walk.ts'
import { twins, type Scope, type Twin } from './twins.ts'

export interface CelScope {
  /** Where `value` stands in its object. */
  readonly path?: string
  /** What `value` replaces; absent on CREATE. */
  readonly old?: unknown
}

/**
 * Every rule that does not hold. The value must be pruned, defaulted and of the right types: the API server evaluates
 * no rule otherwise. As there, rules about `oldSelf` wait for an old value, and others forgive what did not change.
 */
export function evaluateCel(schema: StructuralSchema, value: unknown, { path = '', old }: CelScope = {}): Issue[] {
  const issues: Issue[] = []
  for (const place of places(schema, value, path, old)) {
    for (const validation of place.schema['x-kubernetes-validations'] ?? []) {
      if (isTransition(validation)) {
        if (place.old === undefined && validation.optionalOldSelf !== true) continue
      } else if (place.old !== undefined && sameJson(place.old, place.value)) {
        continue
      }
      if (holds(validation, place.value, place.old)) continue
      issues.push({ kind: 'KS002', path: `${place.path}${validation.fieldPath ?? ''}`, message: validation.message, stopsCel: false })
    }
  }
  return issues
}

const isTransition = ({ rule }: Validation): boolean => /\boldSelf\b/.test(rule)

function holds({ rule }: Validation, self: unknown, oldSelf: unknown): boolean {
  const match = matchTwin(rule)
  if (match === undefined) throw new Error(`the CEL rule has no twin in shared/rules/cel/twins.ts: ${rule}`)
  return match.twin.holds({ self, oldSelf, hole: match.hole })
}

export interface TwinMatch {
  readonly twin: Twin
  readonly hole: Scope['hole']
}

const known = new Map<string, TwinMatch | undefined>()

/** The first twin whose text is that of the rule, holes aside. */
export function matchTwin(rule: string): TwinMatch | undefined {
  if (!known.has(rule)) known.set(rule, findTwin(rule))
  return known.get(rule)
}

function findTwin(rule: string): TwinMatch | undefined {
  for (const twin of twins) {
    const groups = toPattern(twin.rule).exec(rule)
    if (groups === null) continue
    const hole = (name: string): string => {
      const word = groups.groups?.[name]
      if (word === undefined) throw new Error(`the twin's text has no hole ${name}: ${twin.rule}`)
      return word
    }
    return { twin, hole }
  }
  return undefined
}

/** The text as a pattern: the first `{{name}}` takes a word, each later one the same word. */
function toPattern(text: string): RegExp {
  const seen = new Set<string>()
  const source = text.split(/\{\{(\w+)\}\}/).map((part, index) => {
    if (index % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (seen.has(part)) return `\\k<${part}>`
    seen.add(part)
    return `(?<${part}>[A-Za-z0-9.]+)`
  })
  return new RegExp(`^${source.join('')}$`)
}
