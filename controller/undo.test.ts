import { expect } from 'chai'
import { CONFIG_MAPS, DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { KILL_SWITCH, OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import type { ActionTemplate } from '../shared/api/v1alpha1/types.ts'
import { minutes, seconds } from '../shared/lib/time.ts'
import { buildActionTemplate, buildPolicy } from '../shared/testing/builders/objects.ts'
import type { Call } from '../shared/testing/fake-cluster/calls.ts'
import { NAMESPACE, Town } from './testing/town.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const up: ActionTemplate = { ...bare, type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } }
const KEY = { namespace: NAMESPACE, name: 'cart' }
const safetyRules = { ...buildPolicy().spec.safetyRules, healthCheckTimeout: '30s', stabilizationWindow: '30s' }

describe('the whole controller, where an act did not help', () => {
  let town: Town
  afterEach(async () => {
    await town.stop()
  })

  const isWrite = ({ impersonate, dryRun }: Call): boolean => impersonate !== undefined && !dryRun
  const setUp = async (actions: readonly ActionTemplate[] = [up]): Promise<void> => {
    town = new Town({ spec: { actions: [...actions], safetyRules } })
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { replicas: 1, template: {} } }))
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: o.metadata.generation, replicas: 1, updatedReplicas: 1 } }))
  }
  const replicas = (): number => (town.cluster.must(DEPLOYMENTS, KEY) as unknown as { spec: { replicas: number } }).spec.replicas
  const scalings = (): number => town.cluster.journal.effects.filter(({ call }) => isWrite(call) && call.subresource === 'scale').length
  /** New pods are as broken as the old ones. */
  const live = async (span: number): Promise<void> => {
    for (let passed = 0; passed < span; passed += 500) {
      await town.clock.advance(seconds(0.5))
      while (town.cluster.all(PODS).length < replicas()) town.pod('broken')
      const generation = town.cluster.must(DEPLOYMENTS, KEY).metadata.generation ?? 0
      if ((town.cluster.must(DEPLOYMENTS, KEY) as unknown as { status?: { observedGeneration?: number } }).status?.observedGeneration !== generation) {
        town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, status: { observedGeneration: generation, replicas: replicas(), updatedReplicas: replicas() } }))
      }
    }
  }
  const untilScaled = async (): Promise<void> => {
    for (let i = 0; i < 100 && scalings() === 0; i++) await town.clock.advance(seconds(0.5))
    expect(replicas()).to.equal(2)
  }
  const ended = (): string => town.actions.map(({ status }) => `${status?.phase} ${status?.outcome}`).join(', ')
  const message = (): string => town.actions[0]?.status?.result?.message ?? ''

  it('takes it back, once, and counts it as ineffective', async () => {
    await setUp()
    await town.start()
    await live(minutes(3))
    expect(ended()).to.equal('Failed Reverted')
    expect(replicas()).to.equal(1)
    expect(scalings()).to.equal(2)
    expect(message()).to.match(/; undone$/)
    expect(town.ledger?.outcomes).to.include({ effective: 0, ineffective: 1 })
  })

  it('tells that it takes it back before it writes', async () => {
    await setUp()
    await town.start()
    await live(minutes(3))
    expect(town.audit.map(({ type }) => type.replace(/^io\.kubeskippy\.(?:healingaction\.)?/, ''))).to.deep.equal(['decided', 'write.requested', 'write.answered', 'acted', 'undoing', 'write.requested', 'write.answered', 'ended'])
  })

  it('finds out by reading that it was taken back, when the answer was lost', async () => {
    await setUp()
    let seen = 0
    town.cluster.faults.add((call) => (isWrite(call) && call.subresource === 'scale' && (seen += 1) === 2 ? { when: 'after', answer: 'reset' } : undefined))
    await town.start()
    await live(minutes(3))
    expect(ended()).to.equal('Failed Reverted')
    expect(replicas()).to.equal(1)
    expect(scalings()).to.equal(2)
  })

  it('goes on with taking back where its predecessor was killed', async () => {
    await setUp()
    let seen = 0
    const removed = town.cluster.faults.add((call) => (isWrite(call) && call.subresource === 'scale' && (seen += 1) >= 2 ? { when: 'before', answer: 'reset' } : undefined))
    await town.start()
    await live(seconds(55))
    expect(town.actions[0]?.status?.undo).to.not.equal(undefined)
    town.crash('controller-1')
    removed()
    await town.start('controller-2')
    await live(minutes(2))
    expect(ended()).to.equal('Failed Reverted')
    expect(scalings()).to.equal(2)
  })

  it('leaves what somebody else has changed since', async () => {
    await setUp()
    await town.start()
    await untilScaled()
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, spec: { ...(o['spec'] as object), replicas: 3 } }))
    await live(minutes(3))
    expect(ended()).to.equal('Failed Ineffective')
    expect(message()).to.include('not undone: somebody else has changed it since')
    expect(replicas()).to.equal(3)
  })

  it('does not write while the kill switch is on', async () => {
    await setUp()
    await town.start()
    await untilScaled()
    town.cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })
    await live(minutes(3))
    expect(ended()).to.equal('Failed Ineffective')
    expect(message()).to.include('not undone: the kill switch')
    expect(scalings()).to.equal(1)
  })

  it('does not write when the policy is only to look by then', async () => {
    await setUp()
    await town.start()
    await untilScaled()
    town.cluster.change(HEALING_POLICIES, { namespace: NAMESPACE, name: town.policy.metadata.name }, (o) => ({ ...o, metadata: { ...o.metadata, generation: 2 }, spec: { ...(o['spec'] as object), mode: 'monitor' } }))
    await live(minutes(3))
    expect(message()).to.include("not undone: the policy's mode is monitor now")
    expect(scalings()).to.equal(1)
  })

  it('leaves a number that an autoscaler decides about by then', async () => {
    await setUp()
    await town.start()
    await untilScaled()
    town.cluster.seed(HORIZONTAL_POD_AUTOSCALERS, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'cart', namespace: NAMESPACE }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' }, maxReplicas: 9 } })
    await live(minutes(3))
    expect(ended()).to.equal('Failed Ineffective')
    expect(message()).to.include('not undone: HorizontalPodAutoscaler/cart scales Deployment/cart')
    expect(scalings()).to.equal(1)
  })

  it('takes back the fields of a patch, those that were not there too', async () => {
    await setUp([{ ...bare, type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: 'metadata: {annotations: {a: "1", b: "2"}}' } }])
    town.cluster.change(DEPLOYMENTS, KEY, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { a: '0' } } }))
    await town.start()
    await live(minutes(3))
    expect(ended()).to.equal('Failed Reverted')
    expect(town.cluster.must(DEPLOYMENTS, KEY).metadata.annotations).to.deep.equal({ a: '0' })
  })

  it('does not take back a restart', async () => {
    await setUp([buildActionTemplate({ target: 'Workload' })])
    await town.start()
    await live(minutes(3))
    expect(ended()).to.equal('Failed Ineffective')
    expect(town.actions[0]?.status?.undo).to.equal(undefined)
  })
})
