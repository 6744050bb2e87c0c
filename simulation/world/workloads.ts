/** The cluster's own controllers: they make the pods of workloads and count them, a step each second. */
import { shortHash } from '../../shared/lib/hash.ts'
import { sameJson } from '../../shared/lib/json.ts'
import { millis, type Clock } from '../../shared/lib/time.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import { DEPLOYMENTS, NAMESPACES, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import type { Resource } from '../../shared/kube/api.ts'
import type { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { conditionOf, type StoredObject } from '../../shared/testing/fake-cluster/objects.ts'
import type { Cure, Symptom, WorkloadPlan } from '../plan/plan.ts'
import { ownedBy, statusOf, type PodLife } from './pods.ts'

interface Ailment {
  readonly symptom: Symptom
  readonly cure: Cure
  readonly since: number
  /** Revision that has it. */
  readonly revision: string
}

/** What a workload that runs nothing special says of its pods. */
const TEMPLATE = { spec: { containers: [{ name: 'app', image: 'app:1' }] } }
const MICROSECOND = millis(0)

export const labelsOf = ({ name }: Pick<WorkloadPlan, 'name'>): Readonly<Record<string, string>> => ({ app: name })
const resourceOf = ({ kind }: Pick<WorkloadPlan, 'kind'>): Resource => (kind === 'Deployment' ? DEPLOYMENTS : STATEFUL_SETS)

export class Workloads {
  readonly #cluster: FakeCluster
  readonly #clock: Clock & Timers
  readonly #plans: readonly WorkloadPlan[]
  readonly #lives = new Map<string, PodLife>()
  readonly #ailments = new Map<WorkloadPlan, Ailment>()
  #made = 0

  constructor(cluster: FakeCluster, clock: Clock & Timers, plans: readonly WorkloadPlan[]) {
    this.#cluster = cluster
    this.#clock = clock
    this.#plans = plans
    for (const plan of plans) this.create(plan)
    // Nobody is measured in the second in which the first pods are made: they have been there for a while.
    for (let second = 0; second < 40; second++) this.step(-60_000)
  }

  create(plan: WorkloadPlan): void {
    const { kind, name, namespace, replicas, budget } = plan
    if (this.#cluster.peek(NAMESPACES, { name: namespace })?.metadata.deletionTimestamp !== undefined) return
    const spec = { replicas, selector: { matchLabels: labelsOf(plan) }, template: { ...TEMPLATE, metadata: { labels: labelsOf(plan) } } }
    this.#cluster.seed(resourceOf(plan), { apiVersion: 'apps/v1', kind, metadata: { name, namespace, labels: labelsOf(plan) }, spec })
    if (budget !== undefined && this.#cluster.peek(POD_DISRUPTION_BUDGETS, { namespace, name }) === undefined) {
      this.#cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace }, spec: { minAvailable: budget, selector: { matchLabels: labelsOf(plan) } } })
    }
  }

  /** The workload as it is stored; undefined when there is none. */
  stored(plan: WorkloadPlan): StoredObject | undefined {
    return this.#cluster.peek(resourceOf(plan), plan)
  }

  /** Its pods that are not on their way out, the oldest first. */
  pods(plan: WorkloadPlan): readonly StoredObject[] {
    return this.#podsOf(plan).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }

  ail(plan: WorkloadPlan, symptom: Symptom, cure: Cure, count = Number.POSITIVE_INFINITY): void {
    const since = this.#clock.monotonic()
    // Of some pods only it is theirs, and who follows them is well.
    if (cure !== 'replacement') this.#ailments.set(plan, { symptom, cure, since, revision: this.#revision(plan) })
    for (const pod of this.pods(plan).slice(0, cure === 'replacement' ? count : undefined)) {
      const life = this.#lives.get(pod.metadata.uid)
      if (life !== undefined) life.symptom ??= { what: symptom, since }
    }
  }

  recover(plan: WorkloadPlan): void {
    this.#ailments.delete(plan)
    for (const pod of this.#podsOf(plan)) {
      const life = this.#lives.get(pod.metadata.uid)
      if (life?.symptom?.what === 'crashing') life.restarts += 1
      if (life !== undefined) life.symptom = undefined
    }
  }

  symptomOf(uid: string): Symptom | undefined {
    return this.#lives.get(uid)?.symptom?.what
  }

  edit(plan: WorkloadPlan, change: (object: StoredObject) => StoredObject): void {
    if (this.stored(plan) === undefined) return
    this.#cluster.change(resourceOf(plan), plan, (object) => {
      const next = change(object)
      const spec = sameJson(next['spec'], object['spec']) ? {} : { generation: (object.metadata.generation ?? 1) + 1 }
      return { ...next, metadata: { ...next.metadata, ...spec } }
    })
  }

  remove(plan: WorkloadPlan): void {
    if (this.stored(plan) !== undefined) this.#cluster.drop(resourceOf(plan), plan)
  }

  /** @param shift of the birth of pods, milliseconds: those of the beginning are old */
  step(shift = 0): void {
    this.#collectOrphans()
    for (const plan of this.#plans) {
      const workload = this.stored(plan)
      if (workload === undefined) continue
      if (plan.kind === 'Deployment') this.#rollOut(plan, workload, shift)
      else this.#inOrder(plan, workload, shift)
    }
    this.#report(shift)
    for (const plan of this.#plans) this.#count(plan)
  }

  #revision(plan: WorkloadPlan): string {
    const template = (this.stored(plan)?.['spec'] as { template?: unknown } | undefined)?.template
    return template === undefined ? '' : shortHash([JSON.stringify(template)]).slice(0, 8)
  }

  #podsOf(plan: WorkloadPlan): readonly StoredObject[] {
    return this.#cluster.all(PODS).filter(({ metadata }) => metadata.namespace === plan.namespace && metadata.labels?.['app'] === plan.name)
  }

  #rollOut(plan: WorkloadPlan, workload: StoredObject, shift: number): void {
    const revision = this.#revision(plan)
    const { namespace, name } = plan
    const set = { namespace, name: `${name}-${revision}` }
    const stored = this.#cluster.peek(REPLICA_SETS, set) ?? this.#cluster.seed(REPLICA_SETS, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { ...set, labels: labelsOf(plan), ownerReferences: [ownedBy('apps/v1', 'Deployment', workload.metadata)] }, spec: { replicas: plan.replicas, selector: { matchLabels: labelsOf(plan) } } })
    const pods = this.pods(plan)
    const newest = pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === stored.metadata.uid)
    const old = pods.filter((pod) => !newest.includes(pod))
    const wanted = replicasOf(workload)
    // One more than wanted while a revision replaces another one.
    if (newest.length < wanted && pods.length < wanted + (old.length > 0 ? 1 : 0)) this.#make(plan, { name: `${set.name}-${this.#made}`, revision, owner: ownedBy('apps/v1', 'ReplicaSet', stored.metadata) }, shift)
    else if (newest.length > wanted) this.#terminate(newest.at(-1))
    else if (old.length > 0 && (newest.filter(isReady).length + old.length > wanted || old.some((pod) => !isReady(pod)))) this.#terminate(old.find((pod) => !isReady(pod)) ?? old[0])
  }

  #inOrder(plan: WorkloadPlan, workload: StoredObject, shift: number): void {
    const revision = this.#revision(plan)
    const wanted = replicasOf(workload)
    const all = this.#podsOf(plan)
    const named = (ordinal: number): StoredObject | undefined => all.find(({ metadata }) => metadata.name === `${plan.name}-${ordinal}`)
    for (let ordinal = 0; ordinal < wanted; ordinal++) {
      const pod = named(ordinal)
      if (pod === undefined) this.#make(plan, { name: `${plan.name}-${ordinal}`, revision, owner: ownedBy('apps/v1', 'StatefulSet', workload.metadata) }, shift)
      // OrderedReady: nobody comes after one that is not.
      if (pod === undefined || !isReady(pod)) break
    }
    const extra = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined && Number(metadata.name.slice(plan.name.length + 1)) >= wanted)
    const outdated = all.filter(({ metadata }) => metadata.labels?.['controller-revision-hash'] !== revision)
    if (extra.length > 0) this.#terminate(extra.at(-1))
    else if (outdated.length > 0 && all.length === wanted && all.every((pod) => pod.metadata.deletionTimestamp === undefined && (isReady(pod) || outdated.includes(pod)))) this.#terminate(outdated.at(-1))
  }

  #make(plan: WorkloadPlan, { name, revision, owner }: { readonly name: string; readonly revision: string; readonly owner: ReturnType<typeof ownedBy> }, shift: number): void {
    const { namespace } = plan
    if (this.#cluster.peek(NAMESPACES, { name: namespace }) === undefined || this.#cluster.peek(PODS, { namespace, name }) !== undefined) return
    this.#made++
    const labels = { ...labelsOf(plan), 'controller-revision-hash': revision }
    const pod = this.#cluster.seed(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels, ownerReferences: [owner], ...(shift === 0 ? {} : { creationTimestamp: '2029-12-31T23:59:00Z' }) },
      spec: { restartPolicy: 'Always', nodeName: `node-${this.#made % 3}`, terminationGracePeriodSeconds: 5, containers: [{ name: 'app', image: 'app:1' }] },
    })
    const ailment = this.#ailments.get(plan)
    const ill = ailment !== undefined && (ailment.cure === 'none' || ailment.revision === revision)
    const born = this.#clock.monotonic() + shift
    this.#lives.set(pod.metadata.uid, { uid: pod.metadata.uid, born, readyAfter: plan.readyAfter, symptom: ill ? { what: ailment.symptom, since: born } : undefined, restarts: 0 })
  }

  #terminate(pod: StoredObject | undefined): void {
    if (pod === undefined) return
    void this.#cluster.delete(PODS, pod.metadata).catch(() => {})
  }

  /** Garbage collection: what has no owner any more goes. */
  #collectOrphans(): void {
    for (const resource of [REPLICA_SETS, PODS]) {
      for (const object of this.#cluster.all(resource)) {
        const [owner] = object.metadata.ownerReferences ?? []
        if (owner === undefined) continue
        const kind = [DEPLOYMENTS, STATEFUL_SETS, REPLICA_SETS].find((known) => known.kind === owner.kind)
        const found = kind === undefined ? undefined : this.#cluster.peek(kind, { namespace: object.metadata.namespace, name: owner.name })
        if (found?.metadata.uid !== owner.uid) this.#cluster.drop(resource, object.metadata)
      }
    }
  }

  #report(shift: number): void {
    const at = this.#clock.monotonic() + (shift === 0 ? 0 : MICROSECOND)
    for (const pod of this.#cluster.all(PODS)) {
      const life = this.#lives.get(pod.metadata.uid)
      if (life === undefined) continue
      const status = statusOf(pod, life, at, this.#clock.now())
      if (!sameJson({ ...(pod.status as object) }, { ...(pod.status as object), ...(status as object) })) this.#cluster.change(PODS, pod.metadata, (old) => ({ ...old, status: { ...(old.status as object), ...(status as object) } }))
    }
  }

  #count(plan: WorkloadPlan): void {
    const workload = this.stored(plan)
    if (workload === undefined) return
    const pods = this.pods(plan)
    const revision = this.#revision(plan)
    const ready = pods.filter(isReady).length
    const updated = pods.filter(({ metadata }) => metadata.labels?.['controller-revision-hash'] === revision).length
    const status = { observedGeneration: workload.metadata.generation, replicas: pods.length, readyReplicas: ready, availableReplicas: ready, updatedReplicas: updated, ...(plan.kind === 'StatefulSet' ? { updateRevision: revision } : {}) }
    if (!sameJson(workload.status, status)) this.#cluster.change(resourceOf(plan), plan, (old) => ({ ...old, status }))
  }
}

const replicasOf = (workload: StoredObject): number => (workload['spec'] as { replicas?: number } | undefined)?.replicas ?? 1
const isReady = (pod: StoredObject): boolean => conditionOf(pod, 'Ready') === 'True'
