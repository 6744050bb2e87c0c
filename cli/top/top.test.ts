import { expect } from 'chai'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { plain } from '../paint.ts'
import { noCluster, setUpCli } from '../testing/bench.ts'
import { expectGolden } from '../testing/golden.ts'
import { rowOf, sorted, type Row } from './rows.ts'
import { screen } from './screen.ts'

type Status = NonNullable<HealingPolicy['status']>

const POD = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-0', uid: 'uid-cart-0' }
const condition = (type: string, reason: string): NonNullable<Status['conditions']>[number] => ({ type, status: 'False', reason, message: '', lastTransitionTime: '2029-12-31T23:00:00Z' })
const finding = (state: 'Pending' | 'Firing'): NonNullable<Status['findings']>[number] => ({ trigger: 'crashing', object: POD, since: '2029-12-31T23:50:00Z', state })
const incident = (state: 'Open' | 'Escalated'): NonNullable<Status['incidents']>[number] => ({ id: 'inc-a', trigger: 'crashing', subject: POD, state, openedAt: '2029-12-31T23:50:00Z' })
const decided = (kind: 'NoOp' | 'Blocked' | 'Act', reason: string, message = 'why'): Status => ({ lastDecision: { kind, reason, message, time: '2029-12-31T23:57:00Z' } })

/** What needs a person first. */
const STATES: readonly (readonly [state: string, status: Status | undefined])[] = [
  ['Unreadable', { matched: -1 }],
  ['LedgerUnreadable', { conditions: [condition('Ready', 'LedgerUnreadable')] }],
  ['Escalated', { incidents: [incident('Open'), incident('Escalated')], ...decided('Blocked', 'Escalated') }],
  ['NotAccepted', { conditions: [condition('Accepted', 'NotAccepted'), condition('Ready', 'NotAccepted')] }],
  ['Approval', decided('Blocked', 'PendingApproval')],
  ['BreakerOpen', { breaker: { state: 'Open', failures: 3 }, ...decided('Blocked', 'BreakerOpen') }],
  ['Unseen', undefined],
  ['HealerMissing', { conditions: [condition('Ready', 'HealerMissing')], ...decided('Blocked', 'HealerMissing') }],
  ['Blocked', { findings: [finding('Firing')], incidents: [incident('Open')], ...decided('Blocked', 'RateLimited') }],
  ['Healing', { findings: [finding('Firing')], incidents: [incident('Open')], ...decided('Act', 'Decided') }],
  ['Firing', { findings: [finding('Firing')], ...decided('NoOp', 'Monitoring') }],
  ['Pending', { findings: [finding('Pending')], ...decided('NoOp', 'Pending') }],
  ['NoData', { triggers: [{ name: 'crashing', state: 'NoData' }], ...decided('NoOp', 'NoData') }],
  ['Partial', { findings: [finding('Firing')], triggers: [{ name: 'All', state: 'Quiet' }, { name: 'crashing', state: 'Firing' }, { name: 'oom', state: 'Quiet' }], ...decided('NoOp', 'Partial') }],
  ['Healthy', { budget: { used: 2, limit: 5 }, ...decided('NoOp', 'Healthy', 'no trigger is pending or firing') }],
]

const policy = (name: string, status: Status | undefined): HealingPolicy => buildPolicy({ metadata: { name }, ...(status === undefined ? {} : { status: { observedGeneration: 1, ...status } }) })
const rows = (): readonly Row[] => STATES.map(([state, status]) => rowOf(policy(state.toLowerCase(), status)))

