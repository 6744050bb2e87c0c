import { expect } from 'chai'
import { minutes, seconds } from '../../shared/lib/time.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import type { PodView } from '../healing/snapshot.ts'
import { at, condition, crashing, fresh, pod, workload } from '../healing/testing/builders.ts'
import { expectationOf, permissionsFor } from './index.ts'
import { nameOfPermission } from '../../shared/rules/action-writes.ts'
import { planned, refused } from './testing/plans.ts'

const restart = (body: Partial<NonNullable<ActionTemplate['restartAction']>>): ActionTemplate => buildActionTemplate({ target: 'Workload', restartAction: { strategy: 'graceful', ...body } })
const target = workload('Deployment', 'cart', { replicas: 3 })
const old = (name: string): PodView => pod(name)
const going = (name: string): PodView => pod(name, { deleting: true })
const made = (name: string, after = 10_000): PodView => fresh(name, at(after))
const starting = (name: string, after = 10_000): PodView => pod(name, { createdAt: at(after), conditions: [condition('Ready', 'False', at(after))] })

describe('graceful restart of a workload', () => {
  const cases: readonly [string, number, readonly PodView[], boolean, string[], string][] = [
    ['begins with one pod', 1, [old('a'), old('b'), old('c')], false, ['a'], '0 of 3 pods renewed'],
    ['begins with the one that is not Ready', 1, [old('a'), crashing('b'), old('c')], false, ['b'], '0 of 3 pods renewed'],
    ['begins with as many as may be away', 2, [old('a'), old('b'), old('c')], false, ['a', 'b'], '0 of 3 pods renewed'],
    ['waits while the pod is going', 1, [going('a'), old('b'), old('c')], true, [], '0 of 3 pods renewed'],
    ['waits while nothing has come in its place', 1, [old('b'), old('c')], true, [], '0 of 3 pods renewed'],
    ['waits while the replacement is not Ready', 1, [starting('x'), old('b'), old('c')], true, [], '0 of 3 pods renewed'],
    ['goes on when it is Ready', 1, [made('x'), old('b'), old('c')], true, ['b'], '1 of 3 pods renewed'],
    ['has another one away beside it where two may be', 2, [starting('x'), old('b'), old('c')], true, ['b'], '0 of 3 pods renewed'],
    ['waits for the last one', 1, [made('x'), made('y'), starting('z')], true, [], '2 of 3 pods renewed'],
    ['is finished when all are new and Ready', 1, [made('x'), made('y'), made('z')], true, [], 'Finished'],
  ]
  for (const [title, maxConcurrent, pods, begun, evicted, steps] of cases) {
    it(title, () => {
      const plan = planned(restart({ maxConcurrent }), target, { pods, begunAt: begun ? at(5000) : undefined, now: at(20_000) })
      expect(plan.operations.map((operation) => `${operation.kind} ${operation.target.name}`)).to.deep.equal(evicted.map((name) => `evict ${name}`))
      expect(plan.steps).to.equal(steps)
    })
  }
  for (const [maxConcurrent, evicted] of [[1, 1], [2, 2], [3, 2], [100, 2]] as const) {
    it(`leaves one of three where it is when ${maxConcurrent} may be away: all at once is recreate`, () =>
      expect(planned(restart({ maxConcurrent }), target, { pods: [old('a'), old('b'), old('c')] }).operations).to.have.length(evicted))
  }
  it('takes the only one there is', () => expect(planned(restart({ maxConcurrent: 5 }), { ...target, replicas: 1 }, { pods: [old('a')] }).operations).to.have.length(1))
  it('has one pod away at a time where nothing else is said', () => expect(planned(restart({}), target, { pods: [old('a'), old('b')] }).operations).to.have.length(1))
  it('stops when a replacement is not Ready in time, and not just before', () => {
    const pods = [starting('x'), old('b'), old('c')]
    expect(planned(restart({}), target, { pods, begunAt: at(5000), now: at(10_000 + minutes(5) - 1) }).operations).to.deep.equal([])
    expect(refused(restart({}), target, { pods, begunAt: at(5000), now: at(10_000 + minutes(5)) })).to.equal('Stuck: Pod/x is not Ready in time, so the other pods stay: 0 of 3 pods renewed')
  })
  it('takes a pod of the second in which it began for a new one', () => {
    expect(planned(restart({}), target, { pods: [made('x', 5000), made('y', 5000), made('z', 5000)], begunAt: at(5400), now: at(20_000) }).steps).to.equal('Finished')
    expect(planned(restart({}), target, { pods: [made('x', 4000), made('y', 5000), made('z', 5000)], begunAt: at(5400), now: at(20_000) }).operations).to.have.length(1)
  })
  it('of no pods has nothing to do', () => expect(refused(restart({}), target, { pods: [] })).to.match(/^NothingToDo/))
  it('carries preconditions of each pod, and the grace period', () =>
    expect(planned(restart({ gracePeriodSeconds: 9 }), target, { pods: [old('a')] }).operations).to.deep.equal([
      { kind: 'evict', target: old('a').ref, preconditions: { uid: 'uid-a', resourceVersion: '42' }, gracePeriodSeconds: 9 },
    ]))
})

describe('recreate of a workload', () => {
  const recreate = restart({ strategy: 'recreate' })
  it('evicts all pods at once', () => expect(planned(recreate, target, { pods: [old('a'), old('b'), crashing('c')] }).operations.map(({ target: { name } }) => name)).to.deep.equal(['c', 'a', 'b']))
  it('goes on with those that were refused', () => {
    expect(planned(recreate, target, { pods: [made('x'), old('b'), going('c')], begunAt: at(5000), now: at(20_000) }).operations.map(({ target: { name } }) => name)).to.deep.equal(['b'])
  })
  it('is finished when no old pod is left that is not going', () => {
    expect(planned(recreate, target, { pods: [starting('x'), going('c')], begunAt: at(5000), now: at(20_000) }).steps).to.equal('Finished')
    expect(planned(recreate, target, { pods: [], begunAt: at(5000), now: at(20_000) }).steps).to.equal('Finished')
  })
  it('waits for no replacement', () => expect(planned(recreate, target, { pods: [starting('x'), old('b')], begunAt: at(5000), now: at(10_000 + minutes(9) + seconds(1)) }).operations).to.have.length(1))
})

describe('both', () => {
  it('need to evict pods, and verification waits for all of them', () => {
    for (const strategy of ['graceful', 'recreate'] as const) {
      expect(permissionsFor(restart({ strategy }), target.ref).map(nameOfPermission)).to.deep.equal(['create pods/eviction'])
      expect(expectationOf(restart({ strategy }), target.ref)).to.equal('renewal')
    }
  })
})
