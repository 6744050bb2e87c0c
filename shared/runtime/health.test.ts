import { expect } from 'chai'
import { formatReport, Health } from './health.ts'

describe('health', () => {
  it('is well without checks, and when all of them pass', () => {
    const health = new Health()
    expect(health.ok).to.equal(true)
    health.add('caches', () => undefined)
    expect([health.ok, formatReport(health.report())]).to.deep.equal([true, '[+]caches ok\n'])
  })

  it('fails when one does, by its answer or by throwing, and says why', () => {
    const health = new Health()
    health.add('caches', () => 'not synced')
    health.add('certificate', () => {
      throw new Error('expired')
    })
    expect(health.ok).to.equal(false)
    expect(formatReport(health.report())).to.equal('[-]caches failed: not synced\n[-]certificate failed: expired\n')
  })

  it('is well with a warning, by an answer or by throwing, and tells it', () => {
    const health = new Health()
    health.add('configuration', () => 'missing', 'Warns')
    health.add('other', () => {
      throw new Error('unreadable')
    }, 'Warns')
    health.add('third', () => undefined, 'Warns')
    expect([health.ok, formatReport(health.report())]).to.deep.equal([true, '[!]configuration: missing\n[!]other: unreadable\n[+]third ok\n'])
    health.add('caches', () => 'not synced')
    expect(health.ok).to.equal(false)
  })

  it('refuses a name that is taken', () => {
    const health = new Health()
    health.add('a', () => undefined)
    expect(() => health.add('a', () => undefined)).to.throw('declared twice')
  })
})
