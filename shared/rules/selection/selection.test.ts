import { expect } from 'chai'
import * as fc from 'fast-check'
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { matchesLabels } from '../../lib/selector.ts'
import { accessKey, type Access, type AccessQuestion } from '../access.ts'
import { questionsOf } from '../judge.ts'
import { DEFAULT_INSTALLATION, type KindFacts, type KindsFound, type Known } from '../rule.ts'
import { check, rawPolicy, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks101 } from './ks101-match-all.ts'
import { ks102 } from './ks102-never-matches.ts'
import { ks103 } from './ks103-protected-namespace.ts'
import { ks104 } from './ks104-forbidden-target.ts'
import { ks105 } from './ks105-all-protected.ts'
import { ks107 } from './ks107-unknown-kind.ts'
import { ks108 } from './ks108-author-may-not.ts'
import { ks109 } from './ks109-other-namespace.ts'
import { ks110 } from './ks110-empty-protection.ts'
import { TOOL_LABEL_KEYS } from './tool-labels.ts'

type Selector = HealingPolicySpec['selector']
type Resource = NonNullable<Selector['resources']>[number]

const app = { matchLabels: { app: 'cart' } }
const pod: Resource = { apiVersion: 'v1', kind: 'Pod' }
const deployment: Resource = { apiVersion: 'apps/v1', kind: 'Deployment' }
const expressions = (...matchExpressions: NonNullable<NonNullable<Selector['labelSelector']>['matchExpressions']>): Selector => ({ labelSelector: { matchExpressions } })

