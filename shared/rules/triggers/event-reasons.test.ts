import { expect } from 'chai'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { check, testPolicy } from '../test-policy.ts'
import { ks215 } from './ks215-event-reason.ts'

const typed = (reason: string, type: 'Normal' | 'Warning'): string[] => check(ks215, { event: { reason, type } })
const of = (reason: string): string[] => check(ks215, { event: { reason } })
const at = 'spec.triggers[0].eventTrigger.reason'

describe('KS215 reasons of events', () => {
  for (const reason of ['OOMKilled', 'CrashLoopBackOff', 'crashLoopBackoff', 'ImagePullBackOff', 'ErrImagePull', 'CreateContainerConfigError', 'LivenessProbeFailed', 'ContainerCreating']) {
    it(`${reason}, which is a state, is refused`, () => expect(of(reason)).to.deep.equal([`${at}: no event has the reason "${reason}"`]))
  }
  for (const reason of ['backoff', 'Backoff', 'unhealthy', 'killing', 'FAILEDMOUNT', 'Failedscheduling']) {
    it(`${reason}, in other letters than the reason has, is refused`, () => expect(of(reason)).to.deep.equal([`${at}: no event has the reason "${reason}"`]))
  }
  for (const reason of ['FailedMounts', 'FailedSchedulin', 'Unhealty', 'FailedCreatePodSandbo']) {
    it(`${reason}, one or two letters off, is warned about`, () => expect(of(reason)).to.deep.equal([`W ${at}: Kubernetes writes no events of the reason "${reason}"`]))
  }
  for (const reason of ['BackOff', 'Failed', 'Unhealthy', 'Killing', 'FailedMount', 'Evicted', 'OOMKilling', 'SystemOOM', 'FailedScheduling', 'Escalated', 'Leak', 'CartStuck', 'FailedSchedules', 'Error', 'Fail', 'ReconcileError']) {
    it(`${reason} ${reason === 'FailedSchedules' ? ', three letters off,' : ''} passes`, () => expect(of(reason)).to.deep.equal([]))
  }
  for (const [reason, other, written] of [['Scheduled', 'Warning', 'Normal'], ['Killing', 'Warning', 'Normal'], ['Preempted', 'Warning', 'Normal'], ['FailedScheduling', 'Normal', 'Warning'], ['Unhealthy', 'Normal', 'Warning']] as const) {
    it(`${reason} of type ${other}, which only others write, is warned about`, () => {
      expect(typed(reason, other)).to.deep.equal([`W spec.triggers[0].eventTrigger.type: Kubernetes writes events ${reason} as ${written} only`])
      expect(typed(reason, written)).to.deep.equal([])
    })
  }
  it('of reasons that come as either, and of those of others, both types pass', () => {
    for (const reason of ['BackOff', 'NodeNotReady', 'CartStuck']) for (const type of ['Normal', 'Warning'] as const) expect(typed(reason, type), reason).to.deep.equal([])
  })
  it('tells who asks for a Warning of what is healthy to write another reason', () => {
    const fixes = (reason: string): unknown[] => ks215.check(testPolicy({ event: { reason, type: 'Warning' } }), { installation: DEFAULT_INSTALLATION }).map(({ fix }) => fix)
    for (const reason of ['Scheduled', 'Preempted']) expect(fixes(reason)).to.deep.equal(['write a reason that tells of trouble: BackOff, Unhealthy, FailedMount, FailedScheduling'])
    expect(fixes('TaintManagerEviction')).to.deep.equal(['write type: Normal'])
  })
})
