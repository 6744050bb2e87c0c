/** Which changes have a policy judged at once, and that no other one is lost. */
import { expect } from 'chai'
import { PODS } from '../shared/kube/resources.ts'
import { seconds } from '../shared/lib/time.ts'
import { NAMESPACE, Town } from './testing/town.ts'

describe('a policy is judged', () => {
  let town: Town
  const judged = (): number => [...town.counts].reduce((sum, [key, count]) => (key.startsWith('kubeskippy_policy_evaluations_total ') ? sum + count : sum), 0)
  const during = async (time: ReturnType<typeof seconds>): Promise<number> => {
    const before = judged()
    await town.live(time)
    return judged() - before
  }
  const stranger = (labels: Record<string, string> = { app: 'other' }): void => {
    town.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stranger', namespace: NAMESPACE, labels }, status: { phase: 'Running' } })
  }
  beforeEach(async () => {
    town = new Town()
    await town.start()
    await town.live(seconds(120))
    expect(await during(seconds(60))).to.equal(0)
  })
  afterEach(() => town.stop())

  it('at once for a pod of its own', async () => {
    const [pod] = town.cluster.all(PODS)
    town.cluster.change(PODS, { namespace: NAMESPACE, name: pod?.metadata.name ?? '' }, (object) => ({ ...object, status: { ...(object['status'] as object), phase: 'Pending' } }))
    expect(await during(seconds(2))).to.be.above(0)
  })
  it('at once for a new pod that it selects', async () => {
    stranger({ app: 'cart' })
    expect(await during(seconds(2))).to.be.above(0)
  })
  it('half a minute after a change that is for others, once for all of them', async () => {
    stranger()
    expect(await during(seconds(20))).to.equal(0)
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'stranger' }, (object) => ({ ...object, status: { phase: 'Failed' } }))
    expect(await during(seconds(9))).to.equal(0)
    expect(await during(seconds(2))).to.equal(1)
    expect(await during(seconds(60))).to.equal(0)
  })
  it('at once for a pod of others that becomes its own', async () => {
    stranger()
    await town.live(seconds(1))
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'stranger' }, (object) => ({ ...object, metadata: { ...object.metadata, labels: { app: 'cart' } } }))
    expect(await during(seconds(2))).to.be.above(0)
  })
})
