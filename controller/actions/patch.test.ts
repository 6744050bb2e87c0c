import { expect } from 'chai'
import { DEFAULT_PATCH_ALLOW_LIST } from '../../shared/rules/patches/allowed.ts'
import { diff } from '../../shared/rules/patches/changes.ts'
import { minutes } from '../../shared/lib/time.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { pod, T0, workload } from '../healing/testing/builders.ts'
import type { PlanContext } from './action.ts'
import { told } from './diff.ts'
import { expectationOf } from './index.ts'
import { judgeDryRun, labelKeys } from './patch.ts'
import { planned, refused } from './testing/plans.ts'

const { restartAction: _, ...bare } = buildActionTemplate()
const patch = (text: string, type: 'strategic' | 'merge' | 'json' = 'strategic'): ActionTemplate => ({ ...bare, type: 'patch', patchAction: { type, patch: text } })
const target = workload('Deployment', 'cart')
const memory = 'spec: {template: {spec: {containers: [{name: app, resources: {limits: {memory: 1Gi}}}]}}}'

const withContainer = (...names: readonly string[]): object => ({ spec: { template: { spec: { containers: names.map((name) => ({ name })) } } } })

describe('patch', () => {
  it('is one patch with both preconditions, of the type that was written', () => {
    expect(planned(patch('metadata: {annotations: {note: x}}', 'merge'), target)).to.deep.equal({
      operations: [{ kind: 'patch', target: target.ref, preconditions: { uid: target.ref.uid, resourceVersion: '7' }, patch: { type: 'merge', body: { metadata: { annotations: { note: 'x' } } } } }],
      changes: [{ field: 'metadata.annotations.note', newValue: 'x' }],
      intent: [],
      touches: ['/metadata/annotations/note'],
    })
  })
  it('shows no value of an environment', () => {
    const env = 'spec: {template: {spec: {containers: [{name: app, env: [{name: DB_TIMEOUT, value: 4711s}]}]}}}'
    expect(JSON.stringify(planned(patch(env), target, { object: withContainer('app') }).changes)).to.not.include('4711')
  })
  it('of a field that is not listed is refused again before the write', () => expect(refused(patch('spec: {paused: true}'), target)).to.match(/^Unsupported: spec.paused is not patched: /))
  it('of a label of the selector is refused', () =>
    expect(refused(patch('metadata: {labels: {app: x}}'), pod(), { selectorKeys: new Set(['app']) })).to.equal('Unsupported: metadata.labels.app is not patched: by it the pods are found'))
  it('of a pod is of its metadata', () => {
    expect(refused(patch('spec: {replicas: 2}'), pod())).to.match(/^Unsupported: spec.replicas of a pod/)
    expect(planned(patch('metadata: {labels: {tier: x}}'), pod()).operations).to.have.length(1)
  })
  it('of a template that would not be rolled out is refused', () => {
    expect(refused(patch(memory), workload('Deployment', 'cart', { paused: true }))).to.match(/^WorkloadPaused: .*paused/)
    expect(planned(patch('metadata: {annotations: {a: b}}'), workload('Deployment', 'cart', { paused: true })).operations).to.have.length(1)
  })
  it('of a container that is not there is refused: the API server would make one', () => {
    const init = 'spec: {template: {spec: {initContainers: [{name: app, resources: {limits: {memory: 1Gi}}}]}}}'
    expect(planned(patch(memory), target, { object: withContainer('side', 'app') }).operations).to.have.length(1)
    expect(refused(patch(memory), target, { object: withContainer('side') })).to.equal('TargetChanged: Deployment/cart has no container app, which the patch is about')
    expect(refused(patch(init), target, { object: withContainer('app') })).to.match(/^TargetChanged: /)
    // By its place in the list: only the API server knows.
    const byPlace = '[{op: replace, path: /spec/template/spec/containers/0/resources/limits/memory, value: 1Gi}]'
    expect(planned(patch(byPlace, 'json'), target, { object: withContainer('side') }).operations).to.have.length(1)
  })
  it('that cannot be read is refused', () => expect(refused(patch('{'), target)).to.match(/^Unsupported: patch cannot be read/))
  it('waits for what it changes', () => {
    expect(expectationOf(patch(memory), target.ref)).to.equal('rollout')
    expect(expectationOf(patch('spec: {replicas: 3}'), target.ref)).to.equal('replicas')
    expect(expectationOf(patch('metadata: {annotations: {a: b}}'), target.ref)).to.equal('quiet')
  })
})

const live = {
  metadata: { name: 'cart', resourceVersion: '7', generation: 1, annotations: { a: 'x' }, managedFields: [1] },
  spec: { replicas: 2, template: { spec: { containers: [{ name: 'app', image: 'i', env: [{ name: 'LOG_LEVEL', value: 'old' }], resources: { limits: { memory: '1Gi' } } }, { name: 'side', image: 's' }] } } },
  status: { replicas: 2 },
}
const changed = (edit: (object: typeof live) => void): typeof live => {
  const copy = structuredClone(live)
  edit(copy)
  return copy
}
const context: PlanContext = { now: T0, action: 'act-1', pods: [], object: live, allowList: DEFAULT_PATCH_ALLOW_LIST, selectorKeys: new Set(), begunAt: undefined, stepsDone: 0, healthCheckTimeout: minutes(5) }
const judged = (after: unknown): string => judgedFrom(live, after)
const judgedFrom = (object: typeof live, after: unknown): string => {
  const result = judgeDryRun(target, after, { ...context, object })
  return 'refusal' in result ? `${result.refusal.reason}: ${result.refusal.message}` : JSON.stringify(result)
}

