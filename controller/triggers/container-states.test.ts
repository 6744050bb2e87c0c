import { expect } from 'chai'
import { minutes, type Instant } from '../../shared/lib/time.ts'
import type { ContainerView, PodView } from '../healing/snapshot.ts'
import { at, condition, container, context, crashed, ended, pod, running, waiting } from '../healing/testing/builders.ts'
import { conditionTrigger } from './condition.ts'
import type { Memory, Observation } from './trigger.ts'

const see = (type: string, of: PodView, now: Instant, memory?: Memory): Observation =>
  conditionTrigger.detect({ type, status: 'True', duration: minutes(1) }, of, context({ now, memory }))

const withContainers = (...containers: Partial<ContainerView>[]): PodView =>
  pod('cart-0', { phase: 'Pending', conditions: [condition('Ready', 'False', at(0))], containers: containers.map((of) => container({ ready: false, ...of })) })

const waitingFor = (reason: string): PodView => withContainers({ state: waiting(reason) })

describe('a container that is kept from starting', () => {
  const held: readonly [string, string][] = [
    ['ImagePullBackOff', 'ImagePullBackOff'],
    ['ImagePullBackOff', 'ErrImagePull'],
    ['ImagePullBackOff', 'ErrImageNeverPull'],
    ['ImagePullBackOff', 'ImageInspectError'],
    ['ImagePullBackOff', 'RegistryUnavailable'],
    ['ImagePullBackOff', 'SignatureValidationFailed'],
    ['InvalidImageName', 'InvalidImageName'],
    ['CreateContainerConfigError', 'CreateContainerConfigError'],
    ['CreateContainerError', 'CreateContainerError'],
    ['CreateContainerError', 'PreStartHookError'],
  ]
  for (const [type, reason] of held) {
    it(`${type}: ${reason} is pending from its first look and fires at its duration, not just before`, () => {
      expect(see(type, waitingFor(reason), at(0))).to.include({ state: 'Pending', since: at(0), firesAt: at(60_000) })
      const memory = { since: at(0), restarts: 0 }
      expect(see(type, waitingFor(reason), at(59_999), memory).state).to.equal('Pending')
      expect(see(type, waitingFor(reason), at(60_000), memory).state).to.equal('Firing')
      expect(see(type, waitingFor(reason), at(60_001), memory).state).to.equal('Firing')
    })
    for (const other of ['ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError'].filter((t) => t !== type)) {
      it(`${other}: ${reason} is Quiet`, () => expect(see(other, waitingFor(reason), at(0)).state).to.equal('Quiet'))
    }
  }
  for (const reason of ['ContainerCreating', 'PodInitializing', '', 'constructor']) {
    it(`waiting for ${reason === '' ? 'no reason' : reason} is Quiet at first sight`, () => expect(see('ImagePullBackOff', waitingFor(reason), at(0)).state).to.equal('Quiet'))
  }
  it('says the same while the reason alternates, so that the status is not written at each try', () => {
    const memory = { since: at(0), restarts: 0 }
    const [trying, between] = [waitingFor('ErrImagePull'), waitingFor('ImagePullBackOff')].map((of) => see('ImagePullBackOff', of, at(70_000), memory))
    expect(trying).to.deep.equal(between)
    expect(trying).to.include({ state: 'Firing', since: at(0), evidence: 'container app cannot get its image (ImagePullBackOff)' })
  })
  it('ends at once when the container has started, ready or not', () => {
    expect(see('ImagePullBackOff', withContainers({ state: running(at(70_000)) }), at(70_000), { since: at(0), restarts: 0 }).state).to.equal('Quiet')
  })
  it('does not end, and does not fire, while a kubelet that was started anew has not tried it again', () => {
    const memory = { since: at(0), restarts: 0 }
    expect(see('CreateContainerConfigError', waitingFor('ContainerCreating'), at(70_000), memory)).to.include({ state: 'Pending', since: at(0) })
    expect(see('CreateContainerConfigError', waitingFor('CreateContainerConfigError'), at(71_000), memory)).to.include({ state: 'Firing', since: at(0) })
  })
  it('is told by the one of several containers that has it', () => {
    const both = withContainers({ name: 'proxy', ready: true, state: running(at(-1)) }, { name: 'web', state: waiting('ErrImagePull') })
    expect(see('ImagePullBackOff', both, at(0))).to.include({ evidence: 'container web cannot get its image (ImagePullBackOff)' })
  })
  it('of a pod that failed for good is Quiet', () => expect(see('ImagePullBackOff', { ...waitingFor('ImagePullBackOff'), phase: 'Failed' }, at(0)).state).to.equal('Quiet'))
  it('of a pod without container statuses is no data', () => expect(see('InvalidImageName', pod('cart-0', { containers: [] }), at(0)).state).to.equal('NoData'))
})

describe('a container whose process cannot be started', () => {
  const cases: readonly [string, Partial<ContainerView>, Observation['state']][] = [
    ['waiting for its next try', { state: waiting('RunContainerError') }, 'Pending'],
    ['in the back-off after containerd could not start it', { restarts: 2, state: waiting('CrashLoopBackOff'), lastTermination: crashed('StartError', 128) }, 'Pending'],
    ['that has just failed to start', { restarts: 1, state: ended(128, 'StartError') }, 'Pending'],
    ['that an older runtime could not run', { restarts: 1, state: ended(127, 'ContainerCannotRun') }, 'Pending'],
    ['that crashed by itself', { restarts: 2, state: waiting('CrashLoopBackOff'), lastTermination: crashed('Error', 1) }, 'Quiet'],
    ['that runs', { ready: true, state: running(at(-1)) }, 'Quiet'],
  ]
  for (const [title, of, state] of cases) it(`${title} is ${state}`, () => expect(see('RunContainerError', withContainers(of), at(0)).state).to.equal(state))
})
