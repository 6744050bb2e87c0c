/** The write that takes an act back, from what was noted before it. Pure. */
import type { ActionTemplate, HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { TargetView } from '../healing/snapshot.ts'
import type { Operation } from './action.ts'
import { pointer, tokensOf, valueAt, type Intent } from './fields.ts'
import { pluralOf } from './scale.ts'

/** A restart cannot be taken back, and what is not known either. */
export function isUndoable({ spec, status }: Pick<HealingAction, 'spec' | 'status'>): boolean {
  const intent = status?.intent ?? []
  return !spec.dryRun && ['scale', 'patch'].includes(spec.action.type) && intent.length > 0 && intent.every(({ secret }) => secret !== true)
}

const value = (json: string | undefined): unknown => {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as unknown)
  } catch {
    return undefined
  }
}

/** undefined: it cannot be told. */
/** `object`: as it is now. */
export function undoOf(type: ActionTemplate['type'], target: TargetView, intent: readonly Intent[], object: unknown): Operation | undefined {
  const { ref, resourceVersion } = target
  const common = { target: ref, preconditions: { uid: ref.uid, resourceVersion } }
  const [first] = intent
  if (first === undefined || intent.some(({ secret, path }) => secret === true || !path.startsWith('/'))) return undefined
  if (type === 'scale') {
    const replicas = value(first.before)
    return typeof replicas === 'number' && replicas >= 1 ? { kind: 'scale', ...common, replicas, ...(target.shape === 'Workload' ? pluralOf(target) : {}) } : undefined
  }
  // A merge makes the maps on its way; what stands in a list has to be addressed.
  const lists = intent.some(({ path }) => tokensOf(path).some((token) => /^[0-9]+$/.test(token)))
  return { kind: 'patch', ...common, patch: lists ? { type: 'json', body: operations(intent, object) } : { type: 'merge', body: merged(intent) } }
}

function operations(intent: readonly Intent[], object: unknown): unknown[] {
  const made = new Set<string>()
  return intent.flatMap((field) => {
    const tokens = tokensOf(field.path)
    // A map whose last member was taken away is gone as well, and nothing can be added to what is not there.
    const above = field.before === undefined ? [] : tokens.slice(1).map((_token, index) => pointer(tokens.slice(0, index + 1)))
    const missing = above.filter((path) => valueAt(object, path) === undefined && !made.has(path))
    for (const path of missing) made.add(path)
    return [...missing.map((path) => ({ op: 'add', path, value: {} })), operation(field)]
  })
}

function operation({ path, before, after }: Intent): unknown {
  if (before === undefined) return { op: 'remove', path }
  return { op: after === undefined ? 'add' : 'replace', path, value: value(before) }
}

function merged(intent: readonly Intent[]): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const { path, before } of intent) {
    const tokens = tokensOf(path)
    const last = tokens.pop() ?? ''
    const parent = tokens.reduce<Record<string, unknown>>((here, token) => (here[token] ??= {}) as Record<string, unknown>, body)
    parent[last] = before === undefined ? null : value(before)
  }
  return body
}
