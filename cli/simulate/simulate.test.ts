import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { HEALER_ACCOUNT, IGNORE_ANNOTATION, KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { CONFIG_MAPS, DEPLOYMENTS, EVENTS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, REPLICA_SETS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { formatInstant, minutes } from '../../shared/lib/time.ts'
import { buildLedger } from '../../shared/testing/builders/objects.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { policySlot } from '../../controller/adapters/ledger-slots.ts'
import { noCluster, setUpCli, type BenchOptions } from '../testing/bench.ts'
import { expectGolden } from '../testing/golden.ts'
import { readDocuments } from './documents.ts'

const golden = (name: string, text: string): void => expectGolden(new URL(`golden/${name}.txt`, import.meta.url), text)

const owner = (kind: string, name: string, uid: string) => ({ apiVersion: 'apps/v1', kind, name, uid, controller: true })

const document = (spec: object = {}, metadata: object = {}): string =>
  stringify({
    apiVersion: 'kubeskippy.io/v1alpha1',
    kind: 'HealingPolicy',
    metadata: { name: 'cart', ...metadata },
    spec: {
      mode: 'automatic',
      selector: { labelSelector: { matchLabels: { app: 'cart' } } },
      triggers: [{ name: 'crashing', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }],
      actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
      ...spec,
    },
  })

/** Namespace shop with a Deployment whose only pod crashes. */
function setUp(files: Readonly<Record<string, string>> = { 'cart.yaml': document() }, options: BenchOptions = {}) {
  const bench = setUpCli({ may: () => true, ...options, files })
  const { cluster, clock } = bench
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } })
  cluster.seed(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: HEALER_ACCOUNT, namespace: 'shop' } })
  cluster.seed(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop', uid: 'uid-cart', labels: { app: 'cart' } } })
  cluster.seed(REPLICA_SETS, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'cart-1', namespace: 'shop', uid: 'uid-cart-1', ownerReferences: [owner('Deployment', 'cart', 'uid-cart')] } })
  const at = formatInstant(clock.now()).replace(/\.\d+Z/, 'Z')
  cluster.seed(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cart-1-a', namespace: 'shop', uid: 'uid-pod', labels: { app: 'cart' }, ownerReferences: [owner('ReplicaSet', 'cart-1', 'uid-cart-1')] },
    spec: { restartPolicy: 'Always' },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'app', ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: at } } }],
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at }],
    },
  })
  const simulate = (line = 'simulate cart.yaml', more = {}) => bench.run(line, { timers: systemTimers, ...more })
  return { ...bench, simulate }
}