describe('KS101 match-all selection', () => {
  const found: [string, PolicyOverrides][] = [
    ['an empty selector is refused', { selector: {} }],
    ['an empty label selector is refused', { selector: { labelSelector: {} } }],
    ['empty matchLabels and expressions are refused', { selector: { labelSelector: { matchLabels: {}, matchExpressions: [] } } }],
    ['a dry run is refused as well', { mode: 'dryrun', selector: {} }],
    ['an expression that is met without the label, several times over, is refused', { selector: expressions({ key: 'app', operator: 'NotIn', values: ['cart'] }, { key: 'tier', operator: 'DoesNotExist' }) }],
    ['NotIn alone is refused', { selector: expressions({ key: 'app', operator: 'NotIn', values: ['cart'] }) }],
    ['DoesNotExist alone is refused', { selector: expressions({ key: 'app', operator: 'DoesNotExist' }) }],
    ...TOOL_LABEL_KEYS.map((key): [string, PolicyOverrides] => [`${key}, which tools set, is refused where no value is asked for`, { selector: { ...expressions({ key, operator: 'Exists' }), resources: [pod, deployment] } }]),
    ...['Helm', 'helm', 'Tiller', 'kustomize', 'kustomize-v5.4.0', 'argocd', 'flux', 'skaffold', 'tilt', 'pulumi', 'terraform', 'google-cloud-deploy', 'kubectl', 'spinnaker', 'devspace', 'cdk8s', 'Rancher', 'okteto', 'kluctl', 'kapp-controller', 'tanka', 'grafana-tanka', 'octopus', 'gitlab-ci', 'configmanagement.gke.io'].map((tool): [string, PolicyOverrides] => [`${tool} as who deployed it is refused`, { selector: { labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': tool } } } }]),
    ['so is a list in which a tool is', { selector: expressions({ key: 'app.kubernetes.io/managed-by', operator: 'In', values: ['cart-operator', 'Helm'] }) }],
    ['Helm, and a chart whatever it is', { selector: { labelSelector: { matchLabels: { heritage: 'Helm' }, matchExpressions: [{ key: 'helm.sh/chart', operator: 'Exists' }] } } }],
    ['the namespace of Flux', { selector: { labelSelector: { matchLabels: { 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } }, resources: [deployment] } }],
    ['being in the mesh', { selector: { labelSelector: { matchLabels: { 'security.istio.io/tlsMode': 'istio', 'service.istio.io/canonical-revision': 'latest' } } } }],
    ['so are two of them, and one beside what only excludes', { selector: expressions({ key: 'pod-template-hash', operator: 'Exists' }, { key: 'controller-revision-hash', operator: 'Exists' }, { key: 'app', operator: 'NotIn', values: ['db'] }) }],
    ['one of them but for a value is refused', { selector: expressions({ key: 'pod-template-hash', operator: 'Exists' }, { key: 'pod-template-hash', operator: 'NotIn', values: ['5d4c8'] }) }],
    ['ReplicaSets have one too', { mode: 'dryrun', selector: { ...expressions({ key: 'pod-template-hash', operator: 'Exists' }), resources: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet' }] } }],
    ['names for one kind do not excuse the other', { selector: { resources: [{ ...pod, names: ['cart-0'] }, { apiVersion: 'apps/v1', kind: 'Deployment' }] } }],
  ]
  for (const [title, overrides] of found) it(title, () => expect(check(ks101, overrides)).to.have.lengthOf(1))

  const accepted: [string, PolicyOverrides][] = [
    ['one label is enough', { selector: { labelSelector: app } }],
    ['Exists asks for a label', { selector: expressions({ key: 'shop/checkout', operator: 'Exists' }) }],
    ['a value of a label that controllers set asks for one revision', { selector: expressions({ key: 'pod-template-hash', operator: 'In', values: ['5d4c8'] }) }],
    ['and so does an equal label', { selector: { labelSelector: { matchLabels: { 'controller-revision-hash': 'db-5d4c8' } } } }],
    ['such a label beside one that people set', { selector: expressions({ key: 'pod-template-hash', operator: 'Exists' }, { key: 'checkout', operator: 'Exists' }) }],
    ['no controller sets it on workloads: then people have', { selector: { ...expressions({ key: 'pod-template-hash', operator: 'Exists' }), resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } }],
    ['what a tool says of one application', { selector: { labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'cart' } } } }],
    ['tools beside it', { selector: { labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'cart' } } } }],
    ['one chart, of the old style too', { selector: { labelSelector: { matchLabels: { heritage: 'Tiller', chart: 'cart-1.2.3' } } } }],
    ['what one operator makes', { selector: { labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'strimzi-cluster-operator' } } } }],
    ['what another one makes', { selector: { labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'tekton-pipelines' } } } }],
    ['a tool whose name only begins alike', { selector: { labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'kustomize-controller-of-cart' } } } }],
    ['a tool that is taken out again leaves the others', { selector: expressions({ key: 'app.kubernetes.io/managed-by', operator: 'In', values: ['cart-operator', 'Helm'] }, { key: 'app.kubernetes.io/managed-by', operator: 'NotIn', values: ['Helm'] }) }],
    ['one Kustomization of Flux', { selector: { labelSelector: { matchLabels: { 'kustomize.toolkit.fluxcd.io/name': 'cart' } }, resources: [deployment] } }],
    ['one service of the mesh', { selector: { labelSelector: { matchLabels: { 'service.istio.io/canonical-name': 'cart' } } } }],
    ['one zone', { selector: { labelSelector: { matchLabels: { 'topology.kubernetes.io/zone': 'a' } } } }],
    ['a part of the application', { selector: expressions({ key: 'app.kubernetes.io/part-of', operator: 'In', values: ['shop'] }, { key: 'app.kubernetes.io/component', operator: 'Exists' }) }],
    ['what Flux puts on what it applies is on no pod by itself', { selector: expressions({ key: 'kustomize.toolkit.fluxcd.io/name', operator: 'Exists' }) }],
    ['a key that only begins alike', { selector: expressions({ key: 'pod-template-hash-of', operator: 'Exists' }) }],
    ['In asks for a label', { selector: expressions({ key: 'app', operator: 'In', values: ['cart'] }) }],
    ['a negative expression beside a positive one passes', { selector: expressions({ key: 'checkout', operator: 'Exists' }, { key: 'tier', operator: 'NotIn', values: ['db'] }) }],
    ['names are enough', { selector: { resources: [{ ...pod, names: ['cart-0'] }] } }],
    ['monitor may look at everything', { mode: 'monitor', selector: {} }],
  ]
  for (const [title, overrides] of accepted) it(title, () => expect(check(ks101, overrides)).to.deep.equal([]))

  describe('a label that nearly everybody gives', () => {
    const warned = (key: string): string => `W spec.selector.labelSelector: asks for no label but ${key}, which people put on nearly all that they deploy, so it selects nearly every v1 Pod`
    for (const key of ['app', 'k8s-app', 'name', 'release', 'component', 'istio.io/rev', 'app.kubernetes.io/component', 'app.kubernetes.io/part-of']) {
      it(`is warned about whatever its value: ${key}`, () => expect(check(ks101, { selector: expressions({ key, operator: 'Exists' }) })).to.deep.equal([warned(key)]))
    }
    it('is warned about with some values excluded, and beside what only excludes', () => {
      expect(check(ks101, { selector: expressions({ key: 'app', operator: 'Exists' }, { key: 'app', operator: 'NotIn', values: ['db'] }) })).to.deep.equal([warned('app')])
      expect(check(ks101, { selector: expressions({ key: 'app', operator: 'Exists' }, { key: 'tier', operator: 'NotIn', values: ['db'] }) })).to.deep.equal([warned('app')])
    })
    it('makes a warning of what tools put on everything beside it', () => expect(check(ks101, { selector: expressions({ key: 'app', operator: 'Exists' }, { key: 'pod-template-hash', operator: 'Exists' }) })).to.have.length(1).and.satisfy(([found]: string[]) => found?.startsWith('W ')))
    it('says something by its value', () => {
      for (const key of ['app', 'istio.io/rev', 'env']) expect(check(ks101, { selector: { labelSelector: { matchLabels: { [key]: 'cart' } } } })).to.deep.equal([])
    })
    it('may be on everything where nothing is done', () => expect(check(ks101, { mode: 'monitor', selector: expressions({ key: 'app', operator: 'Exists' }) })).to.deep.equal([]))
  })
  it('says which kinds are meant', () => expect(check(ks101, { selector: {} })).to.deep.equal(['spec.selector.labelSelector: selects every v1 Pod']))
  it('and which of them have the label that controllers set', () => {
    const resources = [pod, { apiVersion: 'apps/v1', kind: 'Deployment' }]
    expect(check(ks101, { selector: { ...expressions({ key: 'pod-template-hash', operator: 'Exists' }), resources } })).to.deep.equal([
      'spec.selector.labelSelector: asks for no label but pod-template-hash, which controllers put on all that they make, so it selects nearly every v1 Pod',
    ])
  })
  it('and which tool sets each', () => {
    const keys = expressions({ key: 'pod-template-hash', operator: 'Exists' }, { key: 'helm.sh/chart', operator: 'Exists' }, { key: 'app.kubernetes.io/instance', operator: 'NotIn', values: ['till'] }, { key: 'app.kubernetes.io/name', operator: 'Exists' })
    expect(check(ks101, { selector: { ...keys, resources: [pod] } })).to.deep.equal([
      'spec.selector.labelSelector: asks for no label but pod-template-hash, which controllers put on all that they make, and helm.sh/chart, app.kubernetes.io/name, which Helm charts put on all that they deploy, so it selects nearly every v1 Pod',
    ])
  })
})

