/** Fields of an object by JSON pointer, and what is kept of a change of one. Pure. */
import { isObject } from '../../shared/lib/json.ts'
import type { HealingActionStatus } from '../../shared/api/v1alpha1/types.ts'

/** What a write is to change: recorded before it, so that a lost answer can be found out, and the write undone. */
export type Intent = NonNullable<HealingActionStatus['intent']>[number]

/** Of how many pods a workload wants, whatever its kind: that of its scale too. */
export const REPLICAS = '/spec/replicas'

export const pointer = (tokens: readonly (string | number)[]): string => tokens.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

export const tokensOf = (path: string): string[] => (path === '' ? [] : path.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')))

/** undefined: there is nothing. */
export function valueAt(object: unknown, path: string): unknown {
  return tokensOf(path).reduce<unknown>((here, token) => {
    if (Array.isArray(here)) return /^(0|[1-9][0-9]*)$/.test(token) ? here[Number(token)] : undefined
    return isObject(here) && Object.hasOwn(here, token) ? here[token] : undefined
  }, object)
}

const text = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value))

/** A change of one field. Values that are secret, or too long to keep, are left out and say so. */
export function intentOf(path: string, before: unknown, after: unknown, kept: 'Kept' | 'Secret' = 'Kept'): Intent {
  const [old, now] = [text(before), text(after)]
  if (kept === 'Secret' || (old?.length ?? 0) > LONGEST || (now?.length ?? 0) > LONGEST) return { path, secret: true }
  return { path, ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) }
}

const LONGEST = 1024

/** Whether the object is as the write was to make it. false too when nothing can be told. */
export const hasLanded = (intent: readonly Intent[], object: unknown): boolean => matches(intent, object, 'after')

/** Whether the object is as it was before the write. */
export const isUntouched = (intent: readonly Intent[], object: unknown): boolean => matches(intent, object, 'before')

/** What is not as it was before the write, in words. What cannot be told is left out. */
export const changedSince = (intent: readonly Intent[], object: unknown): readonly string[] =>
  intent.flatMap(({ path, before, secret }) => {
    const now = text(valueAt(object, path))
    return secret === true || now === before ? [] : `${path}: was ${before ?? 'nothing'}, now ${now ?? 'nothing'}`
  })

/** Whether it is neither as the write was to make it nor as it was before. false when nothing can be told. */
export const isChangedByOthers = (intent: readonly Intent[], object: unknown): boolean =>
  intent.some(({ secret }) => secret !== true) && !matches(intent, object, 'before') && !matches(intent, object, 'after')

/** Whether it is not as the write made it any more. false when nothing can be told. */
export const isOverwritten = (intent: readonly Intent[], object: unknown): boolean => intent.some(({ secret }) => secret !== true) && !matches(intent, object, 'after')

function matches(intent: readonly Intent[], object: unknown, side: 'before' | 'after'): boolean {
  const told = intent.filter(({ secret }) => secret !== true)
  return told.length > 0 && told.every((field) => text(valueAt(object, field.path)) === field[side])
}
