/**
 * Which strings of a policy can refer to something, by the schema of the CRD itself: a leaf that stands in neither table
 * fails a test, so nobody forgets a new one. Every reference times every foreign target is what a tenant tries. Pure.
 */
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { isObject } from '../../shared/lib/json.ts'
import type { StructuralSchema } from '../../shared/schema/structural.ts'
import { isIntOrStringSchema, isMapSchema, schemaNodes } from '../../shared/schema/walk.ts'
import { OWN, policy, UNSCHEDULED } from './objects.ts'
import { pathOf, TARGETS, urlOf, words, type Target } from './targets.ts'

export interface Leaf {
  readonly path: string
  readonly schema: StructuralSchema
}

/** The keys of a map are strings as well. */
export const KEY = '<key>'

/** Every place of the spec where text may stand. */
export const leavesOf = (spec: StructuralSchema): readonly Leaf[] =>
  [...schemaNodes(spec)].flatMap(({ path, schema }) => [
    ...(isMapSchema(schema) ? [{ path: `${path}.${KEY}`, schema }] : []),
    ...(schema.type === 'string' || isIntOrStringSchema(schema) ? [{ path, schema }] : []),
  ])

export const LEAVES = leavesOf(healingPolicy.spec)

/** What stands at such a path in a spec. */
export function valuesAt(value: unknown, path: string): readonly unknown[] {
  const steps = path.split(/\.|(?=\[\])/)
  return steps.reduce<readonly unknown[]>((found, step) => found.flatMap((each) => below(each, step)), [value])
}

function below(value: unknown, step: string): readonly unknown[] {
  if (step === '[]') return Array.isArray(value) ? value : []
  if (!isObject(value)) return []
  if (step === KEY) return Object.keys(value)
  if (step === '*') return Object.values(value)
  return value[step] === undefined ? [] : [value[step]]
}

export type NoReference = 'one of a list' | 'a duration' | 'a number' | 'a time'

/** What leads nowhere, and what it is instead. */
export const NO_REFERENCES: Readonly<Record<string, NoReference>> = {
  mode: 'one of a list',
  'selector.labelSelector.matchExpressions[].operator': 'one of a list',
  'triggers[].type': 'one of a list',
  'triggers[].cooldownPeriod': 'a duration',
  'triggers[].alertTrigger.matchers[].operator': 'one of a list',
  'triggers[].alertTrigger.for': 'a duration',
  'triggers[].alertTrigger.duration': 'a duration',
  'triggers[].conditionTrigger.status': 'one of a list',
  'triggers[].conditionTrigger.duration': 'a duration',
  'triggers[].eventTrigger.type': 'one of a list',
  'triggers[].eventTrigger.window': 'a duration',
  'triggers[].metricTrigger.operator': 'one of a list',
  'triggers[].metricTrigger.duration': 'a duration',
  'triggers[].metricTrigger.window': 'a duration',
  triggerMatch: 'one of a list',
  'actions[].type': 'one of a list',
  'actions[].target': 'one of a list',
  'actions[].restartAction.strategy': 'one of a list',
  'actions[].evictAction.timeout': 'a duration',
  'actions[].deleteAction.propagationPolicy': 'one of a list',
  'actions[].scaleAction.direction': 'one of a list',
  'actions[].patchAction.type': 'one of a list',
  'safetyRules.budgets[].per': 'a duration',
  'safetyRules.budgets[].during.schedule': 'a time',
  'safetyRules.budgets[].during.duration': 'a duration',
  'safetyRules.schedules[].during.schedule': 'a time',
  'safetyRules.schedules[].during.duration': 'a duration',
  'safetyRules.maxUnhealthy': 'a number',
  'safetyRules.protectedResources[].labelSelector.matchExpressions[].operator': 'one of a list',
  'safetyRules.healthCheckTimeout': 'a duration',
  'safetyRules.stabilizationWindow': 'a duration',
  'safetyRules.approvalTimeout': 'a duration',
  'safetyRules.circuitBreaker.openDuration': 'a duration',
  'history.ttl': 'a duration',
  'objectives.timeToHeal': 'a duration',
}

/** The tenant's workload that his honest policies look at. */
export const HONEST = 'honest'

/** Parts of a policy that is honest otherwise. */
interface Parts {
  readonly selector?: object
  readonly triggers?: readonly object[]
  readonly actions?: readonly object[]
  readonly spec?: object
}

export interface Reference {
  /** What is his own there: with it the policy is accepted, so what refuses a foreign one is the value. */
  readonly honest: string
  readonly with: (value: string, target: Target) => Parts
  /** In place of the words for a target. */
  readonly values?: (target: Target) => readonly string[]
}

