/**
 * The weather of the whole cluster: what all automatic policies select, each object once. Counted on in memory, since
 * policies are judged often; the storm itself is in the cluster's ledger.
 */
import type { Instant } from '../../shared/lib/time.ts'
import type { Installation } from '../healing/installation.ts'
import { unhealthyLimit } from '../../shared/rules/safety/max-unhealthy.ts'
import type { Census } from '../healing/census.ts'
import { CLUSTER_CALM, stepStorm, withStorm, type Weather } from '../healing/storm.ts'
import type { SharedBudget } from '../healing/shared-budget.ts'
import type { Ledgers, PolicyKey } from '../ports/ledgers.ts'

const NOTHING: Census = new Map()

export class StormWatch {
  readonly #ledgers: Pick<Ledgers, 'readBudget' | 'updateBudget'>
  readonly #censuses = new Map<string, Census>()
  /** By uid: how many policies select it, and how many of them see it unhealthy. */
  readonly #selected = new Map<string, number>()
  readonly #unhealthy = new Map<string, number>()

  constructor(ledgers: Pick<Ledgers, 'readBudget' | 'updateBudget'>) {
    this.#ledgers = ledgers
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

  weather({ storm: { clusterPercent, minimum } }: Installation): Weather {
    const of = this.#selected.size
    const limit = of < minimum ? of : unhealthyLimit({ percent: clusterPercent }, of)
    return { unhealthy: this.#unhealthy.size, of, limit, calmFor: CLUSTER_CALM }
  }

  /**
   * The cluster's budget with the storm as it is now. Until each of these policies has been judged once, nothing is said:
   * half of the cluster is no weather.
   */
  async step(policies: readonly PolicyKey[], installation: Installation, now: Instant): Promise<SharedBudget | undefined> {
    const scope = { scope: 'Cluster' } as const
    const before = await this.#ledgers.readBudget(scope)
    if (!policies.every((policy) => this.#censuses.has(textOf(policy)))) return before
    const weather = this.weather(installation)
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

const textOf = ({ namespace, name }: PolicyKey): string => `${namespace}/${name}`

function add(counts: Map<string, number>, uid: string, by: number): void {
  const next = (counts.get(uid) ?? 0) + by
  if (next === 0) counts.delete(uid)
  else counts.set(uid, next)
}