describe('the row of a policy', () => {
  for (const [index, [state, status]] of STATES.entries()) {
    it(`says ${state}`, () => expect(rowOf(policy('cart', status)).state).to.equal(state))
    if (index > 0) it(`ranks ${STATES[index - 1]?.[0]} before ${state}, or alike`, () => expect(rowOf(policy('cart', STATES[index - 1]?.[1])).rank).to.be.at.most(rowOf(policy('cart', status)).rank))
  }

  it('counts, where all triggers have to meet, the objects on which they do', () => {
    const triggers: Status['triggers'] = [{ name: 'All', state: 'Pending' }, { name: 'crashing', state: 'Firing' }, { name: 'oom', state: 'Pending' }]
    const of = (trigger: string, state: 'Pending' | 'Firing', name: string) => ({ ...finding(state), trigger, object: { ...POD, uid: `uid-${name}` } })
    const findings = [of('All', 'Pending', 'a'), of('crashing', 'Firing', 'a'), of('oom', 'Pending', 'a'), of('crashing', 'Firing', 'b')]
    expect(rowOf(policy('cart', { triggers, findings }))).to.include({ firing: 0, pending: 1, state: 'Pending' })
    expect(rowOf(policy('cart', { triggers: [{ name: 'All', state: 'NoData' }, { name: 'crashing', state: 'Firing' }], findings: [of('crashing', 'Firing', 'b')] }))).to.include({ firing: 0, pending: 0, state: 'NoData' })
  })
  it('says how long healing took, and may take', () => {
    const timeToHeal = { last: '1m32s', at: '2029-12-31T23:50:00Z', incidents: 1, missed: 0 }
    const of = (objective: string | undefined, status: Status): string => rowOf(buildPolicy({ metadata: { name: 'cart' }, ...(objective === undefined ? {} : { spec: { objectives: { timeToHeal: objective } } }), status: { observedGeneration: 1, ...status } })).healedIn
    expect([of(undefined, {}), of(undefined, { timeToHeal }), of('5m', {}), of('5m', { timeToHeal })]).to.deep.equal(['', '1m32s', '-/5m', '1m32s/5m'])
  })
  it('counts objects, not findings', () => {
    const other = { ...finding('Firing'), trigger: 'oom' }
    expect(rowOf(policy('cart', { findings: [finding('Firing'), other] }))).to.include({ firing: 1, pending: 0 })
  })

  it('is sorted by what needs a person, then by how long it is so', () => {
    const at = (name: string, time: string): Row => rowOf(policy(name, { lastDecision: { kind: 'NoOp', reason: 'Healthy', time } }))
    const [healthy, escalated] = [at('a', '2029-12-31T22:00:00Z'), rowOf(policy('z', STATES[2]?.[1]))]
    expect(sorted([at('b', '2029-12-31T23:00:00Z'), healthy, escalated]).map(({ name }) => name)).to.deep.equal(['z', 'a', 'b'])
  })
})

describe('the screen', () => {
  const { clock } = setUpCli()

  it('shows all of it', () => expectGolden(new URL('golden/all.txt', import.meta.url), `${screen(rows(), clock.now(), plain, undefined).join('\n')}\n`))

  it('fits: lines are cut, and what has no room is counted', () => {
    const lines = screen(rows(), clock.now(), plain, { columns: 60, rows: 8 })
    expect(lines).to.have.length(8)
    expect(lines.slice(1).every((line) => line.length <= 60)).to.equal(true)
    expect(lines.at(-1)).to.equal(`and ${STATES.length - 5} more`)
  })

  it('colours the state and nothing else, also where it is cut', () => {
    const paint = (text: string): string => `<${text}>`
    const [, , first = ''] = screen(rows(), clock.now(), paint, { columns: 200, rows: 20 })
    expect(first).to.contain('<LedgerUnreadable>')
    for (let columns = 1; columns < 80; columns++) {
      for (const line of screen(rows(), clock.now(), paint, { columns, rows: 20 }).slice(1)) expect(line.replace(/<(\w+)>/, '$1').length).to.be.at.most(columns)
    }
  })

  it('lets nothing through that a terminal would obey', () => {
    const row = rowOf(policy('cart', decided('NoOp', 'Healthy', '\u001b[2Jgone')))
    expect(screen([row], clock.now(), plain, undefined).join('')).not.to.contain('\u001b')
  })
})

