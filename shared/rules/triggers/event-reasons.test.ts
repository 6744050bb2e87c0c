import { expect } from 'chai'
import { check } from '../test-policy.ts'
import { ks215 } from './ks215-event-reason.ts'

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
})