describe('KS101 beside brute force', () => {
  /** What the object may have that nobody has labelled: what tools set, with a value that tells nothing, or of no application that is written here. */
  const untold: Readonly<Record<string, readonly (string | undefined)[]>> = { checkout: [undefined], 'pod-template-hash': [undefined, 'other'], 'helm.sh/chart': [undefined, 'other'], 'app.kubernetes.io/managed-by': [undefined, 'other', 'Helm', 'skaffold'] }
  const objects = Object.entries(untold).reduce<readonly Record<string, string>[]>((all, [key, values]) => all.flatMap((labels) => values.map((value) => (value === undefined ? labels : { ...labels, [key]: value }))), [{}])
  const requirement = fc.record({ key: fc.constantFrom(...Object.keys(untold)), operator: fc.constantFrom('In' as const, 'NotIn' as const, 'Exists' as const, 'DoesNotExist' as const), some: fc.subarray(['Helm', 'skaffold', 'cart', 'till'], { minLength: 1 }) })
  it('refuses what takes an object that only tools have labelled, and nothing else', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 5 }), (requirements) => {
        const labelSelector = { matchExpressions: requirements.map(({ key, operator, some }) => ({ key, operator, ...(operator === 'In' || operator === 'NotIn' ? { values: some } : {}) })) }
        const found = check(ks101, { selector: { labelSelector } })
        refused += found.length
        expect(found.length, JSON.stringify(labelSelector)).to.equal(objects.some((labels) => matchesLabels(labelSelector, labels)) ? 1 : 0)
      }),
      { numRuns: 2000 },
    )
    expect(refused).to.be.within(200, 1800)
  })
})

type Operator = NonNullable<NonNullable<Selector['labelSelector']>['matchExpressions']>[number]['operator']
const having = (key: string, operator: Operator, ...values: string[]): NonNullable<Selector['labelSelector']> => ({ matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }] })

describe('KS102 selectors that can never match', () => {
  const cart = { matchLabels: { app: 'cart' } }
  const at = 'spec.selector.labelSelector'
  const labelled = (...labelSelector: NonNullable<Selector['labelSelector']>[]): PolicyOverrides => ({ selector: { labelSelector: Object.assign({}, ...labelSelector) as NonNullable<Selector['labelSelector']> } })
  const found: [string, PolicyOverrides, string][] = [
    ['a value and another one', labelled(cart, having('app', 'In', 'till')), `${at}: no object can have the label "app" in (cart) and in (till)`],
    ['a value and not that value', labelled(cart, having('app', 'NotIn', 'cart', 'till')), `${at}: no object can have the label "app" in (cart) and not in (cart, till)`],
    ['a value and no label', labelled(cart, having('app', 'DoesNotExist')), `${at}: no object can have the label "app" in (cart) and absent`],
    ['presence and absence', { selector: expressions({ key: 'app', operator: 'Exists' }, { key: 'app', operator: 'DoesNotExist' }) }, `${at}: no object can have the label "app" present and absent`],
    ['three sets of values that meet in pairs only', { selector: expressions({ key: 'app', operator: 'In', values: ['a', 'b'] }, { key: 'app', operator: 'In', values: ['b', 'c'] }, { key: 'app', operator: 'In', values: ['c', 'a'] }) }, `${at}: no object can have the label "app" in (a, b) and in (b, c) and in (c, a)`],
    ['values of which each is excluded', { selector: expressions({ key: 'app', operator: 'In', values: ['a', 'b'] }, { key: 'app', operator: 'NotIn', values: ['a'] }, { key: 'app', operator: 'NotIn', values: ['b'] }) }, `${at}: no object can have the label "app" in (a, b) and not in (a) and not in (b)`],
    ['a contradiction in mode monitor', { mode: 'monitor', ...labelled(cart, having('app', 'DoesNotExist')) }, `${at}: no object can have the label "app" in (cart) and absent`],
    ['a key whose name is too long', labelled(having('a'.repeat(64), 'Exists')), `${at}.matchExpressions[0].key: "${'a'.repeat(64)}" cannot be the key of a label`],
    ['a key whose prefix is no DNS name', labelled({ matchLabels: { 'a..b/c': 'x' } }), `${at}.matchLabels: "a..b/c" cannot be the key of a label`],
    ['a key that cannot be, excluded', labelled(cart, having('a'.repeat(64), 'DoesNotExist')), `${at}.matchExpressions[0].key: "${'a'.repeat(64)}" cannot be the key of a label`],
    ['a protection that contradicts itself', { safetyRules: { protectedResources: [{ ...pod, names: ['a'] }, { ...pod, labelSelector: { ...cart, ...having('app', 'DoesNotExist') } }] } }, 'spec.safetyRules.protectedResources[1].labelSelector: no object can have the label "app" in (cart) and absent'],
    ['names that are all excluded', { selector: { resources: [{ ...pod, names: ['a', 'b'], excludeNames: ['b', 'a'] }] } }, 'spec.selector.resources[0].names: every name of v1 Pod that is selected is excluded again'],
    ['a name that another entry excludes', { selector: { resources: [{ ...pod, names: ['a'] }, { ...pod, names: ['b'], excludeNames: ['a'] }] } }, 'spec.selector.resources[0].names: every name of v1 Pod that is selected is excluded again'],
  ]
  for (const [title, overrides, finding] of found) it(`refuses ${title}`, () => expect(check(ks102, overrides)).to.deep.equal([finding]))

  const accepted: [string, PolicyOverrides][] = [
    ['sets of values that meet in one', { selector: expressions({ key: 'app', operator: 'In', values: ['a', 'b'] }, { key: 'app', operator: 'In', values: ['b', 'c'] }) }],
    ['values of which one is left', { selector: expressions({ key: 'app', operator: 'In', values: ['a', 'b'] }, { key: 'app', operator: 'NotIn', values: ['a'] }) }],
    ['absence and a value that is excluded', { selector: expressions({ key: 'tier', operator: 'DoesNotExist' }, { key: 'tier', operator: 'NotIn', values: ['a'] }, { key: 'app', operator: 'Exists' }) }],
    ['many values that are excluded', { selector: expressions({ key: 'app', operator: 'Exists' }, { key: 'app', operator: 'NotIn', values: Array.from({ length: 64 }, (_, index) => `v${index}`) }) }],
    ['the longest key there can be', labelled(having(`${'a'.repeat(253)}/${'b'.repeat(63)}`, 'Exists'))],
    ['names of which one is left', { selector: { resources: [{ ...pod, names: ['a', 'b'], excludeNames: ['b'] }] } }],
    ['an excluded name of another kind', { selector: { resources: [{ ...pod, names: ['a'] }, { apiVersion: 'apps/v1', kind: 'Deployment', names: ['b'], excludeNames: ['a'] }] } }],
    ['no selector', { mode: 'monitor', selector: {} }],
  ]
  it('quotes no character that turns a terminal round', () => {
    const [finding = ''] = check(ks102, { selector: { resources: [{ apiVersion: 'example.com/v1', kind: 'Ca\u202eche', names: ['a'], excludeNames: ['a'] }] } })
    expect(finding).to.contain('every name of example.com/v1 Ca').and.to.not.contain('\u202e')
  })
  for (const [title, overrides] of accepted) it(`accepts ${title}`, () => expect(check(ks102, overrides)).to.deep.equal([]))

  it('text of the user cannot reach the terminal raw, and is cut', () => {
    const [finding = ''] = check(ks102, { selector: expressions({ key: 'app', operator: 'In', values: Array.from({ length: 64 }, (_, index) => `${'v'.repeat(60)}${index}`) }, { key: 'app', operator: 'DoesNotExist' }) })
    expect(finding.length).to.be.below(300)
  })
})

