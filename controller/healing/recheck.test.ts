import { expect } from 'chai'
import type { HealingActionSpec, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { buildActionTemplate, buildHealingAction, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { recheck } from './recheck.ts'
import type { PodView, Snapshot } from './snapshot.ts'
import { at, container, crashed, crashing, deepFreeze, pod, policy, remembered, rules, running, snapshot, T0 } from './testing/builders.ts'

const SPEC: HealingActionSpec = buildHealingAction({
  spec: { targetResource: crashing().ref, action: policy().triggers[0]?.ladder[0] ?? buildActionTemplate(), trigger: { name: 'crashing', since: new Date(at(-120_000)).toISOString(), evidence: 'x' } },
}).spec

interface Case {
  readonly title: string
  readonly policy?: Partial<HealingPolicySpec> | undefined
  readonly generation?: number
  readonly uid?: string
  readonly target?: PodView | undefined
  readonly view?: Partial<Snapshot>
  readonly spec?: Partial<HealingActionSpec>
  readonly reason: string | undefined
}

const otherUid = { ...crashing().ref, uid: 'uid-second-life' }
const upNow = pod('cart-0', { containers: [container({ restarts: 6, ready: true, state: running(at(-1000)), lastTermination: crashed() })], conditions: [{ type: 'Ready', status: 'True', since: at(-1000), reason: '' }] })
const unready = (since: number): PodView => pod('cart-0', { conditions: [{ type: 'Ready', status: 'False', since: at(since), reason: '' }] })
const onReady = { triggers: [buildTrigger({ conditionTrigger: { type: 'Ready', status: 'False', duration: '1m' } })] }

const CASES: readonly Case[] = [
  { title: 'what still holds may be written', reason: undefined },
  { title: 'a policy that is gone', policy: undefined, reason: 'PolicyDeleted' },
  { title: 'another policy of the same name', uid: 'uid-second-life', reason: 'PolicyDeleted' },
  { title: 'a policy that changed elsewhere', generation: 2, reason: undefined },
  { title: 'a policy whose mode changed', generation: 2, policy: { mode: 'monitor' }, reason: 'PolicyChanged' },
  { title: 'a policy that is a dry run now', generation: 2, policy: { mode: 'dryrun' }, reason: 'PolicyChanged' },
  { title: 'a dry run of a policy that acts now', generation: 2, spec: { dryRun: true }, reason: 'PolicyChanged' },
  { title: 'a policy whose action changed', generation: 2, policy: { actions: [buildActionTemplate({ restartAction: { strategy: 'rolling', gracePeriodSeconds: 5 } })] }, reason: 'PolicyChanged' },
  { title: 'a policy whose action is gone', generation: 2, policy: { actions: [buildActionTemplate({ name: 'other' })] }, reason: 'PolicyChanged' },
  { title: 'a policy whose trigger is gone', generation: 2, policy: { triggers: [buildTrigger({ name: 'other' })] }, reason: 'PolicyChanged' },
  { title: 'a policy whose trigger must hold for longer now', generation: 2, policy: { triggers: [buildTrigger({ conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '10m' } })] }, reason: 'TargetRecovered' },
  { title: 'a policy that is suspended now', generation: 2, policy: { suspend: true }, reason: 'Suspended' },
  { title: 'a target that is protected now', generation: 2, policy: rules({ protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }] }), reason: 'Protected' },
  { title: 'a target that is gone', target: undefined, reason: 'TargetGone' },
  { title: 'another object of the same name', target: crashing('cart-0', { ref: otherUid }), reason: 'TargetGone' },
  { title: 'a target that is no longer selected', target: crashing('cart-0', { labels: {} }), reason: 'TargetChanged' },
  { title: 'a target that opted out', target: crashing('cart-0', { ignored: true }), reason: 'OptedOut' },
  { title: 'a target that is going', target: crashing('cart-0', { deleting: true }), reason: 'TargetTerminating' },
  { title: 'a target that recovered', target: pod(), reason: 'TargetRecovered' },
  { title: 'a target without data', target: crashing('cart-0', { containers: [] }), reason: 'TargetRecovered' },
  { title: 'a target that is up within its crash loop', target: upNow, reason: undefined },
  { title: 'a condition that still holds', policy: onReady, target: unready(-60_000), reason: undefined },
  { title: 'a condition that went and came back', policy: onReady, target: unready(-59_999), reason: 'TargetRecovered' },
  { title: 'the kill switch', view: { killSwitch: true }, reason: 'KillSwitch' },
  { title: 'a missing account', view: { healer: 'Missing' }, reason: 'HealerMissing' },
  { title: 'clocks apart', view: { clockSkew: 61_000 as never }, reason: 'ClockSkew' },
]

describe('the look just before a write', () => {
  for (const example of CASES) {
    it(`${example.reason === undefined ? 'passes' : 'refuses'} ${example.title}`, () => {
      const live = 'policy' in example && example.policy === undefined ? undefined : policy(example.policy, { generation: example.generation ?? 1, uid: example.uid ?? 'uid-cart' })
      const target = 'target' in example ? example.target : crashing()
      // The cache may have forgotten since when; the decision has not.
      const view = snapshot({ now: T0, ...example.view })
      expect(recheck(deepFreeze({ ...SPEC, ...example.spec }), live, target, deepFreeze(view))?.reason).to.equal(example.reason)
    })
  }
  it('takes what the status remembers before what the decision does', () => {
    const view = snapshot({ findings: [remembered(crashing(), at(-59_999))] })
    expect(recheck(SPEC, policy(), crashing(), view)?.reason).to.equal('TargetRecovered')
  })
  it('allows two processes to tell the time of one trouble two seconds apart, and no more', () => {
    const decided = { ...SPEC, trigger: { ...SPEC.trigger, since: new Date(at(-59_500)).toISOString() } }
    const look = (since: number) => recheck(decided, policy(), crashing(), snapshot({ findings: [remembered(crashing(), at(since))] }))?.reason
    expect(look(-58_000)).to.equal(undefined)
    expect(look(-57_999)).to.equal('TargetRecovered')
  })
})
