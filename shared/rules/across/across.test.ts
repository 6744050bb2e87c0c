import { expect } from 'chai'
import * as fc from 'fast-check'
import type { ActionTemplate, HealingPolicy, HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { accessKey, type AccessAnswers } from '../access.ts'
import { normalised } from '../judge.ts'
import { DEFAULT_INSTALLATION, type Rule } from '../rule.ts'
import { rawPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks501, namespacesInQuestion } from './ks501-conflict.ts'
import { ks502 } from './ks502-feedback.ts'
import type { LiveObject, LiveObjects } from './live-objects.ts'
import type { Neighbourhood } from './neighbours.ts'
import { CONFLICT, fullName, goesBefore, isRefused, isStopped } from './standing.ts'

type Selector = HealingPolicySpec['selector']
type Action = Partial<ActionTemplate>

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
const pod = { apiVersion: 'v1', kind: 'Pod' }
const cart: Selector = { labelSelector: { matchLabels: { app: 'cart' } } }
const workloads = (labels: Record<string, string>): Selector => ({ labelSelector: { matchLabels: labels }, resources: [deployment] })
const UP: Action = { type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 10 } }
const DOWN: Action = { type: 'scale', scaleAction: { direction: 'down', minReplicas: 1 } }
const to = (replicas: number): Action => ({ type: 'scale', scaleAction: { direction: 'absolute', replicas, minReplicas: 1 } })
const patch = (text: string): Action => ({ type: 'patch', patchAction: { type: 'strategic', patch: text } })

interface Named extends PolicyOverrides {
  readonly name?: string
  readonly status?: HealingPolicy['status']
  readonly generation?: number
  readonly created?: string
}

function policy({ name = 'mine', status, generation = 1, created = '2030-01-01T00:00:00Z', action, ...overrides }: Named = {}): HealingPolicy {
  const raw = rawPolicy({ selector: workloads({ app: 'cart' }), ...overrides })
  const { actions, ...spec } = raw['spec'] as { readonly actions: readonly Record<string, unknown>[] }
  // The builder's own body must not stand beside another one.
  const { restartAction: _, ...bare } = { ...actions[0], ...action } as Record<string, unknown>
  const body = action === undefined || action.type === undefined || action.type === 'restart' ? { restartAction: {}, ...action?.restartAction === undefined ? {} : { restartAction: action.restartAction } } : {}
  const made = normalised({ ...raw, metadata: { ...(raw['metadata'] as object), name, generation, creationTimestamp: created }, spec: { ...spec, actions: [{ ...bare, ...body }] } })
  if (made === undefined) throw new Error('the overrides do not have the shape of the schema')
  return status === undefined ? made : { ...made, status }
}
const other = (overrides: Named): HealingPolicy => policy({ name: 'other', ...overrides })

const around = (policies: readonly HealingPolicy[], rest: Partial<Neighbourhood> = {}): Neighbourhood => ({ policies, goesFirst: () => true, ...rest })
const found = (rule: Rule, mine: HealingPolicy, neighbourhood: Neighbourhood, access?: AccessAnswers): string[] =>
  rule.check(mine, { installation: DEFAULT_INSTALLATION, around: neighbourhood, ...(access === undefined ? {} : { access }) }).map(({ severity = rule.severity, path, what }) => `${severity} ${path}: ${what}`)

let uid = 0
const live = (kind: typeof pod, name: string, labels: Record<string, string>, rest: Partial<LiveObject> = {}): LiveObject => ({ ...kind, namespace: 'shop', name, uid: `u${uid++}`, labels, owner: undefined, ...rest })
const all = (...objects: LiveObject[]): LiveObjects => ({ objects, complete: true })

