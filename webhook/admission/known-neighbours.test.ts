import { expect } from 'chai'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { AccessQuestion } from '../../shared/rules/access.ts'
import { normalised } from '../../shared/rules/judge.ts'
import { rawPolicy, type PolicyOverrides } from '../../shared/rules/test-policy.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { clusterKnowledge } from './known.ts'
import { readReview } from './review.ts'
import { reviewOf } from './test-review.ts'

const pods = { apiVersion: 'v1', kind: 'Pod' }
const DELETES: PolicyOverrides = { action: { type: 'delete', target: 'Pod', deleteAction: {} } }

function policy(name: string, { action, ...overrides }: PolicyOverrides = {}): Record<string, unknown> {
  const raw = rawPolicy(overrides) as { readonly metadata: object; readonly spec: { readonly actions: readonly object[] } }
  const actions = action === undefined ? raw.spec.actions : [{ name: 'act', ...action }]
  return { ...raw, metadata: { ...raw.metadata, name }, spec: { ...raw.spec, actions } }
}

/** What is asked for this policy, when the others are there. */
async function asked(object: unknown, others: readonly Record<string, unknown>[] | undefined, members: Record<string, unknown> = {}) {
  const questions: AccessQuestion[] = []
  const looked: (readonly string[])[] = []
  const scaledIn: string[] = []
  const ask = clusterKnowledge({
    access: (all) => {
      questions.push(...all)
      return Promise.resolve(() => 'Allowed')
    },
    cluster: { discover: () => Promise.resolve([]) },
    timers: new FakeClock(),
    around: () => (others === undefined ? undefined : { policies: others.map((other) => normalised(other) as HealingPolicy), goesFirst: () => true }),
    objects: (namespaces, { scaledIn: scaled } = {}) => {
      looked.push(namespaces)
      if (scaled !== undefined) scaledIn.push(scaled)
      return Promise.resolve(namespaces.length === 0 ? undefined : { objects: [], complete: true })
    },
  })
  const read = readReview(reviewOf(object, { operation: 'UPDATE', oldObject: object, ...members }))
  if (read.kind !== 'review') throw new Error(read.problem)
  return { known: await ask(read.request), questions, looked: looked.flat(), scaledIn }
}

describe('what the door asks beside rights', () => {
  it('objects only where two policies could be in each other\'s way', async () => {
    expect((await asked(policy('mine', DELETES), [policy('other')])).looked).to.deep.equal(['shop'])
    expect((await asked(policy('mine', DELETES), [policy('other', { selector: { labelSelector: { matchLabels: { app: 'till' } } } })])).looked).to.deep.equal([])
    expect((await asked(policy('mine', DELETES), [])).looked).to.deep.equal([])
  })

  it('objects for a selection that is new, in the own namespace, and whether the author may list them', async () => {
    const { looked, questions, known } = await asked(policy('mine'), [], { operation: 'CREATE', oldObject: null })
    expect(looked).to.deep.equal(['shop'])
    expect(questions.map(({ verb, resource }) => `${verb} ${resource}`)).to.include('list pods')
    expect(known.preview).to.deep.equal({ namespace: 'shop', live: { objects: [], complete: true } })
    expect(known.around).to.not.have.property('live')
    const again = await asked(policy('mine'), [])
    expect([again.looked, again.known.preview]).to.deep.equal([[], undefined])
    expect(again.questions.map(({ verb }) => verb)).to.not.include('list')
  })

  it('objects of the own namespace before those of others, of which too many are left out', async () => {
    const selector = { namespaces: ['bank', 'shop'], labelSelector: { matchLabels: { app: 'cart' } } }
    expect((await asked(policy('mine', { ...DELETES, selector }), [policy('other', { selector })], { operation: 'CREATE', oldObject: null })).looked).to.deep.equal(['shop', 'bank'])
  })

  it('what scales, of a policy that scales and is new or changed, and whether the author may list that', async () => {
    const scaling = policy('mine', { action: { type: 'scale', target: 'Workload', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 5 } } })
    const { looked, questions, known, scaledIn } = await asked(scaling, [], { operation: 'CREATE', oldObject: null })
    expect([looked, scaledIn]).to.deep.equal([['shop'], ['shop']])
    expect(questions.map(({ verb, resource }) => `${verb} ${resource}`)).to.include.members(['list horizontalpodautoscalers', 'list deployments', 'list statefulsets'])
    expect(known.scaling).to.deep.equal({ namespace: 'shop', live: { objects: [], complete: true } })
    const again = await asked(scaling, [])
    expect([again.looked, again.scaledIn, again.known.scaling]).to.deep.equal([[], [], undefined])
    // The selection is the same: only what scales is looked at.
    const changed = await asked(scaling, [], { oldObject: policy('mine') })
    expect([changed.looked, changed.scaledIn, changed.known.preview]).to.deep.equal([['shop'], ['shop'], undefined])
    expect((await asked(policy('mine'), [], { operation: 'CREATE', oldObject: null })).scaledIn).to.deep.equal([])
  })

  it('what is there goes with the policies, and is absent where nobody looked', async () => {
    expect((await asked(policy('mine', DELETES), [policy('other')])).known.around).to.have.property('live')
    expect((await asked(policy('mine'), [])).known.around).to.not.have.property('live')
    expect((await asked(policy('mine'), undefined)).known).to.not.have.property('around')
  })

  it('about policies of other namespaces who is let in, and whether the author may know of them', async () => {
    const selector = { namespaces: ['bank'], labelSelector: { matchLabels: { app: 'cart' } }, resources: [pods] }
    const { questions } = await asked(policy('mine', { ...DELETES, selector }), [policy('other', { namespace: 'post', selector })])
    const inWords = questions.map(({ who, verb, namespace }) => `${who === 'Author' ? 'author' : who.healerOf} ${verb} ${namespace}`)
    expect(inWords).to.include.members(['shop heal bank', 'post heal bank', 'author get post'])
  })

  it('nothing for what is not a policy, or has not its shape', async () => {
    for (const object of [{}, policy('mine', { selector: 'all' as never })]) expect((await asked(object, [policy('other')])).known).to.not.have.property('around')
    expect((await asked(policy('mine', DELETES), [policy('other')], { operation: 'DELETE' })).known).to.not.have.property('around')
  })
})
