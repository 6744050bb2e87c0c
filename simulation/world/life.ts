/** What people and the cluster itself do while the controller works. */
import { HEALER_ACCOUNT, IGNORE_ANNOTATION, KILL_SWITCH } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { CONFIG_MAPS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { sameJson } from '../../shared/lib/json.ts'
import type { StoredObject } from '../../shared/testing/fake-cluster/objects.ts'
import type { Corruption, Fault, Simple } from '../plan/plan.ts'
import { editOf, type Spec } from './edits.ts'
import type { Make, Makes } from './scene.ts'
import { APPROVER } from './world.ts'

const { operatorNamespace } = DEFAULT_INSTALLATION

const ail: Make<'ail'> = ({ workload, symptom, cure, pods }, scene) => {
  const of = scene.workload(workload)
  scene.tell('world', `${of.namespace}/${of.name} is ${symptom}${pods === undefined ? '' : ` in ${pods} pod`}; cure: ${cure}`)
  scene.world.workloads.ail(of, symptom, cure, pods)
}

const massFailure: Make<'mass-failure'> = ({ symptom, cure }, { world, workloads, tell }) => {
  tell('world', `everything is ${symptom}; cure: ${cure}`)
  for (const of of workloads) world.workloads.ail(of, symptom, cure)
}

const recover: Make<'recover'> = ({ workload }, scene) => {
  const of = scene.workload(workload)
  scene.tell('world', `${of.namespace}/${of.name} recovers by itself`)
  scene.world.workloads.recover(of)
}

const editPolicy: Make<'edit-policy'> = ({ policy, edit }, { world: { cluster }, tell, chance, ...scene }) => {
  const of = scene.policy(policy)
  if (cluster.peek(HEALING_POLICIES, of) === undefined) return
  tell('author', `edits policy ${of.namespace}/${of.name}: ${edit}`)
  cluster.change(HEALING_POLICIES, of, (stored) => ({
    ...stored,
    metadata: { ...stored.metadata, generation: (stored.metadata.generation ?? 1) + 1 },
    spec: { ...(stored.spec as Spec), ...editOf(edit, stored.spec as Spec, chance) },
  }))
}

const deletePolicy: Make<'delete-policy'> = ({ policy }, { world: { cluster }, tell, ...scene }) => {
  const of = scene.policy(policy)
  if (cluster.peek(HEALING_POLICIES, of) === undefined) return
  tell('author', `deletes policy ${of.namespace}/${of.name}`)
  cluster.drop(HEALING_POLICIES, of)
}

const recreatePolicy: Make<'recreate-policy'> = ({ policy }, scene) => {
  const of = scene.policy(policy)
  if (scene.world.cluster.peek(HEALING_POLICIES, of) === undefined) return
  deletePolicy({ kind: 'delete-policy', policy }, scene)
  scene.tell('author', `and creates it again`)
  scene.world.apply(of)
}

/** As whoever may approve: the newest action that waits for a person. */
const decide: Make<'decide'> = ({ decision }, { world: { cluster }, tell }) => {
  const waits = ({ spec, status }: HealingAction): boolean => spec.approvalRequired === true && spec.approval === undefined && status?.completionTime === undefined
  const action = (cluster.all(HEALING_ACTIONS) as unknown as HealingAction[]).findLast(waits)
  if (action === undefined) return
  tell('approver', `says ${decision} to ${action.metadata.namespace}/${action.metadata.name}`)
  void cluster.client(APPROVER).patch(HEALING_ACTIONS, action.metadata, { type: 'merge', body: { spec: { approval: { decision, decidedBy: APPROVER } } } }).catch(() => {})
}

const approveAll: Make<'approve-all'> = ({ seconds: left }, scene) => {
  decide({ kind: 'decide', decision: 'Approved' }, scene)
  if (left > 1) scene.later(1, () => approveAll({ kind: 'approve-all', seconds: left - 1 }, scene))
}

const deleteNamespace: Make<'delete-namespace'> = ({ namespace }, { world: { cluster }, tell }) => {
  if (cluster.peek(NAMESPACES, { name: namespace }) === undefined) return
  tell('admin', `deletes namespace ${namespace}`)
  void cluster.delete(NAMESPACES, { name: namespace }).catch(() => {})
}

const recreateWorkload: Make<'recreate-workload'> = ({ workload }, { world: { workloads }, tell, ...scene }) => {
  const of = scene.workload(workload)
  if (workloads.stored(of) === undefined) return
  tell('author', `deletes ${of.kind} ${of.namespace}/${of.name} and creates it again`)
  workloads.remove(of)
  workloads.create(of)
}

const replacePod: Make<'replace-pod'> = ({ workload }, { world: { workloads, cluster }, tell, ...scene }) => {
  const [pod] = workloads.pods(scene.workload(workload))
  if (pod === undefined) return
  tell('author', `deletes pod ${pod.metadata.namespace}/${pod.metadata.name} by force`)
  cluster.drop(PODS, pod.metadata)
}

const touchPod: Make<'touch-pod'> = ({ workload }, { world: { workloads, cluster }, tell, second, ...scene }) => {
  const [pod] = workloads.pods(scene.workload(workload))
  if (pod === undefined) return
  tell('author', `labels pod ${pod.metadata.namespace}/${pod.metadata.name}`)
  cluster.change(PODS, pod.metadata, (old) => ({ ...old, metadata: { ...old.metadata, labels: { ...old.metadata.labels, touched: `at-${second}` } } }))
}

const scale: Make<'scale'> = ({ workload, replicas }, scene) => {
  const of = scene.workload(workload)
  scene.tell('author', `scales ${of.namespace}/${of.name} to ${replicas}`)
  scene.world.workloads.edit(of, (object) => ({ ...object, spec: { ...(object.spec as object), replicas } }))
}

const rollOut: Make<'roll-out'> = ({ workload }, scene) => {
  const of = scene.workload(workload)
  scene.tell('author', `rolls out a new revision of ${of.namespace}/${of.name}`)
  scene.world.workloads.edit(of, (object) => {
    const spec = object.spec as { template: { metadata: object } }
    return { ...object, spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, annotations: { revision: `of-${scene.second}` } } } } }
  })
}

