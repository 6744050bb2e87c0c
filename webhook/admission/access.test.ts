import { expect } from 'chai'
import { ApiError } from '../../shared/kube/errors.ts'
import { SUBJECT_ACCESS_REVIEWS } from '../../shared/kube/resources.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import type { AccessQuestion } from '../../shared/rules/access.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { sleep } from '../../shared/runtime/timers.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { FakeCluster } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import { accessReviews } from './access.ts'
import type { Requester } from './review.ts'

const ALICE: Requester = { username: 'alice', uid: 'u-1', groups: ['devs', 'system:authenticated'], extra: { scopes: ['a', 'b'] } }
const evict: AccessQuestion = { who: 'Author', namespace: 'shop', apiGroup: '', resource: 'pods/eviction', verb: 'create' }
const heal: AccessQuestion = { who: { healerOf: 'shop' }, namespace: 'bank', apiGroup: 'kubeskippy.io', resource: 'healingpolicies', verb: 'heal' }

interface Asked {
  readonly user: string
  readonly resourceAttributes: Readonly<Record<string, string>>
}

function setUp({ may = () => true, latency = 0 }: { readonly may?: (spec: Asked) => boolean; readonly latency?: number } = {}) {
  const clock = new FakeClock()
  const asked: Asked[] = []
  const cluster = new FakeCluster({
    clock,
    timers: clock,
    latency: () => millis(latency),
    post: (_call, body) => {
      const { spec } = body as { spec: Asked }
      asked.push(spec)
      return { status: { allowed: may(spec) } }
    },
  })
  const reviews = accessReviews({ api: cluster.client('webhook'), timers: clock, log: silentLogger })
  const ask = (questions: readonly AccessQuestion[], requester: Requester) => reviews(questions, requester, seconds(2))
  return { ask, asked, clock, cluster }
}

