import { expect } from 'chai'
import { minutes, seconds, type Instant } from '../../shared/lib/time.ts'
import { DERIVED_STATES } from '../../shared/rules/triggers/pod-conditions.ts'
import type { ContainerView, PodView } from '../healing/snapshot.ts'
import { at, condition, container, context, crashed, crashing, ended, pod, running, waiting } from '../healing/testing/builders.ts'
import { CONTAINER_STATES } from './container-states.ts'
import { conditionTrigger } from './condition.ts'
import type { Memory, Observation } from './trigger.ts'

const WINDOW = minutes(2)

const see = (type: string, of: PodView, now: Instant, memory?: Memory, status = 'True'): Observation =>
  conditionTrigger.detect({ type, status, duration: minutes(1) }, of, context({ now, stabilizationWindow: WINDOW, memory }))

describe("a condition of the pod's own", () => {
  const unready = pod('cart-0', { conditions: [condition('Ready', 'False', at(0), 'ContainersNotReady')] })
  const cases: readonly [string, PodView, number, Observation['state']][] = [
    ['with another status is quiet', pod(), 0, 'Quiet'],
    ['that is not there is no data', pod('cart-0', { conditions: [] }), 0, 'NoData'],
    ['is pending from its first moment', unready, 0, 'Pending'],
    ['is pending just before its duration', unready, 59_999, 'Pending'],
    ['fires at its duration', unready, 60_000, 'Firing'],
    ['fires after its duration', unready, 60_001, 'Firing'],
    ['of a pod that failed for good is quiet', { ...unready, phase: 'Failed' }, 60_000, 'Quiet'],
    ['of a pod that has done its work is quiet', { ...unready, phase: 'Succeeded' }, 60_000, 'Quiet'],
  ]
  for (const [title, of, now, state] of cases) it(title, () => expect(see('Ready', of, at(now), undefined, 'False').state).to.equal(state))

  it('tells why in the words of the object', () => {
    expect(see('Ready', unready, at(60_000), undefined, 'False')).to.deep.include({ evidence: 'condition Ready is False (ContainersNotReady)', since: at(0), firesAt: at(60_000) })
  })
  it('without a time begins when it was first seen', () => {
    const untimed = pod('cart-0', { conditions: [{ ...condition('Ready', 'False'), since: undefined }] })
    expect(see('Ready', untimed, at(0), undefined, 'False')).to.include({ state: 'Pending', since: at(0) })
    expect(see('Ready', untimed, at(60_000), { since: at(0), restarts: 0 }, 'False').state).to.equal('Firing')
  })
  it('whose time lies in the future begins when it was first seen', () => {
    const forged = pod('cart-0', { conditions: [condition('Ready', 'False', at(253_000_000_000_000 - at(0)))] })
    expect(see('Ready', forged, at(0), undefined, 'False')).to.include({ since: at(0), firesAt: at(60_000) })
    expect(see('Ready', forged, at(60_000), { since: at(0), restarts: 0 }, 'False').state).to.equal('Firing')
  })
  for (const type of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    it(`called ${type} is only a condition that no pod has`, () => expect(see(type, pod(), at(0)).state).to.equal('NoData'))
  }
})