const kinds = ({ kind, plural }: Target): readonly string[] => [kind, plural, `${kind}/status`, `Pod/../${plural}`, '*']
const versions = (target: Target): readonly string[] => [target.apiVersion, `${target.apiVersion}/${pathOf(target)}`, `apps/v1/../../${target.apiVersion}`, '*']
const queries = (target: Target): readonly string[] => [...words(target), `up{namespace="${target.namespace ?? ''}",pod=~".*"}`, `label_replace(max(restarts_total) by (pod), "namespace", "${target.namespace ?? 'kube-system'}", "", "")`, urlOf(target)]
const sources = (target: Target): readonly string[] => [...words(target), 'custom.metrics.k8s.io', 'external.metrics.k8s.io', urlOf(target)]
const patterns = (target: Target): readonly string[] => [...words(target), '.*', urlOf(target)]
const patches = (target: Target): readonly string[] => {
  const { apiVersion, kind, namespace, name } = target
  const metadata = namespace === undefined ? { name } : { namespace, name }
  return [
    { apiVersion, kind, metadata }, { metadata },
    { metadata: { annotations: { note: pathOf(target) } } }, { metadata: { ownerReferences: [{ apiVersion, kind, name, uid: 'none' }] } },
    { spec: { template: { spec: { serviceAccountName: name } } } }, { spec: { template: { spec: { volumes: [{ name: 'v', secret: { secretName: name } }] } } } },
  ].map((patch) => JSON.stringify(patch))
}

const labels = (labelSelector: object): Parts => ({ selector: { labelSelector } })
const selects = (resource: object): Parts => ({ selector: { resources: [resource] } })
const protects = (protectedResource: object): Parts => ({ spec: { safetyRules: { maxUnhealthy: '50%', stabilizationWindow: '10s', healthCheckTimeout: '30s', protectedResources: [protectedResource] } } })
const during = (field: 'budgets' | 'schedules', timeZone: string): Parts => {
  const window = { schedule: '0 0 * * *', duration: '23h', timeZone }
  const rule = field === 'budgets' ? { per: '1h', actions: 5, during: window } : { allow: true, during: window }
  return { spec: { safetyRules: { maxUnhealthy: '50%', stabilizationWindow: '10s', healthCheckTimeout: '30s', [field]: [rule] } } }
}
/** Beside what does fire, so that the policy has something to act on. */
const sees = (type: string, trigger: object): Parts => ({ triggers: [...UNSCHEDULED, { name: 'foreign', type, cooldownPeriod: '0s', [`${type}Trigger`]: trigger }] })
const alert = (trigger: object): Parts => sees('alert', { for: '0s', ...trigger })
const metric = (trigger: object): Parts => sees('metric', { operator: '>', threshold: 0, duration: '0s', ...trigger })
const does = (action: object): Parts => ({ actions: [{ name: 'do', type: 'restart', restartAction: {}, ...action }] })
const patched = (patchAction: object): Parts => ({ selector: { resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }, triggers: [{ name: 'unavailable', type: 'condition', cooldownPeriod: '1m', conditionTrigger: { type: 'Available', status: 'False', duration: '2s' } }], actions: [{ name: 'patch', type: 'patch', patchAction }] })
const ANNOTATIONS = ['metadata', 'annotations']

