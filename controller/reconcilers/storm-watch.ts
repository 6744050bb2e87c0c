/**
 * The weather of the whole cluster: what all automatic policies select, each object once in each shard. Counted on in
 * memory, since policies are judged often; the storm itself is in the cluster's ledger. Of other shards it is known what
 * their holders told.
 */
import type { Instant } from '../../shared/lib/time.ts'
import type { Installation } from '../healing/installation.ts'
import { unhealthyLimit } from '../../shared/rules/safety/max-unhealthy.ts'
import type { Census } from '../healing/census.ts'
import { CLUSTER_CALM, stepStorm, withStorm, type Count, type Weather } from '../healing/storm.ts'
import type { SharedBudget } from '../healing/shared-budget.ts'
import { textOf, type Ledgers, type PolicyKey } from '../ports/ledgers.ts'

const NOTHING: Census = new Map()

export class StormWatch {
  readonly #ledgers: Pick<Ledgers, 'readBudget' | 'updateBudget'>
  readonly #elsewhere: () => readonly Count[] | undefined
  readonly #censuses = new Map<string, Census>()
  /** By uid: how many policies select it, and how many of them see it unhealthy. */
  readonly #selected = new Map<string, number>()
  readonly #unhealthy = new Map<string, number>()

  /** @param elsewhere the other shards; undefined: not all of them are known */
  constructor(ledgers: Pick<Ledgers, 'readBudget' | 'updateBudget'>, elsewhere: () => readonly Count[] | undefined) {
    this.#ledgers = ledgers
    this.#elsewhere = elsewhere
  }

  /** What the policy selects now; undefined: it is not automatic, or cannot be judged. */
  report(policy: PolicyKey, census: Census = NOTHING): void {
    const key = textOf(policy)
    this.#count(this.#censuses.get(key) ?? NOTHING, -1)
    this.#count(census, 1)
    this.#censuses.set(key, census)
  }

  forget(policy: PolicyKey): void {
    this.report(policy)
    this.#censuses.delete(textOf(policy))
  }

  /** Of this shard; undefined until each of these policies has been judged once: half of it is no weather. */
  counted(policies: readonly PolicyKey[]): Count | undefined {
    return policies.every((policy) => this.#censuses.has(textOf(policy))) ? { unhealthy: this.#unhealthy.size, of: this.#selected.size } : undefined
  }

  /** The cluster's budget with the storm as it is now. Until all shards are counted, nothing is said. */
  async step(policies: readonly PolicyKey[], installation: Installation, now: Instant): Promise<SharedBudget | undefined> {
    const scope = { scope: 'Cluster' } as const
    const before = await this.#ledgers.readBudget(scope)
    const here = this.counted(policies)
    const elsewhere = this.#elsewhere()
    if (here === undefined || elsewhere === undefined) return before
    const weather = weatherOf([here, ...elsewhere], installation)
    const next = (budget: SharedBudget | undefined) => stepStorm(budget?.storm, weather, now)
    if (next(before) === before?.storm) return before
    return this.#ledgers.updateBudget(scope, (budget) => withStorm(budget, next(budget)))
  }

  #count(census: Census, by: 1 | -1): void {
    for (const [uid, unhealthy] of census) {
      add(this.#selected, uid, by)
      if (unhealthy) add(this.#unhealthy, uid, by)
    }
  }
}

function weatherOf(counts: readonly Count[], { storm: { clusterPercent, minimum } }: Installation): Weather {
  const sum = (what: keyof Count): number => counts.reduce((total, count) => total + count[what], 0)
  const of = sum('of')
  return { unhealthy: sum('unhealthy'), of, limit: of < minimum ? of : unhealthyLimit({ percent: clusterPercent }, of), calmFor: CLUSTER_CALM }
}

function add(counts: Map<string, number>, uid: string, by: number): void {
  const next = (counts.get(uid) ?? 0) + by
  if (next === 0) counts.delete(uid)
  else counts.set(uid, next)
}
