/** The disruption budgets that have a say in an eviction. Pure. */
import { matchesLabels, type LabelSelector } from '../../shared/lib/selector.ts'
import { describe } from '../healing/owners.ts'
import type { ObjectRef, World } from '../healing/snapshot.ts'
import type { Operation, Plan } from './action.ts'

export interface DisruptionBudget {
  readonly name: string
  readonly selects: LabelSelector | undefined
}

interface Seen {
  readonly budgets: readonly DisruptionBudget[]
  readonly world: Pick<World, 'pods'>
}

/** Names; empty for what is no eviction. In policy/v1 an empty selector matches every pod, and an absent one none. */
export function budgetsOf({ kind, target }: Pick<Operation, 'kind' | 'target'>, { budgets, world }: Seen): readonly string[] {
  const pod = kind === 'evict' ? world.pods.find(({ ref }) => ref.uid === target.uid) : undefined
  return pod === undefined ? [] : budgets.filter(({ selects }) => selects !== undefined && matchesLabels(selects, pod.labels)).map(({ name }) => name)
}

/** Why a pod could not be evicted, now or in a later step: the API server would answer a bare 500 for ever. */
export function severalBudgets({ operations, later = [] }: Pick<Plan, 'operations' | 'later'>, seen: Seen): string | undefined {
  const evictions: readonly { readonly kind: Operation['kind']; readonly target: ObjectRef }[] = [...operations, ...later.map((target) => ({ kind: 'evict', target }) as const)]
  for (const eviction of evictions) {
    const names = budgetsOf(eviction, seen)
    if (names.length > 1) return `${names.join(' and ')} both select ${describe(eviction.target)}, which the eviction API does not support`
  }
  return undefined
}
