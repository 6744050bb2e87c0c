import { expect } from 'chai'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { DURATION_PATTERN, parseDuration } from '../../lib/duration.ts'
import { schemaNodes } from '../../schema/walk.ts'
import { check, testPolicy } from '../test-policy.ts'
import { ks204 } from './ks204-fires-when-healthy.ts'
import { ks207 } from './ks207-condition-type.ts'
import { durationBounds, ks208 } from './ks208-durations.ts'
import { ks211 } from './ks211-message-pattern.ts'

const at = 'spec.triggers[0].conditionTrigger'

describe('KS204 triggers that fire on healthy objects', () => {
  for (const type of ['Ready', 'ContainersReady', 'Initialized', 'PodScheduled', 'PodReadyToStartContainers']) {
    it(`${type} with the default status is warned about`, () => expect(check(ks204, { condition: { type } })).to.deep.equal([`${at}.status: ${type} is True on every healthy pod`]))
    for (const status of ['False', 'Unknown'] as const) it(`${type} with status ${status} passes`, () => expect(check(ks204, { condition: { type, status } })).to.deep.equal([]))
  }
  it('a condition without a healthy status passes', () => expect(check(ks204, { condition: { type: 'DisruptionTarget' } })).to.deep.equal([]))
  it('a type called like a member of every object passes', () => expect(check(ks204, { condition: { type: 'constructor' } })).to.deep.equal([]))
  it('a duration of zero is warned about, one millisecond passes', () => {
    expect(check(ks204, { condition: { duration: '0s' } })).to.deep.equal([`${at}.duration: fires at once`])
    expect(check(ks204, { condition: { duration: '1ms' } })).to.deep.equal([])
  })
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

  const window = 'spec.safetyRules.stabilizationWindow'
  const bounds: [string, string, string[]][] = [
    ['just below the least', '999ms', [`${window}: "999ms" is not between 1s and 24h`]],
    ['the least', '1s', []],
    ['the most', '24h', []],
    ['just above the most', '24h1ms', [`${window}: "24h1ms" is not between 1s and 24h`]],
    ['no duration', '5 minutes', [`${window}: "5 minutes" is no duration`]],
    ['negative', '-5m', [`${window}: "-5m" is no duration`]],
    ['a day, which Go does not know', '1d', [`${window}: "1d" is no duration`]],
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
})

describe('KS211 message patterns', () => {
  const path = 'spec.triggers[0].eventTrigger.messagePattern'
  for (const messagePattern of [undefined, 'Back-off', '(?i)unhealthy', 'statuscode: 5[0-9]{2}', '^(a+)+$']) {
    it(`${messagePattern ?? 'none'} passes`, () => expect(check(ks211, { event: messagePattern === undefined ? {} : { messagePattern } })).to.deep.equal([]))
  }
  for (const [messagePattern, problem] of [['(', 'missing closing ): "("'], ['(?=x)', 'invalid or unsupported Perl syntax: "(?="'], ['(a)\\1', 'invalid escape sequence: "\\1"']]) {
    it(`${messagePattern} is refused`, () => expect(check(ks211, { event: { messagePattern: messagePattern ?? '' } })).to.deep.equal([`${path}: "${messagePattern}" is no pattern: ${problem}`]))
  }
  it('a policy without event triggers passes', () => expect(check(ks211)).to.deep.equal([]))
})
