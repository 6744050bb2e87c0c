/** All HealingPolicies, watched: what a new one could come into conflict with. */
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject, KubeReader } from '../../shared/kube/api.ts'
import { Reflector, type ReflectorOptions } from '../../shared/kube/reflector.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import type { Neighbourhood } from '../../shared/rules/across/neighbours.ts'
import { ACCEPTED, isRefused } from '../../shared/rules/across/standing.ts'
import { normalised } from '../../shared/rules/judge.ts'
import type { Component } from '../../shared/runtime/lifecycle.ts'

export interface KnownPoliciesOptions extends Pick<ReflectorOptions<unknown, never>, 'timers' | 'random' | 'log' | 'metrics'> {
  readonly api: Pick<KubeReader, 'list' | 'watch'>
}

/** Then the door opens without: what it does not see, the controller does. */
const PATIENCE = seconds(10)
/** What was not heard of for so long may be gone. Bookmarks come every minute. */
const STALE = minutes(5)

export class KnownPolicies implements Component {
  readonly name = 'policies'
  readonly reflector: Reflector<HealingPolicy, 'namespace'>
  readonly #timers: KnownPoliciesOptions['timers']
  readonly #born: number

  constructor(options: KnownPoliciesOptions) {
    this.#timers = options.timers
    this.#born = options.timers.monotonic()
    this.reflector = new Reflector({ ...options, resource: HEALING_POLICIES, project, indexes: { namespace: ({ spec }) => [...(spec.selector.namespaces ?? [])] } })
  }

  start(): void {
    this.reflector.start()
  }

  stop(): Promise<void> {
    return this.reflector.stop()
  }

  /** Why the door should not open yet; it does not wait for ever. */
  get problem(): string | undefined {
    return this.reflector.synced || this.#timers.monotonic() - this.#born > PATIENCE ? undefined : this.remark
  }

  /** What is not known for now, and why; the door is open all the same. */
  get remark(): string | undefined {
    const { synced, trouble } = this.reflector
    return synced ? undefined : `policies are not listed yet${trouble === undefined ? '' : `: ${trouble}`}`
  }

  /** undefined: not known, or not any more. Those that the controller has refused do not act, and are in nobody's way. */
  around(policy: HealingPolicy): Neighbourhood | undefined {
    const { reflector } = this
    if (!reflector.synced || reflector.age > STALE) return undefined
    const found = new Set((policy.spec.selector.namespaces ?? []).flatMap((namespace) => reflector.store.byIndex('namespace', namespace)))
    return { policies: [...found], goesFirst: (other) => !isRefused(other) }
  }
}

/** Without what moves at every write, and with the one condition that counts. */
function project(raw: KubeObject): HealingPolicy | undefined {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = raw.metadata
  const { spec, status } = raw as KubeObject & { readonly spec?: unknown; readonly status?: unknown }
  if (deletionTimestamp !== undefined) return undefined
  const policy = normalised({ apiVersion: API_VERSION, kind: HEALING_POLICIES.kind, metadata: { name, namespace, uid, resourceVersion, generation, creationTimestamp }, spec })
  const conditions = isObject(status) && Array.isArray(status['conditions']) ? (status['conditions'] as NonNullable<NonNullable<HealingPolicy['status']>['conditions']>).filter((one) => isObject(one) && one.type === ACCEPTED) : []
  return policy === undefined ? undefined : { ...policy, status: { conditions } }
}
