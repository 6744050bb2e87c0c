import { expect } from 'chai'
import { minutes } from '../../shared/lib/time.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import { REVISION_LABEL } from '../healing/revisions.ts'
import type { PodView, WorkloadView } from '../healing/snapshot.ts'
import { at, condition, pod, T0, workload } from '../healing/testing/builders.ts'
import type { PlanContext } from './action.ts'
import { changesOf, expectationOf, permissionsFor, timeoutOf } from './index.ts'
import { nameOfPermission } from '../../shared/rules/action-writes.ts'
import { planned, refused } from './testing/plans.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const restart = buildActionTemplate({ target: 'Workload' })
const patch = (text: string): ActionTemplate => ({ ...bare, type: 'patch', target: 'Workload', patchAction: { type: 'strategic', patch: text } })
const memory = patch('spec: {template: {spec: {containers: [{name: app, resources: {limits: {memory: 1Gi}}}]}}}')
const set = (overrides: Partial<WorkloadView> = {}): WorkloadView => workload('StatefulSet', 'db', { replicas: 3, generation: 2, observedGeneration: 2, podManagement: 'OrderedReady', updateRevision: 'db-new', ...overrides })

const of = (revision: string, ordinal: number, ready: 'True' | 'False', overrides: Partial<PodView> = {}): PodView =>
  pod(`db-${ordinal}`, { labels: { [REVISION_LABEL]: `db-${revision}` }, conditions: [condition('Ready', ready, T0)], createdAt: T0, ...overrides })
const old = (ordinal: number): PodView => of('old', ordinal, 'True')
const broken = (ordinal: number): PodView => of('old', ordinal, 'False')
const made = (ordinal: number): PodView => of('new', ordinal, 'True')
const starting = (ordinal: number): PodView => of('new', ordinal, 'False')
const going = (ordinal: number): PodView => of('old', ordinal, 'False', { deleting: true })

const after = (pods: readonly PodView[], rest: Partial<PlanContext> = {}): Partial<PlanContext> => ({ pods, stepsDone: 1, begunAt: T0, now: at(20_000), ...rest })

describe('a StatefulSet whose template was written', () => {
  const cases: readonly [title: string, target: WorkloadView, pods: readonly PodView[], evicted: readonly string[], steps: string][] = [
    ['waits until its controller has seen it: a pod that goes before is made as it was', set({ observedGeneration: 1 }), [old(0), old(1), broken(2)], [], '0 of 3 pods Ready with the new template'],
    ['lets its controller replace pods that are Ready', set(), [old(0), old(1), old(2)], [], '0 of 3 pods Ready with the new template'],
    ['loses the pod that is not Ready', set(), [old(0), old(1), broken(2)], ['db-2'], '0 of 3 pods Ready with the new template'],
    ['loses one at a time, the lowest ordinal first', set(), [broken(2), broken(1), old(0)], ['db-1'], '0 of 3 pods Ready with the new template'],
    ['orders by number, not by letters', set({ replicas: 12 }), [broken(10), broken(9)], ['db-9'], '0 of 12 pods Ready with the new template'],
    ['waits while a pod is going', set(), [going(1), broken(2), old(0)], [], '0 of 3 pods Ready with the new template'],
    ['waits while a new pod is not Ready', set(), [starting(1), broken(2), old(0)], [], '0 of 3 pods Ready with the new template'],
    ['goes on when it is', set(), [made(1), broken(2), old(0)], ['db-2'], '1 of 3 pods Ready with the new template'],
    ['waits for a pod that was not made yet', set(), [made(1), made(2)], [], '2 of 3 pods Ready with the new template'],
    ['loses a pod that breaks on the way', set(), [broken(0), made(1), made(2)], ['db-0'], '2 of 3 pods Ready with the new template'],
    ['is finished when all are new; verification looks whether they are Ready', set(), [starting(0), made(1), made(2)], [], 'Finished'],
    ['leaves a pod that has ended to its controller', set(), [of('old', 0, 'False', { phase: 'Failed' }), made(1), made(2)], [], '2 of 3 pods Ready with the new template'],
    ['in parallel needs nobody to take a pod away', set({ podManagement: 'Parallel' }), [broken(0), old(1), old(2)], [], '0 of 3 pods Ready with the new template'],
    ['whose status tells no revision has no new pod', set({ updateRevision: '' }), [made(0), made(1), made(2)], [], '0 of 3 pods Ready with the new template'],
  ]
  for (const [title, target, pods, evicted, steps] of cases) {
    it(title, () => {
      for (const template of [restart, memory]) {
        const plan = planned(template, target, after(pods))
        expect(plan.operations.map((operation) => `${operation.kind} ${operation.target.name}`)).to.deep.equal(evicted.map((name) => `evict ${name}`))
        expect(plan.steps).to.equal(steps)
        expect(plan.changes.filter(({ field }) => field.endsWith('metadata.uid'))).to.have.length(evicted.length)
      }
    })
  }

  it('stops when a new pod is not Ready in time, and not just before', () => {
    const pods = [starting(2), old(1), broken(0)]
    expect(planned(restart, set(), after(pods, { now: at(minutes(5) - 1) })).operations).to.deep.equal([])
    expect(refused(restart, set(), after(pods, { now: at(minutes(5)) }))).to.equal('Stuck: Pod/db-2 is not Ready in time with the new template: 0 of 3 pods Ready with the new template')
  })
  it('evicts with the preconditions of the pod, and its own grace period', () =>
    expect(planned(restart, set(), after([broken(2)])).operations).to.deep.equal([{ kind: 'evict', target: broken(2).ref, preconditions: { uid: 'uid-db-2', resourceVersion: '42' }, gracePeriodSeconds: undefined }]))
})