describe('KS501 conflicts of policies', () => {
  const severities = (mine: Named, theirs: Named, rest: Partial<Neighbourhood> = {}): string => found(ks501, policy(mine), around([other(theirs)], rest)).map((text) => text.slice(0, 1)).join('')

  describe('by what the two do, where one selects whatever the other does', () => {
    const pairs: readonly [string, Action, Action, string][] = [
      ['up and down', UP, DOWN, 'E'],
      ['up and up', UP, UP, 'W'],
      ['down and down', DOWN, DOWN, 'W'],
      ['to one number and to another', to(2), to(3), 'E'],
      ['to the same number', to(2), to(2), 'W'],
      ['to a number, and up beyond it', to(9), UP, 'E'],
      ['to a number, and up to it', to(10), UP, ''],
      ['to a number, and down below it', to(2), DOWN, 'E'],
      ['to a number, and down to it', to(1), DOWN, ''],
      ['restart and restart', {}, {}, 'W'],
      ['restart and scale', {}, UP, ''],
      ['delete of the workload, and its restart', { type: 'delete', deleteAction: {} }, {}, 'E'],
      ['delete and delete', { type: 'delete', deleteAction: {} }, { type: 'delete', deleteAction: {} }, 'E'],
      ['one field, two values', patch('spec: {minReadySeconds: 5}'), patch('spec: {minReadySeconds: 6}'), 'E'],
      ['one field, one value', patch('spec: {minReadySeconds: 5}'), patch('spec: {minReadySeconds: 5}'), 'W'],
      ['two fields', patch('spec: {minReadySeconds: 5}'), patch('spec: {progressDeadlineSeconds: 6}'), ''],
      ['a field, and the map that it is in', patch('metadata: {annotations: {a: b}}'), patch('metadata: {annotations: null}'), 'E'],
      ['a patch of the replicas, and up beyond it', patch('spec: {replicas: 1}'), UP, 'E'],
      ['a patch of the replicas, and down below it', patch('spec: {replicas: 5}'), DOWN, 'E'],
      ['a patch of the replicas, and up to them', patch('spec: {replicas: 10}'), UP, ''],
      ['a patch of the replicas, and to the same number', patch('spec: {replicas: 2}'), to(2), 'W'],
      ['a patch of the replicas, and to another number', patch('spec: {replicas: 2}'), to(3), 'E'],
      ['a patch of the replicas, and a restart', patch('spec: {replicas: 2}'), {}, ''],
      ['a patch and a restart', patch('spec: {minReadySeconds: 5}'), {}, ''],
      ['up, and down after approval', UP, { ...DOWN, requiresApproval: true }, ''],
      ['all pods at once, which somebody approves, and a restart', { restartAction: { strategy: 'recreate' } }, {}, ''],
    ]
    for (const [title, mine, theirs, expected] of pairs) {
      it(`${title}: ${expected === 'E' ? 'refused' : expected === 'W' ? 'warned about' : 'passes'}, whoever comes second`, () => {
        expect(severities({ action: mine }, { action: theirs })).to.equal(expected)
        expect(severities({ action: theirs }, { action: mine })).to.equal(expected)
      })
    }
    it('evictions are one thing, whatever they are called; a deleted pod is another', () => {
      const pods = (action: Action): Named => ({ selector: cart, action })
      expect(severities(pods({}), pods({ type: 'evict', evictAction: { timeout: '10m' } }))).to.equal('W')
      expect(severities(pods({}), pods({ type: 'delete', deleteAction: {} }))).to.equal('E')
    })
    it('a pod that is deleted is no harm to the workload that is scaled', () => expect(severities({ selector: cart, action: { type: 'delete', target: 'Pod', deleteAction: {} } }, { selector: cart, action: UP })).to.equal(''))
    it('a workload that is deleted takes its pods away', () => expect(severities({ selector: cart, action: { type: 'delete', target: 'Workload', deleteAction: {} } }, { selector: cart, action: {} })).to.equal('E'))
  })

  describe('by what the two select', () => {
    const selections: readonly [string, Selector, Selector, string][] = [
      ['the same labels', workloads({ app: 'cart' }), workloads({ app: 'cart' }), 'E'],
      ['more labels', workloads({ app: 'cart', tier: 'web' }), workloads({ app: 'cart' }), 'E'],
      ['labels that can meet', workloads({ app: 'cart' }), workloads({ tier: 'web' }), 'W'],
      ['labels that cannot meet', workloads({ app: 'cart' }), workloads({ app: 'till' }), ''],
      ['a name, and labels', { resources: [{ ...deployment, names: ['cart'] }] }, workloads({ app: 'cart' }), 'W'],
      ['names with one in common', { resources: [{ ...deployment, names: ['a', 'b'] }] }, { resources: [{ ...deployment, names: ['b', 'c'] }] }, 'W'],
      ['names of which one has all', { resources: [{ ...deployment, names: ['a', 'b'] }] }, { resources: [{ ...deployment, names: ['b'] }] }, 'E'],
      ['names with none in common', { resources: [{ ...deployment, names: ['a'] }] }, { resources: [{ ...deployment, names: ['b'] }] }, ''],
      ['names, of which the common one is excluded', { resources: [{ ...deployment, names: ['a', 'b'], excludeNames: ['b'] }] }, { resources: [{ ...deployment, names: ['b'] }] }, ''],
      ['other kinds', workloads({ app: 'cart' }), { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'StatefulSet' }] }, ''],
      ['pods and workloads of the same labels', { ...cart, resources: [pod] }, workloads({ app: 'cart' }), 'W'],
      ['pods and workloads of other labels', { ...cart, resources: [pod] }, workloads({ tier: 'web' }), ''],
      ['other namespaces', { ...workloads({ app: 'cart' }), namespaces: ['shop'] }, { ...workloads({ app: 'cart' }), namespaces: ['bank'] }, ''],
      ['one of several namespaces', { ...workloads({ app: 'cart' }), namespaces: ['post', 'shop'] }, { ...workloads({ app: 'cart' }), namespaces: ['bank', 'shop'] }, 'E'],
    ]
    for (const [title, mine, theirs, expected] of selections) {
      it(`${title}: ${expected === 'E' ? 'refused' : expected === 'W' ? 'warned about' : 'passes'}, whoever comes second`, () => {
        expect(severities({ selector: mine, action: { ...UP, target: 'Workload' } }, { selector: theirs, action: { ...DOWN, target: 'Workload' } })).to.equal(expected)
        expect(severities({ selector: theirs, action: { ...DOWN, target: 'Workload' } }, { selector: mine, action: { ...UP, target: 'Workload' } })).to.equal(expected)
      })
    }
  })

  describe('by what there is', () => {
    const mine: Named = { selector: workloads({ app: 'cart' }), action: UP }
    const theirs: Named = { selector: workloads({ tier: 'web' }), action: DOWN }
    const both = (name: string): LiveObject => live(deployment, name, { app: 'cart', tier: 'web' })

    it('one shared object is enough, and workloads are counted', () => {
      const [one] = found(ks501, policy(mine), around([other(theirs)], { live: all(both('a'), live(deployment, 'b', { app: 'cart' }), live(deployment, 'c', { tier: 'web' })) }))
      expect(one).to.equal('E spec.actions[0]: policy "shop/other" scales down what "mine" scales up: both select 1 workload now')
      expect(found(ks501, policy(mine), around([other(theirs)], { live: all(both('a'), both('b'), both('c')) }))[0]).to.contain('both select 3 workloads now')
    })
    it('what was not seen to the end is said to be at least so many', () =>
      expect(found(ks501, policy(mine), around([other(theirs)], { live: { objects: [both('a')], complete: false } }))[0]).to.contain('both select at least 1 workload now'))
    it('none is only a warning', () => expect(severities(mine, theirs, { live: all(live(deployment, 'b', { app: 'cart' })) })).to.equal('W'))
    it('an object of another namespace is none', () => expect(severities(mine, theirs, { live: all({ ...both('a'), namespace: 'bank' }) })).to.equal('W'))
    it('an object is none where one of the two is not let in', () => {
      const both2 = (namespace: string): LiveObject => ({ ...both(namespace), namespace })
      const of = ({ selector, ...rest }: Named): Named => ({ ...rest, selector: { ...selector, namespaces: ['shop', 'bank'] } })
      const told = (letIn: boolean): string => found(ks501, policy(of(mine)), around([other(of(theirs))], { letsIn: () => letIn, live: all(both2('shop'), both2('bank')) }))[0] ?? ''
      expect(told(true)).to.contain('both select 2 workloads now')
      expect(told(false)).to.contain('both select 1 workload now')
    })
    it('the same action is warned about where something is shared, and not where it only could be', () => {
      expect(severities(mine, { ...theirs, action: UP }, { live: all(both('a')) })).to.equal('W')
      expect(severities(mine, { ...theirs, action: UP }, { live: all() })).to.equal('')
    })
    it('pods are shared with whoever selects their workload', () => {
      const owner = live(deployment, 'cart', { tier: 'web' }, { uid: 'd' })
      const set = live({ apiVersion: 'apps/v1', kind: 'ReplicaSet' }, 'cart-1', {}, { uid: 'r', owner: 'd' })
      const pods = ['a', 'b'].map((name) => live(pod, name, { app: 'cart' }, { owner: 'r' }))
      const byPods: Named = { selector: cart, action: UP }
      expect(found(ks501, policy(byPods), around([other(theirs)], { live: all(owner, set, ...pods) }))).to.deep.equal(['E spec.actions[0]: policy "shop/other" scales down what "mine" scales up: both select 1 workload now'])
      const without: Named = { ...byPods, selector: { ...cart, resources: [pod, { ...deployment, names: ['x'], excludeNames: ['cart'] }] }, action: { ...UP, target: 'Workload' } }
      expect(severities(without, theirs, { live: all(owner, set, ...pods) })).to.equal('W')
      // One of its own beside them; and a pod of nobody counts, as for KS106.
      const alone = live(deployment, 'till', { app: 'cart', tier: 'web' }, { uid: 't' })
      const both: Named = { selector: { ...cart, resources: [pod, deployment] }, action: UP }
      expect(found(ks501, policy(both), around([other({ ...theirs, selector: { ...workloads({ tier: 'web' }), resources: [pod, deployment] } })], { live: all(owner, set, ...pods, alone, live(pod, 'bare', { app: 'cart', tier: 'web' })) }))[0]).to.contain('both select 3 workloads now')
    })
    it('what was stopped stays so for as long as the two could meet, though nothing is shared just now', () => {
      expect(severities(mine, theirs, { live: all(), stopped: true })).to.equal('E')
      expect(severities(mine, { ...theirs, selector: workloads({ app: 'till' }) }, { live: all(), stopped: true })).to.equal('')
    })
    it('asks to look only where it makes a difference', () => {
      expect(namespacesInQuestion(policy(mine), around([other(theirs)]))).to.deep.equal(['shop'])
      expect(namespacesInQuestion(policy(mine), around([other({ ...theirs, selector: workloads({ app: 'till' }) })]))).to.deep.equal([])
      expect(namespacesInQuestion(policy(mine), around([other({ ...theirs, action: {} })]))).to.deep.equal([])
    })
  })

  describe('by who acts', () => {
    const cases: readonly [string, Named, Named][] = [
      ['one that is suspended', { suspend: true }, {}],
      ['another that is suspended', {}, { suspend: true }],
      ...(['monitor', 'dryrun', 'manual'] as const).flatMap((mode): [string, Named, Named][] => [[`one in mode ${mode}`, { mode }, {}], [`another in mode ${mode}`, {}, { mode }]]),
    ]
    for (const [title, mine, theirs] of cases) it(`${title} is in nobody's way`, () => expect(severities({ action: UP, ...mine }, { action: DOWN, ...theirs })).to.equal(''))
    it('a policy is not in its own way, nor is one that does not go first', () => {
      expect(found(ks501, policy({ action: UP }), around([policy({ action: DOWN })]))).to.deep.equal([])
      expect(severities({ action: UP }, { action: DOWN }, { goesFirst: () => false })).to.equal('')
    })
    it('many others: ten are named, those that refuse first', () => {
      const many = Array.from({ length: 30 }, (_, index) => policy({ name: `other-${index}`, action: DOWN, ...(index < 20 ? { selector: workloads({ tier: 'web' }) } : {}) }))
      const texts = found(ks501, policy({ action: UP }), around(many))
      expect(texts).to.have.lengthOf(10)
      expect(texts.every((text) => text.startsWith('E '))).to.equal(true)
    })
  })

  it('a policy without a name, which the API server is to make, is judged too', () => {
    const { metadata: { name: _, ...metadata }, ...rest } = policy({ action: UP })
    expect(found(ks501, { ...rest, metadata: metadata as HealingPolicy['metadata'] }, around([other({ action: DOWN })]))).to.deep.equal(['E spec.actions[0]: policy "shop/other" scales down what this one scales up: one selects whatever the other selects'])
  })

  describe('over namespaces', () => {
    const selector = { ...workloads({ app: 'cart' }), namespaces: ['bank'] }
    const mine = policy({ selector, action: UP })
    const theirs = policy({ name: 'other', namespace: 'post', selector, action: DOWN })
    const answers = (...denied: string[]): AccessAnswers => (question) => (denied.some((part) => accessKey(question).includes(part)) ? 'Denied' : 'Allowed')
    it('asks who is let in, and whether the author may know of the other one', () =>
      expect((ks501.asks?.(mine, { around: around([theirs]) }) ?? []).map(({ who, namespace, verb }) => `${who === 'Author' ? 'author' : who.healerOf} ${verb} ${namespace}`)).to.deep.equal(['shop heal bank', 'post heal bank', 'author get post']))
    it('names it to who may read it', () => expect(found(ks501, mine, around([theirs]), answers())).to.deep.equal(['E spec.actions[0]: policy "post/other" scales down what "mine" scales up: one selects whatever the other selects']))
    it('names it to nobody else, and to nobody where there is no author', () => {
      for (const access of [answers('"get"'), undefined]) expect(found(ks501, mine, around([theirs]), access)).to.deep.equal(['E spec.actions[0]: a policy of another namespace scales down what "mine" scales up: one selects whatever the other selects'])
    })
    it('tells nothing of a namespace that does not let it in', () => expect(found(ks501, mine, around([theirs]), answers('["shop","bank"'))).to.deep.equal([]))
    it('is not held up by one that the namespace does not let in', () => expect(found(ks501, mine, around([theirs]), answers('["post","bank"'))).to.deep.equal([]))
    it('asks nothing about policies of its own namespace', () => expect(ks501.asks?.(policy({ action: UP }), { around: around([other({ action: DOWN })]) })).to.deep.equal([]))
  })
})

