/** What to write instead of what the schema or its CEL refuses. Pure. */
import { DURATION_PATTERN } from '../../shared/lib/duration.ts'
import { nearest } from '../../shared/lib/text.ts'
import type { Issue } from '../../shared/schema/issue.ts'
import { rootSchema } from '../../shared/schema/defaults.ts'
import type { CustomResource, StructuralSchema } from '../../shared/schema/structural.ts'
import { itemSchema, memberSchema } from '../../shared/schema/walk.ts'

/** As `kubectl explain` takes a field: without places in lists, and keys of maps. */
const explained = ({ singular }: Pick<CustomResource, 'singular'>, path: string): string => [singular, ...path.replaceAll(/\[[^\]]*\]/g, '').split('.').filter((part) => part !== '')].join('.')

const DURATION = 'write a duration such as 30s, 5m or 1h30m'

export function shapeFix(resource: CustomResource, { path, message }: Pick<Issue, 'path' | 'message'>): string {
  const explain = `see kubectl explain ${explained(resource, path)}`
  const [, words = '', written = ''] = /^must be one of (.+), not "(.*)"$/s.exec(message) ?? []
  const [near] = words === '' ? [] : nearest(written, words.split(', '))
  if (near !== undefined) return `write ${near}`
  if (message.endsWith(`must match ${DURATION_PATTERN}`)) return DURATION
  // A number in quotes has no unit either.
  if (message === 'must be a string, not a number' && isDuration(fieldAt(resource, path))) return DURATION
  if (/^must be a string, not a (number|boolean)$/.test(message)) return 'write it in quotes'
  return explain
}

const fieldAt = (resource: CustomResource, path: string): StructuralSchema | undefined =>
  path.replaceAll(/\[\d+\]/g, '.[]').split('.').reduce<StructuralSchema | undefined>((schema, part) => (part === '[]' ? itemSchema(schema) : memberSchema(schema, part)), rootSchema(resource))

const isDuration = (schema: StructuralSchema | undefined): boolean => schema?.type === 'string' && schema.pattern === DURATION_PATTERN
