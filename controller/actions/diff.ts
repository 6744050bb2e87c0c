/** What a dry run says would change, for people and for the record. Pure. */
import { printable } from '../../shared/lib/text.ts'
import type { FieldChange } from '../../shared/rules/patches/changes.ts'
import { shown, type FieldPath } from '../../shared/rules/patches/paths.ts'
import type { Change } from './action.ts'
import { intentOf, pointer, type Intent } from './fields.ts'

/** An environment may hold passwords, whatever its names say. */
export const isSecret = (path: FieldPath): boolean => path.some(({ key }) => key === 'env')

export const REDACTED = '(not shown)'

/** For people: printable, bounded, without secrets. */
export function told({ path, before, after }: Pick<FieldChange, 'path' | 'before' | 'after'>): Change {
  const text = (value: unknown): string => (isSecret(path) ? REDACTED : printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), 500))
  return { field: shown(path), ...(before === undefined ? {} : { oldValue: text(before) }), ...(after === undefined ? {} : { newValue: text(after) }) }
}

export const intended = ({ path, tokens, before, after }: FieldChange): Intent =>
  intentOf(tokens === undefined ? shown(path) : pointer(tokens), before, after, tokens === undefined || isSecret(path) ? 'Secret' : 'Kept')
