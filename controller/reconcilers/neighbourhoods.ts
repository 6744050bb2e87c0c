/** What is around a policy, for the rules that look beyond it: other policies, as newest as they are known here, and what is there. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { LiveObject, LiveObjects } from '../../shared/rules/across/live-objects.ts'
import { couldConflict, inTheWay, namespacesInQuestion } from '../../shared/rules/across/ks501-conflict.ts'
import { actsAlone, sharedHomes, type Neighbourhood } from '../../shared/rules/across/neighbours.ts'
import { fullName, goesBefore, isStopped } from '../../shared/rules/across/standing.ts'
import { turnsOf } from '../../shared/rules/across/turns.ts'
import { normalised } from '../../shared/rules/judge.ts'
import type { Consent, TargetView, World } from '../healing/snapshot.ts'
import type { OwnObjects } from '../ports/objects.ts'
import type { Consents } from './consents.ts'

type Seen = Pick<World, 'pods' | 'workloads' | 'objects' | 'others'>

export class Neighbourhoods {
  readonly #objects: Pick<OwnObjects, 'policy' | 'policiesIn'>
  readonly #consents: Pick<Consents, 'reach'>
  readonly #read = new WeakMap<HealingPolicy, { readonly policy: HealingPolicy | undefined }>()

  constructor(objects: Pick<OwnObjects, 'policy' | 'policiesIn'>, consents: Pick<Consents, 'reach'>) {
    this.#objects = objects
    this.#consents = consents
  }

  /** undefined: the policy is in nobody's way, whatever is around it. */
  async around(stored: HealingPolicy, world: Seen): Promise<Neighbourhood | undefined> {
    const policy = this.#normalised(stored)
    if (policy === undefined || !actsAlone(policy)) return undefined
    const home = policy.metadata.namespace ?? ''
    const consents = new Map<string, Consent>([...world.others].map(([name, { consent }]) => [`${home} ${name}`, consent]))
    const letsIn = (whose: string, namespace: string): boolean => whose === namespace || consents.get(`${whose} ${namespace}`) === 'Given'
    const policies = this.#others(policy)
    for (const [whose, namespaces] of sharedHomes(policy, policies)) {
      if (whose !== home) for (const [name, consent] of await this.#consents.reach({ namespace: whose, namespaces })) consents.set(`${whose} ${name}`, consent)
    }
    const before = this.#before(policy)
    for (const other of before) {
      const whose = other.metadata.namespace ?? ''
      for (const [name, consent] of await this.#consents.reach({ namespace: whose, namespaces: other.spec.selector.namespaces ?? [] })) consents.set(`${whose} ${name}`, consent)
    }
    const turns = turnsOf(before, (one, other) => inTheWay(one, other, letsIn))
    const goesFirst = (other: HealingPolicy): boolean => goesBefore(other, policy) && turns.get(other) !== 'Stopped'
    const around: Neighbourhood = { policies, letsIn, goesFirst, ...(isStopped(stored) ? { stopped: true } : {}) }
    return namespacesInQuestion(policy, around).length === 0 ? around : { ...around, live: liveIn(world) }
  }

  /** Those that could stop the policy, those that could stop these, and so on: who is stopped stops nobody. */
  #before(policy: HealingPolicy): readonly HealingPolicy[] {
    const found = new Set<HealingPolicy>()
    const queue = [policy]
    for (const one of queue) {
      for (const other of this.#others(one)) {
        if (found.has(other) || fullName(other) === fullName(policy) || !goesBefore(other, one) || !couldConflict(one, other)) continue
        found.add(other)
        queue.push(other)
      }
    }
    return [...found]
  }

  #others(policy: HealingPolicy): readonly HealingPolicy[] {
    const found = new Set((policy.spec.selector.namespaces ?? []).flatMap((namespace) => this.#objects.policiesIn(namespace)))
    return [...found].flatMap(({ metadata: { namespace = '', name }, spec }) => {
      if (spec.mode !== 'automatic' || (namespace === policy.metadata.namespace && name === policy.metadata.name)) return []
      // With our own last status, which says who was accepted.
      const newest = this.#objects.policy({ namespace, name })
      const read = newest === undefined ? undefined : this.#normalised(newest)
      return read === undefined || !actsAlone(read) ? [] : [read]
    })
  }

  /** The same object gives the same object: what is worked out about it is worked out once. */
  #normalised(stored: HealingPolicy): HealingPolicy | undefined {
    const known = this.#read.get(stored) ?? { policy: withStatus(normalised(stored), stored) }
    this.#read.set(stored, known)
    return known.policy
  }
}

const withStatus = (policy: HealingPolicy | undefined, { status }: HealingPolicy): HealingPolicy | undefined => (policy === undefined || status === undefined ? policy : { ...policy, status })

/** The world is that of the namespaces that let the policy in. */
const liveIn = ({ pods, workloads, objects }: Seen): LiveObjects => ({ objects: [...pods, ...workloads, ...objects].map(asLive), complete: true })

const asLive = ({ ref: { apiVersion, kind, namespace, name, uid }, labels, owner }: TargetView): LiveObject => ({ apiVersion, kind, namespace, name, uid, labels, owner: owner?.uid })