describe('KS103 protected namespaces', () => {
  for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'kubeskippy-system']) {
    it(`automatic in ${namespace} is refused`, () =>
      expect(check(ks103, { namespace })).to.deep.equal([`metadata.namespace: mode automatic in the protected namespace "${namespace}"`]))
    it(`a dry run in ${namespace} passes`, () => expect(check(ks103, { namespace, mode: 'dryrun' })).to.deep.equal([]))
  }
  it('the installation adds namespaces', () => expect(check(ks103, { namespace: 'bank' }, { protectedNamespaces: ['bank'] })).to.have.lengthOf(1))
  it('the installation cannot take the built-in ones away', () => expect(check(ks103, { namespace: 'kube-system' }, { protectedNamespaces: [] })).to.have.lengthOf(1))
  it('the namespace of the operator is the one it runs in', () => expect(check(ks103, { namespace: 'ops' }, { operatorNamespace: 'ops' })).to.have.lengthOf(1))
  it('each namespace of a list is looked at', () => {
    const selector = { labelSelector: app, namespaces: ['shop', 'kube-system', 'kube-public'] }
    expect(check(ks103, { selector }).map((found) => found.split(':')[0])).to.deep.equal(['spec.selector.namespaces[1]', 'spec.selector.namespaces[2]'])
  })
  it('a list that the author wrote is named where it says something else than the namespace', () => {
    const paths = (namespaces: string[]) => check(ks103, { namespace: 'kube-system', selector: { labelSelector: app, namespaces } }).map((found) => found.split(':')[0])
    expect([paths(['kube-system']), paths(['shop', 'kube-public'])]).to.deep.equal([['metadata.namespace'], ['spec.selector.namespaces[1]']])
  })
  it('a namespace whose name only begins like a protected one passes', () => expect(check(ks103, { namespace: 'kube-system-tests' })).to.deep.equal([]))
})

