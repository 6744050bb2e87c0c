import { expect } from 'chai'
import type { KubeObject } from '../../shared/lib/object.ts'
import { workloadView } from './project.ts'

const raw = (kind: string, spec: unknown, status: unknown, annotations: Record<string, string> = {}): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'cart', namespace: 'shop', uid: 'uid-cart', resourceVersion: '7', generation: 3, creationTimestamp: '2030-01-01T12:00:00Z', annotations },
    spec,
    status,
  }) as KubeObject

const selector = { matchLabels: { app: 'cart' } }

describe('the view of a workload', () => {
  it('of a Deployment tells what it wants, what there is, and how it changes', () => {
    const status = { observedGeneration: 2, replicas: 5, readyReplicas: 3, availableReplicas: 2, updatedReplicas: 1, conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }] }
    expect(workloadView(raw('Deployment', { replicas: 4, paused: true, strategy: { type: 'Recreate' }, selector }, status), 'apps/v1', 'Deployment')).to.deep.include({
      shape: 'Workload', generation: 3, observedGeneration: 2, replicas: 4, readyReplicas: 3, availableReplicas: 2, updatedReplicas: 1, paused: true, updateStrategy: 'Recreate', podSelector: selector,
      conditions: [{ type: 'Progressing', status: 'True', since: undefined, reason: 'ReplicaSetUpdated' }],
    })
  })
  it('of a StatefulSet tells its partition', () => {
    const spec = { replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }, selector }
    expect(workloadView(raw('StatefulSet', spec, {}), 'apps/v1', 'StatefulSet')).to.deep.include({ replicas: 2, updateStrategy: 'RollingUpdate', partition: 1, readyReplicas: 0 })
  })
  it('of a DaemonSet counts nodes', () => {
    const status = { desiredNumberScheduled: 3, numberReady: 2, numberAvailable: 1, updatedNumberScheduled: 3, observedGeneration: 3 }
    expect(workloadView(raw('DaemonSet', { updateStrategy: { type: 'OnDelete' }, selector }, status), 'apps/v1', 'DaemonSet')).to.deep.include({
      replicas: 3, readyReplicas: 2, availableReplicas: 1, updatedReplicas: 3, updateStrategy: 'OnDelete',
    })
  })
  it('that was scaled to zero wants nothing, and one that says nothing wants one pod, as the API server defaults it', () => {
    expect(workloadView(raw('Deployment', { replicas: 0 }, {}), 'apps/v1', 'Deployment').replicas).to.equal(0)
    expect(workloadView(raw('Deployment', {}, {}), 'apps/v1', 'Deployment').replicas).to.equal(1)
  })
  it('keeps short annotations and leaves a whole object as last applied out', () => {
    const annotations = { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/cart', long: 'x'.repeat(1025), limit: 'x'.repeat(1024) }
    expect(Object.keys(workloadView(raw('Deployment', {}, {}, annotations), 'apps/v1', 'Deployment').annotations)).to.deep.equal(['argocd.argoproj.io/tracking-id', 'limit'])
  })
})