describe('reviews of access', () => {
  it('ask with all that authorizers may go by', async () => {
    const { ask, asked } = setUp()
    const answer = await ask([evict], ALICE)
    expect(answer(evict)).to.equal('Allowed')
    expect(asked).to.deep.equal([{ user: 'alice', uid: 'u-1', groups: ALICE.groups, extra: ALICE.extra, resourceAttributes: { namespace: 'shop', verb: 'create', group: '', resource: 'pods', subresource: 'eviction' } }])
  })

  it('leave out what is not known of the requester', async () => {
    const { ask, asked } = setUp()
    await ask([evict], { username: 'alice', uid: '', groups: [], extra: {} })
    expect(asked[0]).to.have.all.keys('user', 'groups', 'resourceAttributes')
  })

  it('ask about the account of another namespace with the groups that the API server gives it', async () => {
    const { ask, asked } = setUp()
    await ask([heal], ALICE)
    expect(asked).to.deep.equal([
      {
        user: 'system:serviceaccount:shop:kubeskippy-healer',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
        resourceAttributes: { namespace: 'bank', verb: 'heal', group: 'kubeskippy.io', resource: 'healingpolicies' },
      },
    ])
  })

  it('ask nothing when there is nothing to ask, and the same once', async () => {
    const { ask, asked } = setUp()
    await ask([], ALICE)
    expect(asked).to.deep.equal([])
    await ask([evict, { ...evict }, heal], ALICE)
    expect(asked).to.have.length(2)
  })

  it('believe once, and for a second, what somebody may do, and ask again what he may not', async () => {
    const { ask, asked, clock } = setUp({ may: ({ resourceAttributes: { verb } }) => verb !== 'heal' })
    const verbs = async (requester = ALICE): Promise<unknown> => {
      asked.length = 0
      const answer = await ask([evict, heal], requester)
      expect([answer(evict), answer(heal)]).to.deep.equal(['Allowed', 'Denied'])
      return asked.map(({ resourceAttributes }) => resourceAttributes['verb'])
    }
    expect(await verbs()).to.deep.equal(['create', 'heal'])
    for (const other of [{ username: 'bob' }, { uid: 'u-2' }, { groups: [] }, { extra: { scopes: ['a'] } }]) expect(await verbs({ ...ALICE, ...other }), JSON.stringify(other)).to.deep.equal(['create', 'heal'])
    await clock.advance(millis(999))
    expect(await verbs()).to.deep.equal(['heal'])
    // By another request.
    expect(await verbs()).to.deep.equal(['create', 'heal'])
    await clock.advance(seconds(1))
    expect(await verbs()).to.deep.equal(['create', 'heal'])
  })

  it('tell each answer from the others, and no answer from a no', async () => {
    const { ask } = setUp({
      may: ({ resourceAttributes: { namespace } }) => {
        if (namespace === 'broken') throw new ApiError({ kind: 'Server', code: 500, request: 'POST subjectaccessreviews' })
        return namespace === 'shop'
      },
    })
    const questions = ['shop', 'bank', 'broken'].map((namespace) => ({ ...evict, namespace }))
    const answer = await ask(questions, ALICE)
    expect(questions.map(answer)).to.deep.equal(['Allowed', 'Denied', 'Unknown'])
    expect(answer(heal)).to.equal('Unknown')
  })

  it('are a no where the answer does not say yes', async () => {
    for (const answer of [{}, { status: {} }, { status: { allowed: 'true' as unknown as boolean } }]) {
      const ask = accessReviews({ api: { post: () => Promise.resolve(answer as never) }, timers: new FakeClock(), log: silentLogger })
      expect((await ask([evict], ALICE, seconds(2)))(evict), JSON.stringify(answer)).to.equal('Denied')
    }
  })

  it('believe no answer for longer because another one was given twice', async () => {
    const clock = new FakeClock()
    const asked: string[] = []
    const api: Parameters<typeof accessReviews>[0]['api'] = {
      post: async (_resource, _key, _subresource, body) => {
        const { namespace = '' } = (body as { spec: Asked }).spec.resourceAttributes
        asked.push(namespace)
        await sleep(clock, millis(namespace === 'twice' ? 100 * asked.length ** 2 : 200))
        return { status: { allowed: true } } as never
      },
    }
    const reviews = accessReviews({ api, timers: clock, log: silentLogger })
    const ask = (namespace: string) => reviews([{ ...evict, namespace }], ALICE, seconds(2))
    // Answered after 100, 400 and 200 ms.
    const answers = [ask('twice'), ask('twice'), ask('once')]
    await clock.advance(millis(1250))
    await Promise.all(answers)
    asked.length = 0
    const again = ask('once')
    await clock.advance(millis(200))
    await again
    expect(asked).to.deep.equal(['once'])
  })

  it('that the webhook may not make are no answer', async () => {
    const { ask, cluster } = setUp()
    cluster.faults.add(({ resource }) => (resource === SUBJECT_ACCESS_REVIEWS ? { when: 'before', answer: { code: 403, reason: 'Forbidden', message: 'no' } } : undefined))
    expect((await ask([evict], ALICE))(evict)).to.equal('Unknown')
  })

  it('end within the time that is left, however many and however slow: what has no answer by then has none', async () => {
    const { ask, asked, clock } = setUp({ latency: 450 /* each way */ })
    const questions = Array.from({ length: 240 }, (_, index) => ({ ...evict, namespace: `ns-${index}` }))
    const started = clock.monotonic()
    const answering = ask(questions, ALICE)
    await clock.advance(seconds(5))
    const answer = await answering
    const answers = questions.map(answer)
    expect(answers.filter((one) => one === 'Allowed')).to.have.length(2 * 16)
    expect(answers.filter((one) => one === 'Unknown')).to.have.length(240 - 2 * 16)
    expect(asked.length).to.be.at.most(3 * 16)
    expect(clock.monotonic() - started).to.equal(5000)
  })

  it('are not begun when no time is left', async () => {
    const begun: unknown[] = []
    const ask = accessReviews({ api: { post: (...call) => Promise.reject(begun.push(call)) }, timers: new FakeClock(), log: silentLogger })
    for (const left of [0, -5]) expect((await ask([evict], ALICE, millis(left)))(evict)).to.equal('Unknown')
    expect(begun).to.deep.equal([])
  })

  it('hide no mistake of ours behind an answer', async () => {
    const mistake = new TypeError('a mistake')
    const ask = accessReviews({ api: { post: () => Promise.reject(mistake) }, timers: new FakeClock(), log: silentLogger })
    expect(await ask([evict], ALICE, seconds(2)).catch((error: unknown) => error)).to.equal(mistake)
  })

  it('that hang end within the time that is left', async () => {
    const { ask, clock, cluster } = setUp()
    cluster.faults.add(() => ({ when: 'before', answer: 'hang' }))
    let done = false
    const answering = ask([evict, heal], ALICE).finally(() => (done = true))
    await clock.advance(millis(1999))
    expect(done).to.equal(false)
    await clock.advance(millis(1))
    expect([(await answering)(evict), done]).to.deep.equal(['Unknown', true])
  })
})
