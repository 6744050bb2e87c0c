import { expect } from 'chai'
import { KILL_SWITCH, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction, HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { CONFIG_MAPS, CORE_EVENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES } from '../../shared/kube/resources.ts'
import type { KubeManifest } from '../../shared/kube/api.ts'
import { printable } from '../../shared/lib/text.ts'
import { REFUSAL_REASONS } from '../../controller/healing/refusal.ts'
import { policySlot } from '../../controller/adapters/ledger-slots.ts'
import { buildActionTemplate, buildHealingAction, buildLedger, buildPolicy, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { noCluster, setUpCli, type BenchOptions } from '../testing/bench.ts'
import { expectGolden } from '../testing/golden.ts'
import { adviceFor } from './advice.ts'
import { readName } from './explain.ts'

type Status = NonNullable<HealingPolicy['status']>
type ActionStatus = NonNullable<HealingAction['status']>

const golden = (name: string, text: string): void => expectGolden(new URL(`golden/${name}.txt`, import.meta.url), text)

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'cart', uid: 'uid-deployment-cart' }
const POD = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-0', uid: 'uid-cart-0' }
const at = (time: string): string => `2029-12-31T${time}.000Z`
const condition = (type: string, status: 'True' | 'False', reason: string, message = ''): NonNullable<Status['conditions']>[number] => ({ type, status, reason, message, lastTransitionTime: at('23:00:00'), observedGeneration: 1 })

const QUIET: Status = {
  observedGeneration: 1,
  conditions: [condition('Accepted', 'True', 'Accepted', 'every rule holds'), condition('Ready', 'True', 'Watching', 'mode automatic'), condition('Healing', 'False', 'Idle'), condition('Escalated', 'False', 'None')],
  matched: 2,
  healthy: 2,
  triggers: [{ name: 'crashing', state: 'Quiet', objects: 0 }],
  findings: [],
  incidents: [],
  budget: { used: 0, limit: 5 },
  breaker: { state: 'Closed', failures: 0 },
  lastDecision: { kind: 'NoOp', reason: 'Healthy', message: 'no trigger is pending or firing', time: at('22:00:00') },
  outcomes: { effective: 0, ineffective: 0, inconclusive: 0, failed: 0 },
}

const FIRING: Status = {
  ...QUIET,
  healthy: 1,
  triggers: [{ name: 'crashing', state: 'Firing', objects: 1, since: at('23:50:00'), message: 'container app waits in CrashLoopBackOff' }],
  findings: [{ trigger: 'crashing', object: POD, since: at('23:50:00'), restarts: 3, state: 'Firing', message: 'container app waits in CrashLoopBackOff' }],
  incidents: [{ id: 'inc-aaaaaaaaaaaaaaaa', trigger: 'crashing', subject: DEPLOYMENT, state: 'Open', rung: 1, openedAt: at('23:51:00'), lastAction: 'cart-restart-aaaaaaaaaaaaaaaa' }],
}

const action = (name: string, spec: Partial<HealingAction['spec']>, status: ActionStatus, createdAt: string): HealingAction => {
  const built = buildHealingAction({ metadata: { name, uid: `uid-${name}`, creationTimestamp: createdAt.replace('.000', '') }, spec, status })
  return { ...built, spec: { ...built.spec, incident: { id: 'inc-aaaaaaaaaaaaaaaa', ordinal: 4, rung: 0, subject: DEPLOYMENT, ...spec.incident } } }
}

const INEFFECTIVE: ActionStatus = {
  phase: 'Failed',
  outcome: 'Ineffective',
  startTime: at('23:51:01'),
  actedAt: at('23:51:02'),
  completionTime: at('23:55:00'),
  attempts: 1,
  replacements: ['cart-1'],
  result: { success: false, reason: 'Ineffective', message: 'crashing fires again on Pod/cart-1: container app waits in CrashLoopBackOff', changes: [{ resource: POD, field: 'metadata.deletionTimestamp', newValue: 'set' }] },
  conditions: [condition('Executed', 'True', 'Done', 'evicted Pod/cart-0') ],
}

function setUp({ policy = {}, status, actions = [], ...options }: BenchOptions & { readonly policy?: Parameters<typeof buildPolicy>[0]; readonly status?: Status; readonly actions?: readonly HealingAction[] } = {}) {
  const bench = setUpCli(options)
  const { cluster } = bench
  const built = buildPolicy(policy)
  cluster.seed(HEALING_POLICIES, { ...(built as KubeManifest), spec: built.spec, ...(status === undefined ? {} : { status }) })
  for (const each of actions) cluster.seed(HEALING_ACTIONS, { ...(each as KubeManifest), spec: each.spec, status: each.status })
  return bench
}

const event = (name: string, about: string, reason: string, message: string, time: string, more: object = {}) => ({
  apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: 'shop' }, involvedObject: { uid: about }, type: 'Warning', reason, message, lastTimestamp: time.replace('.000', ''), ...more,
})