describe('kubeskippy simulate', function () {
  this.timeout(20_000)

  it('tells what is pending, and what would be done if it stayed so', async () => {
    const { cluster, simulate } = setUp()
    const { code, out, err } = await simulate()
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    golden('pending', out)
    // Questions about rights are the only thing that is sent.
    expect(cluster.journal.writes.filter(({ call }) => call.resource.plural !== 'subjectaccessreviews')).to.deep.equal([])
    expect(cluster.journal.effects).to.deep.equal([])
  })

  it('tells what would be done at once', async () => {
    golden('acts', (await setUp({ 'cart.yaml': document({ triggers: [{ name: 'crashing', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '0s' } }] }) }).simulate()).out)
  })

  it('under triggerMatch: All goes on until all of them fire, not the first one', async () => {
    const triggers = [
      { name: 'crashing', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } },
      { name: 'unready', type: 'condition', conditionTrigger: { type: 'Ready', status: 'False', duration: '5m' } },
    ]
    const { out } = await setUp({ 'cart.yaml': document({ triggerMatch: 'All', triggers }) }).simulate()
    expect(out).to.match(/ {2}All: Pending, 1 object, .*\(in 5m\): crashing: .+; unready: condition Ready is False\n/)
    expect(out).to.match(/If nothing changes for 5m1s\n {2}decision +Decided/).and.to.contain('because All: crashing: container app keeps ending, last with exit code 1; unready: condition Ready is False; 3 restarts')
  })

  it('goes by what the controller remembers of a policy that is there already', async () => {
    const { cluster, clock, simulate } = setUp({ 'cart.yaml': document() })
    const { out: first } = await simulate('simulate cart.yaml -o json')
    const [{ later }] = JSON.parse(first) as [{ later: { status: object } }]
    const { spec } = JSON.parse(JSON.stringify(readDocuments('f', document()).policies[0])) as { spec: object }
    cluster.seed(HEALING_POLICIES, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'cart', namespace: 'shop', generation: 1 }, spec, status: later.status })
    await clock.advance(minutes(3))
    const { out } = await simulate()
    expect(out).to.contain('as it is in the cluster').and.to.match(/Would do\n {2}restart \(restart\) of Pod\/cart-1-a/)
    // A change of the policy begins anew.
    const other = setUp({ 'cart.yaml': document({ safetyRules: { maxConcurrent: 2 } }) })
    other.cluster.seed(HEALING_POLICIES, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'cart', namespace: 'shop', generation: 1 }, spec, status: later.status })
    expect((await other.simulate()).out).to.contain('changes what is in the cluster').and.to.match(/decision +Pending/)
  })

  it('tells the same as JSON and as YAML', async () => {
    const told = await Promise.all(['json', 'yaml'].map(async (format) => (await setUp().simulate(`simulate cart.yaml -o ${format}`)).out))
    expect(parse(told[1] ?? '')).to.deep.equal(JSON.parse(told[0] ?? ''))
  })

  const AT_ONCE = { triggers: [{ name: 'crashing', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '0s' } }] }
  const twice = (first: object, second: object) => `${document({ ...AT_ONCE, ...first })}---\n${document({ ...AT_ONCE, ...second }, { name: 'second' })}`
  interface Told {
    readonly now: { readonly status: { readonly lastDecision: { readonly reason: string; readonly message: string } } }
    readonly later?: { readonly status: { readonly lastDecision: { readonly reason: string } } }
  }
  const decisions = async (file: string): Promise<readonly Told[]> => JSON.parse((await setUp({ 'cart.yaml': file }).simulate('simulate cart.yaml -o json')).out) as readonly Told[]

  it('sees that two policies of a file would act on the same workload: the second waits for the first', async () => {
    const [first, second] = await decisions(twice({}, {}))
    expect(first?.now.status.lastDecision.reason).to.equal('Decided')
    expect(second?.now.status.lastDecision.reason).to.equal('ClaimedElsewhere')
    expect(second?.now.status.lastDecision.message).to.match(/^Pod\/cart-1-a: cart-restart-\w+ of policy shop\/cart acts on Deployment\/cart$/)
  })
  it('does not let what would be done later hold back what would be done now, but the other way round', async () => {
    const later = { triggers: [{ name: 'crashing', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }] }
    const [first, second] = await decisions(twice(later, {}))
    expect([first?.now.status.lastDecision.reason, first?.later?.status.lastDecision.reason, second?.now.status.lastDecision.reason]).to.deep.equal(['Pending', 'Decided', 'Decided'])
    const [, waiting] = await decisions(twice({}, later))
    expect([waiting?.now.status.lastDecision.reason, waiting?.later?.status.lastDecision.reason]).to.deep.equal(['Pending', 'ClaimedElsewhere'])
  })
  it('takes dry runs of a file for what they are: they hold nobody back', async () => {
    const [, second] = await decisions(twice({ mode: 'dryrun' }, {}))
    expect(second?.now.status.lastDecision.reason).to.equal('Decided')
  })

  type Bench = ReturnType<typeof setUp>
  const refusals: readonly (readonly [reason: string, spec: object, change: (bench: Bench) => void])[] = [
    ['HealerMissing', {}, ({ cluster }) => cluster.drop(SERVICE_ACCOUNTS, { namespace: 'shop', name: HEALER_ACCOUNT })],
    ['OptedOut', {}, ({ cluster }) => void cluster.change(DEPLOYMENTS, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } }))],
    ['KillSwitch', {}, ({ cluster }) => void cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })],
    ['Monitoring', { mode: 'monitor' }, () => {}],
    ['Suspended', { suspend: true }, () => {}],
    ['RateLimited', { safetyRules: { maxActionsPerHour: 1 } }, ({ cluster, clock }) => {
      const slot = policySlot({ namespace: 'shop', name: 'cart' })
      const { spec, ...ledger } = buildLedger({ metadata: { name: slot.name }, spec: { entries: [{ action: 'cart-restart-x', incident: 'inc-x', target: 'uid-x', reservedAt: formatInstant(clock.now()), state: 'Settled', outcome: 'Effective' }] } })
      cluster.seed(HEALING_LEDGERS, { ...ledger, spec })
    }],
  ]
  describe('of a policy that reaches into another namespace', () => {
    const abroad = document({ ...AT_ONCE, selector: { namespaces: ['ops', 'shop'], labelSelector: { matchLabels: { app: 'cart' } } } }, { namespace: 'ops' })
    const reaching = (options: BenchOptions = {}): Bench => {
      const bench = setUp({ 'cart.yaml': abroad }, options)
      bench.cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ops' } })
      return bench
    }
    const isHeal = (body: unknown): boolean => (body as { spec: { resourceAttributes: { verb: string } } }).spec.resourceAttributes.verb === 'heal'

    it('tells what would be done there, and what only the door asks', async () => {
      const { out } = await reaching().simulate()
      expect(out).to.match(/Would do\n {2}restart \(restart\) of Pod\/cart-1-a in shop/).and.to.contain('(KS108) is asked at the door')
    })
    it('tells that it has not consented, and nothing of what is in it', async () => {
      const { out } = await reaching({ may: (_call, body) => !isHeal(body) }).simulate()
      expect(out).to.contain('kubeskippy enable -n shop --consent-to ops').and.not.to.contain('cart-1-a')
    })
    it('takes consent for given where the person may not ask', async () => {
      const { out } = await reaching({ deny: ({ resource }) => (resource.plural === 'subjectaccessreviews' ? 'no' : undefined) }).simulate()
      expect(out).to.contain('Would do').and.to.contain('you may not ask whether shop consents: it is taken to')
    })
    it('lists nothing of the other namespaces of the cluster', async () => {
      const { cluster, simulate } = reaching()
      await simulate()
      expect(new Set(cluster.journal.entries.filter(({ call }) => call.user === 'person' && call.verb === 'list' && call.resource.namespaced).map(({ call }) => call.namespace))).to.deep.equal(new Set(['ops', 'shop', OPERATOR_NAMESPACE]))
    })
  })

  for (const [reason, spec, change] of refusals) {
    it(`tells why nothing would be done: ${reason}`, async () => {
      const bench = setUp({ 'cart.yaml': document({ ...AT_ONCE, ...spec }) })
      change(bench)
      const { code, out } = await bench.simulate()
      expect(out).to.match(new RegExp(`decision +${reason}: .+`)).and.to.contain('to change').and.not.to.contain('Would do')
      expect(code).to.equal(0)
    })
  }

  it('says that it would only be a dry run, or wait for approval', async () => {
    expect((await setUp({ 'cart.yaml': document({ ...AT_ONCE, mode: 'dryrun' }) }).simulate()).out).to.contain('rung 1, as a dry run')
    expect((await setUp({ 'cart.yaml': document({ ...AT_ONCE, mode: 'manual' }) }).simulate()).out).to.contain('rung 1, after approval')
  })

  it('refuses what the API server or the door would refuse, with all reasons, and exits 1', async () => {
    const cases: readonly (readonly [spec: object, says: RegExp])[] = [
      [{ selector: { labelSelector: {} } }, /Would be refused\n {2}spec\.selector.*\[KS101\]/],
      [{ mode: 'often' }, /spec\.mode: must be one of/],
      [{ trigers: [] }, /spec\.trigers: is no field of a HealingPolicy/],
    ]
    for (const [spec, says] of cases) {
      const { code, out } = await setUp({ 'cart.yaml': document(spec) }).simulate()
      expect(code).to.equal(1)
      expect(out).to.match(says).and.not.to.contain('decision')
    }
  })

  it('takes several documents, leaves other kinds out, and reads standard input', async () => {
    const text = `${document({}, { name: 'one' })}---\nkind: ConfigMap\nmetadata: {name: x}\n---\n${document({ mode: 'monitor' }, { name: 'two' })}`
    const { code, out, err } = await setUp({ '-': text }).simulate('simulate -')
    expect({ code, err }).to.deep.equal({ code: 0, err: 'skipped: ConfigMap/x is no HealingPolicy\n' })
    expect(out.match(/^HealingPolicy .*$/gm)).to.deep.equal(['HealingPolicy shop/one: new to the cluster', 'HealingPolicy shop/two: new to the cluster'])
  })

  it('needs no more than what somebody in the namespace may read, and says what it did not see', async () => {
    const deny = ({ verb, resource, namespace }: Call): string | undefined =>
      verb === 'create' || namespace !== 'shop' || resource === SERVICE_ACCOUNTS ? 'cannot' : undefined
    const { code, out, err } = await setUp({ 'cart.yaml': document(AT_ONCE) }, { deny }).simulate()
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    expect(out).to.contain('Would do')
    expect(out.split('\nNot seen\n')[1]?.match(/you may not/g)).to.have.length(5)
  })

  it('fails with what is missing when the pods may not be read', async () => {
    const { code, out, err } = await setUp(undefined, { deny: ({ resource }) => (resource === PODS ? 'cannot list resource "pods"' : undefined) }).simulate()
    expect({ code, out }).to.deep.equal({ code: 1, out: '' })
    expect(err).to.contain('LIST pods shop: Forbidden').and.to.contain('cannot list resource "pods"')
  })

  it('says which CRDs are missing', async () => {
    const bench = setUp()
    bench.cluster.faults.add(({ resource }) => (resource === HEALING_POLICIES ? { when: 'before', answer: { code: 404, message: '', text: '404 page not found' } } : undefined))
    expect((await bench.simulate()).err).to.contain('config/crd/bases')
  })

  it("goes by the controller's configuration", async () => {
    const files = { 'cart.yaml': document(AT_ONCE), 'controller.yaml': 'protectedNamespaces: [shop]\n' }
    expect((await setUp(files).simulate('simulate cart.yaml --config controller.yaml')).out).to.contain('[KS103]')
    const { code, err } = await setUp({ ...files, 'controller.yaml': 'protectedNamespace: [shop]\n' }).simulate('simulate cart.yaml --config controller.yaml')
    expect(code).to.equal(2)
    expect(err).to.contain('protectedNamespace')
  })

  it('replays only what Prometheus keeps, and says so', async () => {
    const { code, out, err } = await setUp().simulate('simulate cart.yaml --last 1h')
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    expect(out).to.contain('The past\n  unknown: no trigger asks Prometheus, and nothing else keeps a past\n')
  })

  it('waits for what only some triggers need', async () => {
    const trigger = { name: 'noise', type: 'event', eventTrigger: { reason: 'BackOff', window: '5m', count: 1 } }
    const { cluster, clock, simulate } = setUp({ 'cart.yaml': document({ triggers: [trigger] }) })
    const at = formatInstant(clock.now()).replace(/\.\d+Z/, '.000000Z')
    cluster.seed(EVENTS, {
      apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'one', namespace: 'shop' }, reason: 'BackOff', type: 'Warning', note: 'Back-off restarting', eventTime: at,
      regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-1-a', uid: 'uid-pod' },
    })
    const { out } = await simulate()
    expect(out).to.match(/noise: Firing/)
  })

  const failures: readonly (readonly [what: string, file: string, line: string, says: string, code?: number])[] = [
    ['a file that is not there', document(), 'simulate none.yaml', 'error: none.yaml cannot be read: ENOENT', 2],
    ['a file that is no YAML', 'a: [', 'simulate cart.yaml', 'error: cart.yaml:1:5: ', 2],
    ['a file without a policy', 'kind: Pod\nmetadata: {name: x}\n', 'simulate cart.yaml', 'error: cart.yaml: there is no HealingPolicy in it\n', 2],
    ['an empty file', '', 'simulate cart.yaml', 'error: cart.yaml: there is no HealingPolicy in it\n', 2],
    ['two namespaces', document({}, { namespace: 'bank' }), 'simulate cart.yaml -n shop', 'error: the file says namespace bank, and -n says shop\n'],
    ['a namespace that is not there', document({}, { namespace: 'bank' }), 'simulate cart.yaml', 'error: namespace bank does not exist\n'],
  ]
  for (const [what, file, line, says, expected = 1] of failures) {
    it(`fails for ${what}`, async () => {
      const { code, err } = await setUp({ 'cart.yaml': file }).simulate(line)
      expect(code).to.equal(expected)
      expect(err).to.contain(says)
    })
  }

  for (const line of ['simulate', 'simulate a b', 'simulate a -o wide', 'simulate a -n Shop', 'simulate a --last 30s', 'simulate a --last 8d', 'simulate a --last 169h']) it(`exits 2 for: ${line}`, async () => expect((await setUp().run(line, noCluster)).code).to.equal(2))
})