describe('KS502 feedback', () => {
  const drive = (operator: '>' | '>=' | '<' | '<=', threshold: number, action: Action, rest: Named & { readonly query?: string } = {}): Named => {
    const { query = 'cpu_usage_percent', ...named } = rest
    return { mode: 'manual', metric: { query, operator, threshold }, action, ...named }
  }
  const warned = (mine: Named, theirs: Named): boolean => found(ks502, policy(mine), around([other(theirs)])).length > 0
  const more: Action = { type: 'scale', scaleAction: { direction: 'up', replicas: 1, minReplicas: 1, maxReplicas: 10 } }
  const fewer = (minReplicas: number): Action => ({ type: 'scale', scaleAction: { direction: 'down', minReplicas } })
  const cases: readonly [string, Named, Named, boolean][] = [
    ['overlapping bands', drive('>', 40, more), drive('<', 50, fewer(1)), true],
    ['bands that touch in a value of both', drive('>=', 50, more), drive('<=', 50, fewer(8)), true],
    ['bands that touch in a value of one', drive('>=', 50, more, { query: 'ready_percent' }), drive('<', 50, fewer(8), { query: 'ready_percent' }), false],
    ['a gap that one more replica jumps', drive('>', 80, more), drive('<', 41, fewer(1)), true],
    ['a gap that one more replica just reaches', drive('>', 80, more), drive('<', 40, fewer(1)), false],
    ['the same gap, where there are always four', drive('>', 80, more), drive('<', 41, fewer(4)), false],
    ['a gap that is jumped from four to five', drive('>', 80, more), drive('<', 65, fewer(4)), true],
    ['a metric that is not shared among replicas', drive('>', 80, more, { query: 'latency_p99_seconds' }), drive('<', 41, fewer(1), { query: 'latency_p99_seconds' }), false],
    ['other metrics', drive('>', 40, more), drive('<', 50, fewer(1), { query: 'memory_usage_percent' }), false],
    ['the same direction', drive('>', 40, more), drive('<', 50, more), false],
    ['other objects', drive('>', 40, more), drive('<', 50, fewer(1), { selector: workloads({ app: 'till' }) }), false],
    ['one that only looks', drive('>', 40, more, { mode: 'dryrun' }), drive('<', 50, fewer(1)), false],
    ['one that is suspended', drive('>', 40, more), drive('<', 50, fewer(1), { suspend: true }), false],
    ['a trigger that is no metric', { mode: 'manual', action: more }, drive('<', 50, fewer(1)), false],
  ]
  for (const [title, mine, theirs, expected] of cases) {
    it(`${title}: ${expected ? 'warned about' : 'passes'}, whoever comes second`, () => {
      expect(warned(mine, theirs)).to.equal(expected)
      expect(warned(theirs, mine)).to.equal(expected)
    })
  }
  it('names a policy of another namespace to nobody but an author who may read it', () => {
    const selector = { ...workloads({ app: 'cart' }), namespaces: ['bank'] }
    const [mine, theirs] = [policy({ ...drive('>', 40, more), selector }), policy({ ...drive('<', 50, fewer(1)), name: 'other', namespace: 'post', selector })]
    const told = (access?: AccessAnswers): string | undefined => found(ks502, mine, around([theirs], { letsIn: () => true }), access)[0]
    expect(told(() => 'Allowed')).to.contain('policy "post/other" scales down')
    for (const access of [undefined, (): 'Denied' => 'Denied', (): 'Unknown' => 'Unknown']) expect(told(access)).to.contain('a policy of another namespace scales down').and.to.not.contain('other"').and.to.not.contain('post')
  })
  it('says at which values', () =>
    expect(found(ks502, policy(drive('>', 40, more)), around([other(drive('<', 50, fewer(1)))]))).to.deep.equal(['W spec.triggers[0].metricTrigger.threshold: policy "shop/other" scales down at < 50 what this one scales up at > 40']))
})