describe('kubeskippy explain of a policy', () => {
  const stories: readonly (readonly [title: string, file: string, set: Parameters<typeof setUp>[0]])[] = [
    ['that nobody has looked at', 'unseen', {}],
    ['with nothing to do', 'quiet', { status: QUIET }],
    ['whose trigger is pending', 'pending', {
      status: { ...FIRING, incidents: [], triggers: [{ name: 'crashing', state: 'Pending', objects: 1, since: at('23:59:30'), firesAt: '2030-01-01T00:00:30.000Z', message: 'container app has restarted 3 times' }], findings: [{ trigger: 'crashing', object: POD, since: at('23:59:30'), state: 'Pending', message: 'container app has restarted 3 times' }], lastDecision: { kind: 'NoOp', reason: 'Pending', message: 'Pod/cart-0: container app has restarted 3 times', time: at('23:59:30') } },
    }],
    ['that is refused, on its second rung', 'refused', {
      policy: { spec: { actions: [buildActionTemplate({ priority: 10 }), buildActionTemplate({ name: 'again', priority: 20 })], triggers: [buildTrigger(), buildTrigger({ name: 'oom', conditionTrigger: { type: 'OOMKilled', status: 'True', duration: '1m' } })] } },
      status: {
        ...FIRING,
        triggers: [...(FIRING.triggers ?? []), { name: 'oom', state: 'NoData', objects: 0, message: 'nothing is selected' }],
        budget: { used: 5, limit: 5, nextFreeSlot: '2030-01-01T00:27:00.000Z' },
        breaker: { state: 'Closed', failures: 1 },
        lastDecision: { kind: 'Blocked', reason: 'RateLimited', message: 'Pod/cart-0: 5 of 5 actions of this hour are used up', time: at('23:57:00'), retryAt: '2030-01-01T00:27:00.000Z' },
        outcomes: { effective: 7, ineffective: 1, inconclusive: 0, failed: 0 },
      },
      actions: [
        action('cart-restart-aaaaaaaaaaaaaaaa', {}, INEFFECTIVE, at('23:51:00')),
        action('cart-restart-bbbbbbbbbbbbbbbb', { incident: { id: 'inc-bbbbbbbbbbbbbbbb', ordinal: 3, rung: 0, subject: DEPLOYMENT } }, { phase: 'Succeeded', outcome: 'Effective', result: { success: true, reason: 'Effective', message: 'cart-9 healthy' } }, '2029-12-30T08:00:00.000Z'),
      ],
    }],
    ['that has escalated with its breaker open', 'escalated', {
      status: {
        ...FIRING,
        conditions: [condition('Ready', 'True', 'Watching', 'mode automatic'), condition('Escalated', 'True', 'NoActionHelped', 'no action helped Deployment/cart')],
        incidents: [{ id: 'inc-aaaaaaaaaaaaaaaa', trigger: 'crashing', subject: DEPLOYMENT, state: 'Escalated', rung: 0, openedAt: at('23:51:00'), recurrence: 3, escalatedFor: 'Recurring' }],
        breaker: { state: 'Open', failures: 3, openUntil: '2030-01-01T00:05:00.000Z' },
        lastDecision: { kind: 'Blocked', reason: 'Escalated', message: 'no action helped Deployment/cart: a person has to look', time: at('23:56:00') },
      },
      actions: [action('cart-restart-aaaaaaaaaaaaaaaa', {}, INEFFECTIVE, at('23:51:00'))],
    }],
    ['that may not act in its namespace', 'not-ready', {
      status: { ...FIRING, conditions: [condition('Ready', 'False', 'HealerMissing', 'namespace shop has no account kubeskippy-healer')], lastDecision: { kind: 'Blocked', reason: 'HealerMissing', message: 'namespace shop has no account kubeskippy-healer', time: at('23:56:00') } },
    }],
    ['whose triggers have to meet', 'all', {
      policy: { spec: { triggerMatch: 'All', triggers: [buildTrigger(), buildTrigger({ name: 'oom', cooldownPeriod: '20m', conditionTrigger: { type: 'OOMKilled', status: 'True', duration: '1m' } })] } },
      status: {
        ...FIRING,
        triggers: [{ name: 'All', state: 'Firing', objects: 1, since: at('23:50:00'), message: 'crashing: down; oom: killed' }, { name: 'crashing', state: 'Firing', objects: 2, since: at('23:40:00'), message: 'down' }, { name: 'oom', state: 'Firing', objects: 1, since: at('23:50:00'), message: 'killed' }],
        findings: [{ trigger: 'All', object: POD, since: at('23:50:00'), state: 'Firing', message: 'crashing: down; oom: killed' }, { trigger: 'crashing', object: POD, since: at('23:40:00'), state: 'Firing', message: 'down' }, { trigger: 'oom', object: POD, since: at('23:50:00'), state: 'Firing', message: 'killed' }],
        incidents: [{ id: 'inc-aaaaaaaaaaaaaaaa', trigger: 'All', subject: DEPLOYMENT, state: 'Open', rung: 0, openedAt: at('23:51:00') }],
      },
    }],
    ['of which some triggers see something, and that is not enough', 'partial', {
      policy: { spec: { triggerMatch: 'All', triggers: [buildTrigger(), buildTrigger({ name: 'oom' })] } },
      status: {
        ...QUIET,
        triggers: [{ name: 'All', state: 'Quiet', objects: 0 }, { name: 'crashing', state: 'Firing', objects: 1, since: at('23:40:00'), message: 'down' }, { name: 'oom', state: 'Quiet', objects: 0 }],
        findings: [{ trigger: 'crashing', object: POD, since: at('23:40:00'), state: 'Firing', message: 'down' }],
        lastDecision: { kind: 'NoOp', reason: 'Partial', message: 'Pod/cart-0: crashing holds, but not oom: with triggerMatch All nothing is done', time: at('23:41:00') },
      },
    }],
    ['that is suspended, and may not go on as it is', 'suspended', {
      policy: { spec: { suspend: true } },
      status: { ...QUIET, conditions: [condition('Ready', 'False', 'Suspended', 'spec.suspend is true'), condition('Accepted', 'False', 'NotAccepted', '[KS401] spec.safetyRules.maxActionsPerHour: 99 is above the ceiling of this installation (60)')] },
    }],
    ['that changed since', 'stale', { policy: { metadata: { generation: 2 }, spec: { suspend: true } }, status: QUIET }],
  ]
  for (const [title, file, set] of stories) {
    it(title, async () => {
      const { code, out, err } = await setUp(set).run('explain hp/cart')
      expect({ code, err }).to.deep.equal({ code: 0, err: '' })
      golden(file, out)
    })
  }

  it('with everything that stops it, its cooldown and its events', async () => {
    const { cluster, run } = setUp({ policy: { metadata: { annotations: { [PAUSE_ANNOTATION]: 'audit' } } }, status: QUIET })
    cluster.change(NAMESPACES, { name: 'shop' }, (place) => ({ ...place, metadata: { ...place.metadata, annotations: { [PAUSE_ANNOTATION]: 'release' } } }))
    cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH } })
    const ledger = buildLedger({
      metadata: { name: policySlot({ namespace: 'shop', name: 'cart' }).name },
      spec: { incidents: [{ id: 'inc-cccccccccccccccc', trigger: 'crashing', subject: DEPLOYMENT, ordinal: 2, openedAt: at('23:00:00'), state: 'Ended', rung: 0, cooldownUntil: '2030-01-01T00:02:00.000Z' }] },
    })
    cluster.seed(HEALING_LEDGERS, { ...(ledger as KubeManifest), spec: ledger.spec })
    cluster.seed(CORE_EVENTS, event('two', 'uid-cart', 'Escalated', 'no action helped Deployment/cart', at('23:59:00')))
    cluster.seed(CORE_EVENTS, event('one', 'uid-cart', 'RateLimited', 'used up', at('23:58:00'), { series: { count: 4, lastObservedTime: at('23:58:30') } }))
    cluster.seed(CORE_EVENTS, event('other', 'uid-other', 'RateLimited', 'of somebody else', at('23:58:00')))
    golden('stopped', (await run('explain cart')).out)
  })

  it('says how many findings are left out of the status', async () => {
    expect((await setUp({ status: { ...FIRING, findingsLeftOut: 44 } }).run('explain cart')).out).to.contain('\n  and 44 younger ones, of which nothing is remembered\n')
  })

  it('shows what it has no words for', async () => {
    const { cluster, run } = setUp({ status: QUIET })
    cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, status: { ...(o['status'] as object), news: { seen: 3 } } }))
    expect((await run('explain cart')).out).to.contain('\nAlso in its status\n  news:\n    seen: 3\n')
  })

  const corruptions: readonly (readonly [what: string, status: unknown])[] = [
    ['a status that is no object', 'broken'],
    ['a trigger without a state', { observedGeneration: 1, triggers: [{ name: 'crashing' }] }],
    ['a list where a word belongs', { observedGeneration: 1, lastDecision: { reason: ['a'] } }],
    ['a time that is none', { ...QUIET, lastDecision: { kind: 'NoOp', reason: 'Healthy', time: 'yesterday' } }],
    ['a negative count', { ...QUIET, matched: -1 }],
  ]
  for (const [what, status] of corruptions) {
    it(`says that it cannot be read, and does not crash, for ${what}`, async () => {
      const { cluster, run } = setUp({ status: QUIET })
      cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, status }))
      const { code, out, err } = await run('explain cart')
      expect({ code, err }).to.deep.equal({ code: 0, err: '' })
      expect(out).to.contain('cannot be read').and.to.contain('\nCannot be read\n  status').and.to.contain('kubectl patch hp cart -n shop --subresource=status').and.to.contain('the controller does not act on what it cannot read')
    })
  }

  it('does not crash on a spec that breaks the schema', async () => {
    const { cluster, run } = setUp()
    cluster.change(HEALING_POLICIES, { namespace: 'shop', name: 'cart' }, (o) => ({ ...o, spec: { mode: 7 } }))
    expect((await run('explain cart')).out).to.contain('spec.mode: must be a string')
  })

  it('lets nothing through that a terminal would obey', async () => {
    const evil = '\u001b[2Jboo\u202egnp.exe\nfake: line'
    const { run } = setUp({ status: { ...QUIET, lastDecision: { kind: 'NoOp', reason: 'Healthy', message: evil, time: at('22:00:00') } } })
    const { out } = await run('explain cart')
    expect(out).to.contain('[2Jboognp.exefake: line')
    expect(out.replaceAll('\n', '')).to.equal(printable(out.replaceAll('\n', ''), 1e6))
  })

  it('leaves gaps where the person may not look', async () => {
    const { run } = setUp({ status: QUIET, deny: ({ resource }) => (resource === HEALING_POLICIES ? undefined : 'no') })
    const { code, out } = await run('explain cart')
    expect(code).to.equal(0)
    expect(out).to.match(/decision +Healthy/)
  })

  it('writes nothing', async () => {
    const { cluster, run } = setUp({ status: FIRING })
    await run('explain cart')
    expect(cluster.journal.writes).to.deep.equal([])
  })
})

