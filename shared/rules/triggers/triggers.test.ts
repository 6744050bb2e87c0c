import { expect } from 'chai'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { DURATION_PATTERN, parseDuration } from '../../lib/duration.ts'
import { schemaNodes } from '../../schema/walk.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { check, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks204 } from './ks204-fires-when-healthy.ts'
import { ks207 } from './ks207-condition-type.ts'
import { durationBounds, ks208 } from './ks208-durations.ts'
import { ks210 } from './ks210-unknown-metric.ts'
import { ks211 } from './ks211-message-pattern.ts'
import { ks213 } from './ks213-idle-trigger.ts'

const at = 'spec.triggers[0].conditionTrigger'

describe('KS204 triggers that fire on healthy objects', () => {
  for (const type of ['Ready', 'ContainersReady', 'Initialized', 'PodScheduled', 'PodReadyToStartContainers']) {
    it(`${type} with the default status is refused`, () => expect(check(ks204, { condition: { type } })).to.deep.equal([`${at}.status: ${type} is True on every healthy pod`]))
    for (const status of ['False', 'Unknown'] as const) it(`${type} with status ${status} passes`, () => expect(check(ks204, { condition: { type, status } })).to.deep.equal([]))
  }
  it('is warned about where nobody acts before somebody has looked', () => {
    const warned = [`W ${at}.status: Ready is True on every healthy pod`]
    for (const mode of ['monitor', 'dryrun', 'manual'] as const) expect(check(ks204, { mode, condition: { type: 'Ready' } }), mode).to.deep.equal(warned)
    expect(check(ks204, { condition: { type: 'Ready' }, action: { requiresApproval: true } })).to.deep.equal(warned)
    expect(check(ks204, { condition: { type: 'Ready' }, action: { requiresApproval: false } })).to.deep.equal([`${at}.status: Ready is True on every healthy pod`])
  })
  it('is warned about where it leads to no action', () => {
    const trigger = (name: string, type: string): object => ({ name, type: 'condition', conditionTrigger: { type, duration: '1m' } })
    expect(check(ks204, { triggers: [trigger('a', 'Ready'), trigger('b', 'OOMKilled')], action: { triggers: ['b'] } })).to.deep.equal([`W ${at}.status: Ready is True on every healthy pod`])
  })
  it('a condition without a healthy status passes', () => expect(check(ks204, { condition: { type: 'DisruptionTarget' } })).to.deep.equal([]))
  it('a type called like a member of every object passes', () => expect(check(ks204, { condition: { type: 'constructor' } })).to.deep.equal([]))
  it('what Ready means on a custom resource nobody knows', () =>
    expect(check(ks204, { condition: { type: 'Ready' }, selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'example.com/v1', kind: 'Cache' }] } })).to.deep.equal([]))
  it('a duration of zero is warned about, one millisecond passes', () => {
    expect(check(ks204, { condition: { duration: '0s' } })).to.deep.equal([`W ${at}.duration: fires at once`])
    expect(check(ks204, { condition: { duration: '1ms' } })).to.deep.equal([])
  })
  it('what every pod is while it starts has to hold for 30s', () => {
    for (const type of ['Ready', 'ContainersReady']) {
      for (const [duration, found] of [['1s', 'fires after 1s'], ['29s', 'fires after 29s'], ['30s', undefined]] as const) expect(check(ks204, { condition: { type, status: 'False', duration } }), duration).to.deep.equal(found === undefined ? [] : [`W ${at}.duration: ${found}`])
    }
    expect(check(ks204, { condition: { type: 'Ready', status: 'True', duration: '1s' } })).to.have.length(1)
    expect(check(ks204, { condition: { type: 'OOMKilled', duration: '1s' } })).to.deep.equal([])
  })
})