describe('what a dry run of a patch says', () => {
  it('is the fields that differ, with their values before, and how to find them again', () => {
    const app = (o: typeof live) => o.spec.template.spec.containers[0]
    const after = changed((o) => {
      Object.assign(app(o)?.resources?.limits ?? {}, { memory: '2Gi' })
      Object.assign(o.metadata, { resourceVersion: '8', generation: 2, managedFields: [] })
      o.status.replicas = 9
    })
    expect(judgeDryRun(target, after, context)).to.deep.equal({
      changes: [{ field: 'spec.template.spec.containers[app].resources.limits.memory', oldValue: '1Gi', newValue: '2Gi' }],
      intent: [{ path: '/spec/template/spec/containers/0/resources/limits/memory', before: '"1Gi"', after: '"2Gi"' }],
    })
  })
  it('keeps no value of an environment', () => {
    const result = judged(changed((o) => Object.assign(o.spec.template.spec.containers[0]?.env?.[0] ?? {}, { value: 'hunter2' })))
    expect(result).to.not.match(/hunter2|"old"/)
    expect(result).to.include('"secret":true')
  })
  it('names an item of a list that was not there by its fields', () => {
    const result = judged(changed((o) => Object.assign(o.spec.template.spec.containers[1] ?? {}, { env: [{ name: 'NEW_TIMEOUT', value: '1' }] })))
    expect(result).to.include('spec.template.spec.containers[side].env[NEW_TIMEOUT].value')
  })
  it('names an item that was added by its fields', () => {
    const result = judged(changed((o) => void o.spec.template.spec.containers[0]?.env?.push({ name: 'NEW_TIMEOUT', value: '1' })))
    expect(result).to.include('spec.template.spec.containers[app].env[NEW_TIMEOUT].value')
  })
  it('is refused when more than what is listed would change', () => {
    expect(judged(changed((o) => Object.assign(o.spec.template.spec.containers[1] ?? {}, { image: 'other' })))).to.match(/^Unsupported: spec.template.spec.containers\[side\].image is not patched/)
    expect(judged(changed((o) => void o.spec.template.spec.containers.push({ name: 'new', image: 'n' })))).to.match(/^Unsupported: spec.template.spec.containers\[new\].image/)
    expect(judged(changed((o) => void o.spec.template.spec.containers.pop()))).to.match(/^Unsupported: /)
    expect(judged(changed((o) => void o.spec.template.spec.containers.reverse()))).to.match(/^Unsupported: spec.template.spec.containers is not patched/)
    expect(judged(changed((o) => Object.assign(o.metadata, { finalizers: ['x'] })))).to.match(/^Unsupported: metadata.finalizers/)
  })
  it('is refused where it leaves too little of what there is, by what the object has', () => {
    const limits = (memory: string, cpu = '1') => changed((o) => Object.assign(o.spec.template.spec.containers[0]?.resources ?? {}, { limits: { memory, cpu } }))
    for (const [memory, cpu] of [['512Mi', '1'], ['2Gi', '1'], ['1Gi', '100m']]) expect(judgedFrom(limits('1Gi'), limits(memory ?? '', cpu))).to.match(/^({|NothingToDo)/)
    expect(judgedFrom(limits('1Gi'), limits('511Mi'))).to.match(/^Unsupported: .*limits.memory is not patched: it would be less than half of what there is/)
    expect(judgedFrom(limits('1Gi'), limits('1Gi', '99m'))).to.match(/^Unsupported: .*limits.cpu is not patched: it would be less than a tenth of what there is/)
  })
  it('is refused where a probe is left that no container passes, by what the object has', () => {
    const probed = (livenessProbe: object) => changed((o) => Object.assign(o.spec.template.spec.containers[0] ?? {}, { livenessProbe }))
    const patient = probed({ timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 30 })
    // The door took the default of three tries for what the patch does not say.
    expect(judgedFrom(patient, probed({ timeoutSeconds: 1, periodSeconds: 1, failureThreshold: 30 }))).to.match(/^{/)
    expect(judgedFrom(probed({ timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 2 }), probed({ timeoutSeconds: 1, periodSeconds: 2, failureThreshold: 2 }))).to.match(/^Unsupported: .*livenessProbe.periodSeconds is not patched: a container that does not answer for 3s would be killed/)
    // Better than it was.
    expect(judgedFrom(probed({ timeoutSeconds: 1, periodSeconds: 1, failureThreshold: 1 }), probed({ timeoutSeconds: 2, periodSeconds: 1, failureThreshold: 1 }))).to.match(/^{/)
  })
  it('is nothing to do when nothing would change', () => expect(judged(changed((o) => Object.assign(o.metadata, { generation: 2 })))).to.match(/^NothingToDo/))
  it('is refused when it is more than can be kept, and not just before', () => {
    const many = (count: number) => changed((o) => Object.assign(o.metadata.annotations, Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))))
    expect(judged(many(32))).to.match(/^{/)
    expect(judged(many(33))).to.match(/^Unsupported: the patch would change 33 fields/)
  })
})

describe('a diff', () => {
  it('tells what came and what went', () => {
    expect(diff({ a: 1, b: { c: 2 } }, { b: { c: 3 }, d: [1] }).map(told)).to.deep.equal([
      { field: 'a', oldValue: '1' },
      { field: 'b.c', oldValue: '2', newValue: '3' },
      { field: 'd', newValue: '[1]' },
    ])
  })
  it('of equal objects is empty, whatever they are', () => {
    for (const value of [undefined, null, 1, [], {}, live]) expect(diff(value, structuredClone(value))).to.deep.equal([])
  })
})

describe('keys of labels by which pods are found', () => {
  it('are those of both forms of a selector', () =>
    expect([...labelKeys([{ matchLabels: { app: 'x' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, undefined])]).to.deep.equal(['app', 'tier']))
})
