import { expect } from 'chai'
import type { DiscoveredResource } from '../../shared/kube/api.ts'
import { millis } from '../../shared/lib/time.ts'
import type { AccessQuestion } from '../../shared/rules/access.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { sleep } from '../../shared/runtime/timers.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import { clusterKnowledge, rightsOnly } from './known.ts'
import { readReview } from './review.ts'
import { reviewOf } from './test-review.ts'

describe('what the door knows of a review', () => {
  it('is gathered within two seconds: who may what is asked in what discovery has left of them, about kinds as it calls them', async () => {
    const clock = new FakeClock()
    const asked: { readonly questions: readonly AccessQuestion[]; readonly within: number }[] = []
    const ask = clusterKnowledge({
      timers: clock,
      around: () => undefined,
      objects: () => Promise.resolve(undefined),
      cluster: {
        discover: async (group, version): Promise<readonly DiscoveredResource[]> => {
          await sleep(clock, millis(900))
          return [{ group, version, kind: 'Cache', plural: 'cachez', namespaced: true, scalable: true }]
        },
      },
      access: (questions, _requester, within) => {
        asked.push({ questions, within })
        return Promise.resolve(() => 'Allowed')
      },
    })
    const object = rawPolicy({ selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'example.com/v1', kind: 'Cache' }] }, action: { type: 'scale', restartAction: undefined, scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } } as never })
    const read = readReview(reviewOf(object))
    if (read.kind !== 'review') throw new Error('no review')
    const known = ask(read.request)
    await clock.advance(millis(900))
    expect((await known).kinds?.get('example.com/v1 Cache')).to.include({ found: true, plural: 'cachez' })
    expect(asked.map(({ within }) => within)).to.deep.equal([1100])
    expect(asked[0]?.questions.filter(({ verb }) => verb !== 'list').map(({ resource }) => resource)).to.deep.equal(['cachez/scale', 'cachez/scale'])
  })
})

describe('what the door asks before it adds defaults', () => {
  const read = (object: unknown) => {
    const review = readReview(reviewOf(object))
    return review.kind === 'review' ? review.request : expect.fail(review.problem)
  }
  const asking = async (object: unknown, answer: (question: AccessQuestion) => 'Allowed' | 'Denied' | 'Unknown') => {
    const asked: AccessQuestion[] = []
    const known = await rightsOnly({ access: (questions, _requester, within) => {
      asked.push(...questions)
      expect(within).to.equal(1000)
      return Promise.resolve(answer)
    } })(read(object))
    return { known, asked: asked.map(({ verb, resource, who }) => `${verb} ${resource} ${typeof who === 'string' ? who : 'healer'}`) }
  }

  it('is who may what, within a second, and of the healer what the validation of the same request will ask', async () => {
    const { known, asked } = await asking(rawPolicy(), () => 'Denied')
    expect(asked).to.deep.equal(['create pods/eviction Author', 'create pods/eviction healer'])
    expect(Object.keys(known)).to.deep.equal(['access'])
    expect(Object.keys((await asking(rawPolicy(), ({ who }) => (who === 'Author' ? 'Allowed' : 'Unknown'))).known)).to.deep.equal(['access'])
  })
  it('is nothing where it needs no answer, or has not all of them', async () => {
    expect(await asking(rawPolicy({ mode: 'dryrun' }), () => 'Denied')).to.deep.equal({ known: {}, asked: [] })
    expect((await asking(rawPolicy(), () => 'Unknown')).known).to.deep.equal({})
  })
})