describe('KS204 metrics that healthy objects show', () => {
  const measured = 'spec.triggers[0].metricTrigger'
  const healthy = (query: string, value: number, comparison: string): string[] => [`${measured}.threshold: ${query} is ${value} on every healthy object, which is ${comparison}`]
  const cases: readonly [string, NonNullable<PolicyOverrides['metric']>, string[]][] = [
    ['memory above half of the limit passes', { threshold: 50 }, []],
    ['memory above less is warned about', { threshold: 49.9 }, [`W ${measured}.threshold: memory_usage_percent above 49.9`]],
    ['memory below a threshold passes', { operator: '<', threshold: 10 }, []],
    ['memory of just less than the limit passes', { threshold: 99.9 }, []],
    ['memory of the whole limit passes', { operator: '>=', threshold: 100 }, []],
    ['memory above the limit is warned about', { threshold: 100 }, [`W ${measured}.threshold: memory_usage_percent above 100 is never seen where there is a limit`]],
    ['memory of more than the limit is warned about', { operator: '>=', threshold: 100.1 }, [`W ${measured}.threshold: memory_usage_percent above 100 is never seen where there is a limit`]],
    ['CPU above the request passes', { query: 'cpu_usage_percent', threshold: 300 }, []],
    ['CPU above little passes', { query: 'cpu_usage_percent', threshold: 10 }, []],
    ['two restarts pass', { query: 'restart_count', operator: '>=', threshold: 2 }, []],
    ['more than one restart passes', { query: 'restart_count', operator: '>', threshold: 1 }, []],
    ['one restart is warned about', { query: 'restart_count', operator: '>=', threshold: 1 }, [`W ${measured}.threshold: a single restart fires`]],
    ['more than no restart is warned about', { query: 'restart_count', operator: '>', threshold: 0 }, [`W ${measured}.threshold: a single restart fires`]],
    ['fewer restarts than one is refused', { query: 'restart_count', operator: '<', threshold: 1 }, healthy('restart_count', 0, '< 1')],
    ['fully ready is refused', { query: 'ready_percent', operator: '>=', threshold: 99 }, healthy('ready_percent', 100, '>= 99')],
    ['fully ready is refused at 100 too', { query: 'ready_percent', operator: '==', threshold: 100 }, healthy('ready_percent', 100, '== 100')],
    ['less than fully ready passes', { query: 'ready_percent', operator: '<', threshold: 100 }, []],
    ['few errors are refused', { query: 'error_rate_percent', operator: '<', threshold: 1 }, healthy('error_rate_percent', 0, '< 1')],
    ['any error is warned about', { query: 'error_rate_percent', threshold: 0 }, [`W ${measured}.threshold: error_rate_percent above 0 fires on any traffic or load`]],
    ['more than a few errors pass', { query: 'error_rate_percent', threshold: 0.1 }, []],
    ['any throttling is warned about', { query: 'cpu_throttled_percent', threshold: 0 }, [`W ${measured}.threshold: cpu_throttled_percent above 0 fires on any traffic or load`]],
    ['a duration of zero is warned about', { duration: '0s' }, [`W ${measured}.duration: fires at the first reading`]],
    ['a duration of a millisecond passes', { duration: '1ms' }, []],
    ['less than ready for a moment is what every rollout shows', { query: 'ready_percent', operator: '<', threshold: 100, duration: '29s' }, [`W ${measured}.duration: fires after 29s`]],
    ['less than ready for as long as a start takes passes', { query: 'availability_percent', operator: '<', threshold: 100, duration: '30s' }, []],
    ['a duration of zero of a count passes', { query: 'restart_count', threshold: 3, duration: '0s' }, []],
    ['a metric of an adapter may be called as it likes', { query: 'restart_count', threshold: 0, source: 'external.metrics.k8s.io' }, []],
    ['nor is it known of it what cannot be', { query: 'ready_percent', threshold: 100, source: 'custom.metrics.k8s.io' }, []],
  ]
  for (const [title, metric, expected] of cases) it(title, () => expect(check(ks204, { metric })).to.deep.equal(expected))
  it('under All what healthy objects show may narrow down what another trigger sees, but what never holds never meets', () => {
    const memory = { name: 'memory', type: 'metric', metricTrigger: { query: 'memory_usage_percent', threshold: 90 } }
    const of = (operator: string, threshold: number): string[] => check(ks204, { triggerMatch: 'All', triggers: [memory, { name: 'other', type: 'metric', metricTrigger: { query: 'ready_percent', operator, threshold } }] })
    expect(of('>=', 50)).to.deep.equal([])
    expect(of('>', 100)).to.deep.equal(['spec.triggers[1].metricTrigger.threshold: ready_percent > 100 never holds'])
  })
})

