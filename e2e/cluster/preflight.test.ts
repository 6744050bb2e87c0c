import { expect } from 'chai'
import { isOlder, problems, type Machine } from './preflight.ts'

const good: Machine = { platform: 'linux', root: true, missingPrograms: [], go: undefined, disks: [] }
const node = { node: true }

describe('the look at the machine', () => {
  it('finds nothing on a good one', () => {
    expect(problems(good, node)).to.deep.equal([])
  })

  it('says everything at once, a sentence each', () => {
    const found = problems({
      ...good, root: false, namespaces: 'unshare failed: Operation not permitted',
      missingPrograms: [{ program: 'ip', package: 'iproute2' }, { program: 'apt-get', package: 'apt' }],
      go: { needed: '1.26.6', found: undefined, fetchesItself: false },
      disks: [{ dir: '/cache', free: 0.5e9, needed: 6e9, variable: 'GOCACHE' }],
    }, node)
    expect(found).to.have.length(6)
    for (const sentence of found) expect(sentence).to.match(/^\S.*: .+\.$/)
    expect(found.join('\n')).to.contain('apt-get install iproute2').and.to.contain('0.5 GB free and 6.0 GB are needed').and.to.contain('run as root')
  })

  it('says only that it is the wrong system where it is', () => {
    expect(problems({ ...good, platform: 'darwin', root: false }, node)).to.deep.equal(['A local cluster needs Linux, and this is darwin: run it in a Linux virtual machine.'])
  })

  it('asks for root only where there is a node', () => {
    expect(problems({ ...good, root: false }, { node: false })).to.deep.equal([])
  })

  it('takes an older Go that fetches a newer one by itself', () => {
    const go = (found: string, fetchesItself: boolean) => problems({ ...good, go: { needed: '1.26.6', found, fetchesItself } }, node).length
    expect(go('1.26.6', false)).to.equal(0)
    expect(go('1.26.5', false)).to.equal(1)
    expect(go('1.26.5', true)).to.equal(0)
    expect(go('1.20.14', true)).to.equal(1)
  })

  it('is content with exactly the room it needs', () => {
    const room = (free: number) => problems({ ...good, disks: [{ dir: '/d', free, needed: 1e9, variable: 'V' }] }, node).length
    expect([room(1e9 - 1), room(1e9), room(1e9 + 1)]).to.deep.equal([1, 0, 0])
  })
})

describe('versions', () => {
  it('are compared as numbers', () => {
    expect(isOlder('1.9', '1.26')).to.equal(true)
    expect(isOlder('1.26', '1.26.0')).to.equal(false)
    expect(isOlder('1.26.8', '1.26.6')).to.equal(false)
    expect(isOlder('1.26rc1', '1.26.1')).to.equal(true)
  })
})
