/** A namespace in which one action is tried: its healer, its workload with a played kubelet, and its policy. */
import { healerObjects } from '../../cli/healer.ts'
import type { HealingAction, HealingLedger, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi, KubeManifest } from '../../shared/kube/api.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import { millis, seconds, type Millis } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { policySlot } from '../../controller/adapters/ledger-slots.ts'
import { policyOf, workloadOf, type ActionUnderTest } from './actions.ts'
import type { PlayedKubelet } from './kubelet.ts'

/** Dozens of places are looked at at the same time: often enough to be patient. */
const LOOK = millis(500)

const ENDED: readonly (string | undefined)[] = ['Succeeded', 'Failed', 'Cancelled']

export interface Ended {
  readonly actions: readonly HealingAction[]
  /** None where nothing is written down. */
  readonly ledgers: readonly HealingLedger[]
}

export class Place {
  readonly namespace: string
  readonly under: ActionUnderTest
  readonly #api: KubeApi
  readonly #kubelet: PlayedKubelet

  constructor(api: KubeApi, kubelet: PlayedKubelet, under: ActionUnderTest, namespace: string) {
    this.#api = api
    this.#kubelet = kubelet
    this.under = under
    this.namespace = namespace
  }

  get ledgerName(): string {
    return policySlot({ namespace: this.namespace, name: 'heal' }).name
  }

  /** Returns when its pods are healthy and its policy says so. */
  async settle(): Promise<void> {
    const api = this.#api
    const { namespace, under } = this
    await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    await Promise.all(healerObjects(namespace).map(({ resource, manifest }) => api.create(resource, manifest as KubeManifest)))
    await api.create(under.workload === 'StatefulSet' ? STATEFUL_SETS : DEPLOYMENTS, workloadOf(under, namespace) as KubeManifest)
    await eventually(() => { if (this.#kubelet.podsOf(namespace) < under.replicas) throw new Error(`${namespace} has no pods yet`) }, seconds(180), LOOK)
    await api.create(HEALING_POLICIES, policyOf(under, namespace) as KubeManifest)
  }

  /** Its policy is judged, and says that all is well. */
  async calm(): Promise<void> {
    await eventually(async () => {
      const { status } = await this.policy()
      if (status?.lastDecision?.reason !== 'Healthy') throw new Error(`${this.namespace}: ${JSON.stringify(status?.lastDecision)}`)
    }, seconds(180), LOOK)
  }

  async break(): Promise<void> {
    if (this.under.hopeless === true) this.#kubelet.spoil(this.namespace)
    await this.#kubelet.break(this.namespace)
  }

  policy = (): Promise<HealingPolicy> => this.#api.get<HealingPolicy>(HEALING_POLICIES, { namespace: this.namespace, name: 'heal' })
  /** As its author does it. */
  async say(spec: Partial<HealingPolicy['spec']>): Promise<void> {
    await this.#api.patch(HEALING_POLICIES, { namespace: this.namespace, name: 'heal' }, { type: 'merge', body: { spec } })
  }

  actions = async (): Promise<readonly HealingAction[]> => (await this.#api.list<HealingAction>(HEALING_ACTIONS, { namespace: this.namespace })).items
  ledger = (): Promise<HealingLedger> => this.#api.get<HealingLedger>(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name: this.ledgerName })

  /** Until so many were decided and all have ended, and the ledger knows it. What there is then. */
  async ended(within: Millis, least = 1): Promise<Ended> {
    return eventually(async () => {
      const actions = await this.actions()
      if (actions.length < least || actions.some(({ status }) => !ENDED.includes(status?.phase))) throw new Error(`${this.namespace} ${this.under.name}: ${JSON.stringify(actions.map(({ status }) => [status?.phase, status?.result?.reason, status?.result?.message]))}`)
      if (this.under.mode === 'dryrun') return { actions, ledgers: [] }
      const ledger = await this.ledger()
      if (ledger.spec.entries?.some(({ state }) => state === 'Reserved') !== false) throw new Error(`${this.namespace}: its ledger is not settled`)
      return { actions, ledgers: [ledger] }
    }, within, LOOK)
  }
}