describe('the documents of a file', () => {
  it('are read as YAML 1.1, and of two equal keys the last one counts', () => {
    expect(readDocuments('f', 'kind: HealingPolicy\nspec: {suspend: on, mode: a, mode: b}\n').policies).to.deep.equal([{ kind: 'HealingPolicy', spec: { suspend: true, mode: 'b' } }])
  })
  it('may stand in a List, the items of which are objects', () => {
    const list = (...items: readonly unknown[]): string => JSON.stringify({ kind: 'List', items })
    expect(readDocuments('f', list({ kind: 'HealingPolicy' }, { kind: 'Pod' }))).to.deep.equal({ policies: [{ kind: 'HealingPolicy' }], skipped: ['Pod'], problems: [] })
    expect(readDocuments('f', list({ kind: 'HealingPolicy' }, 7))).to.deep.equal({ policies: [], skipped: [], problems: ['f:1:50: an item of a list is no object'] })
  })
  it('are passed over where they are no objects', () => expect(readDocuments('f', 'kind: HealingPolicy\n---\n7\n')).to.deep.equal({ policies: [{ kind: 'HealingPolicy' }], skipped: ['something that is no object'], problems: [] }))
  it('may be separated by nothing but markers', () => expect(readDocuments('f', '---\n---\nkind: HealingPolicy\n---\n').policies).to.have.length(1))
})
