import { expect } from 'chai'
import { buildActionTemplate, buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { workload } from '../healing/testing/builders.ts'
import type { Intent } from './fields.ts'
import { isUndoable, undoOf } from './undo.ts'

const target = workload('Deployment', 'cart')
const container = (resources: object): object => ({ spec: { template: { spec: { containers: [{ name: 'app', resources }] } } } })
const body = (intent: readonly Intent[], type: 'scale' | 'patch' = 'patch', object = container({ limits: { memory: '2Gi', cpu: 2 }, requests: { memory: '1Gi' } })): unknown => {
  const operation = undoOf(type, target, intent, object)
  if (operation === undefined) return undefined
  expect(operation).to.deep.include({ target: target.ref, preconditions: { uid: target.ref.uid, resourceVersion: '7' } })
  return operation.kind === 'scale' ? operation.replicas : operation.kind === 'patch' && operation.patch.body
}

describe('the write that takes an act back', () => {
  it('is the number that was before', () => {
    expect(body([{ path: '/spec/replicas', before: '2', after: '3' }], 'scale')).to.equal(2)
    expect(body([{ path: '/spec/replicas', before: '0', after: '3' }], 'scale')).to.equal(undefined)
    expect(body([{ path: '/spec/replicas', after: '3' }], 'scale')).to.equal(undefined)
    expect(body([{ path: '/spec/replicas', before: 'x', after: '3' }], 'scale')).to.equal(undefined)
  })
  it('merges maps, and removes what was not there', () =>
    expect(body([{ path: '/metadata/annotations/a~1b', before: '"x"', after: '"y"' }, { path: '/metadata/labels/c', after: '"y"' }, { path: '/metadata/labels/d', before: '"z"' }])).to.deep.equal({
      metadata: { annotations: { 'a/b': 'x' }, labels: { c: null, d: 'z' } },
    }))
  it('addresses what stands in a list', () =>
    expect(
      body([
        { path: '/spec/template/spec/containers/0/resources/limits/memory', before: '"1Gi"', after: '"2Gi"' },
        { path: '/spec/template/spec/containers/0/resources/limits/cpu', after: '2' },
        { path: '/spec/template/spec/containers/0/resources/requests/cpu', before: '1' },
      ]),
    ).to.deep.equal([
      { op: 'replace', path: '/spec/template/spec/containers/0/resources/limits/memory', value: '1Gi' },
      { op: 'remove', path: '/spec/template/spec/containers/0/resources/limits/cpu' },
      { op: 'add', path: '/spec/template/spec/containers/0/resources/requests/cpu', value: 1 },
    ]))
  it('makes the maps anew that went with their last member, each once', () =>
    expect(
      body(
        [
          { path: '/spec/template/spec/containers/0/resources/limits/memory', before: '"1Gi"' },
          { path: '/spec/template/spec/containers/0/resources/limits/cpu', before: '1' },
          { path: '/spec/template/spec/containers/0/resources/requests/memory', after: '"1Gi"' },
        ],
        'patch',
        container({ requests: { memory: '1Gi' } }),
      ),
    ).to.deep.equal([
      { op: 'add', path: '/spec/template/spec/containers/0/resources/limits', value: {} },
      { op: 'add', path: '/spec/template/spec/containers/0/resources/limits/memory', value: '1Gi' },
      { op: 'add', path: '/spec/template/spec/containers/0/resources/limits/cpu', value: 1 },
      { op: 'remove', path: '/spec/template/spec/containers/0/resources/requests/memory' },
    ]))
  it('is none where something is not known', () => {
    expect(body([])).to.equal(undefined)
    expect(body([{ path: '/a', before: '1', after: '2' }, { path: 'b', secret: true }])).to.equal(undefined)
  })
  it('is for scale and patch whose values are all known, and for no dry run', () => {
    const intent: Intent[] = [{ path: '/spec/replicas', before: '1', after: '2' }]
    const action = (type: 'scale' | 'patch' | 'restart', found = intent, dryRun = false) => isUndoable(buildHealingAction({ spec: { action: { ...buildActionTemplate(), type }, dryRun }, status: { intent: found } }))
    expect([action('scale'), action('patch'), action('restart')]).to.deep.equal([true, true, false])
    expect([action('scale', []), action('patch', [...intent, { path: '/x', secret: true }]), action('scale', intent, true)]).to.deep.equal([false, false, false])
  })
})