const ignore: Make<'ignore'> = ({ workload }, scene) => {
  const of = scene.workload(workload)
  scene.tell('author', `has ${of.namespace}/${of.name} ignored`)
  scene.world.workloads.edit(of, (object) => ({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [IGNORE_ANNOTATION]: 'true' } } }))
}

const killSwitch: Make<'kill-switch'> = ({ seconds }, { world: { cluster }, tell, later }) => {
  const key = { namespace: operatorNamespace, name: KILL_SWITCH }
  if (cluster.peek(CONFIG_MAPS, key) !== undefined) return
  tell('admin', `turns the kill switch on for ${seconds} s`)
  cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key })
  later(seconds, () => {
    tell('admin', 'turns the kill switch off')
    cluster.drop(CONFIG_MAPS, key)
  })
}

const healer: Make<'healer'> = ({ namespace, seconds }, { world, tell, later }) => {
  const key = { namespace, name: HEALER_ACCOUNT }
  if (world.cluster.peek(SERVICE_ACCOUNTS, key) === undefined) return
  tell('admin', `takes the healer of ${namespace} away for ${seconds} s`)
  world.cluster.drop(SERVICE_ACCOUNTS, key)
  later(seconds, () => world.enable(namespace))
}

const NONSENSE: Readonly<Record<Corruption, object>> = { ordinal: { nextOrdinal: 'many' }, entries: { entries: 'none' }, breaker: { breaker: { state: 'Ajar' } } }
const isSpoilt = ({ spec }: StoredObject): boolean => Object.values(NONSENSE).some((part) => Object.entries(part).every(([member, value]) => sameJson((spec as Record<string, unknown>)[member], value)))

const corruptLedger: Make<'corrupt-ledger'> = ({ policy, what, seconds }, { world: { cluster }, tell, later, ...scene }) => {
  const { namespace, name } = scene.policy(policy)
  const isIts = (ledger: StoredObject): boolean => {
    const { policy: of } = (ledger.spec ?? {}) as { policy?: { namespace: string; name: string } }
    return of?.namespace === namespace && of.name === name
  }
  const found = cluster.all(HEALING_LEDGERS).find(isIts)
  if (found === undefined || isSpoilt(found)) return
  tell('somebody', `corrupts the ledger of ${namespace}/${name} for ${seconds} s: ${what}`)
  const corrupted = cluster.change(HEALING_LEDGERS, found.metadata, (ledger) => ({ ...ledger, spec: { ...(ledger.spec as object), ...NONSENSE[what] } }))
  later(seconds, () => {
    const now = cluster.peek(HEALING_LEDGERS, found.metadata)
    if (now?.metadata.resourceVersion !== corrupted.metadata.resourceVersion) return
    tell('somebody', `repairs the ledger of ${namespace}/${name}`)
    cluster.change(HEALING_LEDGERS, found.metadata, (ledger) => ({ ...ledger, spec: found.spec }))
  })
}

/** One that has not ended; nobody repairs it. */
const corruptAction: Make<'corrupt-action'> = ({ index }, { world: { cluster }, tell }) => {
  const actions = cluster.all(HEALING_ACTIONS).filter(({ status }) => status !== undefined && (status as HealingAction['status'])?.completionTime === undefined)
  const found = actions[index % Math.max(1, actions.length)]
  if (found === undefined) return
  tell('somebody', `corrupts the status of HealingAction ${found.metadata.namespace}/${found.metadata.name}`)
  cluster.change(HEALING_ACTIONS, found.metadata, (action) => ({ ...action, status: { ...(action.status as object), attempts: 'many', startTime: 'soon' } }))
}

const deleteAction: Make<'delete-action'> = ({ index }, { world: { cluster }, tell }) => {
  const actions = cluster.all(HEALING_ACTIONS)
  const found = actions[index % Math.max(1, actions.length)]
  if (found === undefined) return
  tell('admin', `deletes HealingAction ${found.metadata.namespace}/${found.metadata.name}`)
  void cluster.delete(HEALING_ACTIONS, found.metadata).catch(() => {})
}

export const LIFE: Makes<Exclude<Simple['kind'], Fault['kind']>> = {
  ail,
  'mass-failure': massFailure,
  recover,
  'edit-policy': editPolicy,
  'delete-policy': deletePolicy,
  'recreate-policy': recreatePolicy,
  decide,
  'approve-all': approveAll,
  'delete-namespace': deleteNamespace,
  'recreate-workload': recreateWorkload,
  'replace-pod': replacePod,
  'touch-pod': touchPod,
  scale,
  'roll-out': rollOut,
  ignore,
  'kill-switch': killSwitch,
  healer,
  'corrupt-ledger': corruptLedger,
  'corrupt-action': corruptAction,
  'delete-action': deleteAction,
}
