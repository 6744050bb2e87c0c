/**
 * What somebody with the role `edit` in his own namespace may try to make the operator act outside of it, or to do what
 * he may not do himself; and what stops him. The reference of all of them is made from this table.
 */
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { buildHealingAction, buildLedger } from '../../shared/testing/builders/objects.ts'
import { deployment, onKind, OTHER, OWN, pod, policy, SECOND, text, type PolicyParts } from './objects.ts'

/** What the tenant knows: some of it because he may read it, the rest because we assume the worst. */
export interface Known {
  /** Of the other namespace's Deployment. */
  readonly victim: string
  /** Of an action of his own that waits for approval. */
  readonly waiting: string
  /** Of an action of his own that has ended. */
  readonly ended: string
}

export interface Attempt {
  readonly what: string
  readonly args: (known: Known) => readonly string[]
  readonly input?: (known: Known) => string
  /** What he is told. undefined: it is accepted, since he may do as much himself, and nothing comes of it outside. */
  readonly refused?: RegExp
  /** Who stops him, or why nothing comes of it. */
  readonly by: string
  /** Of what is accepted: what the policy of this name decides, and whether it acts (in his own namespace, where it may). */
  readonly decided?: { readonly policy: string; readonly namespace?: string; readonly reason: string; readonly acts: boolean }
}

export interface Kind {
  readonly title: string
  readonly attempts: readonly Attempt[]
}

const RBAC = 'Kubernetes: the role does not have the verb'
const FORBIDDEN = /is forbidden: User "system:serviceaccount:tenant:(mallory|kubeskippy-healer)" cannot [a-z:-]+ resource/
const APPLY = ['apply', '-f', '-']

/** By RBAC, without a word of ours. */
const denied = (what: string, ...args: readonly string[]): Attempt => ({ what, args: () => args, refused: FORBIDDEN, by: RBAC })
const deniedObject = (what: string, input: (known: Known) => object, by = RBAC): Attempt => ({ what, args: () => ['create', '-f', '-'], input: (known) => text(input(known)), refused: FORBIDDEN, by })
/** A policy that the door does not let in. */
const refused = (what: string, parts: Omit<PolicyParts, 'name'>, refusal: RegExp, by: string): Attempt =>
  ({ what, args: () => APPLY, input: () => text(policy({ name: 'refused', ...parts })), refused: refusal, by })
const harmless = (what: string, by: string, decided: Attempt['decided'], ...objects: readonly ((known: Known) => object)[]): Attempt =>
  ({ what, args: () => APPLY, input: (known) => text(...objects.map((make) => make(known))), by, ...(decided === undefined ? {} : { decided }) })
/** It acts on what is the tenant's own, and still waits whether it helped when everything has been tried. */
const acting = (name: string): Attempt['decided'] => ({ policy: name, reason: 'IncidentInProgress', acts: true })
const PATIENT = { safetyRules: { maxUnhealthy: '50%', stabilizationWindow: '10s', healthCheckTimeout: '1h' } }
const idle = (name: string, reason: string): Attempt['decided'] => ({ policy: name, reason, acts: false })
const patching = (what: string, resource: string, namespace: string, name: (known: Known) => string, patch: (known: Known) => object, refusal: RegExp, by: string, ...flags: readonly string[]): Attempt =>
  ({ what, args: (known) => ['patch', resource, name(known), '-n', namespace, '--type=merge', '-p', JSON.stringify(patch(known)), ...flags], refused: refusal, by })

const CLUSTER_ADMIN = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'more', namespace: OWN }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'ServiceAccount', name: 'kubeskippy-healer', namespace: OWN }] }
const patch = (template: object): readonly object[] => [{ name: 'patch', type: 'patch', target: 'Workload', patchAction: { patch: JSON.stringify({ spec: { template: { spec: template } } }) } }]
const victimTarget = ({ victim }: Known) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: OTHER, name: 'web', uid: victim })