describe('KS210 names of metrics', () => {
  const path = 'spec.triggers[0].metricTrigger.query'
  for (const query of ['memory_usage_percent', ' restart_count ', 'lock_age_seconds', 'up', 'node_load1', 'memory_used_percent{}', 'sum(memory_usage_pct)', 'latency_seconds', 'constructor', 'kube_pod_container_status_restarts_total']) {
    it(`${query} passes`, () => expect(check(ks210, { metric: { query } })).to.deep.equal([]))
  }
  for (const query of ['elasticsearch_os_cpu_percent', 'elasticsearch_process_cpu_percent', 'nats_server_cpu_percent', 'disk_usage_percent', 'mem_used_percent', 'queue_fill_pct']) {
    it(`${query} is warned about`, () => {
      const found = ks210.check(testPolicy({ metric: { query } }), {} as never)
      expect(found.map(({ severity, what }) => `${severity} ${what}`)).to.deep.equal([`W there is no built-in metric "${query}", and it is called like one`])
      expect(found[0]?.fix).to.contain(`"${query}{}"`)
    })
  }
  for (const query of ['memory_usage_pct', 'memory_usage_percents', 'Memory_Usage_Percent', 'restart_counts', 'restarts_count', 'cpu_percent', 'mem_pct', 'usage_percent', 'latency_p95_seconds', 'cpu_usage_perecnt']) {
    it(`${query} is refused`, () => expect(check(ks210, { metric: { query } })).to.deep.equal([`${path}: there is no built-in metric "${query}"`]))
  }
  it('the nearest one is offered', () => {
    const [finding] = ks210.check(testPolicy({ metric: { query: 'memory_usage_pct' } }), {} as never)
    expect(finding?.fix).to.equal('did you mean memory_usage_percent? A series of that name is written "memory_usage_pct{}"')
  })
  it('a metric of an adapter may be called as it likes', () => expect(check(ks210, { metric: { query: 'disk_usage_percent', source: 'custom.metrics.k8s.io' } })).to.deep.equal([]))
})

describe('KS204 thresholds that cannot be crossed', () => {
  const of = (query: string, operator: '>' | '>=' | '<' | '<=' | '==' | '!=', threshold: number): string[] =>
    check(ks204, { mode: 'monitor', metric: { query, operator, threshold } }).filter((line) => !line.startsWith('W ')).map((line) => line.replace('spec.triggers[0].metricTrigger.threshold: ', ''))
  const cases: readonly [string, Parameters<typeof of>[1], number, string | undefined][] = [
    ['ready_percent', '<', 0, 'never holds'], ['ready_percent', '<', 0.1, undefined], ['ready_percent', '<', 100, undefined], ['ready_percent', '<', 100.1, 'always holds'],
    ['ready_percent', '<=', -0.1, 'never holds'], ['ready_percent', '<=', 0, undefined], ['ready_percent', '<=', 99.9, undefined], ['ready_percent', '<=', 100, 'always holds'],
    ['error_rate_percent', '>', 99.9, undefined], ['error_rate_percent', '>', 100, 'never holds'], ['error_rate_percent', '>', 0, undefined], ['error_rate_percent', '>', -1, 'always holds'],
    ['error_rate_percent', '>=', 100, undefined], ['error_rate_percent', '>=', 100.1, 'never holds'], ['error_rate_percent', '>=', 0.1, undefined], ['error_rate_percent', '>=', 0, 'always holds'],
    ['availability_percent', '==', 0, undefined], ['availability_percent', '==', -1, 'never holds'], ['availability_percent', '==', 101, 'never holds'],
    ['availability_percent', '!=', 100, undefined], ['availability_percent', '!=', 101, 'always holds'],
    ['cpu_throttled_percent', '>', 100, 'never holds'],
    ['memory_usage_percent', '>', 100, undefined], ['memory_usage_percent', '>', -1, 'always holds'], ['cpu_usage_percent', '>', 400, undefined],
    ['restart_count', '>=', 0, 'always holds'], ['restart_count', '>=', 1000, undefined], ['latency_p99_seconds', '<', 0, 'never holds'],
    ['restart_count', '==', 2.5, 'never holds'], ['restart_count', '!=', 2.5, 'always holds'], ['restart_count', '==', 2, undefined],
    ['temperature', '>', -40, undefined],
  ]
  for (const [query, operator, threshold, verdict] of cases) {
    it(`${query} ${operator} ${threshold} ${verdict ?? 'passes'}`, () => expect(of(query, operator, threshold)).to.deep.equal(verdict === undefined ? [] : [`${query} ${operator} ${threshold} ${verdict}`]))
  }
})

