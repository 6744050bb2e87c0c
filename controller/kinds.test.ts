/** Objects of other kinds in the whole controller: what is watched when, and what is said of what cannot be seen. */
import { expect } from 'chai'
import type { HealingPolicySpec } from '../shared/api/v1alpha1/types.ts'
import type { KubeManifest, Resource } from '../shared/kube/api.ts'
import { HEALING_POLICIES } from '../shared/kube/resources.ts'
import { formatInstant, minutes, seconds } from '../shared/lib/time.ts'
import { buildTrigger } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const WIDGETS: Resource = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true }
const GADGETS: Resource = { ...WIDGETS, kind: 'Gadget', plural: 'gadgets', namespaced: false }
const JOBS: Resource = { group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true }

const watching = (apiVersion: string, kind: string, type: string, status: 'True' | 'False' = 'True'): Partial<HealingPolicySpec> => ({
  mode: 'monitor',
  selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion, kind }] },
  triggers: [buildTrigger({ name: 'held', conditionTrigger: { type, status, duration: '10s' } })],
})
const widgets = watching('example.com/v1', 'Widget', 'Ready', 'False')

/** Beyond the controller's own rights, as an aggregated role would grant it. */
const granted = { allow: (call: Call): boolean => call.resource.group === 'example.com' }

describe('objects of other kinds in the whole controller', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const now = (): string => formatInstant(town.clock.now())
  const object = ({ group, version, kind }: Resource, name: string, type: string, status: string): KubeManifest & Readonly<Record<string, unknown>> => ({
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { namespace: NAMESPACE, name, labels: { app: 'cart' } },
    spec: { secret: 'x' },
    status: { conditions: [{ type, status, lastTransitionTime: now(), reason: 'Because' }] },
  })
  const trigger = () => town.policy.status?.triggers?.[0]
  const reads = (of: Resource): Call[] => town.cluster.journal.entries.map(({ call }) => call).filter(({ resource, verb }) => resource.plural === of.plural && (verb === 'list' || verb === 'watch'))

  it('a failed Job is found, since when the API server says', async () => {
    town = new Town({ spec: watching('batch/v1', 'Job', 'Failed') })
    town.cluster.seed(JOBS, object(JOBS, 'import', 'Failed', 'True'))
    const since = now()
    await town.start()
    await town.live(seconds(8))
    expect(trigger()).to.include({ state: 'Pending' })
    await town.live(seconds(5))
    const { status } = town.policy
    expect(status?.findings?.map((f) => ({ kind: f.object.kind, name: f.object.name, since: f.since, state: f.state, message: f.message }))).to.deep.equal([
      { kind: 'Job', name: 'import', since, state: 'Firing', message: 'condition Failed is True (Because)' },
    ])
    expect([status?.matched, status?.healthy]).to.deep.equal([1, 0])
  })

  it('a custom resource is found by its condition, in the namespace of the policy only', async () => {
    town = new Town({ spec: widgets, ...granted })
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'a', 'Ready', 'False'))
    await town.start()
    await town.live(seconds(15))
    expect(trigger()).to.include({ state: 'Firing', objects: 1 })
    expect(new Set(reads(WIDGETS).map(({ namespace }) => namespace))).to.deep.equal(new Set([NAMESPACE]))
  })

  it('without the right it is no data, and the status says what to grant; found when it was granted', async () => {
    let allowed = false
    town = new Town({ spec: widgets, allow: (call) => allowed && granted.allow(call) })
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'a', 'Ready', 'False'))
    await town.start()
    await town.live(seconds(15))
    expect(trigger()).to.include({
      state: 'NoData',
      message: 'example.com/v1 Widget: the controller may not list them; grant get, list and watch on widgets.example.com in a ClusterRole with the label kubeskippy.io/aggregate-to-controller: "true"',
    })
    allowed = true
    await town.live(minutes(1))
    expect(trigger()).to.include({ state: 'Firing', objects: 1 })
  })

  it('a kind that is not installed is no data, is asked for ever more slowly, and found when it comes', async () => {
    town = new Town({ spec: widgets, ...granted })
    await town.start()
    await town.live(minutes(30))
    expect(trigger()).to.include({ state: 'NoData', message: 'the API server knows no kind example.com/v1 Widget: its definition is not installed' })
    expect(town.cluster.definitions.asked).to.be.within(25, 50)
    expect(reads(WIDGETS)).to.deep.equal([])
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'a', 'Ready', 'False'))
    await town.live(minutes(1.5))
    expect(trigger()).to.include({ state: 'Firing', objects: 1 })
  })

  it('a kind that is removed is no data again, is not listed meanwhile, and is found when it comes back', async () => {
    town = new Town({ spec: widgets, ...granted })
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'a', 'Ready', 'False'))
    await town.start()
    await town.live(seconds(15))
    town.cluster.undefine(WIDGETS)
    await town.live(minutes(1))
    expect(trigger()).to.include({ state: 'NoData', message: 'the API server knows no kind example.com/v1 Widget: its definition is not installed' })
    const before = reads(WIDGETS).length
    await town.live(minutes(20))
    expect(reads(WIDGETS)).to.have.length(before)
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'b', 'Ready', 'False'))
    await town.live(minutes(1.5))
    expect(town.policy.status?.findings?.map(({ object: { name } }) => name)).to.deep.equal(['b'])
  })

  it('a cluster-scoped kind is no data', async () => {
    town = new Town({ spec: watching('example.com/v1', 'Gadget', 'Ready'), ...granted })
    town.cluster.definitions.define(GADGETS)
    await town.start()
    await town.live(seconds(5))
    expect(trigger()).to.include({ state: 'NoData', message: 'example.com/v1 Gadget is cluster-scoped, and a HealingPolicy reaches objects of namespaces only' })
  })

  it('is watched only while a policy selects it', async () => {
    town = new Town({ spec: widgets, ...granted })
    town.cluster.definitions.define(WIDGETS)
    await town.start()
    await town.live(seconds(5))
    expect(reads(WIDGETS).map(({ verb }) => verb)).to.deep.equal(['list', 'watch'])
    expect(reads(JOBS)).to.deep.equal([])
    town.cluster.drop(HEALING_POLICIES, { namespace: NAMESPACE, name: town.policyName })
    await town.live(minutes(20))
    expect(reads(WIDGETS)).to.have.length(2)
  })

  it('lists nothing and writes nothing while nothing happens', async () => {
    town = new Town({ spec: widgets, ...granted })
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'a', 'Ready', 'True'))
    await town.start()
    await town.live(minutes(2))
    const before = town.cluster.journal.entries.length
    await town.clock.advance(minutes(30))
    expect(town.cluster.journal.entries.slice(before).filter(({ call }) => call.verb !== 'watch')).to.deep.equal([])
  })

  it('in a policy that would act is refused before anything is decided', async () => {
    town = new Town({ spec: { ...widgets, mode: 'automatic' }, ...granted })
    town.cluster.definitions.define(WIDGETS)
    town.cluster.seed(WIDGETS, object(WIDGETS, 'a', 'Ready', 'False'))
    await town.start()
    await town.live(seconds(20))
    expect(town.policy.status?.lastDecision).to.include({ kind: 'Blocked', reason: 'NotAccepted' })
    expect(town.actions).to.have.length(0)
  })
})