describe('kubeskippy top', () => {
  function setUp(options: Parameters<typeof setUpCli>[0] = {}) {
    const bench = setUpCli(options)
    for (const [namespace, name] of [['shop', 'cart'], ['bank', 'till']] as const) {
      const { apiVersion, kind, spec } = buildPolicy()
      bench.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { namespace, name, generation: 1 }, spec, status: { observedGeneration: 1, ...decided('NoOp', 'Healthy') } })
    }
    return bench
  }

  it('prints once where the output is no terminal: of the namespace, or of all', async () => {
    const { run } = setUp()
    const { code, out } = await run('top')
    expect(code).to.equal(0)
    expect(out).to.match(/^1 policy: 1 Healthy\nNAMESPACE/).and.to.match(/^shop +cart +automatic +Healthy +0 +0 +0 +Closed +0\/5 +3m +Healthy: why$/m)
    expect(out).not.to.contain('\u001b')
    expect((await run('top -A')).out).to.match(/^2 policies/)
    expect((await run('top -n bank')).out).to.contain('till')
    expect((await run('top -n empty')).out).to.equal('no policies\n')
    expect(JSON.parse((await run('top -A -o json')).out)).to.have.length(2)
  })

  it('shows in a terminal what changes, until it is asked to end, and leaves the terminal as it was', async () => {
    const { cluster, clock, run } = setUp()
    const stop = new AbortController()
    let shown = ''
    const running = run('top -A', { timers: clock, stop: stop.signal, terminal: { size: () => ({ columns: 120, rows: 20 }), colour: false }, stdout: (text) => void (shown += text) })
    const frames = (): string[] => shown.split('\u001b[H').slice(1)
    await clock.advance(seconds(2))
    expect(shown.startsWith('\u001b[?1049h\u001b[?25l')).to.equal(true)
    expect(frames().at(-1)).to.contain('2 policies: 2 Healthy')
    const before = frames().length
    cluster.change(HEALING_POLICIES, { namespace: 'bank', name: 'till' }, (o) => ({ ...o, status: { observedGeneration: 1, incidents: [incident('Escalated')], ...decided('Blocked', 'Escalated') } }))
    await clock.advance(seconds(0.1))
    expect(frames().length).to.be.greaterThan(before)
    expect(frames().at(-1)).to.match(/2 policies: 1 Escalated, 1 Healthy/)
    expect(frames().at(-1)?.split('\r\n')[2]).to.match(/^bank +till +automatic +Escalated/)
    stop.abort()
    await clock.advance(seconds(1))
    expect(await running).to.deep.equal({ code: 0, out: '', err: '' })
    expect(shown.endsWith('\u001b[?25h\u001b[?1049l')).to.equal(true)
    const after = shown.length
    await clock.advance(seconds(5))
    expect(shown.length).to.equal(after)
  })

  it('says that the API server was not heard', async () => {
    const { cluster, clock, run } = setUp()
    const stop = new AbortController()
    let shown = ''
    const running = run('top', { timers: clock, stop: stop.signal, terminal: { size: () => ({ columns: 120, rows: 20 }), colour: false }, stdout: (text) => void (shown += text) })
    await clock.advance(seconds(1))
    cluster.faults.add(() => ({ when: 'before', answer: 'reset' }))
    cluster.watches.drop()
    await clock.advance(seconds(80))
    expect(shown.split('\u001b[H').at(-1)).to.match(/the API server was not heard for 1m[12]\ds/)
    stop.abort()
    await clock.advance(seconds(1))
    expect((await running).code).to.equal(0)
  })

  it('fails at once where policies may not be read, in a terminal too', async () => {
    const { run } = setUp({ deny: () => 'cannot list resource "healingpolicies"' })
    for (const terminal of [undefined, { size: () => ({ columns: 80, rows: 24 }), colour: true }]) {
      const { code, out, err } = await run('top', { terminal })
      expect({ code, out }).to.deep.equal({ code: 1, out: '' })
      expect(err).to.contain('LIST healingpolicies shop: Forbidden')
    }
  })

  for (const line of ['top cart', 'top -o wide', 'top -n Shop']) it(`exits 2 for: ${line}`, async () => expect((await setUpCli().run(line, noCluster)).code).to.equal(2))
})