describe('KS104 forbidden targets', () => {
  const forbidden: [string, string][] = [
    ['v1', 'Namespace'], ['v1', 'Secret'], ['v1', 'ServiceAccount'], ['v1', 'PersistentVolume'],
    ['rbac.authorization.k8s.io/v1', 'Role'], ['rbac.authorization.k8s.io/v1', 'RoleBinding'], ['rbac.authorization.k8s.io/v1', 'ClusterRole'], ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
    ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'], ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'], ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy'],
    ['kubeskippy.io/v1alpha1', 'HealingPolicy'], ['kubeskippy.io/v1alpha1', 'HealingAction'], ['kubeskippy.io/v1alpha1', 'HealingLedger'],
  ]
  for (const [apiVersion, kind] of forbidden) {
    for (const mode of ['automatic', 'monitor'] as const) {
      it(`${kind} is refused in mode ${mode}, even by name`, () =>
        expect(check(ks104, { mode, selector: { resources: [{ apiVersion, kind, names: ['x'] }] } })).to.deep.equal([`spec.selector.resources[0].kind: ${apiVersion} ${kind} must not be selected`]))
    }
  }
  for (const mode of ['automatic', 'dryrun', 'manual'] as const) {
    it(`a PersistentVolumeClaim must not be acted on in mode ${mode}`, () =>
      expect(check(ks104, { mode, selector: { resources: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', names: ['x'] }] } })).to.deep.equal(['spec.selector.resources[0].kind: v1 PersistentVolumeClaim must not be acted on']))
  }
  it('a PersistentVolumeClaim may be watched', () => expect(check(ks104, { mode: 'monitor', selector: { resources: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', names: ['x'] }] } })).to.deep.equal([]))
  it('pods and workloads pass', () => {
    const resources = [pod, ...['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => ({ apiVersion: 'apps/v1', kind }))]
    expect(check(ks104, { selector: { labelSelector: app, resources } })).to.deep.equal([])
  })
  it('the namespace of the operator is refused', () =>
    expect(check(ks104, { namespace: 'kubeskippy-system', mode: 'dryrun' })).to.deep.equal(['metadata.namespace: "kubeskippy-system" is the namespace of the operator itself']))
  it('the operator may be watched', () => expect(check(ks104, { namespace: 'kubeskippy-system', mode: 'monitor' })).to.deep.equal([]))
})

describe('KS105 everything protected', () => {
  const protect = (...protectedResources: NonNullable<HealingPolicySpec['safetyRules']['protectedResources']>): PolicyOverrides => ({ safetyRules: { protectedResources } })
  const named = (...names: string[]): Selector => ({ resources: [{ ...pod, names }] })
  const found: [string, PolicyOverrides][] = [
    ['the same labels', protect({ ...pod, labelSelector: app })],
    ['fewer labels than the selection asks for', { ...protect({ ...pod, labelSelector: app }), selector: { labelSelector: { matchLabels: { app: 'cart', tier: 'web' } } } }],
    ['a label that the selection asks for, whatever its value', protect({ ...pod, labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } })],
    ['a set of values that holds those of the selection', protect({ ...pod, labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart', 'till'] }] } })],
    ['every pod', protect({ ...pod, labelSelector: {} })],
    ['all of the names', { selector: named('a', 'b'), ...protect({ ...pod, names: ['a', 'b', 'c'] }) }],
    ['all of the names, by two entries', { selector: named('a', 'b'), ...protect({ ...pod, names: ['a'] }, { ...pod, names: ['b'] }) }],
    ['the names that are not excluded', { selector: { resources: [{ ...pod, names: ['a', 'b'], excludeNames: ['b'] }] }, ...protect({ ...pod, names: ['a'] }) }],
    ['the names that another entry does not exclude', { selector: { resources: [{ ...pod, names: ['a', 'b'] }, { ...pod, names: ['a'], excludeNames: ['b'] }] }, ...protect({ ...pod, names: ['a'] }) }],
    ['a label in two halves, neither of which is enough', protect({ ...pod, labelSelector: having('tier', 'Exists') }, { ...pod, labelSelector: having('tier', 'DoesNotExist') })],
    ['each value that the selection lists, by entries of their own', { selector: { labelSelector: having('app', 'In', 'cart', 'till') }, ...protect({ ...pod, labelSelector: app }, { ...pod, labelSelector: { matchLabels: { app: 'till' } } }) }],
    ['one value, and all others of the key by another entry', protect({ ...pod, labelSelector: { matchLabels: { tier: 'web' } } }, { ...pod, labelSelector: having('tier', 'NotIn', 'web') })],
    ['some by name and the rest by exclusion', { selector: { labelSelector: app, resources: [{ ...pod, names: ['a', 'b'] }] }, ...protect({ ...pod, names: ['a'] }, { ...pod, names: ['b'], labelSelector: app }) }],
    ['a label that two requirements amount to', { selector: { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart', 'till'] }, { key: 'app', operator: 'NotIn', values: ['till'] }] } }, ...protect({ ...pod, labelSelector: app }) }],
  ]
  for (const [title, overrides] of found) it(`refused when it protects ${title}`, () => expect(check(ks105, overrides)).to.have.lengthOf(1))

  const accepted: [string, PolicyOverrides][] = [
    ['other labels', protect({ ...pod, labelSelector: { matchLabels: { app: 'till' } } })],
    ['more labels than the selection asks for', protect({ ...pod, labelSelector: { matchLabels: { app: 'cart', critical: 'true' } } })],
    ['another kind', protect({ apiVersion: 'apps/v1', kind: 'Deployment', labelSelector: app })],
    ['some names of a selection by label', protect({ ...pod, names: ['cart-0'] })],
    ['all but one of the names', { selector: named('a', 'b', 'c'), ...protect({ ...pod, names: ['a', 'b'] }) }],
    ['some of the names, by labels that the selection does not ask for', { selector: named('a'), ...protect({ ...pod, labelSelector: app }) }],
    ['a label in two parts that leave something between them', protect({ ...pod, labelSelector: having('tier', 'In', 'web') }, { ...pod, labelSelector: having('tier', 'DoesNotExist') })],
    ['the values but one', { selector: { labelSelector: having('app', 'In', 'cart', 'till', 'shelf') }, ...protect({ ...pod, labelSelector: app }, { ...pod, labelSelector: { matchLabels: { app: 'till' } } }) }],
    ['what can never match anyway', { selector: { labelSelector: { matchLabels: { app: 'cart' }, ...having('app', 'DoesNotExist') } }, ...protect({ ...pod, labelSelector: app }) }],
    ['one of two kinds', { selector: { labelSelector: app, resources: [pod, { apiVersion: 'apps/v1', kind: 'Deployment' }] }, ...protect({ ...pod, labelSelector: app }) }],
    ['everything, in mode monitor', { mode: 'monitor', ...protect({ ...pod, labelSelector: app }) }],
  ]
  for (const [title, overrides] of accepted) it(`accepted when it protects ${title}`, () => expect(check(ks105, overrides)).to.deep.equal([]))
})

describe('KS107 unknown kinds', () => {
  const of = (apiVersion: string, kind: string): PolicyOverrides => ({ selector: { labelSelector: app, resources: [{ apiVersion, kind }] } })
  const at = 'spec.selector.resources[0]'
  it('a kind of another group is refused, where the group is written', () => expect(check(ks107, of('apps/v1', 'Pod'))).to.deep.equal([`${at}.apiVersion: unknown kind apps/v1 Pod`]))
  for (const [apiVersion, kind] of [['v1', 'Deployment'], ['apps/v1beta1', 'Deployment'], ['extensions/v1beta1', 'Ingress'], ['autoscaling/v2beta2', 'HorizontalPodAutoscaler']] as const) {
    it(`${apiVersion} ${kind} is refused at the apiVersion`, () => expect(check(ks107, of(apiVersion, kind))).to.deep.equal([`${at}.apiVersion: unknown kind ${apiVersion} ${kind}`]))
  }
  for (const [apiVersion, kind] of [['v1', 'pod'], ['v1', 'pods'], ['rollouts/v1', 'Rollout'], ['networking.k8s.io/v1', 'Ingres'], ['kubeskippy.io/v1alpha1', 'HealingPlan']] as const) {
    it(`${apiVersion} ${kind} is refused at the kind`, () => expect(check(ks107, of(apiVersion, kind))).to.deep.equal([`${at}.kind: unknown kind ${apiVersion} ${kind}`]))
  }
  it('a cluster-scoped kind is refused', () => expect(check(ks107, of('v1', 'Node'))).to.deep.equal([`${at}.kind: v1 Node is cluster-scoped`]))
  for (const [apiVersion, kind] of [['v1', 'Pod'], ['apps/v1', 'Deployment'], ['apps/v1', 'StatefulSet'], ['apps/v1', 'DaemonSet'], ['argoproj.io/v1alpha1', 'Rollout'], ['gateway.networking.k8s.io/v1', 'Gateway'], ['batch/v1', 'Job']] as const) {
    it(`${apiVersion} ${kind} passes`, () => expect(check(ks107, of(apiVersion, kind))).to.deep.equal([]))
  }
  const first = (apiVersion: string, kind: string, kinds?: KindsFound) => [...ks107.check(testPolicy(of(apiVersion, kind)), { installation: DEFAULT_INSTALLATION, ...(kinds === undefined ? {} : { kinds }) })][0]
  it('the nearest kind is offered', () => {
    const fixes: [string, string, string][] = [
      ['v1', 'pods', 'did you mean v1 Pod?'],
      ['v1', 'deployment', 'did you mean apps/v1 Deployment?'],
      ['apps/v1beta1', 'Deployment', 'did you mean apps/v1 Deployment?'],
      ['apps/v1', 'Statefulset', 'did you mean apps/v1 StatefulSet?'],
      ['apps/v1', 'Deploymnet', 'did you mean apps/v1 Deployment?'],
    ]
    for (const [apiVersion, kind, fix] of fixes) expect(first(apiVersion, kind)?.fix).to.equal(fix)
  })
  it('but not what must not be selected either', () => {
    for (const kind of ['secret', 'secrets']) expect(first('v1', kind)).to.include({ why: 'no policy may act on v1 Secret: it holds credentials', fix: 'select the pods or workloads that are broken' })
    expect(first('v1', 'clusterrole')?.why).to.contain('rbac.authorization.k8s.io/v1 ClusterRole')
  })
  it('of custom resources the API server knows: cluster-scoped ones are refused, and what is not there (yet) is warned about', () => {
    const cache = 'example.com/v1 Cache'
    const told = (facts: KindFacts): string[] => ks107.check(testPolicy(of('example.com/v1', 'Cache')), { installation: DEFAULT_INSTALLATION, kinds: new Map([[cache, facts]]) }).map(({ severity = 'E', path, what, fix }) => `${severity} ${path}: ${what}; ${fix ?? ''}`)
    expect(told({ found: true, plural: 'caches', namespaced: true, scalable: false })).to.deep.equal([])
    expect(told({ found: true, plural: 'caches', namespaced: false, scalable: false })).to.deep.equal([`E ${at}.kind: ${cache} is cluster-scoped; `])
    expect(told({ found: false, near: [] })).to.deep.equal([`W ${at}.kind: the API server has no ${cache}; install its definition`])
    expect(told({ found: false, near: ['Caches'] })).to.deep.equal([`W ${at}.kind: the API server has no ${cache}; did you mean Caches?`])
    expect(first('example.com/v1', 'Cache', new Map())).to.equal(undefined)
  })
})

/** What a rule asks of a policy, for people. */
const asked = (rule: typeof ks108, overrides: PolicyOverrides = {}, known: Known = {}): string[] =>
  (rule.asks?.(testPolicy(overrides), known) ?? []).filter(({ optional }) => optional !== true).map(({ who, namespace, verb, apiGroup, resource }) => `${who === 'Author' ? 'author' : `healer of ${who.healerOf}`}: ${verb} ${resource}${apiGroup === '' ? '' : `.${apiGroup}`} in ${namespace}`)
/** What it finds when these questions, of those that it asks, are answered so, and all others with yes. */
const answered = (rule: typeof ks108, overrides: PolicyOverrides, answer: Exclude<Access, 'Allowed'>, which: (question: AccessQuestion) => boolean = () => true): string[] => {
  const keys = new Set((rule.asks?.(testPolicy(overrides)) ?? []).filter(which).map(accessKey))
  return rule.check(testPolicy(overrides), { installation: DEFAULT_INSTALLATION, access: (question) => (keys.has(accessKey(question)) ? answer : 'Allowed') }).map(({ path, what }) => `${path}: ${what}`)
}
const both: Selector = { labelSelector: app, namespaces: ['shop', 'bank'] }
const workloads: Selector = { labelSelector: app, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }

describe('KS108 authors', () => {
  const rights: [string, PolicyOverrides, string[]][] = [
    ['the restart of a pod is an eviction', {}, ['create pods/eviction']],
    ['the restart of a Deployment is a patch', { selector: workloads }, ['patch deployments.apps']],
    ['a graceful restart of a Deployment is evictions', { selector: workloads, action: { restartAction: { strategy: 'graceful' } } }, ['create pods/eviction']],
    ['of a workload that is found by its pods every kind counts', { action: { target: 'Workload' } }, ['patch deployments.apps', 'patch statefulsets.apps', 'create pods/eviction', 'patch daemonsets.apps']],
    ['scaling goes by the subresource', { selector: workloads, action: { type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } } }, ['patch deployments/scale.apps']],
    ['a Rollout counts where it is selected', { selector: { labelSelector: app, resources: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' }] }, action: { type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } } }, ['patch rollouts/scale.argoproj.io']],
    ['a deletion is one', { action: { type: 'delete', target: 'Pod', deleteAction: {} } }, ['delete pods']],
  ]
  for (const [title, overrides, expected] of rights) {
    it(`asks for the rights of what is written: ${title}`, () => expect(asked(ks108, overrides)).to.deep.equal(expected.map((right) => `author: ${right} in shop`)))
  }
  it('asks in every namespace', () => expect(asked(ks108, { selector: both })).to.deep.equal(['author: create pods/eviction in shop', 'author: create pods/eviction in bank']))
  it('asks in manual mode too, and nothing where nothing is written', () => {
    expect(asked(ks108, { mode: 'manual' })).to.have.lengthOf(1)
    for (const mode of ['monitor', 'dryrun'] as const) expect(asked(ks108, { mode, selector: both })).to.deep.equal([])
  })
  it('names verb, resource and namespace', () =>
    expect(answered(ks108, { selector: both }, 'Denied', ({ namespace }) => namespace === 'bank')).to.deep.equal(['spec.actions[0]: you may not create pods/eviction in namespace "bank"']))
  it('asks for the scale of a kind that discovery tells of, by the name that it tells', () => {
    const caches: PolicyOverrides = { selector: { labelSelector: app, resources: [{ apiVersion: 'example.com/v1', kind: 'Cache' }] }, action: { type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } } }
    const kinds: KindsFound = new Map([['example.com/v1 Cache', { found: true, plural: 'cachez', namespaced: true, scalable: true }]])
    expect(asked(ks108, caches, { kinds })).to.deep.equal(['author: patch cachez/scale.example.com in shop'])
    expect(asked(ks108, caches)).to.deep.equal([])
    const found = (denied: (question: AccessQuestion) => boolean) => ks108.check(testPolicy(caches), { installation: DEFAULT_INSTALLATION, kinds, access: (question) => (denied(question) ? 'Denied' : 'Allowed') })
    expect(found(({ who }) => who === 'Author').map(({ what }) => what)).to.deep.equal(['you may not patch cachez.example.com/scale in namespace "shop"'])
    expect(found(({ who }) => who !== 'Author').map(({ fix }) => fix)).to.deep.equal(['kubeskippy enable -n shop --scale cachez.example.com'])
  })
  const healers = (overrides: PolicyOverrides, answer: (question: AccessQuestion) => Access): string[] =>
    ks108.check(testPolicy(overrides), { installation: DEFAULT_INSTALLATION, access: (question) => (question.who === 'Author' ? 'Allowed' : answer(question)) }).map(({ severity = 'F', path, what, fix }) => `${severity} ${path}: ${what}; ${fix ?? ''}`)
  it('warns of a namespace whose healer may not, each once, with the command', () => {
    expect(healers({ selector: both }, ({ verb }) => (verb === 'heal' ? 'Allowed' : 'Denied'))).to.deep.equal([
      'W metadata.namespace: kubeskippy-healer may not create pods/eviction; kubeskippy enable -n shop',
      'W spec.selector.namespaces[1]: kubeskippy-healer may not create pods/eviction; kubeskippy enable -n bank',
    ])
    expect(healers({ selector: both }, ({ namespace, verb }) => (namespace === 'bank' && verb !== 'heal' ? 'Denied' : 'Allowed'))).to.have.length(1)
    // What has not consented is another rule's.
    expect(healers({ selector: both }, ({ namespace }) => (namespace === 'bank' ? 'Denied' : 'Allowed'))).to.deep.equal([])
  })
  it('refuses nobody for want of an answer about a healer, and asks for it last', () => {
    expect(healers({ selector: both }, () => 'Unknown')).to.deep.equal([])
    const whos = questionsOf(rawPolicy({ selector: both })).map(({ who, verb }) => (who === 'Author' ? 'author' : verb))
    expect(whos).to.deep.equal(['author', 'author', 'heal', 'create', 'create'])
  })
  it('says nothing of healers to those who may not themselves, nor of namespaces that cannot be enabled', () => {
    expect(answered(ks108, {}, 'Denied')).to.deep.equal(['spec.actions[0]: you may not create pods/eviction in namespace "shop"'])
    expect(healers({ selector: { labelSelector: app, namespaces: ['kube-system'] } }, () => 'Denied')).to.deep.equal([])
  })
  it('says apart what could not be asked', () => expect(answered(ks108, {}, 'Unknown')).to.deep.equal(['spec.actions[0]: whether you may create pods/eviction in namespace "shop" could not be asked']))
})

describe('KS109 other namespaces', () => {
  it('the own namespace is not asked, also by default', () => {
    expect(asked(ks109)).to.deep.equal([])
    expect(answered(ks109, { selector: { labelSelector: app, namespaces: ['shop'] } }, 'Denied')).to.deep.equal([])
  })
  it('asks each other one whether the account of the own may heal there', () =>
    expect(asked(ks109, { selector: both })).to.deep.equal(['healer of shop: heal healingpolicies.kubeskippy.io in bank']))
  it('each other one without consent is refused, and the policy as a whole with it', () => {
    expect(answered(ks109, { selector: { labelSelector: app, namespaces: ['bank', 'shop', 'post'] } }, 'Denied')).to.deep.equal([
      'spec.selector.namespaces[0]: namespace "bank" does not consent to policies of "shop"',
      'spec.selector.namespaces[2]: namespace "post" does not consent to policies of "shop"',
    ])
    expect(answered(ks109, { selector: both }, 'Denied', ({ namespace }) => namespace === 'post')).to.deep.equal([])
  })
  it('says which command gives it', () => {
    const [finding] = ks109.check(testPolicy({ selector: both }), { installation: DEFAULT_INSTALLATION, access: () => 'Denied' })
    expect(finding?.fix).to.contain('kubeskippy enable -n bank --consent-to shop --print')
  })
  it('advises no command for what cannot be enabled: protected namespaces, as the other one or as the own', () => {
    const fix = (namespace: string, other: string): (string | undefined)[] =>
      ks109.check(testPolicy({ namespace, selector: { labelSelector: app, namespaces: [other] } }), { installation: { ...DEFAULT_INSTALLATION, protectedNamespaces: ['vault'] }, access: () => 'Denied' }).map((found) => found.fix)
    for (const closed of ['kube-system', 'kubeskippy-system', 'vault']) {
      expect(fix('shop', closed)).to.deep.equal(['leave it out'])
      expect(fix(closed, 'shop')).to.deep.equal(['keep the policy in "shop"'])
    }
  })
  it('no answer is no consent', () =>
    expect(answered(ks109, { selector: both }, 'Unknown')).to.deep.equal(['spec.selector.namespaces[1]: whether namespace "bank" consents to policies of "shop" could not be asked']))
  it('mode monitor does not reach further, since it would tell what is going on there', () => expect(answered(ks109, { mode: 'monitor', selector: { namespaces: ['bank'] } }, 'Denied')).to.have.lengthOf(1))
})

describe('KS110 protections of nothing', () => {
  const of = (apiVersion: string, kind: string, mode: 'automatic' | 'monitor' = 'automatic'): string[] => check(ks110, { mode, safetyRules: { protectedResources: [{ apiVersion, kind, names: ['db-0'] }] } })
  const at = 'spec.safetyRules.protectedResources[0].kind'
  for (const [apiVersion, kind] of [['v1', 'pod'], ['v1', 'Pods'], ['v1', 'Deployment'], ['apps/v1beta1', 'StatefulSet'], ['v1', 'Postgres']] as const) {
    it(`${apiVersion} ${kind} is refused`, () => expect(of(apiVersion, kind)).to.deep.equal([`${at}: unknown kind ${apiVersion} ${kind}`]))
  }
  for (const [apiVersion, kind] of [['v1', 'Pod'], ['apps/v1', 'Deployment'], ['apps/v1', 'StatefulSet'], ['apps/v1', 'DaemonSet'], ['apps/v1', 'ReplicaSet'], ['batch/v1', 'Job'], ['batch/v1', 'CronJob'], ['v1', 'ReplicationController'], ['example.com/v1', 'Postgres']] as const) {
    it(`${apiVersion} ${kind} passes`, () => expect(of(apiVersion, kind)).to.deep.equal([]))
  }
  it('what is never acted on is warned about', () => {
    for (const [apiVersion, kind] of [['v1', 'ConfigMap'], ['v1', 'PersistentVolumeClaim'], ['v1', 'Node']] as const) expect(of(apiVersion, kind)).to.deep.equal([`W ${at}: ${apiVersion} ${kind} owns no pod and is never acted on`])
  })
  it('the right kind is offered', () => {
    const [finding] = ks110.check(testPolicy({ safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'statefulset', names: ['db'] }] } }), { installation: DEFAULT_INSTALLATION })
    expect(finding?.fix).to.equal('did you mean apps/v1 StatefulSet?')
  })
  it('is of no interest where nothing acts', () => expect(of('v1', 'pod', 'monitor')).to.deep.equal([]))
})