describe('a new template of a StatefulSet', () => {
  const object = { spec: { template: { spec: { containers: [{ name: 'app' }] } } } }
  it('says first which pods stand in its way', () => {
    for (const template of [restart, memory]) {
      expect(planned(template, set(), { pods: [old(0), broken(2), broken(1)], object }).later?.map(({ name }) => name)).to.deep.equal(['db-1', 'db-2'])
      expect(planned(template, set(), { pods: [old(0), old(1)], object }).later).to.equal(undefined)
      expect(planned(template, set({ podManagement: 'Parallel' }), { pods: [broken(1)], object }).later).to.equal(undefined)
    }
  })
  it('tells a person who is to approve it that pods will be evicted, where they will', () => {
    const fields = (template: ActionTemplate, target: WorkloadView): readonly string[] => changesOf(template, target, 'act-1').map(({ field }) => field)
    for (const template of [restart, memory]) {
      expect(fields(template, set()).at(-1)).to.equal('pods that are not Ready')
      expect(fields(template, set({ podManagement: 'Parallel' }))).to.not.include('pods that are not Ready')
    }
    expect(fields(patch('metadata: {annotations: {note: x}}'), set())).to.deep.equal(['metadata.annotations.note'])
  })
  it('needs the right to evict beside the one to patch, has an hour, and is verified by its pods', () => {
    for (const template of [restart, memory]) {
      expect(permissionsFor(template, set().ref).map(nameOfPermission)).to.deep.equal(['patch statefulsets.apps', 'create pods/eviction'])
      expect(timeoutOf(template, set().ref)).to.equal(minutes(60))
      expect(expectationOf(template, set().ref)).to.equal('turnover')
    }
  })
  it('is not what a patch of its metadata is', () => {
    const note = patch('metadata: {annotations: {note: x}}')
    expect(permissionsFor(note, set().ref).map(nameOfPermission)).to.deep.equal(['patch statefulsets.apps'])
    expect(planned(note, set(), { pods: [broken(1)] }).later).to.equal(undefined)
    expect(timeoutOf(note, set().ref)).to.equal(minutes(10))
  })
  it('of a Deployment or a DaemonSet, whose controllers replace broken pods first, needs one write', () => {
    for (const kind of ['Deployment', 'DaemonSet']) {
      const { ref } = workload(kind, 'db')
      expect(permissionsFor(restart, ref)).to.have.length(1)
      expect(expectationOf(restart, ref)).to.equal('rollout')
    }
  })
})