describe('KS207 condition types', () => {
  for (const type of ['CrashLoopBackOff', 'OOMKilled', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'Ready', 'ContainersReady', 'PodResizePending', 'example.com/gate', 'a/b', 'cloud.google.com/load-balancer-neg-ready']) {
    it(`${type} passes`, () => expect(check(ks207, { condition: { type } })).to.deep.equal([]))
  }
  for (const type of ['crashloopbackoff', 'CrashLoopBackoff', 'OOMkilled', 'Healthy', 'ready', 'constructor', 'example.com/', '/gate', 'Example.com/gate', 'a b/c']) {
    it(`${type} is refused`, () => expect(check(ks207, { condition: { type } })).to.deep.equal([`${at}.type: pods have no condition "${type}"`]))
  }
  it('the nearest type is offered', () => {
    const [finding] = ks207.check(testPolicy({ condition: { type: 'CrashLoopBackoff' } }), {} as never)
    expect(finding?.fix).to.equal('did you mean CrashLoopBackOff?')
  })
  for (const [reason, state] of [['ErrImagePull', 'ImagePullBackOff'], ['ErrImageNeverPull', 'ImagePullBackOff'], ['StartError', 'RunContainerError']]) {
    it(`for the reason ${reason} its state is offered`, () => {
      const [finding] = ks207.check(testPolicy({ condition: { type: reason ?? '' } }), {} as never)
      expect(finding?.fix).to.equal(`write ${state}: ${reason} is one of its reasons`)
    })
  }
  it('without a near one none is offered, and all states are named', () => {
    const [finding] = ks207.check(testPolicy({ condition: { type: 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz' } }), {} as never)
    expect(finding?.fix).to.equal(undefined)
    expect(ks207.fix).to.contain('OOMKilled').and.to.contain('readiness gate')
  })
  for (const status of ['False', 'Unknown'] as const) {
    it(`a derived state with status ${status} is refused: every healthy pod has it`, () =>
      expect(check(ks207, { condition: { status } })).to.deep.equal([`${at}.status: CrashLoopBackOff with status ${status}`]))
  }
  it('a control character in the type does not reach the message', () => {
    expect(check(ks207, { condition: { type: 'Rea\u001b[31mdy\u202e' } })).to.deep.equal([`${at}.type: pods have no condition "Rea[31mdy"`])
  })
})

describe('KS208 durations', () => {
  it('knows the bounds of every duration in the schema', () => {
    const durations = [...schemaNodes(healingPolicy.spec)].filter(({ schema }) => schema.type === 'string' && schema.pattern === DURATION_PATTERN)
    expect(durations).to.not.have.lengthOf(0)
    for (const { path, schema } of durations) {
      const bounds = durationBounds(schema)
      expect(parseDuration(bounds?.min ?? ''), path).to.be.a('number')
      expect(parseDuration(bounds?.max ?? ''), path).to.be.a('number')
    }
  })

  /** The spec with one duration more, in lists and objects that are made for it. */
  const withDuration = (path: string, value: string): HealingPolicy => {
    const policy = structuredClone(path.includes('metricTrigger') ? testPolicy({ metric: {} }) : testPolicy())
    const names = path.replaceAll('[]', '.0').split('.')
    let place = policy.spec as unknown as Record<string, unknown>
    for (const [index, name] of names.slice(0, -1).entries()) place = (place[name] ??= names[index + 1] === '0' ? [] : {}) as Record<string, unknown>
    place[names.at(-1) ?? ''] = value
    return policy
  }
  const found = (path: string, value: string): string[] =>
    ks208.check(withDuration(path, value), { installation: DEFAULT_INSTALLATION }).filter((one) => one.path === `spec.${path.replaceAll('[]', '[0]')}` && one.severity === undefined).map(({ what }) => what).filter((what) => /no duration$| is not between /.test(what))
  for (const { path, schema } of schemaNodes(healingPolicy.spec)) {
    const bounds = durationBounds(schema)
    if (bounds === undefined) continue
    const { min, max } = bounds
    it(`${path} is refused just outside of ${min} to ${max}, and when it is negative, endless or no duration`, () => {
      const outside = (value: string): string[] => [`"${value}" is not between ${min} and ${max}`]
      const least = parseDuration(min) ?? 0
      for (const value of [`${max}1ms`, ...(least === 0 ? [] : [`${least - 1}ms`, '0s']), '999999h']) expect(found(path, value), value).to.deep.equal(outside(value))
      for (const value of ['-1s', '290y', '99999999999999h', '1d', '', 'Infinity', '1e3s', '5', '+5m', ' 5m']) expect(found(path, value), value).to.deep.equal([`"${value}" is no duration`])
      for (const value of [min, max]) expect(found(path, value), value).to.deep.equal([])
    })
  }

  const window = 'spec.safetyRules.stabilizationWindow'
  const bounds: [string, string, string[]][] = [
    ['just below the least', '999ms', [`${window}: "999ms" is not between 1s and 24h`]],
    ['the least', '1s', []],
    ['the most', '24h', []],
    ['just above the most', '24h1ms', [`${window}: "24h1ms" is not between 1s and 24h`]],
    ['no duration', '5 minutes', [`${window}: "5 minutes" is no duration`]],
    ['negative', '-5m', [`${window}: "-5m" is no duration`]],
    ['a day, which Go does not know', '1d', [`${window}: "1d" is no duration`]],
    ['longer than any time here', '999999h', [`${window}: "999999h" is not between 1s and 24h`]],
    ['a year, which Go does not know', '290y', [`${window}: "290y" is no duration`]],
    ['an overflow', '99999999999999h', [`${window}: "99999999999999h" is no duration`]],
  ]
  for (const [title, stabilizationWindow, expected] of bounds) {
    it(`a stabilization window that is ${title}`, () =>
      expect(check(ks208, { cooldownPeriod: '720h', condition: { duration: '1ms' }, safetyRules: { stabilizationWindow } })).to.deep.equal(expected))
  }

  it('a window just shorter than the longest trigger is refused, as long as it or longer passes', () => {
    const of = (stabilizationWindow: string): string[] => check(ks208, { condition: { duration: '2m' }, safetyRules: { stabilizationWindow } })
    expect(of('119999ms')).to.deep.equal([`${window}: 1m59s999ms is shorter than the longest trigger duration (2m)`])
    expect(of('2m')).to.deep.equal([])
    expect(of('121s')).to.deep.equal([])
  })

  it('a window shorter than the window of an event trigger is refused: the events before the act would still count', () => {
    const of = (stabilizationWindow: string): string[] => check(ks208, { event: { window: '3m' }, safetyRules: { stabilizationWindow } })
    expect(of('179999ms')).to.deep.equal([`${window}: 2m59s999ms is shorter than the longest trigger duration (3m)`])
    expect(of('3m')).to.deep.equal([])
  })

  it('a window shorter than it takes an alert to fire again is refused: its own "for" and what the policy adds', () => {
    const { spec, ...rest } = testPolicy()
    const triggers = [{ name: 'stuck', type: 'alert' as const, cooldownPeriod: '720h', alertTrigger: { alertname: 'Broken', for: '10m', duration: '1m' } }]
    const of = (stabilizationWindow: string): string[] =>
      [...ks208.check({ ...rest, spec: { ...spec, triggers, safetyRules: { ...spec.safetyRules, stabilizationWindow } } }, { installation: DEFAULT_INSTALLATION })].map(({ path, what }) => `${path}: ${what}`)
    expect(of('659999ms')).to.deep.equal([`${window}: 10m59s999ms is shorter than the longest trigger duration (11m)`])
    expect(of('11m')).to.deep.equal([])
  })

  it('the window of an event trigger has bounds', () => {
    const of = (eventWindow: string): string[] => check(ks208, { event: { window: eventWindow }, cooldownPeriod: '720h', safetyRules: { stabilizationWindow: '24h' } })
    const path = 'spec.triggers[0].eventTrigger.window'
    expect(of('9999ms')).to.deep.equal([`${path}: "9999ms" is not between 10s and 24h`])
    expect(of('10s')).to.deep.equal([])
    expect(of('24h')).to.deep.equal([])
    expect(of('soon')).to.deep.equal([`${path}: "soon" is no duration`])
  })

  it('a cooldown below a minute is a warning, a minute passes', () => {
    const of = (cooldownPeriod: string): string[] => check(ks208, { cooldownPeriod, condition: { duration: '10s' } })
    expect(of('0s')).to.deep.equal(['W spec.triggers[0].cooldownPeriod: 0s is below 60s'])
    expect(of('59999ms')).to.deep.equal(['W spec.triggers[0].cooldownPeriod: 59s999ms is below 60s'])
    expect(of('60s')).to.deep.equal([])
  })

  it('a cooldown shorter than the stabilization window is a warning, as long as it passes', () => {
    const of = (cooldownPeriod: string): string[] => check(ks208, { cooldownPeriod, safetyRules: { stabilizationWindow: '10m' } })
    expect(of('9m59s')).to.deep.equal(['W spec.triggers[0].cooldownPeriod: shorter than stabilizationWindow (10m)'])
    expect(of('10m')).to.deep.equal([])
  })

  it('nobody is warned about the default of the schema, nor where nothing acts', () => {
    const of = (overrides: PolicyOverrides): string[] => check(ks208, { safetyRules: { stabilizationWindow: '10m' }, ...overrides })
    expect(of({ cooldownPeriod: '5m' })).to.deep.equal([])
    expect(of({ cooldownPeriod: '4m', mode: 'manual' })).to.have.length(1)
    expect(of({ cooldownPeriod: '4m', mode: 'monitor' })).to.deep.equal([])
  })
})

describe('KS208 objectives', () => {
  it('a time to heal not longer than the stabilization window is a warning: nothing counts as healed sooner', () => {
    const of = (timeToHeal: string): string[] => check(ks208, { cooldownPeriod: '720h', objectives: { timeToHeal }, safetyRules: { stabilizationWindow: '10m' } })
    expect(of('10m')).to.deep.equal(['W spec.objectives.timeToHeal: not longer than stabilizationWindow (10m)'])
    expect(of('10m1ms')).to.deep.equal([])
    expect(of('9m59s')).to.have.length(1)
    expect(of('500ms')).to.include('spec.objectives.timeToHeal: "500ms" is not between 1s and 168h')
  })
})

describe('KS208 windows of metrics', () => {
  const workloads = { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }
  const counted = (duration: string): string[] => check(ks208, { cooldownPeriod: '1h', metric: { query: 'restart_count', threshold: 3, window: '5m', duration } })
  it('restarts that have to be counted for longer than they count are warned about', () => {
    for (const duration of ['0s', '299999ms', '5m']) expect(counted(duration), duration).to.deep.equal([])
    expect(counted('300001ms')).to.deep.equal(['W spec.triggers[0].metricTrigger.duration: 5m1ms is longer than the window (5m) that restarts count in'])
  })
  const rate = (window: string, overrides: PolicyOverrides = {}): string[] => check(ks208, { selector: workloads, metric: { query: 'error_rate_percent', threshold: 5, window, duration: '1m' }, ...overrides })
  it('a rate that still shows the trouble when the time to help is over is warned about', () => {
    for (const window of ['299999ms', '5m']) expect(rate(window), window).to.deep.equal([])
    expect(rate('300001ms')).to.deep.equal(['W spec.triggers[0].metricTrigger.window: 5m1ms is longer than healthCheckTimeout (5m)'])
    expect(rate('1h', { safetyRules: { healthCheckTimeout: '1h' } })).to.deep.equal([])
  })
  it('but not of pods, whose successors begin anew, nor where nothing is healed, nor of what has no window', () => {
    expect(rate('1h', { selector: { labelSelector: { matchLabels: { app: 'cart' } } } })).to.deep.equal([])
    for (const mode of ['monitor', 'dryrun'] as const) expect(rate('1h', { mode })).to.deep.equal([])
    expect(rate('1h', { metric: { query: 'ready_percent', operator: '<', threshold: 50, window: '1h', duration: '1m' } })).to.deep.equal([])
  })
})

describe('KS213 triggers that lead nowhere', () => {
  const two = (overrides: PolicyOverrides): string[] => check(ks213, { triggers: ['a', 'b'].map((name) => ({ name, type: 'condition', conditionTrigger: { type: 'OOMKilled', duration: name === 'a' ? '1m' : '2m' } })), ...overrides })
  it('are warned about when every action names others', () => expect(two({ action: { triggers: ['a'] } })).to.deep.equal(['spec.triggers[1].name: no action is for trigger "b"']))
  it('pass when an action names none, or them', () => {
    expect(two({})).to.deep.equal([])
    expect(two({ action: { triggers: ['a', 'b'] } })).to.deep.equal([])
  })
  it('are of no interest where nothing acts', () => expect(two({ mode: 'monitor', action: { triggers: ['a'] } })).to.deep.equal([]))
})

describe('KS211 message patterns', () => {
  const path = 'spec.triggers[0].eventTrigger.messagePattern'
  for (const messagePattern of [undefined, 'Back-off', '(?i)unhealthy', 'statuscode: 5[0-9]{2}', '^(a+)+$']) {
    it(`${messagePattern ?? 'none'} passes`, () => expect(check(ks211, { event: messagePattern === undefined ? {} : { messagePattern } })).to.deep.equal([]))
  }
  for (const [messagePattern, problem] of [['(', 'missing closing ): "("'], ['(?=x)', 'invalid or unsupported Perl syntax: "(?="'], ['(a)\\1', 'invalid escape sequence: "\\1"']]) {
    it(`${messagePattern} is refused`, () => expect(check(ks211, { event: { messagePattern: messagePattern ?? '' } })).to.deep.equal([`${path}: "${messagePattern}" is no pattern: ${problem}`]))
  }
  for (const messagePattern of ['.*', '.', '.+', '^', '$', '^.*$', '(?i)', '.*.*', '()', 'a*', '(.?){100}', '[^\\n]', 'x?']) {
    it(`${messagePattern} is warned about: it takes any message`, () => expect(check(ks211, { event: { messagePattern } })).to.deep.equal([`W ${path}: "${messagePattern}" takes any message`]))
  }
  for (const messagePattern of ['$foo', 'pod $NAME', 'a^b', 'x ^y', 'end$ of']) {
    it(`${messagePattern} is refused: it can never match`, () => expect(check(ks211, { event: { messagePattern } })).to.deep.equal([`${path}: "${messagePattern}" can never match`]))
  }
  for (const messagePattern of ['foo|$bar', '(a^b)?x', 'x|y^z']) {
    it(`${messagePattern} is warned about: one way through it is dead`, () => expect(check(ks211, { event: { messagePattern } })).to.deep.equal([`W ${path}: "${messagePattern}" has a part that never matches`]))
  }
  for (const messagePattern of ['\\$foo', '[$a]b', '[^a]b', 'foo$', '^foo', '^foo|^bar', 'foo$|bar', '(?m)a$b', 'x$a?', '(foo$)', '^.{1,5}$', '\\d+', '.{12}', 'a|b', '[$^]x', 'costs \\^2', 'failed.*']) {
    it(`${messagePattern} passes`, () => expect(check(ks211, { event: { messagePattern } })).to.deep.equal([]))
  }
  it('a policy without event triggers passes', () => expect(check(ks211)).to.deep.equal([]))
})

describe('KS211 patterns of alert triggers', () => {
  const { conditionTrigger: _, ...bare } = testPolicy().spec.triggers[0] ?? expect.fail()
  const found = (operator: '=' | '!=' | '=~' | '!~', value: string): readonly { readonly path: string }[] =>
    ks211.check({ ...testPolicy(), spec: { ...testPolicy().spec, triggers: [{ ...bare, type: 'alert', alertTrigger: { for: '0s', duration: '0s', matchers: [{ name: 'a', operator: '=', value: 'b' }, { name: 'c', operator, value }] } }] } }, { installation: DEFAULT_INSTALLATION })
  for (const operator of ['=~', '!~'] as const) {
    it(`${operator} with what is no pattern is refused`, () => expect(found(operator, '(').map(({ path }) => path)).to.deep.equal(['spec.triggers[0].alertTrigger.matchers[1].value']))
    it(`${operator} with a pattern passes`, () => expect(found(operator, 'a|b.*')).to.deep.equal([]))
  }
  for (const operator of ['=', '!='] as const) it(`${operator} takes any text`, () => expect(found(operator, '(')).to.deep.equal([]))
})