describe('kubeskippy explain of an action', () => {
  const first = action('cart-restart-aaaaaaaaaaaaaaaa', {}, INEFFECTIVE, at('23:51:00'))
  const second = action('cart-again-bbbbbbbbbbbbbbbb', { action: buildActionTemplate({ name: 'again' }), incident: { id: 'inc-aaaaaaaaaaaaaaaa', ordinal: 4, rung: 1, subject: DEPLOYMENT } }, { phase: 'Verifying', startTime: at('23:55:01'), actedAt: at('23:55:02'), attempts: 2, replacements: ['cart-2'] }, at('23:55:00'))

  it('that did not help, with what followed', async () => {
    const { cluster, run } = setUp({ status: FIRING, actions: [first, second] })
    cluster.seed(CORE_EVENTS, event('one', 'uid-cart-restart-aaaaaaaaaaaaaaaa', 'Ineffective', 'crashing fires again', at('23:55:00')))
    golden('action-ineffective', (await run('explain ha/cart-restart-aaaaaaaaaaaaaaaa')).out)
  })

  it('that is being verified', async () => {
    golden('action-verifying', (await setUp({ status: FIRING, actions: [first, second] }).run('explain cart-again-bbbbbbbbbbbbbbbb')).out)
  })

  it('that waits for a disruption budget', async () => {
    const waiting = action('cart-restart-cccccccccccccccc', {}, { phase: 'InProgress', startTime: at('23:58:00'), attempts: 3, nextAttempt: '2030-01-01T00:00:30.000Z', result: { success: false, reason: 'DisruptionBudget', message: 'disruption budget web allows no eviction of Pod/cart-0 now' } }, at('23:57:59'))
    golden('action-waiting', (await setUp({ actions: [waiting] }).run('explain cart-restart-cccccccccccccccc')).out)
  })

  it('with what was captured before it', async () => {
    const evidence: NonNullable<ActionStatus['evidence']> = {
      capturedAt: at('23:58:01'),
      containers: [{ name: 'app', ready: false, restarts: 3, state: 'waiting: CrashLoopBackOff', lastTermination: 'exit code 7' }],
      logs: [{ container: 'app', tail: 'starting\npanic: no lock' }],
    }
    const acted = action('cart-restart-9999999999999999', { retryPolicy: { maxAttempts: 3, backoffDelay: '2s', backoffMultiplier: 2 } }, { phase: 'InProgress', startTime: at('23:58:01'), attempts: 2, failedAttempts: 1, evidence }, at('23:58:00'))
    golden('action-evidence', (await setUp({ actions: [acted] }).run('explain cart-restart-9999999999999999')).out)
  })

  it('that waits for approval', async () => {
    const asked = action('cart-restart-eeeeeeeeeeeeeeee', { approvalRequired: true, approvalDeadline: '2030-01-01T03:58:00.000Z', changes: [{ field: 'metadata.deletionTimestamp', newValue: 'set' }] }, { phase: 'Pending', result: { success: false, reason: 'PendingApproval', message: 'waits for somebody with the verb approve' } }, at('23:58:00'))
    golden('action-asked', (await setUp({ actions: [asked] }).run('explain cart-restart-eeeeeeeeeeeeeeee')).out)
  })

  it('of a trouble that comes back, with how often it was healed and why it is escalated', async () => {
    const incident = { id: 'inc-aaaaaaaaaaaaaaaa', ordinal: 4, rung: 0, recurrence: 2, subject: DEPLOYMENT }
    const third = action('cart-restart-gggggggggggggggg', { incident }, { phase: 'Succeeded', outcome: 'Effective', completionTime: at('23:55:00') }, at('23:51:00'))
    const status = { ...FIRING, incidents: [{ id: incident.id, trigger: 'crashing', subject: DEPLOYMENT, state: 'Escalated' as const, escalatedFor: 'Recurring' as const, openedAt: at('23:51:00') }] }
    const { out } = await setUp({ status, actions: [third] }).run('explain cart-restart-gggggggggggggggg')
    expect(out).to.contain('; healed 2 times in the 24 hours before').and.to.contain('escalated, since it was healed three times in 24 hours and came back')
  })

  it('that a person has rejected', async () => {
    const rejected = action('cart-restart-ffffffffffffffff', { approvalRequired: true, approvalDeadline: '2030-01-01T03:58:00.000Z', approval: { decision: 'Rejected', decidedBy: 'ann', decidedAt: at('23:59:00'), reason: 'we are on it' } }, { phase: 'Cancelled', completionTime: at('23:59:01'), result: { success: false, reason: 'Rejected', message: 'ann has rejected it' } }, at('23:58:00'))
    golden('action-rejected', (await setUp({ actions: [rejected] }).run('explain cart-restart-ffffffffffffffff')).out)
  })

  it('that was a dry run, of a policy that is gone', async () => {
    const dry = action('gone-restart-dddddddddddddddd', { dryRun: true, policyRef: { namespace: 'shop', name: 'gone', uid: 'uid-gone', generation: 3 } }, { ...INEFFECTIVE, phase: 'Succeeded', result: { success: true, reason: 'DryRun', message: 'would have evicted Pod/cart-0; nothing was written', changes: INEFFECTIVE.result?.changes ?? [] } }, at('23:51:00'))
    const { outcome: _, ...status } = dry.status ?? {}
    golden('action-dry-run', (await setUp({ actions: [{ ...dry, status }] }).run('explain gone-restart-dddddddddddddddd')).out)
  })

  for (const [what, change] of [['status', { status: { phase: 'Done' } }], ['spec', { spec: { trigger: 'no' } }], ['both', { spec: 7, status: [] }]] as const) {
    it(`says that it cannot be read, and does not crash, when its ${what} was changed by hand`, async () => {
      const { cluster, run } = setUp({ actions: [first] })
      cluster.change(HEALING_ACTIONS, { namespace: 'shop', name: first.metadata.name }, (o) => ({ ...o, ...change }))
      const { code, out, err } = await run(`explain ${first.metadata.name}`)
      expect({ code, err }).to.deep.equal({ code: 0, err: '' })
      expect(out).to.contain('Cannot be read: nothing is done about it')
      // Nor does it keep its policy from being explained.
      expect((await run('explain cart')).code).to.equal(0)
    })
  }

  it('is data with -o json', async () => {
    const { out } = await setUp({ status: FIRING, actions: [first, second] }).run('explain ha/cart-restart-aaaaaaaaaaaaaaaa -o json')
    const data = JSON.parse(out) as { kind: string; incident: { metadata: { name: string } }[] }
    expect([data.kind, data.incident.map(({ metadata }) => metadata.name)]).to.deep.equal(['action', ['cart-restart-aaaaaaaaaaaaaaaa', 'cart-again-bbbbbbbbbbbbbbbb']])
  })
})

