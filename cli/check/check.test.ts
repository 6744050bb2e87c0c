import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { issueAuthority } from '../../certs/issue.ts'
import { GROUP, VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_LEASE, HEALER_ACCOUNT, KILL_SWITCH, OPERATOR_NAMESPACE, shardLease, sharersOf, VALIDATING_CONFIGURATION, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import type { Resource } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, HEALING_LEDGERS, HEALING_POLICIES, LEASES, MUTATING_WEBHOOKS, NAMESPACES, POD_METRICS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS, VALIDATING_WEBHOOKS } from '../../shared/kube/resources.ts'
import { formatInstant, hours } from '../../shared/lib/time.ts'
import { judge } from '../../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { emitCrd } from '../../shared/schema/emit-crd.ts'
import { policySlot } from '../../controller/adapters/ledger-slots.ts'
import { buildLedger, buildPolicy } from '../../shared/testing/builders/objects.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import type { FaultRule } from '../../shared/testing/fake-cluster/faults.ts'
import { controllerRbac, type Manifest } from '../../controller/permissions.ts'
import { admissionPolicies, admissionPoliciesFor } from '../../webhook/admission-policies.ts'
import { webhookConfigurations, webhookRbac } from '../../webhook/manifests.ts'
import { noCluster, setUpCli, type BenchOptions } from '../testing/bench.ts'
import { contains, firstDifference } from './difference.ts'
import { probePolicy } from './door.ts'
import type { Finding } from './finding.ts'

const RESOURCES: readonly Resource[] = [NAMESPACES, SERVICE_ACCOUNTS, VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS, VALIDATING_ADMISSION_POLICIES, VALIDATING_ADMISSION_POLICY_BINDINGS]
const WEBHOOK = { namespace: OPERATOR_NAMESPACE, name: WEBHOOK_ACCOUNT }
const CLOSED: FaultRule = ({ resource, verb }) => (resource === HEALING_POLICIES && verb === 'create' ? { when: 'before', answer: { code: 500, reason: 'InternalError', message: 'Internal error occurred: failed calling webhook' } } : undefined)
const LEASE = { name: CONTROLLER_LEASE, namespace: OPERATOR_NAMESPACE }
const PROBE = probePolicy('refused', 'shop').spec as { selector: unknown }

/** The door as it should be: it refuses what breaks a rule, and fills in the namespace. */
const door: NonNullable<BenchOptions['admit']> = (resource, object) => {
  if (resource !== HEALING_POLICIES) return { object }
  const [first] = judge(object, { installation: DEFAULT_INSTALLATION }).violations
  if (first !== undefined) return { causes: [{ reason: 'FieldValueInvalid', field: first.path, message: `[${first.rule}] ${first.what}` }] }
  const spec = object['spec'] as { readonly selector: object }
  return { object: { ...object, spec: { ...spec, selector: { ...spec.selector, namespaces: ['shop'] } } } }
}

/** Rights as they should be: everything but the older way to act as somebody else. */
const asked = (body: unknown): { readonly verb: string; readonly namespace?: string } => (body as { spec: { resourceAttributes: { verb: string; namespace?: string } } }).spec.resourceAttributes
const rights: NonNullable<BenchOptions['may']> = (_call, body) => asked(body).verb !== 'impersonate'
/** What the chart gives below 1.36: that way alone, in the namespaces of its values. */
const beforeConstrained: NonNullable<BenchOptions['may']> = (_call, body) => !asked(body).verb.startsWith('impersonate') || (asked(body).verb === 'impersonate' && asked(body).namespace === 'shop')

const LEDGER = policySlot({ namespace: 'shop', name: 'cart' }).name

