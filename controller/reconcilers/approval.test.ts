import { expect } from 'chai'
import { CONFIG_MAPS, DEPLOYMENTS, HEALING_ACTIONS, HEALING_POLICIES, PODS } from '../../shared/kube/resources.ts'
import { KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { hours, minutes, seconds } from '../../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../../shared/testing/builders/objects.ts'
import { THROTTLED, type Fault } from '../../shared/testing/fake-cluster/faults.ts'
import { NAMESPACE, Town, type TownOptions } from '../testing/town.ts'

const POD = { namespace: NAMESPACE, name: 'cart-1-0' }

describe('an action that needs approval', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const MANUAL: Partial<HealingPolicySpec> = { mode: 'manual' }
  const waiting = async (spec: Partial<HealingPolicySpec> = MANUAL, options: TownOptions = {}): Promise<void> => {
    town = new Town({ ...options, spec })
    await town.start()
    await town.live(seconds(20))
    expect(town.actions.map(({ spec: { approvalRequired }, status }) => [approvalRequired, status?.phase, status?.result?.reason])).to.deep.equal([[true, 'Pending', 'PendingApproval']])
    expect(town.attempts).to.equal(0)
  }
  const ending = (i = 0) => [town.actions[i]?.status?.phase, town.actions[i]?.status?.result?.reason]

  for (const [title, spec] of [
    ['in mode manual', MANUAL],
    ['where the action says so', { mode: 'automatic', actions: [buildActionTemplate({ requiresApproval: true })] }],
  ] as const) {
    it(`waits ${title}, and is carried out once a person has approved it`, async () => {
      await waiting(spec as Partial<HealingPolicySpec>)
      expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'PendingApproval' })
      expect(town.policy.status?.budget?.used).to.equal(0)
      await town.live(minutes(30))
      expect(town.actions).to.have.length(1)
      expect(town.attempts).to.equal(0)
      town.decide('Approved', 'seen')
      await town.live(minutes(3))
      expect(ending()).to.deep.equal(['Succeeded', 'Effective'])
      expect(town.evictions).to.have.length(1)
      expect(town.events.map(({ reason }) => reason)).to.include.members(['ApprovalRequested', 'Approved', 'Acted'])
      expect(town.actions[0]?.status?.conditions?.find((c) => c.type === 'Approved')).to.include({ status: 'True', message: 'approved by alice: seen' })
      expect(town.ledger?.entries.map((e) => e.state)).to.deep.equal(['Settled'])
      // No webhook has written when: it is when note was taken of it, and not when it was asked for.
      expect(town.audit.map(({ type }) => type.split('.').at(-1)).slice(0, 3)).to.deep.equal(['decided', 'approved', 'requested'])
      expect(town.audit[1]?.time).to.equal(town.actions[0]?.status?.approvedAt)
    })
  }

  describe('when it is a patch', () => {
    const patch: HealingPolicySpec['actions'][number] = { name: 'mark', type: 'patch', priority: 1, target: 'Workload', patchAction: { type: 'merge', patch: 'metadata: {annotations: {tier: "2"}}' } }
    const CART = { namespace: NAMESPACE, name: 'cart' }
    let release = (): void => {}
    const annotate = (tier: string): void => void town.cluster.change(DEPLOYMENTS, CART, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { tier } } }))
    const asked = async (fault?: Fault): Promise<void> => {
      town = new Town({ spec: { ...MANUAL, actions: [patch] } })
      if (fault !== undefined) release = town.cluster.faults.add(({ dryRun }) => (dryRun ? fault : undefined))
      town.cluster.change(DEPLOYMENTS, CART, (o) => ({ ...o, spec: { replicas: 1, template: {} } }))
      town.cluster.change(DEPLOYMENTS, CART, (o) => ({ ...o, status: { observedGeneration: o.metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 } }))
      annotate('1')
      await town.start()
      await town.live(seconds(20))
    }

    it('shows what is there now beside what it would be, and does that', async () => {
      await asked()
      const [change] = town.actions[0]?.status?.result?.changes ?? []
      expect(change).to.include({ field: 'metadata.annotations.tier', oldValue: '1', newValue: '2' })
      expect(town.cluster.must(DEPLOYMENTS, CART).metadata.annotations).to.deep.equal({ tier: '1' })
      town.decide('Approved', 'seen')
      await town.live(seconds(20))
      expect(town.cluster.must(DEPLOYMENTS, CART).metadata.annotations).to.deep.equal({ tier: '2' })
    })

    it('is asked about when it can be shown, though the API server had no time at first', async () => {
      await asked({ when: 'before', answer: THROTTLED })
      expect(town.actions.map(({ status }) => status?.phase)).to.deep.equal([undefined])
      release()
      await town.live(seconds(5))
      expect(town.actions[0]?.status?.result).to.deep.include({ reason: 'PendingApproval' }).and.to.have.nested.property('changes[0].newValue', '2')
      town.decide('Approved', 'seen')
      await town.live(seconds(20))
      expect(town.cluster.must(DEPLOYMENTS, CART).metadata.annotations).to.deep.equal({ tier: '2' })
    })

    it('is asked about without being shown when it cannot be for long, and is not done blindly', async () => {
      await asked({ when: 'before', answer: THROTTLED })
      await town.live(seconds(30))
      expect(town.actions[0]?.status?.result).to.include({ reason: 'PendingApproval' }).and.not.to.have.property('changes')
      release()
      town.decide('Approved', 'blindly')
      await town.live(seconds(20))
      expect(ending()).to.deep.equal(['Cancelled', 'TargetChanged'])
      expect(town.cluster.must(DEPLOYMENTS, CART).metadata.annotations).to.deep.equal({ tier: '1' })
    })

    it('is cancelled with the difference when what it was to change is another value by then', async () => {
      await asked()
      annotate('9')
      town.decide('Approved', 'seen')
      await town.live(seconds(20))
      expect(ending()).to.deep.equal(['Cancelled', 'TargetChanged'])
      expect(town.actions[0]?.status?.result?.message).to.include('/metadata/annotations/tier: was "1", now "9"')
      expect(town.cluster.must(DEPLOYMENTS, CART).metadata.annotations).to.deep.equal({ tier: '9' })
    })
  })

  it('that was rejected is cancelled, and not asked for again while the trouble lasts', async () => {
    await waiting({ ...MANUAL, actions: [buildActionTemplate({ name: 'first', priority: 1 }), buildActionTemplate({ name: 'second', priority: 2 })] })
    town.decide('Rejected', 'we are on it')
    await town.live(hours(3))
    expect(ending()).to.deep.equal(['Cancelled', 'Rejected'])
    expect(town.actions).to.have.length(1)
    expect(town.actions[0]?.status?.result?.message).to.equal('rejected by alice: we are on it')
    expect(town.attempts).to.equal(0)
    expect(town.policy.status?.lastDecision?.reason).to.equal('Escalated')
    expect(town.events.filter(({ reason }) => reason === 'Escalated')).to.have.length(1)
    expect(town.events.find(({ reason }) => reason === 'Escalated')?.note).to.include('was rejected')
  })

  it('expires, and is asked for again after the cooldown', async () => {
    const { safetyRules } = buildPolicy().spec
    await waiting({ ...MANUAL, safetyRules: { ...safetyRules, approvalTimeout: '2m' } })
    await town.live(minutes(2))
    expect(ending()).to.deep.equal(['Cancelled', 'ApprovalExpired'])
    expect(town.policy.status?.lastDecision).to.include({ reason: 'ApprovalExpired' }).and.to.have.property('retryAt')
    expect(town.actions).to.have.length(1)
    await town.live(minutes(1))
    expect(town.actions).to.have.length(2)
    expect(ending(1)).to.deep.equal(['Pending', 'PendingApproval'])
    town.decide('Approved', undefined, 0)
    await town.live(minutes(1))
    expect(town.attempts).to.equal(0)
    expect(town.actions.map((a) => a.spec.incident.id)).to.satisfy((ids: string[]) => ids[0] === ids[1])
  })

  describe('of a workload', () => {
    const KEY = { namespace: NAMESPACE, name: 'cart' }
    const ship = (image: string): void => {
      town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { replicas: 1, template: { spec: { containers: [{ name: 'app', image }] } } }, status: { observedGeneration: 99, updatedReplicas: 1 } }))
    }
    const asked = async (): Promise<void> => {
      town = new Town({ spec: { ...MANUAL, actions: [buildActionTemplate({ target: 'Workload' })] } })
      ship('cart:1')
      await town.start()
      await town.live(seconds(20))
      expect(town.actions[0]?.spec.template?.images).to.deep.equal([{ container: 'app', image: 'cart:1' }])
    }
    const written = (): number => town.cluster.journal.effects.filter(({ call }) => call.impersonate !== undefined).length

    it('is withdrawn with the difference when it was rolled out anew, and asked for anew', async () => {
      await asked()
      ship('cart:2')
      await town.live(seconds(20))
      expect(ending()).to.deep.equal(['Cancelled', 'TargetChanged'])
      expect(town.actions[0]?.status?.result?.message).to.equal('Deployment/cart is not what was asked about any more: image of container app: was cart:1, now cart:2')
      town.decide('Approved', undefined, 0)
      await town.live(seconds(20))
      expect(written()).to.equal(0)
    })

    it('that was rolled out anew just before the approval is not restarted', async () => {
      await asked()
      const release = town.cluster.watches.hold(({ resource }) => resource === DEPLOYMENTS)
      ship('cart:2')
      town.decide('Approved')
      await town.live(seconds(20))
      expect(ending()).to.deep.equal(['Cancelled', 'TargetChanged'])
      expect(town.actions[0]?.status?.result?.message).to.include('was cart:1, now cart:2')
      expect(written()).to.equal(0)
      release()
    })
  })

  it('does not expire any more once the approval was seen', async () => {
    const { safetyRules } = buildPolicy().spec
    await waiting({ ...MANUAL, safetyRules: { ...safetyRules, approvalTimeout: '2m' } })
    town.budget('none-may-go')
    await town.live(seconds(90))
    town.decide('Approved')
    await town.live(minutes(3))
    expect(ending()).to.deep.equal(['InProgress', 'DisruptionBudget'])
    town.cluster.drop(PODS, POD)
    await town.live(minutes(1))
    expect(town.actions[0]?.status?.phase).to.not.equal('Pending')
  })

  describe('while it waits', () => {
    const cases: Record<string, { readonly change: () => void; readonly reason: string }> = {
      'the policy is deleted': { change: () => town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }), reason: 'PolicyDeleted' },
      'the policy only watches': { change: () => town.editPolicy((spec) => ({ ...spec, mode: 'monitor' })), reason: 'PolicyChanged' },
      'the action is another one': { change: () => town.editPolicy((spec) => ({ ...spec, actions: [buildActionTemplate({ restartAction: { strategy: 'rolling', gracePeriodSeconds: 5 } })] })), reason: 'PolicyChanged' },
      'the target goes': { change: () => town.cluster.drop(PODS, POD), reason: 'TargetGone' },
      'the target recovers': { change: () => mend(), reason: 'TargetRecovered' },
    }
    const mend = (): void => {
      town.cluster.change(PODS, POD, (o) => {
        const at = new Date(town.clock.now()).toISOString().replace(/\.\d+Z/, 'Z')
        return { ...o, status: { phase: 'Running', containerStatuses: [{ name: 'app', ready: true, restartCount: 3, state: { running: { startedAt: at } } }], conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }] } }
      })
    }
    for (const [title, { change, reason }] of Object.entries(cases)) {
      it(`${title}: it is withdrawn`, async () => {
        await waiting()
        change()
        await town.live(minutes(4))
        expect(ending()).to.deep.equal(['Cancelled', reason])
        expect(town.attempts).to.equal(0)
        const [withdrawn] = town.actions
        expect(town.ledger?.entries.filter((e) => e.action === withdrawn?.metadata.name)).to.deep.equal([])
      })
    }

    it('the policy begins to act by itself: it is decided anew, and nobody is asked', async () => {
      await waiting()
      town.editPolicy((spec) => ({ ...spec, mode: 'automatic' }))
      await town.live(minutes(3))
      expect(ending()).to.deep.equal(['Cancelled', 'PolicyChanged'])
      expect(ending(1)).to.deep.equal(['Succeeded', 'Effective'])
      expect(town.evictions).to.have.length(1)
    })

    it('an act in flight begins to need approval: it is not carried out', async () => {
      town = new Town()
      const removed = town.cluster.faults.add((call) => (call.subresource === 'eviction' ? { when: 'before', answer: 'reset' } : undefined))
      await town.start()
      await town.live(seconds(8))
      town.editPolicy((spec) => ({ ...spec, mode: 'manual' }))
      removed()
      await town.live(minutes(1))
      expect(ending()).to.deep.equal(['Cancelled', 'PolicyChanged'])
      expect(town.evictions).to.deep.equal([])
    })

    it('the controller is another one: nothing is asked twice, and the approval still counts', async () => {
      await waiting()
      town.crash('controller-1')
      await town.start('controller-2')
      await town.live(minutes(2))
      expect(town.actions).to.have.length(1)
      town.decide('Approved')
      await town.live(minutes(3))
      expect(ending()).to.deep.equal(['Succeeded', 'Effective'])
      expect(town.evictions).to.have.length(1)
    })

    it('somebody deletes it: it is made again, since the trouble lasts', async () => {
      await waiting()
      const [action] = town.actions
      town.cluster.drop(HEALING_ACTIONS, { namespace: NAMESPACE, name: action?.metadata.name ?? '' })
      await town.live(minutes(3))
      expect(town.actions).to.have.length(1)
      expect(town.actions[0]?.metadata.uid).to.not.equal(action?.metadata.uid)
      expect(ending()).to.deep.equal(['Pending', 'PendingApproval'])
      expect(town.audit.map(({ type, id }) => [type.split('.').at(-1), id.startsWith(`${action?.metadata.uid}/`)])).to.deep.equal([['decided', true], ['deleted', true], ['decided', false]])
    })
  })

  it('meets every guard again when it is approved', async () => {
    await waiting()
    town.cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })
    town.decide('Approved')
    await town.live(minutes(1))
    expect(ending()).to.deep.equal(['Cancelled', 'KillSwitch'])
    expect(town.evictions).to.deep.equal([])
  })

  it('is written once by two controllers', async () => {
    await waiting()
    await town.start('controller-2')
    town.decide('Approved')
    await town.live(minutes(3))
    expect(ending()).to.deep.equal(['Succeeded', 'Effective'])
    expect(town.evictions).to.have.length(1)
  })

  it('is not asked for in a dry run, which says that it would be', async () => {
    town = new Town({ spec: { mode: 'dryrun', actions: [buildActionTemplate({ requiresApproval: true })] } })
    await town.start()
    await town.live(minutes(1))
    expect(ending()).to.deep.equal(['Succeeded', 'DryRun'])
    expect(town.actions[0]?.spec.approvalRequired).to.equal(undefined)
    expect(town.actions[0]?.status?.result?.message).to.include('would have evicted Pod/cart-1-0 after approval')
    expect(town.evictions).to.deep.equal([])
  })
})
