import { expect } from 'chai'
import { overlaps, parseCidr } from './cidr.ts'
import { ClusterError } from './errors.ts'
import { assertName, assertShort, freeSlots, networkOf, portsOf, SLOTS } from './spec.ts'

const nothing = { slots: [], links: [], routes: [] }

describe('the place of a cluster', () => {
  it('is the first slot on an empty machine', () => {
    expect(freeSlots(nothing)).to.have.length(SLOTS)
    expect(freeSlots(nothing)[0]).to.equal(0)
  })

  it('is none that another cluster has', () => {
    expect(freeSlots({ ...nothing, slots: [0, 2] }).slice(0, 2)).to.deep.equal([1, 3])
  })

  it('is none whose link is there, though nobody says whose it is', () => {
    expect(freeSlots({ ...nothing, links: ['lo', 'kskippy0'] })[0]).to.equal(1)
  })

  it('is none whose networks are routed elsewhere', () => {
    for (const route of ['10.200.0.0/24', '10.201.0.128/25', '10.202.0.7', '10.200.0.0/23']) {
      expect(freeSlots({ ...nothing, routes: ['default', route] }), route).not.to.include(0)
    }
  })

  it('gives way to a route of 13 bits and is more specific than one of 12', () => {
    expect(freeSlots({ ...nothing, routes: ['10.200.0.0/13'] })).to.be.empty
    expect(freeSlots({ ...nothing, routes: ['10.192.0.0/12', '10.0.0.0/8'] })).to.have.length(SLOTS)
  })

  it('has networks and ports that no other slot has', () => {
    const slots = freeSlots(nothing)
    const networks = slots.map(networkOf).flatMap(({ nodeCidr, podCidr, serviceCidr }) => [nodeCidr, podCidr, serviceCidr])
    expect(new Set(networks)).to.have.length(3 * SLOTS)
    expect(new Set(slots.flatMap((slot) => Object.values(portsOf(slot))))).to.have.length(5 * SLOTS)
    expect(Math.max(...slots.flatMap((slot) => Object.values(portsOf(slot))))).to.be.below(32_768)
  })

  it('has a link whose name the kernel takes', () => {
    expect(networkOf(SLOTS - 1).link.length).to.be.at.most(15)
  })
})

describe('ranges of addresses', () => {
  it('meet when one holds the other', () => {
    const meet = (a: string, b: string) => {
      const [one, two] = [parseCidr(a), parseCidr(b)]
      return one !== undefined && two !== undefined && overlaps(one, two) && overlaps(two, one)
    }
    expect(meet('10.0.0.0/8', '10.200.3.0/24')).to.equal(true)
    expect(meet('10.200.3.0/24', '10.200.3.255')).to.equal(true)
    expect(meet('10.200.3.0/24', '10.200.4.0/24')).to.equal(false)
    expect(meet('0.0.0.0/0', '192.168.1.1')).to.equal(true)
    expect(meet('200.0.0.0/8', '72.0.0.0/8')).to.equal(false)
  })

  it('are not read into other words', () => {
    for (const text of ['default', 'fe80::/64', '10.0.0', '']) expect(parseCidr(text), text).to.equal(undefined)
  })
})

describe('the name of a cluster', () => {
  it('is taken from 1 to 16 characters', () => {
    for (const name of ['a', 'dev', 't123-1', 'a'.repeat(16)]) expect(() => { assertName(name) }, name).not.to.throw()
  })

  it('is refused with what to do', () => {
    for (const name of ['', '-a', 'a-', 'A', 'a/b', '..', 'a'.repeat(17)]) {
      expect(() => { assertName(name) }, name).to.throw(ClusterError, 'use 1 to 16 lower-case letters')
    }
  })

  it('of the longest leaves its unix sockets short enough, where root keeps clusters', () => {
    expect(() => { assertShort(`/var/lib/kubeskippy/${'a'.repeat(16)}`) }).not.to.throw()
  })

  it('is refused where its unix sockets would be too long', () => {
    expect(() => { assertShort(`/${'x'.repeat(39)}`) }).not.to.throw()
    expect(() => { assertShort(`/${'x'.repeat(40)}`) }).to.throw(ClusterError, 'choose a shorter KUBESKIPPY_STATE (1 characters less)')
  })
})