const REACHING: Kind = {
  title: 'A policy that reaches further than its author',
  attempts: [
    deniedObject('a policy in the other namespace', () => policy({ name: 'web', namespace: OTHER })),
    refused('a policy for the other namespace', { selector: { namespaces: [OTHER] } }, /\[KS108\]/, 'KS108: he may not act there himself (and KS109)'),
    refused('a policy for his second namespace', { selector: { namespaces: [SECOND] } }, /\[KS109\]/, 'KS109: that namespace has not consented'),
    refused('a policy for his own and the other namespace', { selector: { namespaces: [OWN, OTHER] } }, /\[KS108\]/, 'KS108: he may not act there himself (and KS109)'),
    refused('a policy for the operator\'s namespace', { selector: { namespaces: [OPERATOR_NAMESPACE] } }, /\[KS103\]/, 'KS103: it is protected'),
    refused('a policy for kube-system', { selector: { namespaces: ['kube-system'] } }, /\[KS103\]/, 'KS103: it is protected'),
    refused('a policy for all namespaces', { selector: { namespaces: ['*'] } }, /spec\.selector\.namespaces\[0\]: Invalid value: "\*"/, 'the schema: names only'),
    refused('a policy for an empty list of namespaces', { selector: { namespaces: [] } }, /spec\.selector\.namespaces: Invalid value: 0/, 'the schema: empty is never all'),
    refused('a policy without labels', { selector: { labelSelector: {} } }, /\[KS101\]/, 'KS101: empty is never all'),
    refused('a path for a name', { selector: onKind('v1', 'Pod', `../../${OTHER}/pods/web`) }, /spec\.selector\.resources\[0\]\.names\[0\]: Invalid value/, 'the schema: a name is a DNS name'),
    refused('nodes', { selector: onKind('v1', 'Node', 'node-1') }, /\[KS107\]/, 'KS107: no kind of the whole cluster is acted on'),
    refused('namespaces', { selector: onKind('v1', 'Namespace', OTHER) }, /\[KS104\]/, 'KS104: kinds that nobody acts on'),
    refused('Secrets', { selector: onKind('v1', 'Secret', 'token') }, /\[KS104\]/, 'KS104: kinds that nobody acts on'),
    refused('RoleBindings', { selector: onKind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'more') }, /\[KS104\]/, 'KS104: kinds that nobody acts on'),
    refused('HealingActions', { selector: onKind('kubeskippy.io/v1alpha1', 'HealingAction', 'web') }, /\[KS104\]/, 'KS104: the operator does not heal itself'),
    refused('a source that is a URL', { triggers: [{ name: 'url', type: 'metric', metricTrigger: { query: 'up', threshold: 1, source: 'http://169.254.169.254/' } }] }, /spec\.triggers\[0\]\.metricTrigger\.source: Invalid value/, 'the schema: sources are names of the installation'),
  ],
}

const WIDENING: Kind = {
  title: 'An act that is more than it may be',
  attempts: [
    refused('a patch that makes the container privileged', { selector: onKind('apps/v1', 'Deployment', 'own'), actions: patch({ containers: [{ name: 'main', securityContext: { privileged: true } }] }) }, /\[KS303\]/, 'KS303: the list of fields that may be patched'),
    refused('a patch of the ServiceAccount', { selector: onKind('apps/v1', 'Deployment', 'own'), actions: patch({ serviceAccountName: 'kubeskippy-healer' }) }, /\[KS303\]/, 'KS303'),
    refused('a patch that mounts a Secret', { selector: onKind('apps/v1', 'Deployment', 'own'), actions: patch({ volumes: [{ name: 's', secret: { secretName: 'token' } }] }) }, /\[KS303\]/, 'KS303'),
    refused('a patch that mounts the disk of the node', { selector: onKind('apps/v1', 'Deployment', 'own'), actions: patch({ volumes: [{ name: 'h', hostPath: { path: '/' } }] }) }, /\[KS303\]/, 'KS303'),
    refused('a scale to more than anything may have', { selector: onKind('apps/v1', 'Deployment', 'own'), actions: [{ name: 'up', type: 'scale', scaleAction: { direction: 'absolute', replicas: 10_000 } }] }, /\[KS305\]/, 'KS305: the ceiling of the installation'),
    refused('more acts an hour than the installation allows', { spec: { safetyRules: { maxActionsPerHour: 200 } } }, /\[KS401\]/, 'KS401: the ceiling of the installation'),
    refused('an exemption of his own', { selector: { labelSelector: {} }, metadata: { annotations: { 'kubeskippy.io/allow': 'KS101' } } }, /\[KS506\]/, 'KS506: exempting takes the verb override-safety'),
    refused('a forged signature of an exemption', { selector: { labelSelector: {} }, metadata: { annotations: { 'kubeskippy.io/allow': 'KS101', 'kubeskippy.io/allowed-by': 'system:admin' } } }, /\[KS506\]/, 'KS506: exempting takes the verb override-safety; the door signs'),
  ],
}

