import { expect } from 'chai'
import { healerPermissions } from './actions/index.ts'
import { OBSERVED_KINDS } from '../shared/api/v1alpha1/kinds.ts'
import { controllerClusterRules, controllerOwnRules, controllerRbac, healerRules, kubeletRbac, metricsApisRbac } from './permissions.ts'

const rules = [...controllerClusterRules, ...controllerOwnRules]
const READING = new Set(['get', 'list', 'watch'])
/** What the controller writes in its own name: our objects, events, and questions. */
const OWN_GROUPS = new Set(['kubeskippy.io', 'events.k8s.io', 'authorization.k8s.io'])

describe("the rights of the controller's account", () => {
  it('hold no wildcard: to read numbers whose names an adapter makes up is a role of its own, in no installation by itself', () => {
    const wild = [...rules, ...metricsApisRbac.rules].filter(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs].some((word) => word.includes('*')))
    expect(wild).to.deep.equal(metricsApisRbac.rules)
    expect(wild.map(({ apiGroups, verbs }) => [...apiGroups, ...verbs])).to.deep.equal([['custom.metrics.k8s.io', 'get'], ['external.metrics.k8s.io', 'list']])
  })

  it('hold no write to anything but our own objects, events, reviews and leases of known names', () => {
    const lease = rules.filter(({ apiGroups }) => apiGroups.includes('coordination.k8s.io'))
    // A name cannot limit create.
    expect(lease).to.deep.equal([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['kubeskippy-controller', ...Array.from({ length: 16 }, (_, shard) => `kubeskippy-controller-shard-${shard}`)], verbs: ['get', 'update'] },
    ])
    const writes = rules.filter((rule) => !lease.includes(rule)).filter(({ verbs }) => verbs.some((verb) => !READING.has(verb) && !verb.startsWith('impersonate')))
    expect(writes.flatMap(({ apiGroups }) => apiGroups).filter((group) => !OWN_GROUPS.has(group))).to.deep.equal([])
  })

  it('reach no policy and no action but by their status, and the making and removal of actions', () => {
    const writes = rules
      .filter(({ apiGroups }) => apiGroups.includes('kubeskippy.io'))
      .flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.filter((verb) => !READING.has(verb)).map((verb) => `${verb} ${resource}`)))
    expect(writes).to.deep.equal(['patch healingpolicies/status', 'create healingactions', 'delete healingactions', 'patch healingactions/status', 'create healingledgers', 'update healingledgers', 'delete healingledgers'])
  })

  it('hold no right that escalates', () => {
    const resources = rules.flatMap((rule) => rule.resources)
    expect(resources).not.to.include.members(['secrets'])
    for (const forbidden of ['secrets', 'roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'serviceaccounts/token', 'pods/exec']) expect(resources).not.to.include(forbidden)
    for (const verb of ['impersonate', 'bind', 'escalate']) expect(rules.flatMap(({ verbs }) => verbs)).not.to.include(verb)
  })

  it('only list and watch the kinds that are watched on demand', () => {
    for (const { apiVersion, plural } of OBSERVED_KINDS) {
      const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : ''
      const verbs = rules.filter(({ apiGroups, resources }) => apiGroups.includes(group ?? '') && resources.includes(plural)).flatMap((rule) => rule.verbs)
      expect(new Set(verbs), plural).to.include.all.keys('list', 'watch')
      expect([...new Set(verbs)].filter((verb) => !READING.has(verb)), plural).to.deep.equal([])
    }
  })

  it('to custom resources are whatever the installer labels, and none by itself', () => {
    const roles = controllerRbac.filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'kubeskippy-observer')
    expect(roles.map(({ rules: own, aggregationRule }) => [own, aggregationRule])).to.deep.equal([[undefined, { clusterRoleSelectors: [{ matchLabels: { 'kubeskippy.io/aggregate-to-controller': 'true' } }] }]])
  })

  it('impersonate nobody but the healer', () => {
    const whom = rules.filter(({ verbs }) => verbs.includes('impersonate:serviceaccount'))
    expect(whom).to.deep.equal([{ apiGroups: ['authentication.k8s.io'], resources: ['serviceaccounts'], resourceNames: ['kubeskippy-healer'], verbs: ['impersonate:serviceaccount'] }])
  })

  it('do as the healer exactly what the actions need, and read logs where it may', () => {
    const asHealer = rules.flatMap(({ apiGroups, resources, verbs }) =>
      verbs.filter((verb) => verb.startsWith('impersonate-on:')).map((verb) => ({ apiGroup: apiGroups[0], resource: resources[0], verb: verb.split(':')[2] })),
    )
    expect(asHealer).to.deep.equal([...healerPermissions, { apiGroup: '', resource: 'pods/log', verb: 'get' }, { apiGroup: 'argoproj.io', resource: 'rollouts/scale', verb: 'patch' }])
    expect(healerRules.map(({ apiGroups, resources, verbs }) => ({ apiGroup: apiGroups[0], resource: resources[0], verb: verbs[0] }))).to.deep.equal(healerPermissions)
  })

  it('reach no node, but where somebody applies the role for it: then they read where it is, and its metrics', () => {
    expect(rules.flatMap(({ resources }) => resources).filter((resource) => resource.startsWith('nodes'))).to.deep.equal([])
    expect(kubeletRbac.map(({ kind, metadata, rules: own }) => [kind, metadata.labels?.['kubeskippy.io/aggregate-to-controller'], own])).to.deep.equal([
      ['ClusterRole', 'true', [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }, { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }]],
    ])
  })
})
