/** What a message says to write instead is written, and the rule is satisfied. */
import { expect } from 'chai'
import { judge } from './judge.ts'
import { DEFAULT_INSTALLATION } from './rule.ts'
import { rawPolicy, type PolicyOverrides } from './test-policy.ts'

const { ceiling } = DEFAULT_INSTALLATION
const workloads = { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }
const pods = { labelSelector: { matchLabels: { app: 'cart' } } }
const condition = (type: string, selector: object = pods) => (mended?: readonly string[]): PolicyOverrides => ({ selector, condition: { type: mended?.[0] ?? type, ...(mended?.[1] === undefined ? {} : { status: mended[1] as 'False' }) } })
const metric = (query: string, rest: object = {}) => (mended?: readonly string[]): PolicyOverrides => ({ metric: { query, duration: '2m', ...rest, ...(mended === undefined ? {} : { query: mended[0] ?? '' }), ...(mended?.[1] === undefined ? {} : { operator: mended[1] as '<', threshold: Number(mended[2]) }) } })
const acting = (action: object) => ({ selector: workloads, action: { restartAction: undefined, ...action } }) as unknown as PolicyOverrides
const limits = (safetyRules: (mended: string | undefined) => object) => (mended?: readonly string[]): PolicyOverrides => ({ safetyRules: safetyRules(mended?.[0]) })

type Case = readonly [rule: string, what: string, policy: (mended?: readonly string[]) => PolicyOverrides, fix: RegExp]
const OTHER_WAY = /^write type: (\w+) with status: "(False)"$/
const NAMED = /^did you mean (\w+)\?/
const SERIES = /A series of that name is written "(\w+\{\})"$/
/** All is well with the most. */
const LOW = /^(ready|available)/
const WATCH = /query: (\w+) \(or \w+\) with operator (<) and threshold (\d+)$/

const CASES: readonly Case[] = [
  ...['Pending', 'Failed', 'NotReady', 'Unready', 'Unschedulable', 'Evicted', 'NotInitialized', 'Unknown'].map((type): Case => ['KS207', type, condition(type), OTHER_WAY]),
  ...['NotReady', 'Unavailable', 'NotAvailable', 'NotProgressing'].map((type): Case => ['KS207', `${type} of a Deployment`, condition(type, workloads), OTHER_WAY]),
  ['KS207', 'ErrImagePull', condition('ErrImagePull'), /^write (\w+): /],
  ['KS207', 'a slip', condition('CrashLoopBackof'), NAMED],
  ...['memory_usage', 'memory_percent', 'mem_usage_percent', 'cpu_usage', 'cpu_pct', 'error_rate', 'errors_percent', 'latency_p99', 'restart_counts', 'cpu_throttling_percent', 'ready_pct', 'available_percent'].flatMap((word): Case[] => [
    ['KS210', word, metric(word, LOW.test(word) ? { operator: '<', threshold: 80 } : {}), NAMED],
    ['KS210', `${word} as a series`, metric(word), SERIES],
  ]),
  ['KS202', 'absent', metric('absent(up{namespace="shop", pod="a"})', { operator: '>', threshold: 0 }), WATCH],
  ['KS202', 'a count of nothing', metric('count by (namespace, pod) (up)', { operator: '<', threshold: 1 }), WATCH],
  ['KS305', 'a ceiling', (mended) => acting({ type: 'scale', scaleAction: { direction: 'up', maxReplicas: Number(mended?.[0] ?? ceiling.replicas + 1) } }), /^write (\d+) at the most/],
  ['KS305', 'a patch above the ceiling', (mended) => acting({ type: 'patch', patchAction: { patch: `spec: {replicas: ${mended?.[0] ?? ceiling.replicas + 1}}` } }), /^write a number from 2 to (\d+), the ceiling/],
  ['KS305', 'a patch to 0', (mended) => acting({ type: 'patch', patchAction: { patch: `spec: {replicas: ${mended?.[0] ?? 0}}` } }), /^write a number from (2) /],
  ['KS401', 'a ceiling', limits((most) => ({ maxActionsPerHour: Number(most ?? ceiling.maxActionsPerHour + 1) })), /^write 1 to (\d+)$/],
  ['KS409', 'a breaker that is open for a second', limits((open) => ({ circuitBreaker: { openDuration: open ?? '1s' } })), /^write (\w+) or more$/],
]

describe('what a message says to write instead', () => {
  for (const [rule, what, policy, fix] of CASES) {
    it(`satisfies ${rule}: ${what}`, () => {
      const told = (overrides: PolicyOverrides) => {
        const { violations, warnings } = judge(rawPolicy(overrides), { installation: DEFAULT_INSTALLATION })
        return [...violations, ...warnings]
      }
      const [found] = told(policy()).filter((violation) => violation.rule === rule)
      const [, ...mended] = fix.exec(found?.fix ?? '') ?? expect.fail(`${found?.what}: ${found?.fix}`)
      const after = told(policy(mended))
      expect(after.filter((violation) => violation.rule === rule), JSON.stringify(after)).to.deep.equal([])
      // Nor does it lead into another refusal.
      expect(after.filter(({ severity }) => severity !== 'W')).to.deep.equal([])
    })
  }
})