const STATE: Kind = {
  title: 'Forged state',
  attempts: [
    patching('the status of his policy', 'hp', OWN, () => 'own', () => ({ status: { conditions: [] } }), FORBIDDEN, RBAC, '--subresource=status'),
    deniedObject('a HealingAction for the other namespace', (known) => buildHealingAction({ metadata: { namespace: OWN, name: 'forged' }, spec: { targetResource: victimTarget(known) } })),
    deniedObject('a HealingAction in the other namespace', (known) => buildHealingAction({ metadata: { namespace: OTHER, name: 'forged' }, spec: { targetResource: victimTarget(known) } })),
    patching('another target of his own HealingAction', 'ha', OWN, ({ waiting }) => waiting, (known) => ({ spec: { targetResource: victimTarget(known) } }), FORBIDDEN, RBAC),
    patching('another namespace of the policy of his own HealingAction', 'ha', OWN, ({ waiting }) => waiting, () => ({ spec: { policyRef: { namespace: OTHER } } }), FORBIDDEN, RBAC),
    patching('the phase of his own HealingAction', 'ha', OWN, ({ waiting }) => waiting, () => ({ status: { phase: 'Approved' } }), FORBIDDEN, RBAC, '--subresource=status'),
    patching('an ended HealingAction, to have it done again', 'ha', OWN, ({ ended }) => ended, () => ({ status: { phase: 'Pending' } }), FORBIDDEN, RBAC, '--subresource=status'),
    deniedObject('a ledger in his namespace', () => buildLedger({ metadata: { namespace: OWN, name: 'forged' } })),
    deniedObject('a ledger of the operator', () => buildLedger({ metadata: { namespace: OPERATOR_NAMESPACE, name: 'forged' } })),
    denied('the deletion of ledgers', 'delete', 'healingledgers', '--all', '-n', OPERATOR_NAMESPACE),
    denied('the lease of the leader', 'delete', 'lease', 'kubeskippy-controller', '-n', OPERATOR_NAMESPACE),
    denied('the kill switch', 'create', 'configmap', 'kubeskippy-kill-switch', '-n', OPERATOR_NAMESPACE),
    denied('the certificate of the door', 'get', 'secret', 'kubeskippy-webhook-tls', '-n', OPERATOR_NAMESPACE),
  ],
}

const APPROVAL: Kind = {
  title: 'Approvals',
  attempts: [
    patching('his own approval', 'ha', OWN, ({ waiting }) => waiting, () => ({ spec: { approval: { decision: 'Approved' } } }), FORBIDDEN, RBAC),
    patching("an approval in somebody else's name", 'ha', OWN, ({ waiting }) => waiting, () => ({ spec: { approval: { decision: 'Approved', decidedBy: 'system:admin' } } }), FORBIDDEN, RBAC),
    denied('an approval as the controller', 'patch', 'ha', 'any', '-n', OWN, '--type=merge', '-p', '{}', '--as', `system:serviceaccount:${OPERATOR_NAMESPACE}:kubeskippy-controller-manager`),
  ],
}

