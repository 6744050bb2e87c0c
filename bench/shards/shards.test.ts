import { expect } from 'chai'
import { sharingSection, tellSharing } from './report.ts'
import type { Sharing } from './results.ts'

const result = (failure: Partial<Sharing['failure']> = {}): Sharing => ({
  pods: 10_000, policies: 100, replicas: 3, shards: 12,
  machine: { day: '2026-01-01', cores: 4, node: 'v24.0.0', load: [0.1, 0.2] },
  rest: { seconds: 60, controllers: [{ shards: 4, namespaces: 3, cpu: 0.5, rss: 300 }, { shards: 4, namespaces: 5, cpu: 0.25, rss: 310 }, { shards: 4, namespaces: 2, cpu: 0.75, rss: 290 }] },
  failure: { count: 150, evicted: 150, twice: 0, others: 0, before: 3, killed: { shards: 4, namespaces: 5 }, takeover: 14_000, eviction: { p50: 9000, p99: 30_000 }, last: 31_000, outcomes: { Effective: 149, Inconclusive: 1 }, ...failure },
})

describe('what is told of several controllers', () => {
  it('is nothing before it was measured', () => expect(sharingSection([])).to.deep.equal([]))

  it('has what was healed, how often, and how long the shards had no owner', () => {
    const section = sharingSection([result()]).join('\n')
    expect(section).to.not.contain('missed')
    expect(section).to.contain('| 10,000 | 100 | 3 | 12 | 150 | 150 | 0 | 0 | 3 | 5 | 14.0 s | 9.0 s | 30.0 s | 31.0 s | 149 Effective, 1 Inconclusive |')
    expect(section).to.contain('| 10,000 | 100 | 3 | 3, 5, 2 | 0.50, 0.25, 0.75 % | 300, 310, 290 MiB | 0.1 to 0.2 |')
    expect(tellSharing(result({ twice: 2 }))).to.contain('150 of 150 evicted, 2 twice, 0 that had not failed; taken over after 14.0 s')
  })

  it('says so when a takeover took longer than it should', () => {
    expect(sharingSection([result({ takeover: 20_100 })]).join('\n')).to.contain('| 20.1 s **missed** |')
  })
})
