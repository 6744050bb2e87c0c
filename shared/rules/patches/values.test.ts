import { expect } from 'chai'
import { parsePatch } from './parse.ts'
import { badValue, limitsBelowRequests } from './values.ts'

/** The rule that refuses it; '': none. */
function judged(patch: string): string {
  const parsed = parsePatch({ type: 'strategic', patch })
  if ('problems' in parsed) return JSON.stringify(parsed.problems)
  return [...parsed.touches.flatMap((touch) => badValue(touch) ?? []), ...limitsBelowRequests(parsed.touches)].map(({ rule }) => rule).join(' ')
}
const app = (members: string): string => `spec: {template: {spec: {containers: [{name: app, ${members}}]}}}`

describe('values of patches', () => {
  const cases: readonly [string, string][] = [
    ['spec: {replicas: 0}', 'KS305'], ['spec: {replicas: 1}', ''], ['spec: {replicas: 10000}', ''], ['spec: {replicas: 10001}', 'KS305'], ['spec: {replicas: "3"}', 'KS304'], ['spec: {replicas: 1.5}', 'KS304'], ['spec: {replicas: .inf}', 'KS304'],
    ['spec: {template: {spec: {terminationGracePeriodSeconds: 0}}}', 'KS303'], ['spec: {template: {spec: {terminationGracePeriodSeconds: 1}}}', ''], ['spec: {template: {spec: {terminationGracePeriodSeconds: -1}}}', 'KS304'],
    [app('livenessProbe: {periodSeconds: 0}'), 'KS304'], [app('livenessProbe: {periodSeconds: 1}'), ''], [app('livenessProbe: {initialDelaySeconds: 0}'), ''], [app('livenessProbe: {initialDelaySeconds: -1}'), 'KS304'], [app('livenessProbe: {timeoutSeconds: 2147483647}'), ''], [app('livenessProbe: {timeoutSeconds: 2147483648}'), 'KS304'],
    [app('livenessProbe: {successThreshold: 2}'), 'KS304'], [app('readinessProbe: {successThreshold: 2}'), ''], [app('readinessProbe: {terminationGracePeriodSeconds: 5}'), 'KS304'], [app('startupProbe: {terminationGracePeriodSeconds: 5}'), ''], [app('startupProbe: {failureThreshold: many}'), 'KS304'],
    [app('resources: {limits: {memory: nonsense}}'), 'KS304'], [app('resources: {limits: {memory: 1Gi}}'), ''], [app('resources: {limits: {memory: -1Gi}}'), 'KS304'], [app('resources: {limits: {memory: 512m}}'), 'KS304'], [app('resources: {limits: {memory: 1GB}}'), 'KS304'], [app('resources: {limits: {memory: true}}'), 'KS304'],
    [app('resources: {limits: {cpu: 500m}}'), ''], [app('resources: {limits: {cpu: 0}}'), 'KS303'], [app('resources: {requests: {cpu: 0}}'), ''], [app('resources: {limits: {cpu: null}}'), 'KS303'], [app('resources: {limits: {disk: 1Gi}}'), 'KS304'], [app('resources: {limits: {example.com/gpu: 1}}'), 'KS303'],
    [app('resources: {limits: {memory: 1Gi}, requests: {memory: 2Gi}}'), 'KS304'], [app('resources: {limits: {memory: 1Gi}, requests: {memory: 1024Mi}}'), ''], [app('resources: {limits: {memory: 1Gi}, requests: {cpu: 9}}'), ''],
    ['metadata: {labels: {tier: "a b"}}', 'KS304'], [`metadata: {labels: {tier: ${'a'.repeat(63)}}}`, ''], [`metadata: {labels: {tier: ${'a'.repeat(64)}}}`, 'KS304'], [`metadata: {annotations: {${'a'.repeat(63)}: x}}`, ''], [`metadata: {annotations: {${'a'.repeat(64)}: x}}`, 'KS304'], ['metadata: {annotations: {a/b/c: x}}', 'KS304'], ['metadata: {labels: {Example.com/a: x}}', 'KS304'], ['metadata: {annotations: {Example.com/a: x}}', ''],
    [app('env: [{name: A=B, value: x}]'), 'KS304'], [app('env: [{name: A, value: true}]'), 'KS304'], [app('env: [{name: LD_LIBRARY_PATH, value: x}]'), 'KS303'], [app('env: [{name: OLD_NAME, value: x}]'), ''],
  ]
  for (const [patch, rule] of cases) it(`${patch.slice(0, 120)}: ${rule === '' ? 'hold' : rule}`, () => expect(judged(patch)).to.equal(rule))
})
