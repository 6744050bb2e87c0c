import { expect } from 'chai'
import { assertKind, forShell, readArguments, readNodes } from './command.ts'
import { ClusterError } from './errors.ts'

const read = (...args: readonly string[]) => readArguments('usage: x', { name: { type: 'string', default: 'dev' }, node: { type: 'boolean', default: true } }, args)

describe('commands of the harness', () => {
  it('read one command and its flags', () => {
    expect(read('up', '--no-node', '--name=a')).to.deep.equal({ command: 'up', values: Object.assign(Object.create(null) as object, { name: 'a', node: false }) })
    expect(read().command).to.equal(undefined)
  })

  for (const args of [['down', '--frob'], ['down', '--name'], ['up', 'down']]) {
    it(`say how they are meant instead of: ${args.join(' ')}`, () => expect(() => read(...args)).to.throw(ClusterError, /usage: x$/))
  }

  it('tell a shell where kubectl is, and last where the cluster is', () => {
    expect(forShell({ bin: '/b', kubeconfig: '/k' })).to.deep.equal(['export PATH="/b:$PATH"', 'export KUBECONFIG=/k'])
  })

  it('do not take a cluster of another kind for the wanted one', () => {
    expect(() => assertKind({ name: 'a', node: true, nodes: 1 }, true)).not.to.throw()
    expect(() => assertKind({ name: 'a', node: false, nodes: 0 }, true)).to.throw(ClusterError, 'make down NAME=a')
    for (const nodes of [undefined, 2]) expect(() => assertKind({ name: 'a', node: true, nodes: 2 }, true, nodes)).not.to.throw()
    expect(() => assertKind({ name: 'a', node: true, nodes: 2 }, true, 1)).to.throw(ClusterError, 'is up with 2 nodes: end it first')
  })

  it('make one node, or two', () => {
    expect(['', '1', '2'].map(readNodes)).to.deep.equal([undefined, 1, 2])
    for (const text of ['0', '3', 'two', '1.5']) expect(() => readNodes(text), text).to.throw(ClusterError, 'write 1 or 2')
  })
})