describe('a derived state', () => {
  it('the rules of the door know the same ones', () => expect([...CONTAINER_STATES.keys()]).to.have.members([...DERIVED_STATES]))
  it('with another status than True is quiet', () => expect(see('CrashLoopBackOff', crashing(), at(0), undefined, 'False').state).to.equal('Quiet'))
  it('of a pod without container statuses is no data', () => expect(see('CrashLoopBackOff', pod('cart-0', { containers: [] }), at(0)).state).to.equal('NoData'))

  const up = (restarts: number, startedAt: Instant): Partial<ContainerView> => ({ restarts, state: running(startedAt), ready: false, lastTermination: crashed() })
  const symptoms: readonly [string, string, Partial<ContainerView>, Partial<PodView>, Observation['state']][] = [
    ['CrashLoopBackOff', 'a healthy container', {}, {}, 'Quiet'],
    ['CrashLoopBackOff', 'the waiting reason', { ready: false, restarts: 1, state: waiting('CrashLoopBackOff'), lastTermination: crashed() }, {}, 'Pending'],
    ['CrashLoopBackOff', 'another waiting reason', { ready: false, state: waiting('ContainerCreating') }, {}, 'Quiet'],
    ['CrashLoopBackOff', 'another waiting reason after two crashes', { ready: false, restarts: 2, state: waiting('CreateContainerError'), lastTermination: crashed() }, {}, 'Pending'],
    ['CrashLoopBackOff', 'its first end', { ready: false, restarts: 0, state: ended() }, {}, 'Quiet'],
    ['CrashLoopBackOff', 'its second end', { ready: false, restarts: 1, state: ended() }, {}, 'Pending'],
    ['CrashLoopBackOff', 'a second end with code 0 under Always', { ready: false, restarts: 1, state: ended(0, 'Completed') }, {}, 'Pending'],
    ['CrashLoopBackOff', 'exit code 0 under OnFailure', { ready: false, restarts: 3, state: ended(0, 'Completed') }, { restartPolicy: 'OnFailure' }, 'Quiet'],
    ['CrashLoopBackOff', 'exit code 0 under Never', { ready: false, restarts: 3, state: ended(0, 'Completed') }, { restartPolicy: 'Never' }, 'Quiet'],
    ['CrashLoopBackOff', 'exit code 1 under OnFailure', { ready: false, restarts: 3, state: ended() }, { restartPolicy: 'OnFailure' }, 'Pending'],
    ['CrashLoopBackOff', 'up again after one restart', up(1, at(0)), {}, 'Quiet'],
    ['CrashLoopBackOff', 'up again after two restarts', up(2, at(0)), {}, 'Pending'],
    ['CrashLoopBackOff', 'not ready, up for just under ten minutes after old crashes', up(2, at(-599_999)), {}, 'Pending'],
    ['CrashLoopBackOff', 'not ready, up for ten minutes after old crashes', up(2, at(-600_000)), {}, 'Quiet'],
    ['CrashLoopBackOff', 'the leftover of a pod that failed', { ready: false, restarts: 3, state: ended() }, { phase: 'Failed' }, 'Quiet'],
    ['OOMKilled', 'a healthy container', {}, {}, 'Quiet'],
    ['OOMKilled', 'killed for its memory', { ready: false, state: ended(137, 'OOMKilled') }, {}, 'Pending'],
    ['OOMKilled', 'waiting after it was killed for its memory', { ready: false, state: waiting('CrashLoopBackOff'), lastTermination: crashed('OOMKilled', 137) }, {}, 'Pending'],
    ['OOMKilled', 'up again after it was killed for its memory', { ...up(1, at(0)), lastTermination: crashed('OOMKilled', 137) }, {}, 'Pending'],
    ['OOMKilled', 'not ready an hour after it was killed for its memory', { ...up(1, at(-3_600_000)), lastTermination: crashed('OOMKilled', 137) }, {}, 'Quiet'],
    ['OOMKilled', 'ended for another reason', { ready: false, restarts: 1, state: ended(), lastTermination: crashed('OOMKilled', 137) }, {}, 'Quiet'],
  ]
  for (const [type, title, of, rest, state] of symptoms) {
    it(`${type}: ${title} is ${state}`, () => {
      const unready = of.ready === false ? [condition('Ready', 'False', at(-1000))] : [condition('Ready', 'True')]
      expect(see(type, pod('cart-0', { containers: [container(of)], conditions: unready, ...rest }), at(0)).state).to.equal(state)
    })
  }

  it('fires at its duration, not just before it', () => {
    const memory = { since: at(0), restarts: 6 }
    expect(see('CrashLoopBackOff', crashing(), at(59_999), memory).state).to.equal('Pending')
    expect(see('CrashLoopBackOff', crashing(), at(60_000), memory).state).to.equal('Firing')
  })
  it('remembers since when over restarts of the controller', () => {
    expect(see('CrashLoopBackOff', crashing(), at(90_000), { since: at(10_000), restarts: 6 })).to.include({ since: at(10_000), firesAt: at(70_000) })
  })
  it('names the container, its last exit code, and apart from that its restarts', () => {
    expect(see('CrashLoopBackOff', crashing(), at(0))).to.include({ evidence: 'container app keeps ending, last with exit code 1', seen: 5 })
  })
  it('is told by the broken one of several containers', () => {
    const [bad] = crashing().containers
    const both = crashing('cart-0', { containers: [container({ name: 'proxy', restarts: 40 }), bad ?? container()] })
    expect(see('CrashLoopBackOff', both, at(60_000), { since: at(0), restarts: 46 })).to.include({ state: 'Firing' })
  })
  it('of one container is not hidden by the many restarts of a healthy one', () => {
    const proxy = container({ name: 'proxy', restarts: 40 })
    const again = container({ restarts: 7, ready: true, state: running(at(60_000)), lastTermination: crashed() })
    const both = pod('cart-0', { containers: [proxy, again], conditions: [condition('Ready', 'True', at(60_000))] })
    expect(see('CrashLoopBackOff', both, at(60_000), { since: at(0), restarts: 46 })).to.include({ state: 'Firing' })
  })
})

/** Plays the statuses of a pod one after another, remembering what each look remembered. */
function play(type: string, rounds: readonly [number, PodView][]): string[] {
  let memory: Memory | undefined
  return rounds.map(([now, of]) => {
    const seen = see(type, of, at(now), memory)
    memory = seen.state === 'Pending' || seen.state === 'Firing' ? { since: seen.since, restarts: seen.restarts } : undefined
    return seen.state
  })
}

