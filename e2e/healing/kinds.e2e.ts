/** Objects of kinds that nobody acts on, Jobs and custom resources: watched while a policy asks for them, with the rights that somebody granted. */
import { expect } from 'chai'
import { AGGREGATE_LABEL } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicyStatus } from '../../shared/api/v1alpha1/types.ts'
import { seconds, type Millis } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { policy, useFixture } from './fixture.ts'

const GROUP = 'e2e.example.com'

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
}

/** As whoever installs the definition would write it. */
const role = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'widgets-for-kubeskippy', labels: { [AGGREGATE_LABEL]: 'true' } },
  rules: [{ apiGroups: [GROUP], resources: ['widgets'], verbs: ['get', 'list', 'watch'] }],
}

const SINCE = '2026-01-01T00:00:00Z'
const widget = (namespace: string, name: string, ready: string): object => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'Widget',
  metadata: { name, namespace, labels: { app: 'web' } },
  status: { conditions: [{ type: 'Ready', status: ready, lastTransitionTime: SINCE, reason: 'Broken' }] },
})

function watching(namespace: string, apiVersion: string, kind: string, type: string, status = 'True'): object {
  const made = policy(namespace, { app: 'web', mode: 'monitor' }) as { spec: object }
  const selector = { labelSelector: { matchLabels: { app: 'web' } }, resources: [{ apiVersion, kind }] }
  return { ...made, spec: { ...made.spec, selector, triggers: [{ name: 'held', type: 'condition', conditionTrigger: { type, status, duration: '2s' } }] } }
}

describe('kinds that are watched on demand', function () {
  this.timeout(600_000)
  const fixture = useFixture()

  const until = (namespace: string, found: (trigger: NonNullable<HealingPolicyStatus['triggers']>[number], status: HealingPolicyStatus) => void, within: Millis = seconds(90)): Promise<void> =>
    eventually(async () => {
      const { status = {} } = await fixture.policy(namespace)
      const [trigger] = status.triggers ?? []
      if (trigger === undefined) throw new Error('no status yet')
      found(trigger, status)
    }, within)

  it('a Job that has failed is found', async () => {
    const ns = await fixture.namespace('jobs')
    const container = { name: 'app', image: 'kubeskippy.local/busybox:1', imagePullPolicy: 'Never', command: ['sh', '-c', 'exit 3'] }
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'import', namespace: ns, labels: { app: 'web' } }, spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [container] } } } }
    await fixture.apply(job, watching(ns, 'batch/v1', 'Job', 'Failed'))
    await until(ns, (trigger, status) => {
      expect(trigger).to.include({ state: 'Firing', objects: 1, message: 'condition Failed is True (BackoffLimitExceeded)' })
      expect(status.findings?.[0]?.object).to.include({ apiVersion: 'batch/v1', kind: 'Job', name: 'import' })
    })
    expect(await fixture.actions(ns)).to.deep.equal([])
  })

  it('a volume claim that stays Pending, and one whose volume is gone, are found, and are nobody\'s to heal', async () => {
    const ns = await fixture.namespace('claims')
    const labels = { app: 'web' }
    const claim = (name: string, more: object): object => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: ns, labels }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } }, ...more } })
    const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'lost' }, spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Mi' }, storageClassName: '', hostPath: { path: '/nowhere' }, persistentVolumeReclaimPolicy: 'Retain' } }
    await fixture.apply(volume, claim('lost', { storageClassName: '', volumeName: 'lost' }))
    await fixture.kubectl(['wait', '--for=jsonpath={.status.phase}=Bound', '-n', ns, 'pvc/lost', '--timeout=120s'])
    const made = watching(ns, 'v1', 'PersistentVolumeClaim', 'Pending') as { spec: { triggers: object[] } }
    const [pending] = made.spec.triggers
    await fixture.apply({ ...made, spec: { ...made.spec, triggers: [pending, { name: 'gone', type: 'condition', conditionTrigger: { type: 'Lost', duration: '2s' } }] } })
    await until(ns, (trigger, status) => {
      expect(status.triggers?.map(({ state }) => state)).to.deep.equal(['Quiet', 'Quiet'])
      expect([status.matched, trigger.objects]).to.deep.equal([1, 0])
    })

    await fixture.apply(claim('waiting', { storageClassName: 'none-such' }))
    await fixture.kubectl(['delete', 'pv', 'lost', '--wait=false'])
    // Its protection keeps a volume that is bound.
    await fixture.kubectl(['patch', 'pv', 'lost', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
    const found = await eventually(async () => {
      const { status = {} } = await fixture.policy(ns)
      expect(status.triggers?.map(({ state }) => state)).to.deep.equal(['Firing', 'Firing'])
      return status
    }, seconds(90))
    expect(found.findings?.map((f) => `${f.trigger} ${f.object.kind}/${f.object.name}`).toSorted()).to.deep.equal(['gone PersistentVolumeClaim/lost', 'held PersistentVolumeClaim/waiting'])
    const { items } = JSON.parse(await fixture.kubectl(['get', 'pvc', '-n', ns, '-o', 'json'])) as { items: { metadata: { name: string; creationTimestamp: string } }[] }
    expect(Date.parse(found.findings?.find(({ object }) => object.name === 'waiting')?.since ?? '')).to.equal(Date.parse(items.find(({ metadata }) => metadata.name === 'waiting')?.metadata.creationTimestamp ?? ''))
    expect(await fixture.actions(ns)).to.deep.equal([])
  })

  it('a custom resource: not installed, not granted, found, and removed, each said in the status', async () => {
    const ns = await fixture.namespace('widgets')
    await fixture.apply(watching(ns, `${GROUP}/v1`, 'Widget', 'Ready', 'False'))
    await until(ns, (trigger) => expect(trigger).to.include({ state: 'NoData', message: `the API server knows no kind ${GROUP}/v1 Widget: its definition is not installed` }))

    await fixture.apply(definition)
    await fixture.kubectl(['wait', '--for=condition=Established', 'crd', `widgets.${GROUP}`, '--timeout=90s'])
    await fixture.apply(widget(ns, 'broken', 'False'), widget(ns, 'well', 'True'))
    await until(ns, (trigger) => {
      expect(trigger.state).to.equal('NoData')
      expect(trigger.message).to.include(`grant get, list and watch on widgets.${GROUP} in a ClusterRole with the label ${AGGREGATE_LABEL}: "true"`)
    })

    await fixture.apply(role)
    await until(ns, (trigger, status) => {
      expect(trigger).to.include({ state: 'Firing', objects: 1 })
      expect(status.findings?.map((f) => [f.object.kind, f.object.name])).to.deep.equal([['Widget', 'broken']])
      expect(Date.parse(status.findings?.[0]?.since ?? '')).to.equal(Date.parse(SINCE))
      expect([status.matched, status.healthy]).to.deep.equal([2, 1])
    })

    await fixture.apply(widget(ns, 'broken', 'True'))
    await until(ns, (trigger) => expect(trigger.state).to.equal('Quiet'))

    await fixture.kubectl(['delete', 'crd', `widgets.${GROUP}`])
    await until(ns, (trigger) => expect(trigger).to.include({ state: 'NoData', message: `the API server knows no kind ${GROUP}/v1 Widget: its definition is not installed` }))
  })
})