export const REFERENCES: Readonly<Record<string, Reference>> = {
  'selector.namespaces[]': { honest: OWN, with: (value) => ({ selector: { namespaces: [value] } }) },
  [`selector.labelSelector.matchLabels.${KEY}`]: { honest: 'app', with: (value, { name }) => labels({ matchLabels: { [value]: name } }) },
  'selector.labelSelector.matchLabels.*': { honest: HONEST, with: (value) => labels({ matchLabels: { app: value } }) },
  'selector.labelSelector.matchExpressions[].key': { honest: 'only', with: (value) => labels({ matchExpressions: [{ key: value, operator: 'Exists' }] }) },
  'selector.labelSelector.matchExpressions[].values[]': { honest: HONEST, with: (value) => labels({ matchExpressions: [{ key: 'app', operator: 'In', values: [value] }] }) },
  'selector.resources[].apiVersion': { honest: 'apps/v1', with: (apiVersion, { kind, name }) => selects({ apiVersion, kind, names: [name] }), values: versions },
  'selector.resources[].kind': { honest: 'Deployment', with: (kind, { apiVersion, name }) => selects({ apiVersion, kind, names: [name] }), values: kinds },
  'selector.resources[].names[]': { honest: HONEST, with: (name) => ({ selector: { labelSelector: undefined, resources: [{ apiVersion: 'v1', kind: 'Pod', names: [name] }] } }) },
  'selector.resources[].excludeNames[]': { honest: 'other', with: (name) => selects({ apiVersion: 'v1', kind: 'Pod', excludeNames: [name] }) },
  'triggers[].name': { honest: 'unscheduled', with: (name) => ({ triggers: UNSCHEDULED.map((each) => ({ ...each, name })) }) },
  'triggers[].alertTrigger.alertname': { honest: 'KubePodCrashLooping', with: (alertname) => alert({ alertname }) },
  'triggers[].alertTrigger.matchers[].name': { honest: 'severity', with: (name) => alert({ matchers: [{ name, value: 'critical' }] }) },
  'triggers[].alertTrigger.matchers[].value': { honest: OWN, with: (value) => alert({ matchers: [{ name: 'namespace', operator: '=~', value }] }), values: patterns },
  'triggers[].conditionTrigger.type': { honest: 'Ready', with: (type) => sees('condition', { type, status: 'False', duration: '2s' }) },
  'triggers[].eventTrigger.reason': { honest: 'FailedScheduling', with: (reason) => sees('event', { reason, window: '10s' }) },
  'triggers[].eventTrigger.messagePattern': { honest: 'nodes are available', with: (messagePattern) => sees('event', { reason: 'FailedScheduling', window: '10s', messagePattern }), values: patterns },
  'triggers[].metricTrigger.query': { honest: 'restart_count', with: (query) => metric({ query }), values: queries },
  'triggers[].metricTrigger.source': { honest: 'default', with: (source) => metric({ query: 'restart_count_of_all', source }), values: sources },
  'actions[].name': { honest: 'do', with: (name) => does({ name }) },
  'actions[].triggers[]': { honest: 'unscheduled', with: (trigger) => ({ triggers: UNSCHEDULED.map((each) => ({ ...each, name: trigger })), ...does({ triggers: [trigger] }) }) },
  'actions[].patchAction.patch': { honest: JSON.stringify({ metadata: { annotations: { note: 'x' } } }), with: (patch) => patched({ patch }), values: patches },
  'actions[].patchAction.patches[].path[]': { honest: 'note', with: (name) => patched({ patches: [{ path: [...ANNOTATIONS, name], value: 'x' }] }) },
  'actions[].patchAction.patches[].value': { honest: 'x', with: (value) => patched({ patches: [{ path: [...ANNOTATIONS, 'note'], value }] }), values: patterns },
  'safetyRules.budgets[].during.timeZone': { honest: 'Europe/Berlin', with: (value) => during('budgets', value) },
  'safetyRules.schedules[].during.timeZone': { honest: 'Europe/Berlin', with: (value) => during('schedules', value) },
  'safetyRules.protectedResources[].apiVersion': { honest: 'apps/v1', with: (apiVersion, { kind, name }) => protects({ apiVersion, kind, names: [name] }), values: versions },
  'safetyRules.protectedResources[].kind': { honest: 'Deployment', with: (kind, { apiVersion, name }) => protects({ apiVersion, kind, names: [name] }), values: kinds },
  'safetyRules.protectedResources[].names[]': { honest: 'other', with: (name) => protects({ apiVersion: 'v1', kind: 'Pod', names: [name] }) },
  [`safetyRules.protectedResources[].labelSelector.matchLabels.${KEY}`]: { honest: 'vault', with: (key) => protects({ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { [key]: 'x' } } }) },
  'safetyRules.protectedResources[].labelSelector.matchLabels.*': { honest: 'x', with: (value) => protects({ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { app: value } } }) },
  'safetyRules.protectedResources[].labelSelector.matchExpressions[].key': { honest: 'vault', with: (key) => protects({ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchExpressions: [{ key, operator: 'Exists' }] } }) },
  'safetyRules.protectedResources[].labelSelector.matchExpressions[].values[]': { honest: 'x', with: (value) => protects({ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [value] }] } }) },
}

/** A policy of the tenant that says this there. */
export interface Combination {
  readonly path: string
  readonly target: Target
  readonly value: string
  readonly policy: { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string; readonly namespace: string }; readonly spec: object }
}

/** The label of the tenant's own workload that the policies about this field look at. */
export const workloadOf = (path: string): string => `own-${Object.keys(REFERENCES).indexOf(path)}`

/** Objects and namespaces are asked for in mode monitor too: there more of them may be. */
const modesOf = (path: string): readonly string[] => (/^selector\.(namespaces|resources)/.test(path) ? ['automatic', 'monitor'] : ['automatic'])

const policyOf = (app: string, name: string, mode: string, { selector = {}, spec = {}, ...parts }: Parts): Combination['policy'] =>
  policy({ name, ...parts, selector: { labelSelector: { matchLabels: { app } }, ...selector }, spec: { mode, ...spec } }) as Combination['policy']

/** Each once: several targets have words in common. */
export function combinations(): readonly Combination[] {
  const found = Object.entries(REFERENCES).flatMap(([path, reference]) =>
    TARGETS.flatMap((target) => (reference.values ?? words)(target).flatMap((value) => modesOf(path).map((mode) => ({ path, target, value, mode, parts: reference.with(value, target) })))),
  )
  const once = new Map(found.map((each) => [JSON.stringify([each.path, each.mode, each.parts]), each]))
  return [...once.values()].map(({ path, target, value, mode, parts }, index) => ({ path, target, value, policy: policyOf(workloadOf(path), `deputy-${index}`, mode, parts) }))
}

/** With what is the tenant's own in the same place. */
export const honestOnes = (): readonly Combination[] =>
  Object.entries(REFERENCES).map(([path, reference], index) => {
    const target = { title: 'his own', apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespace: OWN, name: HONEST }
    return { path, target, value: reference.honest, policy: policyOf(HONEST, `honest-${index}`, 'automatic', reference.with(reference.honest, target)) }
  })