describe('kubeskippy check', () => {
  let caBundle = ''
  before(async () => {
    caBundle = Buffer.from((await issueAuthority(new FakeClock().now(), hours(24))).cert).toString('base64')
  })

  /** Everything is as it should be. */
  function setUp(options: BenchOptions = {}) {
    const bench = setUpCli({ may: rights, admit: door, ...options })
    const { cluster } = bench
    const put = (manifest: Manifest): void => {
      const resource = RESOURCES.find(({ kind }) => kind === manifest.kind)
      if (resource !== undefined) cluster.seed(resource, manifest)
    }
    for (const resource of resources) {
      cluster.seed(CUSTOM_RESOURCE_DEFINITIONS, { ...(emitCrd(resource, { group: GROUP, version: VERSION }) as unknown as Manifest), status: { conditions: [{ type: 'Established', status: 'True' }] } })
    }
    for (const manifest of [...controllerRbac, ...webhookRbac, ...admissionPolicies]) put(manifest)
    for (const manifest of webhookConfigurations({ kind: 'service' })) {
      put({ ...manifest, webhooks: (manifest['webhooks'] as { clientConfig: object }[]).map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } })) })
    }
    cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: WEBHOOK })
    cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bank' } })
    cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: HEALER_ACCOUNT, namespace: 'shop' } })
    const { apiVersion, kind, metadata, spec } = buildPolicy({ metadata: { generation: 1 } })
    cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata, spec, status: { observedGeneration: 1 } })
    cluster.seed(HEALING_LEDGERS, { ...buildLedger({ metadata: { name: LEDGER } }) })
    cluster.seed(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: LEASE, spec: { holderIdentity: 'controller-1', leaseDurationSeconds: 15, renewTime: formatInstant(bench.clock.now()).replace('Z', '000Z') } })
    cluster.seed(POD_METRICS, { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', metadata: { name: 'cart-1', namespace: 'shop' } })
    const findings = async (): Promise<{ readonly code: number; readonly bad: readonly Finding[] }> => {
      const { code, out } = await bench.run('check -o json')
      return { code, bad: (JSON.parse(out) as { findings: Finding[] }).findings.filter(({ result }) => result !== 'ok') }
    }
    return { ...bench, findings }
  }

  it('finds nothing to mend when all is as it should be, and changes nothing', async () => {
    const { cluster, run, findings } = setUp()
    expect(await findings()).to.deep.equal({ code: 0, bad: [] })
    const { code, out } = await run('check')
    expect(code).to.equal(0)
    expect(out).to.match(/^ok {4}server {7}v1\.36\.3$/m).and.to.match(/^[0-9]+ ok, 0 warnings, 0 failures$/m)
    expect(out).not.to.contain('\u001b')
    expect(cluster.journal.effects).to.deep.equal([])
  })

  it('colours its results in a terminal only', async () => {
    const { run } = setUp()
    const { out } = await run('check', { terminal: { size: () => ({ columns: 80, rows: 24 }), colour: true } })
    expect(out).to.contain('\u001b[32mok')
  })

  it('asks about every right of both programs', async () => {
    const asked: unknown[] = []
    const { findings } = setUp({ may: (call, body) => (asked.push((body as { spec: unknown }).spec), rights(call, body)) })
    await findings()
    const attributes = asked.map((spec) => spec as { user: string; resourceAttributes: Record<string, string> })
    expect(attributes.find(({ resourceAttributes: { resource, verb, namespace } }) => resource === 'healingledgers' && verb === 'update' && namespace === OPERATOR_NAMESPACE)).to.not.equal(undefined)
    expect(attributes.find(({ resourceAttributes: { resource, subresource, verb } }) => resource === 'healingpolicies' && subresource === 'status' && verb === 'patch')?.resourceAttributes).to.deep.equal({
      verb: 'patch', group: GROUP, resource: 'healingpolicies', subresource: 'status',
    })
    expect(attributes.some(({ user, resourceAttributes: { name } }) => user.endsWith(':kubeskippy-webhook') && name === 'kubeskippy-webhook-tls')).to.equal(true)
  })

  type Bench = ReturnType<typeof setUp>
  describe('where actions wait for approval', () => {
    const rbac = 'rbac.authorization.k8s.io/v1'
    const rules = [{ apiGroups: [GROUP], resources: ['healingactions'], verbs: ['get', 'approve'] }]
    const people = [{ kind: 'Group', name: 'on-call' }]
    const role = (kind: 'Role' | 'ClusterRole', more: object = {}): Manifest => ({ apiVersion: rbac, kind, metadata: { name: 'approver', ...(kind === 'Role' ? { namespace: 'shop' } : {}) }, rules, ...more })
    const binding = (kind: 'RoleBinding' | 'ClusterRoleBinding', to: string, more: object = {}): Manifest => ({ apiVersion: rbac, kind, metadata: { name: 'approver', ...(kind === 'RoleBinding' ? { namespace: 'shop' } : {}) }, roleRef: { kind: to, name: 'approver' }, subjects: people, ...more })
    const cases: readonly [title: string, objects: readonly Manifest[], approved: boolean][] = [
      ['nobody may', [], false],
      ['a Role that nobody has', [role('Role')], false],
      ['a Role of the namespace that is bound', [role('Role'), binding('RoleBinding', 'Role')], true],
      ['a ClusterRole that is bound in the namespace', [role('ClusterRole'), binding('RoleBinding', 'ClusterRole')], true],
      ['a ClusterRole that is bound everywhere', [role('ClusterRole'), binding('ClusterRoleBinding', 'ClusterRole')], true],
      ['a binding to a Role that is called as the ClusterRole', [role('ClusterRole'), binding('RoleBinding', 'Role')], false],
      ['a Role of another namespace', [role('Role', { metadata: { name: 'approver', namespace: 'bank' } }), binding('RoleBinding', 'Role')], false],
      ['a Role without the verb', [role('Role', { rules: [{ ...rules[0], verbs: ['get'] }] }), binding('RoleBinding', 'Role')], false],
      ['a Role with all verbs of all', [role('Role', { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }), binding('RoleBinding', 'Role')], true],
      ['a binding of nobody', [role('Role'), binding('RoleBinding', 'Role', { subjects: undefined })], false],
      ['the way in for emergencies', [role('ClusterRole'), binding('ClusterRoleBinding', 'ClusterRole', { subjects: [{ kind: 'Group', name: 'system:masters' }] })], false],
    ]
    for (const [title, objects, approved] of cases) {
      it(`${title}: ${approved ? 'somebody may' : 'warned about'}`, async () => {
        const { cluster, findings } = setUp()
        for (const object of objects) cluster.seed([ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS].find(({ kind }) => kind === object.kind) ?? expect.fail(), object)
        cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), mode: 'manual' } }))
        const found = (await findings()).bad.filter(({ check }) => check === 'approvers').map(({ result, what }) => `${result}: ${what}`)
        expect(found).to.deep.equal(approved ? [] : ['warn: actions wait for approval in shop, and nobody but system:masters may give it (KS405)'])
      })
    }
  })

  it('where a policy reaches further, approval is asked for in its own namespace: there its HealingActions are', async () => {
    const { cluster, findings } = setUp()
    cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), mode: 'manual', selector: { namespaces: ['shop', 'bank'], labelSelector: { matchLabels: { app: 'cart' } } } } }))
    const found = (await findings()).bad.filter(({ check }) => check === 'approvers').map(({ what }) => what)
    expect(found).to.deep.equal(['actions wait for approval in shop, and nobody but system:masters may give it (KS405)'])
  })

  it('policies are listed once, however many look at them', async () => {
    const { cluster, findings } = setUp()
    let lists = 0
    cluster.faults.add(({ resource, verb }) => {
      if (resource === HEALING_POLICIES && verb === 'list') lists++
      return undefined
    })
    await findings()
    expect(lists).to.equal(1)
  })

  /** Two controllers share the work of two shards, of which these have been taken. */
  function shared({ cluster, clock }: Bench, taken: readonly number[]): void {
    const renewTime = formatInstant(clock.now()).replace('Z', '000Z')
    cluster.change(LEASES, LEASE, (o) => ({ ...o, spec: { ...(o['spec'] as object), holderIdentity: sharersOf(2) } }))
    for (const shard of taken) cluster.seed(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...LEASE, name: shardLease(shard) }, spec: { holderIdentity: shard === 0 ? 'a' : 'b', renewTime } })
  }
  const changedLedger = (spec: object) => ({ cluster }: Bench) =>
    void cluster.change(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name: LEDGER }, (o) => ({ ...o, spec: { ...(o['spec'] as object), ...spec } }))
  const reachBank = (cluster: Bench['cluster']): void => void cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), selector: { namespaces: ['shop', 'bank'], labelSelector: { matchLabels: { app: 'cart' } } } } }))
  const wrong: readonly (readonly [what: string, check: string, result: 'warn' | 'fail', says: RegExp, breaks: (bench: Bench) => void, options?: BenchOptions])[] = [
    ['a server below 1.30', 'server', 'fail', /v1\.29\.14 is older than 1\.30/, () => {}, { version: 'v1.29.14' }],
    ['a server below 1.36', 'server', 'warn', /v1\.35\.9-gke\.1 has no constrained impersonation/, () => {}, { version: 'v1.35.9-gke.1', may: beforeConstrained }],
    ['a server below 1.36 whose healers are out of reach', 'healers', 'warn', /shop: kubeskippy-controller-manager may not act as kubeskippy-healer/, () => {}, { version: 'v1.35.9', may: (_call, body) => !asked(body).verb.startsWith('impersonate') }],
    ['the older right in a namespace, beside the newer one', 'healers', 'fail', /shop: .* has the verb impersonate on kubeskippy-healer/, () => {}, { may: (call, body) => rights(call, body) || asked(body).namespace === 'shop' }],
    ['a server of no version', 'server', 'warn', /does not say/, () => {}, { version: '' }],
    ['a CRD that is not there', 'crds', 'fail', /healingactions\.kubeskippy\.io is not installed/, ({ cluster }) => cluster.drop(CUSTOM_RESOURCE_DEFINITIONS, { name: 'healingactions.kubeskippy.io' })],
    ['a CRD that lacks a field', 'crds', 'fail', /healingpolicies.*the cluster does not know spec\.suspend$/, ({ cluster }) =>
      void cluster.change(CUSTOM_RESOURCE_DEFINITIONS, { name: 'healingpolicies.kubeskippy.io' }, (crd) => JSON.parse(JSON.stringify(crd), (key, value: unknown) => (key === 'suspend' ? undefined : value)) as typeof crd)],
    ['a CRD that is not established', 'crds', 'fail', /Established is False/, ({ cluster }) => void cluster.change(CUSTOM_RESOURCE_DEFINITIONS, { name: 'healingpolicies.kubeskippy.io' }, (crd) => ({ ...crd, status: { conditions: [{ type: 'Established', status: 'False' }] } }))],
    ['an admission policy that is not there', 'admission', 'fail', /ValidatingAdmissionPolicy healingactions/, ({ cluster }) => cluster.drop(VALIDATING_ADMISSION_POLICIES, { name: 'healingactions.kubeskippy.io' })],
    ['an admission policy that was weakened', 'admission', 'fail', /is not that of this version/, ({ cluster }) => void cluster.change(VALIDATING_ADMISSION_POLICY_BINDINGS, { name: 'healingledgers.kubeskippy.io' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), validationActions: ['Audit'] } }))],
    ['no namespace of the operator', 'rights', 'fail', /namespace kubeskippy-system does not exist/, ({ cluster }) => cluster.drop(NAMESPACES, { name: OPERATOR_NAMESPACE })],
    ['no account of the controller', 'rights', 'fail', /account kubeskippy-controller-manager does not exist/, ({ cluster }) => cluster.drop(SERVICE_ACCOUNTS, { namespace: OPERATOR_NAMESPACE, name: 'kubeskippy-controller-manager' })],
    ['a right that is lacking', 'rights', 'fail', /may not list poddisruptionbudgets\.policy/, () => {}, { may: (call, body) => rights(call, body) && !JSON.stringify(body).includes('"poddisruptionbudgets"') }],
    ['the older right to act as others', 'rights', 'fail', /has the verb impersonate on every kubeskippy-healer/, () => {}, { may: () => true }],
    ['a door that is not there', 'webhook', 'warn', /kubeskippy-validating-webhook is not there/, ({ cluster }) => cluster.drop(VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION })],
    ['a door without its CA', 'webhook', 'fail', /has no caBundle/, ({ cluster }) => void cluster.change(VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION }, (o) => ({ ...o, webhooks: [{ clientConfig: {}, failurePolicy: 'Fail' }] }))],
    ['a CA that is none', 'webhook', 'fail', /cannot be read/, ({ cluster }) => void cluster.change(VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION }, (o) => ({ ...o, webhooks: [{ clientConfig: { caBundle: 'bm90aGluZw==' }, failurePolicy: 'Fail' }] }))],
    ['a door that may be passed while it is down', 'webhook', 'warn', /failurePolicy is not Fail/, ({ cluster }) => void cluster.change(VALIDATING_WEBHOOKS, { name: VALIDATING_CONFIGURATION }, (o) => ({ ...o, webhooks: (o['webhooks'] as object[]).map((webhook) => ({ ...webhook, failurePolicy: 'Ignore' })) }))],
    ['a door that lets everything through', 'webhook', 'fail', /was let through in shop/, () => {}, { admit: (_resource, object) => ({ object }) }],
    ['a door that fills in nothing', 'webhook', 'warn', /defaults were not filled in/, () => {}, { admit: (resource, object, ...rest) => { const answer = door(resource, object, ...rest); return 'object' in answer ? { object } : answer } }],
    ['a door that does not answer', 'webhook', 'fail', /does not answer: Internal error/, ({ cluster }) => void cluster.faults.add(CLOSED)],
    ['a door of which only the configurations are left', 'webhook', 'fail', /is what is left of an installation without a webhook: every policy is refused$/, ({ cluster }) => {
      cluster.drop(DEPLOYMENTS, WEBHOOK)
      cluster.faults.add(CLOSED)
    }],
    ['a door that may not be tried', 'webhook', 'warn', /could not be tried/, () => {}, { deny: ({ resource, verb }) => (resource === HEALING_POLICIES && verb === 'create' ? 'no' : undefined) }],
    ['the kill switch', 'kill-switch', 'warn', /is on since .*\("fire"\)/, ({ cluster }) => void cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE }, data: { reason: 'fire' } })],
    ['a controller that has never run', 'lease', 'warn', /is not there/, ({ cluster }) => cluster.drop(LEASES, LEASE)],
    ['a controller that has stopped', 'lease', 'fail', /no controller holds the lease kubeskippy-controller: nothing is healed/, ({ cluster }) => void cluster.change(LEASES, LEASE, (o) => ({ ...o, spec: { holderIdentity: '', renewTime: '2030-01-01T00:00:00.000000Z' } }))],
    ['a controller that is gone', 'lease', 'fail', /controller-1 has not renewed the lease kubeskippy-controller for 1m1s: nothing is healed/, ({ cluster }) => void cluster.change(LEASES, LEASE, (o) => ({ ...o, spec: { ...(o['spec'] as object), renewTime: '2029-12-31T23:58:59.000000Z' } }))],
    ['a shard that nobody has taken yet', 'lease', 'fail', /kubeskippy-controller-shard-1 is not there: nothing is healed by the policies of the namespaces of shard 1/, (bench) => shared(bench, [0])],
    ['a shard whose controller is gone', 'lease', 'fail', /b has not renewed the lease kubeskippy-controller-shard-1 for 1m1s: nothing is healed by .* shard 1$/, (bench) => {
      shared(bench, [0, 1])
      bench.cluster.change(LEASES, { ...LEASE, name: shardLease(1) }, (o) => ({ ...o, spec: { holderIdentity: 'b', renewTime: '2029-12-31T23:58:59.000000Z' } }))
    }],
    ['a shard that was freed, and taken by nobody', 'lease', 'fail', /no controller holds the lease kubeskippy-controller-shard-0/, (bench) => {
      shared(bench, [0, 1])
      bench.cluster.change(LEASES, { ...LEASE, name: shardLease(0) }, (o) => ({ ...o, spec: { holderIdentity: '' } }))
    }],
    ['a lease that was written by hand', 'lease', 'warn', /no time of renewal/, ({ cluster }) => void cluster.change(LEASES, LEASE, (o) => ({ ...o, spec: { ...(o['spec'] as object), renewTime: 'soon' } }))],
    ['a ledger that cannot be read', 'ledgers', 'fail', new RegExp(`${LEDGER} cannot be read: spec\\.breaker`), changedLedger({ breaker: 'no' })],
    ['a ledger of another policy than its name', 'ledgers', 'fail', new RegExp(`${LEDGER} cannot be read: spec: it is about something else than its name says, which would be policy-`), changedLedger({ policy: { namespace: 'shop', name: 'basket' } })],
    ['a policy that nobody has looked at', 'policies', 'warn', /no controller has looked at shop\/cart/, ({ cluster }) => void cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, metadata: { ...o.metadata, generation: 2 } }))],
    ['a policy that is not accepted', 'policies', 'warn', /not accepted: shop\/cart/, ({ cluster }) => void cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, status: { observedGeneration: 1, conditions: [{ type: 'Accepted', status: 'False' }] } }))],
    ['a namespace without its healer', 'healers', 'warn', /shop has policies but no account/, ({ cluster }) => cluster.drop(SERVICE_ACCOUNTS, { namespace: 'shop', name: HEALER_ACCOUNT })],
    ['a namespace that is gone', 'healers', 'warn', /^bank does not exist: policies that select it do nothing there$/, ({ cluster }) => (reachBank(cluster), cluster.drop(NAMESPACES, { name: 'bank' }))],
    ['a namespace that is going', 'healers', 'warn', /^bank is being deleted/, ({ cluster }) => (reachBank(cluster), void cluster.change(NAMESPACES, { name: 'bank' }, (o) => ({ ...o, metadata: { ...o.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } })))],
    ['a protected namespace', 'healers', 'warn', /^kube-system is protected: policies do nothing there/, ({ cluster }) => void cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), selector: { namespaces: ['shop', 'kube-system'] } } }))],
    ['a namespace that has not consented', 'healers', 'warn', /bank does not consent to policies of shop/, ({ cluster }) => reachBank(cluster), { may: (call, body) => rights(call, body) && (body as { spec: { resourceAttributes: { verb: string } } }).spec.resourceAttributes.verb !== 'heal' }],
    ['another namespace without its healer', 'healers', 'warn', /bank has policies but no account/, ({ cluster }) => reachBank(cluster)],
    ['a healer without its rights', 'healers', 'warn', /may not do all/, () => {}, { may: (call, body) => rights(call, body) && !(body as { spec: { user: string } }).spec.user.endsWith(HEALER_ACCOUNT) }],
    ['no metrics', 'metrics', 'warn', /not served/, ({ cluster }) => void cluster.faults.add(({ resource }) => (resource === POD_METRICS ? { when: 'before', answer: { code: 404, message: '', text: '404 page not found' } } : undefined))],
    ['metrics that do not answer', 'metrics', 'warn', /does not answer \(503\)/, ({ cluster }) => void cluster.faults.add(({ resource }) => (resource === POD_METRICS ? { when: 'before', answer: { code: 503, reason: 'ServiceUnavailable', message: 'no' } } : undefined))],
  ]
  for (const [what, check, result, says, breaks, options] of wrong) {
    it(`finds ${what}`, async () => {
      const bench = setUp(options)
      breaks(bench)
      const { code, bad } = await bench.findings()
      const [found] = bad.filter((finding) => finding.check === check && says.test(finding.what))
      expect(found, JSON.stringify(bad)).to.include({ check, result })
      expect(code).to.equal(bad.some((finding) => finding.result === 'fail') ? 1 : 0)
      if (result === 'fail') expect(found?.fix).to.be.a('string')
    })
  }

  it('finds nothing else to mend below 1.36, where the chart lets the controller be the healer', async () => {
    const { code, bad } = await setUp({ version: 'v1.35.9', may: beforeConstrained }).findings()
    expect(bad.map(({ check, result }) => ({ check, result }))).to.deep.equal([{ check: 'server', result: 'warn' }])
    expect(code).to.equal(0)
  })

  it('says who holds shards, where several controllers share the work', async () => {
    const bench = setUp()
    shared(bench, [0, 1])
    const { code, bad } = await bench.findings()
    expect(bad.filter(({ check }) => check === 'lease')).to.deep.equal([])
    expect(code).to.equal(0)
    expect((await bench.run('check')).out).to.contain('2 shards, held by a, b')
  })

  describe('with the configuration of the controller', () => {
    let server: Server
    let url = ''
    beforeEach(async () => {
      const now = new FakeClock().now() / 1000
      server = createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
        if (pathname.endsWith('/api/v1/metadata') && request.method === 'GET') {
          const metric = searchParams.get('metric') ?? ''
          const type = TYPES[metric]
          response.writeHead(type === 'broken' ? 500 : 200).end(type === 'broken' ? 'oops' : JSON.stringify({ status: 'success', data: type === undefined ? {} : { [metric]: type.split(' ').map((one) => ({ type: one, help: '', unit: '' })) } }))
          return
        }
        const answer = { status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [now, '1'] }] } }
        response.writeHead(request.url?.startsWith('/lost') === true ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    afterEach(() => new Promise((resolve) => server.close(resolve)))

    const ask = async (config: string, options: BenchOptions = {}): Promise<{ readonly code: number; readonly out: string; readonly err: string }> =>
      setUp({ files: { 'controller.yaml': config }, ...options }).run('check --config controller.yaml', { timers: systemTimers })

    it('asks every source of metrics, and names the one that does not answer as it should', async () => {
      const { code, out } = await ask(`prometheus: {sources: [{name: main, url: "${url}"}, {name: lost, url: "${url}/lost"}]}`)
      expect(code).to.equal(0)
      expect(out).to.match(/^ok +sources +main answers$/m).and.to.match(/^warn +sources +the Prometheus source lost .*404/m)
      expect(out).to.contain('prometheus.sources[name=lost]')
    })

    /** Of metrics, as their processes tell; of one some this and some that. */
    const TYPES: Readonly<Record<string, string>> = { worker_threads_total: 'gauge', spins: 'counter', jobs: 'counter', queue_age: 'histogram', lag: 'gauge', odd_total: 'counter gauge', dead_total: 'broken' }
    const typed = async (...queries: readonly string[]): Promise<string[]> => {
      const options: BenchOptions = { files: { 'controller.yaml': `prometheus: {sources: [{name: main, url: "${url}"}]}` } }
      const { cluster, run } = setUp(options)
      const { spec, metadata, ...rest } = buildPolicy()
      cluster.seed(HEALING_POLICIES, { ...rest, metadata: { ...metadata, name: 'queue' }, spec: { ...spec, triggers: queries.map((query, index) => ({ name: `t${index}`, type: 'metric', metricTrigger: { query, operator: '>', threshold: 1, duration: '1m', window: '5m' } })) } })
      const { out } = await run('check --config controller.yaml', { timers: systemTimers })
      return out.split('\n').flatMap((line) => (/^(?:ok|warn) +queries +/.test(line) ? [line.replace(/ +/g, ' ')] : []))
    }
    const judged: readonly [string, readonly string[], RegExp][] = [
      ['a counter that is not called so', ['max by (namespace, pod) (spins)'], /^warn queries shop\/queue: the counter "spins" without rate or increase, as main says$/],
      ['a counter under the name of its family', ['jobs_total'], /^warn queries shop\/queue: the counter "jobs_total" without/],
      ['a part of a histogram', ['queue_age_count'], /^warn queries shop\/queue: the counter "queue_age_count" without/],
      ['a rate of a gauge', ['rate(lag[5m])'], /^warn queries shop\/queue: rate of the gauge "lag", as main says$/],
      ['a gauge that is called like a counter', ['worker_threads_total', 'lag'], /^ok queries main knows 2 metrics that policies ask for/],
      ['a counter that is taken by its rate', ['rate(spins[5m])'], /^ok queries main knows 1 metric /],
      ['what is told in two ways', ['odd_total'], /^ok queries main knows 0 metrics /],
      ['what nobody tells', ['unheard_total'], /^ok queries main knows 0 metrics /],
      ['a source that does not tell', ['dead_total'], /^warn queries main does not tell of what type metrics are \(it answered 500 with something that is no JSON\)/],
    ]
    for (const [title, queries, expected] of judged) {
      it(`asks of what type metrics are: ${title}`, async () => {
        const [first, ...others] = await typed(...queries)
        expect(first).to.match(expected)
        expect(others).to.deep.equal([])
      })
    }

    it('says that none is configured', async () => expect((await ask('{}')).out).to.match(/^ok +sources +no Prometheus is configured$/m))

    it('says whether the controller may ask the kubelets, where it is to', async () => {
      const KUBELETS = 'metrics: {kubelet: {enabled: true}}'
      expect((await ask('{}')).out).not.to.contain('kubelets')
      expect((await ask(KUBELETS)).out).to.match(/^ok +sources +the controller may ask the kubelets$/m)
      const { code, out } = await ask(KUBELETS, { may: (call, body) => rights(call, body) && !JSON.stringify(body).includes('"metrics"') })
      expect(code).to.equal(0)
      expect(out).to.match(/^warn +sources +the controller may not get nodes\/metrics: cpu_throttled_percent has no data from the kubelets$/m)
      expect(out).to.contain('kubectl apply -f config/rbac/optional/kubelet-metrics.yaml')
    })

    it('says which of its protected namespaces no admission policy holds', async () => {
      const PROTECTS = 'protectedNamespaces: [vault, payments]'
      const seen = async (listed: string) => {
        const options: BenchOptions = { files: { 'controller.yaml': PROTECTS } }
        const { cluster, run } = setUp(options)
        const [policy] = admissionPoliciesFor(listed)
        if (policy !== undefined) cluster.change(VALIDATING_ADMISSION_POLICIES, { name: policy.metadata.name }, (o) => ({ ...o, spec: policy['spec'] }))
        return run('check --config controller.yaml', { timers: systemTimers })
      }
      for (const [listed, lacks] of [['[]', 'vault, payments'], ['["payments"]', 'vault']] as const) {
        const { code, out } = await seen(listed)
        expect(code).to.equal(1)
        expect(out).to.match(new RegExp(`^fail +admission +ValidatingAdmissionPolicy healingpolicies.kubeskippy.io does not protect ${lacks}: `, 'm')).and.to.contain('installationProtects')
      }
      expect((await seen('["vault", "payments", "more"]')).out).to.match(/^ok +admission /m).and.not.match(/^fail +admission /m)
      for (const listed of ['[1]', "['vault']", '{}', 'variables.namespaces']) expect((await seen(listed)).out).to.match(/^fail +admission +ValidatingAdmissionPolicy healingpolicies.kubeskippy.io is not that of this version$/m)
    })

    it('names what is wrong with the file', async () => {
      const { code, err } = await ask('prometeus: {}')
      expect(code).to.equal(2)
      expect(err).to.contain('prometeus')
      expect(await setUp().run('check --config none.yaml')).to.deep.include({ code: 2, err: "error: --config none.yaml cannot be read: ENOENT: no such file or directory, open 'none.yaml'; give the file that the controller has, or leave it out\n" })
    })
  })

  describe('of what is scaled by discovery', () => {
    const CACHES: Resource = { group: 'example.com', version: 'v1', kind: 'Cache', plural: 'caches', namespaced: true }
    const scaling = (options: BenchOptions = {}, mode = 'automatic') => {
      const bench = setUp(options)
      bench.cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => {
        const spec = { ...(o['spec'] as object), mode, selector: { resources: [{ apiVersion: 'example.com/v1', kind: 'Cache', names: ['a'] }] }, actions: [{ name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 3 } }] }
        return { ...o, spec }
      })
      return { ...bench, scales: async () => (await bench.findings()).bad.filter(({ check }) => check === 'scales').map(({ result, what }) => `${result}: ${what}`) }
    }
    const USUAL = { spec: ['spec', 'replicas'], status: ['status', 'replicas'] }

    it('finds nothing to mend where the kind has a scale and every right is there', async () => {
      const { cluster, scales, run } = scaling()
      cluster.definitions.define(CACHES, USUAL)
      expect(await scales()).to.deep.equal([])
      expect((await run('check')).out).to.match(/^ok {4}scales {7}1 kind of custom resources can be scaled$/m)
    })
    it('finds a kind that is not installed, and one without a scale', async () => {
      const { cluster, scales } = scaling()
      expect(await scales()).to.deep.equal(['warn: shop/cart: the API server knows no kind example.com/v1 Cache: its definition is not installed'])
      cluster.definitions.define(CACHES)
      expect(await scales()).to.deep.equal(['warn: shop/cart: example.com/v1 Cache has no scale subresource: its definition tells of none'])
    })
    it('asks nothing about a policy that only looks', async () => expect(await scaling({}, 'monitor').scales()).to.deep.equal([]))
    it('finds what the controller and the healer may not, each with what to do', async () => {
      const { cluster, scales, findings } = scaling({ may: (call, body) => rights(call, body) && !JSON.stringify(body).includes('"caches"') })
      cluster.definitions.define(CACHES, USUAL)
      expect(await scales()).to.deep.equal([
        'fail: shop/cart scales example.com/v1 Cache, but kubeskippy-controller-manager may not list caches.example.com; watch caches.example.com; get caches.example.com; get caches.example.com/scale; impersonate-on:serviceaccount:patch caches.example.com/scale',
        'warn: shop/cart scales example.com/v1 Cache, but kubeskippy-healer of shop may not patch caches.example.com/scale',
      ])
      expect((await findings()).bad.find(({ check, result }) => check === 'scales' && result === 'warn')?.fix).to.equal('kubeskippy enable -n shop --scale caches.example.com')
    })
  })

  it('finds a CA that has expired, by the clock of the API server', async () => {
    const { clock, run } = setUp()
    await clock.advance(hours(25))
    const { code, out } = await run('check')
    expect(code).to.equal(1)
    expect(out).to.match(/fail {2}webhook .*its CA has expired/)
  })

  it('says what it may not look at, and looks at the rest', async () => {
    const { findings } = setUp({ deny: ({ resource }) => (resource === CUSTOM_RESOURCE_DEFINITIONS ? 'you cannot get resource' : undefined) })
    const { code, bad } = await findings()
    expect(code).to.equal(0)
    expect(bad.map(({ check, result }) => `${check} ${result}`)).to.deep.equal(['crds warn'])
    expect(bad[0]?.what).to.contain('could not be looked at: GET customresourcedefinitions')
  })

  it('says once that the API server does not answer', async () => {
    const { cluster, run } = setUp()
    const silent = Object.assign(cluster.client('person'), {
      serverVersion: () => Promise.reject(new ApiError({ kind: 'Network', code: 0, request: 'GET version' })),
      close: () => Promise.resolve(),
    })
    expect(await run('check', { connect: () => Promise.resolve(silent) })).to.deep.equal({ code: 1, out: '', err: 'error: GET version: Network: the API server does not answer; does it run, and is it the one that the kubeconfig names?\n' })
  })

  for (const line of ['check now', 'check -o wide', 'check -n Shop']) it(`exits 2 for: ${line}`, async () => expect((await setUpCli().run(line, noCluster)).code).to.equal(2))

  it('tries the door with a policy that breaks one rule, and one that breaks none', () => {
    const rules = (wanted: 'refused' | 'accepted'): string[] => judge(probePolicy(wanted, 'shop'), { installation: DEFAULT_INSTALLATION }).violations.map(({ rule }) => rule)
    expect([rules('refused'), rules('accepted')]).to.deep.equal([['KS101'], []])
    expect(PROBE.selector).to.deep.equal({ labelSelector: {} })
  })
})

describe('a difference', () => {
  const cases: readonly (readonly [wanted: unknown, found: unknown, difference: unknown])[] = [
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, undefined],
    [{ a: { b: 1 } }, { a: {} }, { path: 'a.b', kind: 'missing' }],
    [{ a: {} }, { a: { b: 1 } }, { path: 'a.b', kind: 'unknown' }],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }, { path: 'a[0].b', kind: 'other' }],
    [{ a: [1] }, { a: [1, 2] }, { path: 'a', kind: 'other' }],
    [{ a: 1 }, undefined, { path: '', kind: 'other' }],
  ]
  for (const [wanted, found, difference] of cases) it(`of ${JSON.stringify(wanted)} and ${JSON.stringify(found)}`, () => expect(firstDifference(wanted, found)).to.deep.equal(difference))

  it('does not count what the server has added', () => {
    expect(contains({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } })).to.equal(true)
    expect(contains({ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] })).to.equal(true)
    expect(contains({ a: [{ b: 1 }, {}] }, { a: [{ b: 1 }] })).to.equal(false)
    expect(contains({}, { a: { b: 1 } })).to.equal(false)
  })
})
