import { expect } from 'chai'
import { HEALER_ACCOUNT, IGNORE_ANNOTATION, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import type { ObjectKey, Resource } from '../../shared/kube/api.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, NAMESPACES, PODS, REPLICA_SETS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import { buildActionTemplate, buildHealingAction } from '../../shared/testing/builders/objects.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { THROTTLED, type Fault } from '../../shared/testing/fake-cluster/faults.ts'
import { NAMESPACE, Town, type TownOptions } from '../testing/town.ts'

const isEviction = (call: Call): boolean => call.subresource === 'eviction'
const POD = { namespace: NAMESPACE, name: 'cart-1-0' }

describe('an action', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const phase = (i = 0) => town.actions[i]?.status?.phase
  const reason = (i = 0) => town.actions[i]?.status?.result?.reason
  const entries = () => town.ledger?.entries.map(({ state, outcome }) => [state, outcome])

  /** A town whose action is stuck before its write until `release`. */
  const stuck = async (fault: Fault = { when: 'before', answer: THROTTLED }, options: TownOptions = {}): Promise<() => void> => {
    town = new Town(options)
    const release = town.cluster.faults.add((call) => (isEviction(call) ? fault : undefined))
    await town.start()
    await town.live(seconds(8))
    expect(phase()).to.equal('InProgress')
    return release
  }
  const verifying = async (options: TownOptions = {}): Promise<void> => {
    town = new Town(options)
    await town.start()
    await town.live(seconds(20))
    expect(phase()).to.equal('Verifying')
  }

  describe('when things change before the write', () => {
    const annotate = (resource: Resource, key: ObjectKey) =>
      void town.cluster.change(resource, key, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { [PAUSE_ANNOTATION]: 'release' } } }))
    const cases: Record<string, { readonly change: () => void; readonly reason: string }> = {
      'the policy is deleted': { change: () => town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }), reason: 'PolicyDeleted' },
      'the policy is suspended': { change: () => town.editPolicy((spec) => ({ ...spec, suspend: true })), reason: 'Suspended' },
      'the policy is paused': { change: () => annotate(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }), reason: 'Paused' },
      'the namespace is paused': { change: () => annotate(NAMESPACES, { name: NAMESPACE }), reason: 'Paused' },
      'the policy only watches': { change: () => town.editPolicy((spec) => ({ ...spec, mode: 'monitor' })), reason: 'PolicyChanged' },
      'the policy cannot be read': { change: () => town.editPolicy((spec) => ({ ...spec, triggers: 'none' })), reason: 'PolicyDeleted' },
      'the policy is made anew': {
        change: () => {
          const { spec } = town.policy
          town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
          town.cluster.seed(HEALING_POLICIES, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'cart', namespace: NAMESPACE, generation: 1 }, spec: { ...spec, mode: 'monitor' } })
        },
        reason: 'PolicyDeleted',
      },
      'another object has the name': {
        change: () => {
          const old = town.cluster.must(PODS, POD)
          const { uid: _, resourceVersion: __, ...metadata } = old.metadata
          town.cluster.drop(PODS, POD)
          town.cluster.seed(PODS, { ...old, metadata })
        },
        reason: 'TargetGone',
      },
      'the healer is taken away': { change: () => town.cluster.drop(SERVICE_ACCOUNTS, { namespace: NAMESPACE, name: HEALER_ACCOUNT }), reason: 'HealerMissing' },
      'its reservation is taken away': {
        change: () => {
          const [ledger] = town.cluster.all(HEALING_LEDGERS)
          const entries = town.ledger?.entries.map((e) => ({ ...e, state: 'Abandoned' }))
          town.cluster.change(HEALING_LEDGERS, ledger?.metadata ?? { name: '' }, (o) => ({ ...o, spec: { ...(o['spec'] as object), entries } }))
        },
        reason: 'NotReserved',
      },
    }
    for (const [title, { change, reason: why }] of Object.entries(cases)) {
      it(`is not carried out (${title})`, async () => {
        const release = await stuck()
        change()
        release()
        await town.live(minutes(1))
        expect([phase(), reason()]).to.deep.equal(['Cancelled', why])
        expect(town.evictions).to.have.length(title === 'another object has the name' ? town.actions.length - 1 : 0)
        expect(town.ledger?.entries.every(({ state }, i) => state !== 'Reserved' || i > 0)).to.equal(true)
      })
    }

    const optsOut = (resource: Resource, key: ObjectKey, annotations: Record<string, string>) => () =>
      void town.cluster.change(resource, key, (o) => ({ ...o, metadata: { ...o.metadata, annotations } }))
    const late: Record<string, { readonly change: () => void; readonly reason: string }> = {
      'the policy only watches': { change: () => town.editPolicy((spec) => ({ ...spec, mode: 'monitor' })), reason: 'PolicyChanged' },
      'the policy protects it': { change: () => town.editPolicy((spec) => ({ ...spec, safetyRules: { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: [POD.name] }] } })), reason: 'Protected' },
      'the policy is deleted': { change: () => town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }), reason: 'PolicyDeleted' },
      'the policy is paused': { change: optsOut(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }, { [PAUSE_ANNOTATION]: '' }), reason: 'Paused' },
      'the namespace opts out': { change: optsOut(NAMESPACES, { name: NAMESPACE }, { [IGNORE_ANNOTATION]: 'true' }), reason: 'OptedOut' },
      'its ReplicaSet opts out': { change: optsOut(REPLICA_SETS, { namespace: NAMESPACE, name: 'cart-1' }, { [IGNORE_ANNOTATION]: 'true' }), reason: 'OptedOut' },
      'its Deployment opts out': { change: optsOut(DEPLOYMENTS, { namespace: NAMESPACE, name: 'cart' }, { [IGNORE_ANNOTATION]: 'true' }), reason: 'OptedOut' },
    }
    /** Somebody comes in between, while the first answer to a dry run is on its way. */
    const meanwhile = async (change: () => void, options: TownOptions = {}): Promise<void> => {
      town = new Town(options)
      let changed = false
      town.cluster.faults.add((call) => {
        if (isEviction(call) && call.dryRun && !changed) {
          changed = true
          change()
        }
        return undefined
      })
      await town.start()
      await town.live(minutes(1))
      expect(changed).to.equal(true)
    }
    for (const [title, { change, reason: why }] of Object.entries(late)) {
      it(`after its dry run is not written (${title})`, async () => {
        await meanwhile(change)
        expect([phase(), reason()]).to.deep.equal(['Cancelled', why])
        expect(town.evictions).to.deep.equal([])
      })
    }

    it('of which it could not be asked whether it may has written nothing, whatever becomes of its object', async () => {
      town = new Town()
      let left = 1
      town.cluster.faults.add((call) => {
        const again = call.verb === 'get' && call.resource === REPLICA_SETS && phase() === 'InProgress' && left-- > 0
        if (again) town.cluster.drop(PODS, POD)
        return again ? { when: 'before', answer: 'reset' } : undefined
      })
      await town.start()
      await town.live(minutes(1))
      expect(left).to.be.below(1)
      expect([phase(), reason(), town.actions[0]?.status?.failedAttempts]).to.deep.equal(['Cancelled', 'TargetGone', 1])
      expect(town.attempts).to.equal(0)
    })

    it('after its dry run is written all the same when only what others keep there has changed', async () => {
      const labelled = (resource: Resource, key: ObjectKey) => void town.cluster.change(resource, key, (o) => ({ ...o, status: { ...(o['status'] as object), seen: 1 } }))
      await meanwhile(() => {
        labelled(DEPLOYMENTS, { namespace: NAMESPACE, name: 'cart' })
        labelled(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
        labelled(NAMESPACES, { name: NAMESPACE })
      })
      expect(town.evictions).to.have.length(1)
      expect(town.actions[0]?.status?.result?.message).to.not.contain('changed')
    })

    it('deleted by a person in the middle nobody knows what came of it, and another one follows under a number of its own', async () => {
      const release = await stuck()
      town.cluster.drop(HEALING_ACTIONS, { namespace: NAMESPACE, name: town.actions[0]?.metadata.name ?? '' })
      release()
      await town.live(minutes(5))
      expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
      expect(town.evictions).to.have.length(1)
      expect(entries()).to.deep.equal([['Settled', 'Inconclusive'], ['Settled', 'Effective']])
    })

    it('whose namespace is deleted leaves no reservation that blocks for ever', async () => {
      const release = await stuck()
      await town.cluster.delete(NAMESPACES, { name: NAMESPACE })
      release()
      await town.live(minutes(2))
      expect(town.ledger?.goneSince).to.be.a('string')
      expect(town.evictions).to.deep.equal([])
      const before = town.cluster.journal.entries.length
      await town.clock.advance(minutes(20))
      expect(town.cluster.journal.entries.slice(before).filter(({ call }) => call.verb !== 'watch')).to.deep.equal([])
      await town.clock.advance(minutes(24 * 60))
      expect(town.ledger).to.equal(undefined)
    })
  })

  describe('that is being verified', () => {
    it('is still verified when the policy is suspended or only watches by then', async () => {
      for (const change of [{ suspend: true }, { mode: 'monitor' }]) {
        await verifying()
        town.editPolicy((spec) => ({ ...spec, ...change }))
        await town.live(minutes(3))
        expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
        if ('suspend' in change) await town.stop()
      }
    })

    it('is inconclusive when the policy that decided is gone, also when one of its name came after it', async () => {
      for (const again of [false, true]) {
        await verifying()
        const { spec } = town.policy
        town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' })
        if (again) town.cluster.seed(HEALING_POLICIES, { apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'cart', namespace: NAMESPACE, generation: 1 }, spec })
        await town.live(minutes(3))
        expect(phase()).to.equal('Failed')
        expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Inconclusive'])
        expect(entries()).to.deep.equal([['Settled', 'Inconclusive']])
        if (!again) await town.stop()
      }
    })

    it('is not called effective on the word of a watch that has gone silent', async () => {
      town = new Town()
      await town.start()
      await town.live(seconds(20))
      const healthy = town.cluster.all(PODS).find(({ metadata }) => metadata.name !== POD.name)
      await town.live(seconds(10))
      town.cluster.watches.hold(({ resource }) => resource.plural === 'pods')
      town.cluster.change(PODS, healthy?.metadata ?? POD, (o) => ({
        ...o,
        status: { phase: 'Running', containerStatuses: [{ name: 'app', ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } }], conditions: [{ type: 'Ready', status: 'False' }] },
      }))
      await town.live(minutes(3))
      expect(town.actions[0]?.status?.outcome).to.not.equal('Effective')
      expect(town.actions[0]?.status?.outcome).to.not.equal(undefined)
    })

    it('settles its reservation when a person deletes it', async () => {
      await verifying()
      town.cluster.drop(HEALING_ACTIONS, { namespace: NAMESPACE, name: town.actions[0]?.metadata.name ?? '' })
      await town.live(minutes(3))
      expect(entries()).to.deep.equal([['Settled', 'Inconclusive']])
      expect(town.evictions).to.have.length(1)
    })
  })

  describe('with a status that makes no sense', () => {
    const nonsense: Record<string, Record<string, unknown>> = {
      'an unknown phase': { phase: 'Agreed' },
      'an unreadable begin': { startTime: 'yesterday' },
      'a list for a time': { phase: 'Verifying', actedAt: ['now'] },
      'no time of the act': { phase: 'Verifying', actedAt: undefined },
      'conditions of the wrong type': { conditions: 'none' },
      'a result of the wrong type': { result: { success: 'yes', reason: 7, changes: 'all' } },
    }
    for (const [title, status] of Object.entries(nonsense)) {
      it(`stops acting and says so (${title})`, async () => {
        const release = await stuck()
        town.editAction(status)
        await town.live(seconds(1.5))
        release()
        expect([phase(), reason()]).to.deep.equal(['Failed', 'StatusUnreadable'])
        expect(town.actions[0]?.status?.outcome).to.equal('Inconclusive')
        expect(town.ledger?.entries[0]).to.include({ state: 'Settled', outcome: 'Inconclusive' })
        expect(town.actions[0]?.status?.startTime).to.not.equal('yesterday')
      })
    }

    it('frees its reservation when a person calls it ended', async () => {
      await stuck()
      town.editAction({ phase: 'Cancelled' })
      await town.live(seconds(2))
      expect(town.ledger?.entries[0]).to.include({ state: 'Settled', outcome: 'Cancelled' })
    })
  })

  it('made by a person without a reservation does nothing', async () => {
    town = new Town({ spec: { mode: 'monitor' } })
    await town.start()
    await town.live(seconds(10))
    town.editPolicy((spec) => ({ ...spec, mode: 'automatic', safetyRules: { ...town.policy.spec.safetyRules, maxActionsPerHour: 1 }, actions: [buildActionTemplate({ name: 'other' })] }))
    const { spec } = buildHealingAction()
    const pod = town.cluster.must(PODS, POD)
    town.cluster.seed(HEALING_ACTIONS, {
      apiVersion: 'kubeskippy.io/v1alpha1',
      kind: 'HealingAction',
      metadata: { name: 'by-hand', namespace: NAMESPACE },
      spec: {
        ...spec,
        action: buildActionTemplate({ name: 'other' }),
        policyRef: { name: 'cart', namespace: NAMESPACE, uid: town.policy.metadata.uid, generation: 2 },
        targetResource: { ...spec.targetResource, name: POD.name, uid: pod.metadata.uid },
        trigger: { ...spec.trigger, name: 'crashing' },
      },
    })
    await town.live(minutes(4))
    const made = town.actions.find(({ metadata }) => metadata.name === 'by-hand') as HealingAction
    expect([made.status?.phase, made.status?.result?.reason]).to.deep.equal(['Cancelled', 'NotReserved'])
    expect(town.evictions).to.have.length(1)
    expect(town.ledger?.entries).to.have.length(1)
  })

  it('has a name and labels that fit, for the longest policy and action names', async () => {
    town = new Town({ name: 'p'.repeat(63), spec: { actions: [buildActionTemplate({ name: 'a'.repeat(63) })] } })
    await town.start()
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.cluster.all(HEALING_LEDGERS)[0]?.metadata.namespace).to.equal(OPERATOR_NAMESPACE)
  })
})
