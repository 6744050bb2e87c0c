import { expect } from 'chai'
import type { KubeObject, ObjectKey, WriteOptions } from '../../kube/api.ts'
import { POD_DISRUPTION_BUDGETS, PODS } from '../../kube/resources.ts'
import { OLD_VERSION, OTHER_UID, pod, refusal, setReady, type GetHarness, type PodOptions } from './harness.ts'

interface Preconditions {
  readonly uid?: string
  readonly resourceVersion?: string
}

interface Budget extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number
    readonly disruptionsAllowed?: number
    readonly expectedPods?: number
    readonly currentHealthy?: number
    readonly disruptedPods?: Readonly<Record<string, string>>
  }
}

export function evictionCases(harness: GetHarness): void {
  const evict = (key: ObjectKey, preconditions: Preconditions = {}, options: WriteOptions = {}): Promise<unknown> => {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: key, deleteOptions: { preconditions } }
    return harness().api.post(PODS, key, 'eviction', body, options)
  }
  const start = (namespace: string, name: string, ready: boolean | undefined, options?: PodOptions): Promise<KubeObject> => {
    const { api } = harness()
    const key = { namespace, name }
    const created = api.create(PODS, pod(key, { labels: { app: 'cart' }, ...options }))
    return ready === undefined ? created : created.then(() => setReady(api, key, ready))
  }
  /** Waits until the disruption controller has counted that many healthy pods. */
  const budget = async (namespace: string, spec: object, healthy: number, name = 'budget'): Promise<Budget> => {
    const { api, eventually } = harness()
    const manifest = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace },
      spec: { selector: { matchLabels: { app: 'cart' } }, ...spec },
    }
    await api.create(POD_DISRUPTION_BUDGETS, manifest)
    return eventually(async () => {
      const current = await api.get<Budget>(POD_DISRUPTION_BUDGETS, { namespace, name })
      expect(current.status?.observedGeneration).to.equal(current.metadata.generation)
      expect(current.status?.currentHealthy).to.equal(healthy)
      return current
    })
  }

  describe('eviction', () => {
    for (const ready of [true, false]) {
      it(`of a${ready ? ' ready' : 'n unready'} pod without a budget honours both preconditions, in a dry run too`, async () => {
        const { api, namespace } = harness()
        const ns = await namespace()
        const key = { namespace: ns, name: 'a' }
        const { uid, resourceVersion } = (await start(ns, 'a', ready)).metadata
        for (const options of [{ dryRun: true }, {}]) {
          const error = await refusal(evict(key, { uid: OTHER_UID, resourceVersion }, options), 'Conflict', 409)
          expect(error.causes).to.deep.equal([])
          await refusal(evict(key, { uid, resourceVersion: OLD_VERSION }, options), 'Conflict', 409)
          await refusal(evict(key, { uid: OTHER_UID }, options), 'Conflict', 409)
        }
        await evict(key, { uid, resourceVersion }, { dryRun: true })
        expect((await api.get(PODS, key)).metadata.resourceVersion).to.equal(resourceVersion)
        await evict(key, { uid, resourceVersion })
        await refusal(api.get(PODS, key), 'NotFound')
        await refusal(evict(key, { uid, resourceVersion }), 'NotFound', 404)
      })
    }

    it('over an exhausted budget is DisruptionBudget without a Retry-After, even for another uid', async () => {
      const { namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { uid, resourceVersion } = (await start(ns, 'a', true)).metadata
      await budget(ns, { minAvailable: 1 }, 1)
      for (const options of [{ dryRun: true }, {}]) {
        const error = await refusal(evict(key, { uid, resourceVersion }, options), 'DisruptionBudget', 429)
        expect(error.retryAfter).to.equal(undefined)
        expect(error.causes.map(({ reason }) => reason)).to.deep.equal(['DisruptionBudget'])
        await refusal(evict(key, { uid: OTHER_UID, resourceVersion }, options), 'DisruptionBudget', 429)
      }
    })

    it('over a budget that is not processed yet is DisruptionBudgetPending with a Retry-After', async () => {
      const { api, namespace, eventually } = harness()
      const ns = await namespace()
      await start(ns, 'a', true)
      await budget(ns, { minAvailable: 0 }, 1)
      // The controller is quick: the spec is changed again until an eviction comes before it.
      let minAvailable = 0
      const error = await eventually(async () => {
        minAvailable = 1 - minAvailable
        await api.patch(POD_DISRUPTION_BUDGETS, { namespace: ns, name: 'budget' }, { type: 'merge', body: { spec: { minAvailable } } })
        return refusal(evict({ namespace: ns, name: 'a' }, {}, { dryRun: true }), 'DisruptionBudgetPending', 429)
      })
      expect(error.retryAfter).to.equal(10_000)
    })

    it('of an unready pod of an app below its budget is refused under the default policy', async () => {
      const { namespace } = harness()
      const ns = await namespace()
      const { uid, resourceVersion } = (await start(ns, 'a', false)).metadata
      await budget(ns, { minAvailable: 1 }, 0)
      await refusal(evict({ namespace: ns, name: 'a' }, { uid, resourceVersion }), 'DisruptionBudget', 429)
    })

    it('WRONG as usually stated: of an unready pod under AlwaysAllow the resourceVersion is not looked at; the uid is', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { uid, resourceVersion } = (await start(ns, 'a', false)).metadata
      await budget(ns, { minAvailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' }, 0)
      await refusal(evict(key, { uid: OTHER_UID, resourceVersion }), 'Conflict', 409)
      // Only the uid, and a wrong one: hidden behind a 429 that asks to retry.
      expect((await refusal(evict(key, { uid: OTHER_UID }), 'DisruptionBudgetPending', 429)).retryAfter).to.equal(10_000)
      await evict(key, { uid, resourceVersion: OLD_VERSION })
      await refusal(api.get(PODS, key), 'NotFound')
    })

    it('of an unready pod of an app that meets its budget is the same under the default policy', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'bad' }
      await start(ns, 'good', true)
      const { uid } = (await start(ns, 'bad', false)).metadata
      await budget(ns, { minAvailable: 1 }, 1)
      await evict(key, { uid, resourceVersion: OLD_VERSION })
      await refusal(api.get(PODS, key), 'NotFound')
    })

    it('TRAP: of a ready pod with a stale precondition costs the budget, and a dry run of it does not', async () => {
      const { api, namespace, eventually } = harness()
      const ns = await namespace()
      const { uid } = (await start(ns, 'a', true)).metadata
      await start(ns, 'b', true)
      await budget(ns, { minAvailable: 1 }, 2)
      const key = { namespace: ns, name: 'a' }
      const allowed = async (): Promise<Budget['status']> => (await api.get<Budget>(POD_DISRUPTION_BUDGETS, { namespace: ns, name: 'budget' })).status
      await refusal(evict(key, { uid, resourceVersion: OLD_VERSION }, { dryRun: true }), 'Conflict', 409)
      expect((await allowed())?.disruptionsAllowed).to.equal(1)
      await refusal(evict(key, { uid, resourceVersion: OLD_VERSION }), 'Conflict', 409)
      await eventually(async () => {
        const status = await allowed()
        expect(status?.disruptionsAllowed).to.equal(0)
        expect(Object.keys(status?.disruptedPods ?? {})).to.deep.equal(['a'])
      })
      await refusal(evict({ namespace: ns, name: 'b' }), 'DisruptionBudget', 429)
    })

    it('of a pod with two budgets is a bare 500', async () => {
      const { namespace } = harness()
      const ns = await namespace()
      await start(ns, 'a', true)
      await budget(ns, { minAvailable: 0 }, 1, 'one')
      await budget(ns, { minAvailable: 0 }, 1, 'two')
      const error = await refusal(evict({ namespace: ns, name: 'a' }), 'Server', 500)
      expect([error.reason, error.causes]).to.deep.equal([undefined, []])
    })

    it('of a pending pod ignores the budget but not the preconditions', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { uid, resourceVersion } = (await start(ns, 'a', undefined)).metadata
      await budget(ns, { minAvailable: 1 }, 0)
      await refusal(evict(key, { uid: OTHER_UID, resourceVersion }), 'Conflict', 409)
      await refusal(evict(key, { uid, resourceVersion: OLD_VERSION }), 'Conflict', 409)
      await evict(key, { uid, resourceVersion })
      await refusal(api.get(PODS, key), 'NotFound')
    })

    for (const phase of ['Succeeded', 'Failed']) {
      it(`of a pod that has ${phase} ignores the budget too`, async () => {
        const { api, namespace } = harness()
        const ns = await namespace()
        const key = { namespace: ns, name: 'a' }
        await start(ns, 'a', false)
        const { uid, resourceVersion } = (await api.patch(PODS, key, { type: 'merge', body: { status: { phase } } }, { subresource: 'status' })).metadata
        await budget(ns, { minAvailable: 1 }, 0)
        await refusal(evict(key, { uid: OTHER_UID, resourceVersion }), 'Conflict', 409)
        await evict(key, { uid, resourceVersion })
        await refusal(api.get(PODS, key), 'NotFound')
      })
    }

    it('TRAP: with a grace period of 0 is a delete by force: the pod is gone, although nobody has ended its processes', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { uid } = (await start(ns, 'a', true, { nodeName: 'no-such-node' })).metadata
      await api.post(PODS, key, 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: key, deleteOptions: { preconditions: { uid }, gracePeriodSeconds: 0 } })
      await refusal(api.get(PODS, key), 'NotFound')
    })

    it('TRAP: is the only write that asks a budget: with nothing left of it a delete of the pod goes through', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { uid, resourceVersion } = (await start(ns, 'a', true)).metadata
      await budget(ns, { minAvailable: 1 }, 1)
      await refusal(evict(key, { uid, resourceVersion }), 'DisruptionBudget', 429)
      await api.delete(PODS, key, { preconditions: { uid, resourceVersion } })
      await refusal(api.get(PODS, key), 'NotFound')
    })

    it('of a terminating pod succeeds again and writes nothing', async () => {
      const { api, namespace } = harness()
      const ns = await namespace()
      const key = { namespace: ns, name: 'a' }
      const { uid } = (await start(ns, 'a', true, { nodeName: 'no-such-node' })).metadata
      await evict(key, { uid })
      const dying = await api.get(PODS, key)
      const { deletionTimestamp, resourceVersion } = dying.metadata
      expect(deletionTimestamp).to.be.a('string')
      await evict(key, { uid, resourceVersion })
      // Both are sent: a wrong uid alone makes a real server try for ten seconds before it says so.
      await refusal(evict(key, { uid: OTHER_UID, resourceVersion }), 'Conflict', 409)
      expect((await api.get(PODS, key)).metadata.resourceVersion).to.equal(resourceVersion)
    })
  })
}
