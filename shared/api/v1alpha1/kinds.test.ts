import { expect } from 'chai'
import { isPod, KNOWN_KINDS, knownKind, nearestKinds, SELECTABLE_KINDS } from './kinds.ts'

describe('known kinds', () => {
  it('are unique by apiVersion and kind, and by apiVersion and plural', () => {
    for (const key of ['kind', 'plural'] as const) {
      const names = KNOWN_KINDS.map((known) => `${known.apiVersion} ${known[key]}`)
      expect(new Set(names).size).to.equal(names.length)
    }
  })
  it('those that can be selected are namespaced and not forbidden', () => {
    expect(SELECTABLE_KINDS.map(({ kind }) => kind)).to.deep.equal(['Pod', 'Deployment', 'StatefulSet', 'DaemonSet'])
    for (const { namespaced, forbidden } of SELECTABLE_KINDS) expect([namespaced, forbidden]).to.deep.equal([true, undefined])
  })
  it('a pod is a pod of the core group only', () => {
    expect(isPod({ apiVersion: 'v1', kind: 'Pod' })).to.equal(true)
    expect(isPod({ apiVersion: 'apps/v1', kind: 'Pod' })).to.equal(false)
    expect(knownKind({ apiVersion: 'v1', kind: 'toString' })).to.equal(undefined)
  })
  it('no kind is offered that could not be selected', () => {
    expect(nearestKinds({ apiVersion: 'v1', kind: 'Secrets' })).to.not.include('v1 Secret')
    expect(nearestKinds({ apiVersion: 'v1', kind: 'x'.repeat(63) })).to.deep.equal([])
  })
})