const IDENTITY: Kind = {
  title: 'Somebody else\'s identity',
  attempts: [
    denied('as the controller', 'get', 'pods', '-A', '--as', `system:serviceaccount:${OPERATOR_NAMESPACE}:kubeskippy-controller-manager`),
    denied("as the other namespace's healer", 'delete', 'pods', '--all', '-n', OTHER, '--as', `system:serviceaccount:${OTHER}:kubeskippy-healer`),
    denied('as his own healer, in the other namespace', 'delete', 'pods', '--all', '-n', OTHER, '--as', `system:serviceaccount:${OWN}:kubeskippy-healer`),
    { what: 'a token of his own healer, used in the other namespace', args: () => ['auth', 'can-i', 'delete', 'pods', '-n', OTHER, '--as', `system:serviceaccount:${OWN}:kubeskippy-healer`], refused: /^$/, by: 'Kubernetes: its RoleBinding is of one namespace' },
    denied("a token of the other namespace's healer", 'create', 'token', 'kubeskippy-healer', '-n', OTHER),
    denied('a token of the controller', 'create', 'token', 'kubeskippy-controller-manager', '-n', OPERATOR_NAMESPACE),
    deniedObject('more rights for his healer', () => CLUSTER_ADMIN),
    deniedObject('consent in the name of the other namespace', () => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'kubeskippy-consent', namespace: OTHER }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kubeskippy-author' }, subjects: [{ kind: 'ServiceAccount', name: 'kubeskippy-healer', namespace: OWN }] })),
    denied('a pause of the other namespace', 'annotate', 'namespace', OTHER, 'kubeskippy.io/pause=forged'),
    harmless('a healer in a namespace that has none', 'an account alone may do nothing: its RoleBinding is written by who administers the namespace', { policy: 'forced', namespace: SECOND, reason: 'HealerForbidden', acts: false }, () => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kubeskippy-healer', namespace: SECOND } }), () => deployment(SECOND, 'forced'), () => policy({ name: 'forced', namespace: SECOND })),
    harmless('a healer account that says to be another one', 'the name in the URL of the account counts', undefined, () => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kubeskippy-healer', namespace: OWN, annotations: { 'kubeskippy.io/namespace': OTHER }, labels: { 'kubeskippy.io/consent': OTHER } } })),
  ],
}

const LYING: Kind = {
  title: 'Objects that lie',
  attempts: [
    harmless("a pod that says to be owned by the other namespace's Deployment", 'owners are of the same namespace: Kubernetes deletes the pod as an orphan, and nothing is selected', idle('orphan', 'NoData'), ({ victim }) => pod('orphan', { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: victim, controller: true }] }), () => policy({ name: 'orphan', selector: { resources: [{ apiVersion: 'v1', kind: 'Pod' }] }, actions: [{ name: 'restart', type: 'restart', target: 'Workload', restartAction: {} }] })),
    harmless('a pod owned by a Deployment that is not there', 'Kubernetes deletes it as an orphan; an owner is looked up by name and uid', idle('stray', 'NoData'), () => pod('stray', { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'stray-1', uid: '00000000-0000-4000-8000-000000000009', controller: true }] }), () => policy({ name: 'stray' })),
    harmless('a pod owned by a Node', 'Kubernetes deletes it with the node that is not there; a static pod is not acted on', idle('static', 'NoData'), () => pod('static', { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: '00000000-0000-4000-8000-000000000008', controller: true }] }), () => policy({ name: 'static' })),
    harmless('a pod with our labels', 'they are read of our own kinds only', idle('labelled', 'NoController'), () => pod('labelled', { labels: { app: 'labelled', 'kubeskippy.io/policy': `${OTHER}.web`, 'kubeskippy.io/incident': 'inc-forged', 'kubeskippy.io/correlation-id': 'forged' } }), () => policy({ name: 'labelled' })),
    harmless('a Deployment with the name and labels of the other one', 'the namespace is part of what is acted on', acting('web'), () => deployment(OWN, 'web'), () => policy({ name: 'web', spec: PATIENT })),
    harmless('a policy that is owned by what is of the other namespace', 'owner references do not reach over namespaces; Kubernetes deletes it as an orphan', undefined, ({ victim }) => policy({ name: 'owned', metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: victim }] } })),
    harmless('names that read like commands', 'they are written into JSON and events, never into a shell', acting('own-rm-rf'), () => deployment(OWN, 'own-rm-rf'), () => policy({ name: 'own-rm-rf', spec: PATIENT, metadata: { annotations: { note: '$(kubectl delete ns victim) `id` {{ .Values }} %s\n' } } })),
    { what: 'an event about a pod of the other namespace', args: () => ['create', '-f', '-'], input: () => text({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'forged', namespace: OWN }, involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: OTHER, name: 'web' }, reason: 'Unhealthy', type: 'Warning' }), refused: /does not match event.namespace/, by: 'Kubernetes: an event is of the namespace that it is in' },
  ],
}

const RACING: Kind = {
  title: 'Races',
  attempts: [
    { what: 'the deletion of his policy while it acts', args: () => ['delete', 'hp', 'own', '-n', OWN, '--wait=false'], by: 'the ledger outlives the policy by a day: nothing is given back' },
    { what: 'the policy anew under the same name', args: () => APPLY, input: () => text(policy({ name: 'own' })), by: 'the same ledger goes on counting' },
    { what: 'the deletion of all his HealingActions', args: () => ['delete', 'healingactions', '--all', '-n', OWN], by: 'what counts is in the ledger' },
    { what: 'his Deployment anew under the same name', args: () => ['replace', '--force', '-f', '-'], input: () => text(deployment(OWN, 'own')), by: 'every write carries uid and resourceVersion: another object is another one' },
  ],
}

export const KINDS: readonly Kind[] = [REACHING, WIDENING, STATE, APPROVAL, IDENTITY, LYING, RACING]