describe('which policy goes first', () => {
  const status = (accepted: 'True' | 'False', observedGeneration: number, lastTransitionTime = '2030-01-02T00:00:00Z', reason = 'Accepted'): NonNullable<HealingPolicy['status']> => ({ conditions: [{ type: 'Accepted', status: accepted, reason, message: '', observedGeneration, lastTransitionTime }] })
  const order: readonly HealingPolicy[] = [
    policy({ name: 'z-long-accepted', status: status('True', 1, '2030-01-01T00:00:00Z'), created: '2030-01-05T00:00:00Z' }),
    policy({ name: 'y-accepted', status: status('True', 1), created: '2030-01-05T00:00:00Z' }),
    policy({ name: 'x-accepted-before-its-last-change', status: status('True', 1), generation: 2 }),
    policy({ name: 'w-older', created: '2029-01-01T00:00:00Z' }),
    policy({ name: 'a-not-judged-yet' }),
    policy({ name: 'b-not-judged-yet' }),
    policy({ name: 'a-refused', status: status('False', 1), created: '2029-01-01T00:00:00Z' }),
    policy({ name: 'b-refused-before-its-last-change', status: status('False', 1), generation: 2 }),
  ]
  it('who acts goes before who does not yet, then the older, then the name', () => {
    const names = (list: readonly HealingPolicy[]): readonly string[] => list.map(fullName)
    expect(names(order.toSorted((a, b) => (goesBefore(a, b) ? -1 : 1)))).to.deep.equal(names(order))
  })
  it('of two exactly one goes first, and three never go in a circle', () => {
    const any = fc.constantFrom(...order)
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        if (a !== b) expect(goesBefore(a, b)).to.equal(!goesBefore(b, a))
        if (goesBefore(a, b) && goesBefore(b, c)) expect(goesBefore(a, c)).to.equal(true)
      }),
    )
    expect(goesBefore(policy(), policy())).to.equal(false)
  })
  it('the verdict confirms the order that it came from', () => {
    for (const [index, first] of order.entries()) {
      for (const second of order.slice(index + 1)) {
        const told = [{ ...first, status: status('True', first.metadata.generation ?? 0) }, { ...second, status: status('False', second.metadata.generation ?? 0) }] as const
        expect(goesBefore(...told)).to.equal(true)
      }
    }
  })
  it('knows who was refused, and who for a conflict', () => {
    expect([status('True', 1), status('False', 1), undefined].map((one) => isRefused(policy(one === undefined ? {} : { status: one })))).to.deep.equal([false, true, false])
    expect(isRefused(policy({ status: status('False', 1), generation: 2 }))).to.equal(false)
    expect(isStopped(policy({ status: status('False', 1, '', CONFLICT) }))).to.equal(true)
    expect(isStopped(policy({ status: status('False', 1, '', CONFLICT), generation: 2 }))).to.equal(false)
    expect(isStopped(policy({ status: status('False', 1, '', 'NotAccepted') }))).to.equal(false)
  })
})
