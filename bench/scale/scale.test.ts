import { expect } from 'chai'
import { simulatedNode } from '../../e2e/cluster/spec.ts'
import { judge } from '../../shared/rules/judge.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { matchesLabels } from '../../shared/lib/selector.ts'
import { readUsage } from './process-usage.ts'
import { goals, growth, performancePage, unmeasured } from './report.ts'
import { countRequests } from './requests.ts'
import { quantiles, type Cell } from './results.ts'
import { expectedActions, healingPolicies, inOrder, nodeCount, policies, SIZES, workloads } from './world.ts'

interface Template {
  readonly metadata: { readonly namespace: string }
  readonly spec: { readonly replicas: number; readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: { readonly nodeName: string } } }
}
interface Policy {
  readonly metadata: { readonly namespace: string }
  readonly spec: { readonly selector: { readonly labelSelector: { readonly matchLabels: Record<string, string> } } }
}

const cell = (pods: number, policies: number, more: Partial<Cell> = {}): Cell => ({
  pods, policies,
  machine: { day: '2026-01-01', cores: 4, node: 'v24.0.0', load: [0.1, 0.2] },
  cold: { synced: 2000, bare: 1000 },
  rest: { seconds: 60, cpu: 0.5, bareCpu: 0.1, rss: 200, bareRss: 100, lists: 0, writes: 0, leaseWrites: 4 },
  events: { events: 1000, rate: 40, cpu: policies / 100, bareCpu: 0.05, evaluations: 1 },
  faults: { count: 200, action: { p50: 100, p99: 900 }, bare: { p50: 10, p99: 20 } },
  storm: { count: 1000, written: 1000, expected: 1000, recorded: 1000, last: 9000, action: { p50: 4000, p99: 8000 }, bare: { p50: 500, p99: 900 }, cpu: 3, peak: 300 },
  ...more,
})

describe('the cluster that scale is measured in', () => {
  const counts = [10, 100, 500]
  const made = workloads(10_000, counts) as unknown as readonly Template[]

  it('has as many pods as it should, on nodes that are there', () => {
    expect(made.reduce((sum, { spec }) => sum + spec.replicas, 0)).to.equal(10_000)
    expect(workloads(100, counts)).to.have.length(100)
    const names = Array.from({ length: nodeCount(10_000) }, (_, index) => simulatedNode(index))
    expect(names).to.have.length(40)
    expect(new Set(made.map(({ spec }) => spec.template.spec.nodeName))).to.deep.equal(new Set(names))
  })

  for (const count of counts) {
    it(`has ${count} policies, of which exactly one selects each pod`, () => {
      const all = policies(count) as unknown as readonly Policy[]
      expect(all).to.have.length(count)
      const selecting = made.map(({ metadata, spec }) => all.filter((policy) => policy.metadata.namespace === metadata.namespace && matchesLabels(policy.spec.selector.labelSelector, spec.template.metadata.labels)).length)
      expect(new Set(selecting)).to.deep.equal(new Set([1]))
    })
  }

  it('has policies that the door takes under a raised ceiling', () => {
    const installation = { ...DEFAULT_INSTALLATION, ceiling: { ...DEFAULT_INSTALLATION.ceiling, maxActionsPerHour: 200 } }
    expect([...policies(100), ...healingPolicies(100)].flatMap((policy) => judge(policy, { installation }).violations)).to.deep.equal([])
  })

  it('expects of a policy no more than its ledger holds', () => {
    expect([10, 100, 500].map((count) => expectedActions(1000, count))).to.deep.equal([640, 1000, 1000])
    expect(expectedActions(20, 10)).to.equal(20)
  })

  it('lists one pod of each workload before the second of any', () => {
    const pod = (name: string, workload: number) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'a', name, uid: name, resourceVersion: '1', creationTimestamp: '', labels: { 'bench.example/workload': String(workload) } } })
    expect(inOrder([pod('b1', 1), pod('a1', 0), pod('a2', 0), pod('b2', 1)]).map(({ name }) => name)).to.deep.equal(['a1', 'b1', 'a2', 'b2'])
  })
})