describe('kubeskippy explain', () => {
  const names: readonly (readonly [text: string, kind: string | undefined, name: string])[] = [
    ['cart', undefined, 'cart'],
    ['hp/cart', 'policy', 'cart'],
    ['healingpolicy/cart', 'policy', 'cart'],
    ['healingpolicy.kubeskippy.io/cart', 'policy', 'cart'],
    ['healingpolicies/cart', 'policy', 'cart'],
    ['ha/cart-a', 'action', 'cart-a'],
    ['healingaction.kubeskippy.io/cart-a', 'action', 'cart-a'],
    ['pod/cart', undefined, 'pod/cart'],
  ]
  for (const [text, kind, name] of names) it(`reads ${text} as ${kind ?? 'either'}`, () => expect(readName(text)).to.deep.equal({ kind, name }))

  it('offers the nearest name', async () => {
    expect(await setUp().run('explain crat')).to.deep.equal({ code: 1, out: '', err: 'error: there is neither a HealingPolicy nor a HealingAction "crat" in namespace shop: did you mean cart?\n' })
    expect((await setUp().run('explain ha/cart')).err).to.contain('there is no HealingAction "cart" in namespace shop')
  })

  it('says which CRDs are missing', async () => {
    const { cluster, run } = setUp()
    cluster.faults.add(({ resource }) => (resource === HEALING_POLICIES ? { when: 'before', answer: { code: 404, message: '', text: '404 page not found' } } : undefined))
    expect((await run('explain cart')).err).to.contain('the API server does not know this kind: install it with')
  })

  it('says who may not read policies', async () => {
    const { code, err } = await setUp({ deny: ({ resource }) => (resource === HEALING_POLICIES ? 'User "person" cannot get resource' : undefined) }).run('explain cart')
    expect(code).to.equal(1)
    expect(err).to.contain('GET healingpolicies shop/cart: Forbidden').and.to.contain('cannot get resource')
  })

  for (const line of ['explain', 'explain a b', 'explain cart -o wide', 'explain cart -n Shop']) it(`exits 2 for: ${line}`, async () => expect((await setUp().run(line, noCluster)).code).to.equal(2))

  it('names the namespace that the sentence is about, which may be another one than that of the policy', () => {
    const home = { namespace: 'ops', name: 'cart' }
    expect(adviceFor('HealerMissing', home, 'ServiceAccount shop/kubeskippy-healer is missing; apply the output of: kubeskippy enable -n shop --print')).to.contain('kubeskippy enable -n shop')
    expect(adviceFor('HealerMissing', home)).to.contain('kubeskippy enable -n ops')
    expect(adviceFor('NoConsent', home, 'apply there the output of: kubeskippy enable -n shop --consent-to ops --print')).to.contain('policies of ops').and.to.contain('kubeskippy enable -n shop --consent-to ops')
  })
  it('knows what would have to change for every refusal', () => expect(REFUSAL_REASONS.filter((reason) => adviceFor(reason, { name: 'cart' }) === undefined), 'each needs a line in cli/explain/advice.ts').to.deep.equal([]))
})
