import { expect } from 'chai'
import * as fc from 'fast-check'
import { fromPointer, shown } from './paths.ts'
import { jsonTouches, mergeTouches, strategicTouches, type Touched } from './touches.ts'

const told = ({ touches, problems }: Touched): string[] => [...touches.map(({ kind, path }) => `${kind} ${shown(path)}`), ...problems.map((what) => `! ${what}`)]
const template = (spec: unknown) => ({ spec: { template: { spec } } })

describe('a merge patch', () => {
  const cases: readonly [string, unknown, string[]][] = [
    ['sets members', { metadata: { annotations: { 'example.com/a': 'x' } } }, ['set metadata.annotations[example.com/a]']],
    ['removes by null, a whole map too', { metadata: { labels: { a: null }, annotations: null } }, ['remove metadata.labels.a', 'remove metadata.annotations']],
    ['replaces lists whole, whatever is in them', template({ containers: [{ name: 'a', resources: {} }] }), ['whole spec.template.spec.containers']],
    ['makes an empty map of what was there', { metadata: { annotations: {} } }, ['whole metadata.annotations']],
    ['has no directives: these are members', { $patch: 'delete', spec: { replicas: 2 } }, ['set $patch', 'set spec.replicas']],
    ['must be a map', [], ['! must be a map']],
  ]
  for (const [title, body, expected] of cases) it(title, () => expect(told(mergeTouches(body))).to.deep.equal(expected))
})

describe('a strategic merge patch', () => {
  const cases: readonly [string, unknown, string[]][] = [
    [
      'merges containers and their environment by name',
      template({ containers: [{ name: 'app', resources: { limits: { memory: '1Gi' } }, env: [{ name: 'LEVEL', value: 'x' }] }] }),
      ['set spec.template.spec.containers[app].resources.limits.memory', 'set spec.template.spec.containers[app].env[LEVEL].value'],
    ],
    ['reads secrets where it says so', template({ containers: [{ name: 'app', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }] }), ['set spec.template.spec.containers[app].env[X].valueFrom.secretKeyRef.name', 'set spec.template.spec.containers[app].env[X].valueFrom.secretKeyRef.key']],
    ['removes an item by $patch: delete', template({ containers: [{ name: 'app', $patch: 'delete' }] }), ['remove spec.template.spec.containers[app]']],
    ['replaces an item by $patch: replace', template({ containers: [{ name: 'app', $patch: 'replace', resources: { limits: { cpu: 1 } } }] }), ['whole spec.template.spec.containers[app]', 'set spec.template.spec.containers[app].resources.limits.cpu']],
    ['replaces a list by $patch: replace among its items', template({ containers: [{ $patch: 'replace' }, { name: 'app', image: 'x' }] }), ['whole spec.template.spec.containers']],
    ['replaces and removes maps by $patch', { metadata: { annotations: { $patch: 'replace', a: 'x' }, labels: { $patch: 'delete' } } }, ['whole metadata.annotations', 'set metadata.annotations.a', 'remove metadata.labels']],
    ['says nothing by $patch: merge', { metadata: { annotations: { $patch: 'merge', a: 'x' } } }, ['set metadata.annotations.a']],
    ['takes no other $patch', { metadata: { $patch: 'add' } }, ['! has $patch: "add" at metadata, which is none of merge, replace, delete']],
    ['clears all but $retainKeys', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, ['whole spec.strategy', 'set spec.strategy.type']],
    ['reorders by $setElementOrder', template({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }), ['whole spec.template.spec.containers']],
    ['takes elements out by $deleteFromPrimitiveList', { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }, ['whole metadata.finalizers']],
    ['takes no unknown directive', { spec: { $magic: 1 } }, ['! has the unknown directive "$magic" at spec']],
    ['needs names in lists of named items', template({ containers: [{ image: 'x' }] }), ['! has an item without a name in spec.template.spec.containers: it could be any']],
    ['replaces lists that have no names', template({ tolerations: [{ key: 'a' }], volumes: [{ name: 'v' }] }), ['whole spec.template.spec.tolerations', 'whole spec.template.spec.volumes']],
    ['makes an item that has only a name', template({ containers: [{ name: 'app', env: [{ name: 'X' }] }] }), ['whole spec.template.spec.containers[app].env[X]']],
  ]
  for (const [title, body, expected] of cases) it(title, () => expect(told(strategicTouches(body))).to.deep.equal(expected))
})

describe('a JSON patch', () => {
  const cases: readonly [string, unknown, string[]][] = [
    ['sets by add and replace', [{ op: 'add', path: '/metadata/annotations/a', value: 'x' }, { op: 'replace', path: '/spec/replicas', value: 2 }], ['set metadata.annotations.a', 'set spec.replicas']],
    ['removes', [{ op: 'remove', path: '/metadata/labels/a' }], ['remove metadata.labels.a']],
    ['only looks by test', [{ op: 'test', path: '/metadata/uid', value: 'x' }], []],
    ['reads ~1 and ~0', [{ op: 'add', path: '/metadata/annotations/a~1b~0c', value: 'x' }], ['set metadata.annotations[a/b~c]']],
    ['reads ~01 as ~1, not as a slash', [{ op: 'add', path: '/metadata/annotations/a~01b', value: 'x' }], ['set metadata.annotations[a~1b]']],
    ['knows an escape that is none', [{ op: 'add', path: '/metadata/annotations/a~2', value: 'x' }], ['! has no JSON pointer as path in operation 0']],
    ['appends to a list by -', [{ op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'X', value: 'y' } }], ['set spec.template.spec.containers[0].env[X].value']],
    ['addresses items by their index', [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'x' }], ['set spec.template.spec.containers[0].image']],
    ['moves away and to', [{ op: 'move', from: '/metadata/finalizers', path: '/metadata/annotations/a' }], ['remove metadata.finalizers', 'unseen metadata.annotations.a']],
    ['copies what nobody sees', [{ op: 'copy', from: '/spec/template/spec/containers/0/env/0/value', path: '/metadata/annotations/a' }], ['unseen metadata.annotations.a']],
    ['can be about the whole object', [{ op: 'replace', path: '', value: {} }], ['whole the whole object']],
    ['sets maps whole', [{ op: 'add', path: '/metadata/annotations', value: { a: 'x' } }], ['whole metadata.annotations']],
    ['needs an op', [{ path: '/a' }, { op: 'Add', path: '/a' }], ['! has no known op in operation 0', '! has no known op in operation 1']],
    ['needs a value', [{ op: 'add', path: '/a' }], ['! has no value in operation 0']],
    ['is a list', {}, ['! must be a list of operations']],
  ]
  for (const [title, body, expected] of cases) it(title, () => expect(told(jsonTouches(body))).to.deep.equal(expected))
})

describe('patches of all kinds', () => {
  it('never make it throw, and end', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        for (const analyse of [mergeTouches, strategicTouches, jsonTouches]) expect(analyse(body).touches).to.be.an('array')
      }),
    )
    let deep: unknown = 1
    for (let i = 0; i < 5000; i++) deep = { a: deep }
    expect(told(mergeTouches(deep))).to.deep.equal(['! is nested deeper than 32 levels'])
    expect(told(strategicTouches(deep))).to.deep.equal(['! is nested deeper than 32 levels'])
  })
  it('have pointers that begin with a slash', () => {
    expect(fromPointer('a')).to.equal(undefined)
    expect(fromPointer('')).to.deep.equal([])
    expect(fromPointer('/')).to.deep.equal([{ key: '' }])
  })
})