describe('what is read of a run', () => {
  it('usage: CPU of both modes, memory in MiB, whatever the program is called', () => {
    const stat = `12 (a) b (c) S ${Array.from({ length: 10 }, () => 0).join(' ')} 150 50 7 7`
    expect(readUsage(stat, 'Name:\tnode\nVmHWM:\t  4096 kB\nVmRSS:\t  2048 kB\n')).to.deep.equal({ cpu: 2, rss: 2, peak: 4 })
  })

  it('requests: of this user and agent, each once, the lease apart', () => {
    const event = (verb: string, more: object = {}) => JSON.stringify({ stage: 'ResponseComplete', verb, user: { username: 'us' }, userAgent: 'kubeskippy-controller/1', objectRef: { resource: 'pods' }, ...more })
    const log = [
      'ponseComplete","verb":"list"}', event('list'), event('watch'), event('get'), event('patch'), event('create', { objectRef: { resource: 'events' } }), event('update', { objectRef: { resource: 'leases' } }),
      event('list', { user: { username: 'them' } }), event('list', { userAgent: 'bare-watch-client' }), event('list', { stage: 'ResponseStarted' }), '{"stage":"Respon',
    ].join('\n')
    expect(countRequests(log, 'us', 'kubeskippy')).to.deep.equal({ lists: 1, writes: 2, leaseWrites: 1 })
  })

  it('quantiles: values that were measured', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(quantiles(hundred)).to.deep.equal({ p50: 50, p99: 99 })
    expect(quantiles([7])).to.deep.equal({ p50: 7, p99: 7 })
    expect(quantiles([]).p50).to.be.NaN
  })
})

describe('the page about performance', () => {
  it('says of each goal whether it was met, at the largest size', () => {
    const met = (cells: readonly Cell[]): boolean[] => goals(cells).map(([, , , met]) => met)
    expect(met([cell(10_000, 500), cell(1000, 10)])).to.deep.equal([true, true, true, true, true])
    const { rest } = cell(1, 1)
    const bad = cell(10_000, 500, { faults: { count: 200, action: { p50: 200, p99: 1000 }, bare: { p50: 1, p99: 1 } }, rest: { ...rest, rss: 256.1, cpu: 1, writes: 1 } })
    expect(met([cell(1000, 10), bad])).to.deep.equal([false, false, false, false, false])
    expect(performancePage([bad]).join('\n')).to.contain('**missed**')
  })

  it('compares with a tenth of the policies, where both were measured', () => {
    expect(growth([cell(1000, 10), cell(1000, 100)], 1000, 10)).to.equal(10)
    expect(growth([cell(1000, 10), cell(5000, 100)], 1000, 10)).to.equal(undefined)
    expect(goals([cell(1000, 10), cell(1000, 100)]).at(-1)).to.deep.equal(['CPU per event of a pod, with 100 policies in place of 10, at the worst size', '1.5x at most', '10.00x', false])
  })

  it('shows no ratio where the bare client was not measured', () => {
    const rows = (bare: number | null): string[] => performancePage([cell(1000, 10, { cold: { synced: 2000, bare } })]).join('\n').split('\n').filter((line) => line.includes('| 2.0 s |'))
    expect(rows(1000).map((row) => row.split(' | ').at(-1))).to.deep.equal(['2.0x |'])
    expect(rows(null).map((row) => row.split(' | ').at(-1))).to.deep.equal(['- |'])
  })

  it('names the sizes that are missing', () => {
    const all = SIZES.pods.flatMap((pods) => SIZES.policies.map((policies) => cell(pods, policies)))
    expect(unmeasured(all)).to.deep.equal([])
    expect(unmeasured(all.slice(1))).to.deep.equal(['1,000 by 10'])
    expect(performancePage(all.slice(1)).join('\n')).to.contain('Not measured yet (pods by policies): 1,000 by 10.')
  })

  it('says so when nothing was measured', () => expect(performancePage([]).join('')).to.contain('Nothing was measured yet'))
})