const unready = [condition('Ready', 'False', at(0))]
const down = (restarts: number): PodView => pod('cart-0', { conditions: unready, containers: [container({ ready: false, restarts, state: ended(137, 'OOMKilled'), lastTermination: crashed('OOMKilled', 137) })] })
const backOff = (restarts: number): PodView => crashing('cart-0', { containers: [container({ ready: false, restarts, state: waiting('CrashLoopBackOff'), lastTermination: crashed('OOMKilled', 137) })] })
const upAgain = (restarts: number, since: number, ready = true): PodView =>
  pod('cart-0', {
    conditions: ready ? [condition('Ready', 'True', at(since))] : unready,
    containers: [container({ ready, restarts, state: running(at(since)), lastTermination: crashed('OOMKilled', 137) })],
  })

describe('a crash loop over time', () => {
  for (const type of ['CrashLoopBackOff', 'OOMKilled']) {
    it(`${type} holds through the rounds of a loop, ready for three seconds in each`, () => {
      const states = play(type, [
        [0, down(2)],
        [19_000, backOff(2)],
        [20_000, upAgain(3, 20_000)],
        [23_000, down(3)],
        [59_999, backOff(3)],
        [60_000, backOff(3)],
        [63_000, upAgain(4, 63_000)],
        [66_000, down(4)],
        [145_000, backOff(4)],
        [146_000, upAgain(5, 146_000)],
      ])
      expect(states).to.deep.equal(['Pending', 'Pending', 'Pending', 'Pending', 'Pending', 'Firing', 'Firing', 'Firing', 'Firing', 'Firing'])
    })
    it(`${type} never fires after a lone crash that recovers, though there were crashes long ago`, () => {
      const states = play(type, [
        [0, down(1)],
        [1000, upAgain(2, 1000, false)],
        [10_000, upAgain(2, 10_000)],
        [60_000, upAgain(2, 10_000)],
        [129_999, upAgain(2, 10_000)],
        [130_000, upAgain(2, 10_000)],
      ])
      expect(states).to.deep.equal(['Pending', 'Pending', 'Pending', 'Pending', 'Pending', 'Quiet'])
    })
    it(`${type} never fires after a lone crash whose successor takes minutes to start`, () => {
      const rounds = [0, 60_000, 120_000, 300_000].map((now): [number, PodView] => [now, now === 0 ? down(1) : upAgain(2, 1000, false)])
      expect(play(type, rounds)).to.deep.equal(['Pending', 'Pending', 'Pending', 'Pending'])
    })
    it(`${type} fires when it crashes again after a slow start`, () => {
      expect(play(type, [[0, down(1)], [90_000, upAgain(2, 1000, false)], [91_000, down(2)], [92_000, upAgain(3, 92_000, false)]])).to.deep.equal(['Pending', 'Pending', 'Firing', 'Firing'])
    })
  }
  it('fires on a container that the kubelet holds back for minutes, without a further crash', () => {
    expect(play('CrashLoopBackOff', [[0, backOff(9)], [60_000, backOff(9)]])).to.deep.equal(['Pending', 'Firing'])
  })
  it('ends only when readiness has been unbroken for the whole stabilization window', () => {
    const states = play('CrashLoopBackOff', [
      [0, backOff(3)],
      [60_000, backOff(3)],
      [61_000, upAgain(4, 61_000)],
      [61_000 + WINDOW - 1, upAgain(4, 61_000)],
      [61_000 + WINDOW, upAgain(4, 61_000)],
    ])
    expect(states).to.deep.equal(['Pending', 'Firing', 'Pending', 'Pending', 'Quiet'])
  })
  it('a break of readiness begins the window anew', () => {
    const broken = pod('cart-0', { conditions: [condition('Ready', 'True', at(100_000))], containers: [container({ restarts: 4, state: running(at(10_000)), lastTermination: crashed() })] })
    expect(see('CrashLoopBackOff', broken, at(100_000 + WINDOW - 1)).state).to.equal('Pending')
    expect(see('CrashLoopBackOff', broken, at(100_000 + WINDOW)).state).to.equal('Quiet')
  })
  it('a restart within an unbroken readiness begins the window anew', () => {
    const restarted = pod('cart-0', { conditions: [condition('Ready', 'True', at(0))], containers: [container({ restarts: 4, state: running(at(100_000)), lastTermination: crashed() })] })
    expect(see('CrashLoopBackOff', restarted, at(100_000 + WINDOW - 1)).state).to.equal('Pending')
    expect(see('CrashLoopBackOff', restarted, at(100_000 + WINDOW)).state).to.equal('Quiet')
  })
  it('says when readiness will have lasted', () => {
    expect(see('CrashLoopBackOff', upAgain(4, 61_000), at(62_000))).to.include({ recheckAt: at(61_000 + WINDOW) })
    expect(see('CrashLoopBackOff', backOff(4), at(62_000))).not.to.have.property('recheckAt')
  })
  it('readiness without a time proves nothing', () => {
    const untimed = pod('cart-0', { conditions: [{ ...condition('Ready', 'True'), since: undefined }], containers: [container({ restarts: 4, state: running(at(0)), lastTermination: crashed() })] })
    expect(see('CrashLoopBackOff', untimed, at(seconds(500))).state).to.equal('Pending')
  })
})
