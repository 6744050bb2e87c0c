/** What to write instead of what the schema or its CEL refuses. Pure. */
import { DURATION_PATTERN } from '../../shared/lib/duration.ts'
import { nearest } from '../../shared/lib/text.ts'
import type { Issue } from '../../shared/schema/issue.ts'
import { rootSchema } from '../../shared/schema/defaults.ts'
import type { CustomResource, StructuralSchema } from '../../shared/schema/structural.ts'
import { itemSchema, memberSchema } from '../../shared/schema/walk.ts'
import { staysString } from '../manifests/kubectl-yaml.ts'

/** As `kubectl explain` takes a field: without places in lists, and keys of maps. */
const explained = ({ singular }: Pick<CustomResource, 'singular'>, path: string): string => [singular, ...path.replaceAll(/\[[^\]]*\]/g, '').split('.').filter((part) => part !== '')].join('.')

const DURATION = 'write a duration such as 30s, 5m or 1h30m'

/** What people write for a word of a list; of several the first that is in the list. */
const MEANT: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    '=': ['=='], '==': ['='], eq: ['==', '='], equal: ['==', '='], equals: ['==', '='], is: ['==', '='],
    gt: ['>'], '=>': ['>='], ge: ['>='], gte: ['>='], lt: ['<'], '=<': ['<='], le: ['<='], lte: ['<='],
    '<>': ['!='], ne: ['!='], neq: ['!='], not: ['!='], notequals: ['!='], '~': ['=~'], '~=': ['=~'], matches: ['=~'], '~!': ['!~'],
    notexists: ['DoesNotExist'], absent: ['DoesNotExist'], present: ['Exists'],
  }),
)
const NEGATION = /^(?:!|not|does ?not|un|dis|in(?=valid))/i

export function shapeFix(resource: CustomResource, { path, message }: Pick<Issue, 'path' | 'message'>): string {
  const explain = `see kubectl explain ${explained(resource, path)}`
  const [, words = '', written = ''] = /^must be one of (.+), not "(.*)"$/s.exec(message) ?? []
  if (words !== '') return meant(written, words.split(', ')) ?? explain
  if (message.endsWith(`must match ${DURATION_PATTERN}`)) return DURATION
  const field = fieldAt(resource, path)
  // A number in quotes has no unit either.
  if (message === 'must be a string, not a number' && isDuration(field)) return DURATION
  if (!/^must be a string, not a (number|boolean)$/.test(message)) return explain
  return field?.type === 'string' && field.enum !== undefined ? `write ${field.enum.map((word) => (staysString(word) ? word : `"${word}"`)).join(', ').replace(/, (?=[^,]*$)/, ' or ')}` : 'write it in quotes'
}

/** Of signs nothing is guessed by their likeness, and never the opposite. */
function meant(written: string, words: readonly string[]): string | undefined {
  const known = MEANT.get(written.toLowerCase())?.find((word) => words.includes(word))
  const [near] = /[a-z]/i.test(written) ? nearest(written, words) : []
  const word = known ?? (near !== undefined && /[a-z]/i.test(near) && NEGATION.test(near) === NEGATION.test(written) ? near : undefined)
  return word === undefined ? undefined : `write ${word}`
}

const fieldAt = (resource: CustomResource, path: string): StructuralSchema | undefined =>
  path.replaceAll(/\[\d+\]/g, '.[]').split('.').reduce<StructuralSchema | undefined>((schema, part) => (part === '[]' ? itemSchema(schema) : memberSchema(schema, part)), rootSchema(resource))

const isDuration = (schema: StructuralSchema | undefined): boolean => schema?.type === 'string' && schema.pattern === DURATION_PATTERN
