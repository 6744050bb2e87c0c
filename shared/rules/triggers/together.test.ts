import { expect } from 'chai'
import { check, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks204 } from './ks204-fires-when-healthy.ts'
import { ks205, kindsOf } from './ks205-never-together.ts'
import { ks208 } from './ks208-durations.ts'

const condition = (type: string, status = 'True', more: object = {}): object => ({ name: type.toLowerCase().replace(/[^a-z0-9]/g, '-'), type: 'condition', conditionTrigger: { type, status, duration: '2m' }, ...more })
const metric = (query: string, operator: string, threshold: number, more: object = {}): object => ({ name: `m${operator.charCodeAt(0)}-${threshold}`.replace(/[^a-z0-9-]/g, '-'), type: 'metric', metricTrigger: { query, operator, threshold, duration: '2m', ...more } })
const event = { name: 'told', type: 'event', eventTrigger: { reason: 'BackOff' } }
const alert = { name: 'alerted', type: 'alert', alertTrigger: { alertname: 'Broken' } }
const kind = (...kinds: readonly string[]): NonNullable<PolicyOverrides['selector']> => ({ labelSelector: { matchLabels: { app: 'cart' } }, resources: kinds.map((name) => ({ apiVersion: name.split(' ')[0] ?? '', kind: name.split(' ')[1] ?? '' })) })

const together = (triggers: readonly object[], more: PolicyOverrides = {}): string[] => check(ks205, { triggerMatch: 'All', triggers, ...more }).filter((line) => !line.startsWith('W '))

describe('KS205 numbers that no value can be both', () => {
  const of = (first: readonly [string, number], second: readonly [string, number], more: object = {}): boolean =>
    together([metric('ready_percent', first[0], first[1]), { ...metric('ready_percent', second[0], second[1], more), name: 'second' }]).length > 0
  const cases: readonly [readonly [string, number], readonly [string, number], boolean][] = [
    [['>', 80], ['<', 20], true], [['>', 80], ['<', 80], true], [['>', 80], ['<', 80.1], false], [['>', 80], ['<', 90], false],
    [['>=', 80], ['<', 80], true], [['>=', 80], ['<=', 80], false], [['>', 80], ['<=', 80], true], [['>=', 80], ['<=', 79.9], true],
    [['==', 80], ['>', 80], true], [['==', 80], ['>=', 80], false], [['==', 80], ['<', 80.1], false], [['==', 80], ['==', 81], true], [['==', 80], ['==', 80], false],
    [['!=', 80], ['==', 80], true], [['!=', 80], ['==', 81], false], [['!=', 80], ['!=', 81], false], [['!=', 80], ['>=', 80], false],
    [['>', 80], ['>', 20], false], [['<', 80], ['<', 20], false],
  ]
  for (const [first, second, refused] of cases) {
    it(`${first.join(' ')} and ${second.join(' ')} ${refused ? 'is refused' : 'passes'}, in either order`, () => {
      expect([of(first, second), of(second, first)]).to.deep.equal([refused, refused])
    })
  }
  it('says which trigger it contradicts', () => {
    expect(together([metric('ready_percent', '>', 80), { ...metric('ready_percent', '<', 20), name: 'few' }])).to.deep.equal(['spec.triggers[1].metricTrigger.threshold: no value is both < 20 and > 80 (trigger "m62-80")'])
  })
  const apart: readonly [string, object, object, boolean][] = [
    ['two metrics', metric('ready_percent', '>', 80), metric('availability_percent', '<', 20), false],
    ['one expression, with spaces around it', metric('lock_age', '>', 80), metric(' lock_age ', '<', 20), true],
    ['one expression, with its matchers in another order, blanks and a comment', metric('lock_age{a="1",pod!=""}', '>', 80), metric('lock_age{ pod!="", a="1" } # of all', '<', 20), true],
    ['two expressions that differ in a matcher', metric('lock_age{a="1",pod!=""}', '>', 80), metric('lock_age{a="2",pod!=""}', '<', 20), false],
    ['two texts that are no expressions', metric('lock_age{', '>', 80), metric('lock_age[', '<', 20), false],
    ['one expression of two sources', metric('lock_age', '>', 80, { source: 'main' }), metric('lock_age', '<', 20), false],
    ['counts over two windows', metric('restart_count', '>', 5, { window: '1h' }), metric('restart_count', '<', 2, { window: '5m' }), false],
    ['counts over one window, written in two ways', metric('restart_count', '>', 5, { window: '60m' }), metric('restart_count', '<', 2, { window: '1h' }), true],
    ['usage, which has no window', metric('memory_usage_percent', '>', 80, { window: '1h' }), metric('memory_usage_percent', '<', 20, { window: '5m' }), true],
  ]
  for (const [title, first, second, refused] of apart) it(`${title} ${refused ? 'are refused' : 'pass'}`, () => expect(together([first, second])).to.have.length(refused ? 1 : 0))
  const three = (query: string, ...sides: readonly (readonly [string, number])[]): string[] => together(sides.map(([operator, threshold], index) => ({ ...metric(query, operator, threshold), name: `t${index}` })))
  it('what two of them leave a third one can take away', () => {
    expect(three('ready_percent', ['>=', 80], ['<=', 80], ['!=', 80])).to.deep.equal(['spec.triggers[2].metricTrigger.threshold: no value is != 80 and at once >= 80 and <= 80 (the triggers before)'])
    expect(three('ready_percent', ['>=', 80], ['<=', 80.1], ['!=', 80])).to.deep.equal([])
    expect(three('ready_percent', ['!=', 80], ['>', 70], ['<', 90])).to.deep.equal([])
  })
  it('restarts are whole numbers', () => {
    expect(three('restart_count', ['>', 2], ['<', 3])).to.have.length(1)
    expect(three('restart_count', ['>', 2], ['<=', 3])).to.deep.equal([])
    expect(three('memory_usage_percent', ['>', 2], ['<', 3])).to.deep.equal([])
    expect(three('restart_count', ['>', 2], ['<', 5], ['!=', 3], ['!=', 4])).to.have.length(1)
  })
  it('Any passes', () => expect(together([metric('ready_percent', '>', 80), metric('ready_percent', '<', 20)], { triggerMatch: 'Any' })).to.deep.equal([]))
})

describe('KS205 conditions that cannot be both', () => {
  it('one type with two statuses is refused', () => {
    expect(together([condition('Ready'), { ...condition('Ready', 'False'), name: 'unready' }])).to.deep.equal(['spec.triggers[1].conditionTrigger.status: Ready cannot be False while it is True (trigger "ready")'])
  })
  it('one type with one status passes, for different times', () => expect(together([condition('Ready', 'False'), { ...condition('Ready', 'False'), name: 'for-longer' }])).to.deep.equal([]))
  const never: readonly (readonly [string, string, string, string])[] = [['Ready', 'True', 'ContainersReady', 'False'], ['Ready', 'True', 'PodScheduled', 'False'], ['ContainersReady', 'True', 'Initialized', 'False'], ['CrashLoopBackOff', 'True', 'PodScheduled', 'False']]
  for (const [a, ofA, b, ofB] of never) {
    it(`${a} ${ofA} and ${b} ${ofB} are refused, in either order, of pods`, () => {
      expect(together([condition(a, ofA), condition(b, ofB)])).to.deep.equal([`spec.triggers[1].conditionTrigger: ${b} is never ${ofB} while ${a} is ${ofA} (trigger "${a.toLowerCase()}")`])
      expect(together([condition(b, ofB), condition(a, ofA)])).to.have.length(1)
      expect(together([condition(a, ofA), condition(b, ofB)], { selector: kind('example.com/v1 Cache'), mode: 'monitor' })).to.deep.equal([])
    })
  }
  for (const [a, ofA, b, ofB] of [['Ready', 'False', 'ContainersReady', 'True'], ['Ready', 'Unknown', 'PodScheduled', 'True'], ['CrashLoopBackOff', 'True', 'Ready', 'True'], ['Ready', 'False', 'PodScheduled', 'False'], ['Ready', 'True', 'PodScheduled', 'Unknown']] as const) {
    it(`${a} ${ofA} and ${b} ${ofB} pass`, () => expect(together([condition(a, ofA), condition(b, ofB)])).to.deep.equal([]))
  }
  it('two types pass', () => expect(together([condition('Ready', 'False'), condition('PodScheduled')])).to.deep.equal([]))
  it('one trigger alone passes', () => expect(together([condition('Ready')])).to.deep.equal([]))
})

describe('KS205 triggers that look at different objects', () => {
  const DEPLOYMENT = 'apps/v1 Deployment'
  const cases: readonly [string, readonly object[], string, boolean][] = [
    ['a crash of a pod and a Deployment that is not available', [condition('CrashLoopBackOff'), condition('Available', 'False')], DEPLOYMENT, true],
    ['restarts of a pod and how many of a Deployment are ready', [metric('restart_count', '>', 2), metric('ready_percent', '<', 50)], DEPLOYMENT, true],
    ['restarts and readiness of selected pods', [metric('restart_count', '>', 2), metric('ready_percent', '<', 50)], 'v1 Pod', false],
    ['a Deployment that is not available and how much of it is', [condition('Available', 'False'), metric('availability_percent', '<', 50)], DEPLOYMENT, false],
    ['events, alerts and PromQL, which may be about any of them', [condition('Available', 'False'), event, alert, metric('lock_age', '>', 1)], DEPLOYMENT, false],
    ['a metric of an adapter that is called like a built-in one', [condition('Available', 'False'), metric('restart_count', '>', 2, { source: 'custom.metrics.k8s.io' })], DEPLOYMENT, false],
    ['a crash, and events', [condition('CrashLoopBackOff'), event], DEPLOYMENT, false],
    ['a readiness gate of the pods of a Deployment, and their crashes', [condition('example.com/gate'), condition('OOMKilled')], DEPLOYMENT, false],
  ]
  for (const [title, triggers, selected, refused] of cases) {
    it(`${title} ${refused ? 'are refused' : 'pass'}`, () => expect(together(triggers, { selector: kind(selected), mode: 'monitor' })).to.have.length(refused ? 1 : 0))
  }
  it('says where each of them looks', () => {
    expect(together([condition('CrashLoopBackOff'), condition('Available', 'False'), event], { selector: kind(DEPLOYMENT) })).to.deep.equal([
      'spec.triggerMatch: no object is looked at by all triggers: crashloopbackoff at v1 Pod, available at apps/v1 Deployment',
    ])
  })
  it('what looks at nothing at all is left to the rule about it', () => expect(together([condition('NoSuchThing'), condition('Available', 'False')], { selector: kind(DEPLOYMENT) })).to.deep.equal([]))
  it('pods and Deployments that are both selected can be met by either', () => {
    const policy = testPolicy({ triggerMatch: 'All', triggers: [condition('CrashLoopBackOff'), metric('ready_percent', '<', 50)], selector: kind('v1 Pod', DEPLOYMENT) })
    expect(policy.spec.triggers.map((trigger) => [...(kindsOf(trigger, policy) ?? [])])).to.deep.equal([['v1 Pod'], ['v1 Pod', DEPLOYMENT]])
    expect(ks205.check(policy, {} as never)).to.deep.equal([])
  })
})

describe('other rules under triggerMatch: All', () => {
  const healthy = condition('Ready')
  it('KS204: what healthy pods show too may narrow down what another trigger sees', () => {
    expect(check(ks204, { triggerMatch: 'All', triggers: [healthy, metric('memory_usage_percent', '>', 40), condition('OOMKilled')] })).to.deep.equal([])
    expect(check(ks204, { triggerMatch: 'All', triggers: [healthy, metric('memory_usage_percent', '>', 40)] })).to.have.length(2)
    expect(check(ks204, { triggerMatch: 'Any', triggers: [healthy, condition('OOMKilled')] })).to.have.length(1)
    expect(check(ks204, { triggerMatch: 'All', triggers: [healthy] })).to.have.length(1)
  })
  it('KS208: the longest cooldown is the one that counts', () => {
    const cooldowns = (triggerMatch: 'Any' | 'All', ...times: readonly string[]): string[] =>
      check(ks208, { triggerMatch, triggers: times.map((cooldownPeriod, i) => condition('OOMKilled', 'True', { name: `t${i}`, cooldownPeriod })) }).map((line) => line.replace(/:.*/, ''))
    expect(cooldowns('All', '10s', '5m')).to.deep.equal([])
    expect(cooldowns('Any', '10s', '5m')).to.deep.equal(['W spec.triggers[0].cooldownPeriod'])
    expect(cooldowns('All', '10s', '20s')).to.deep.equal(['W spec.triggers[1].cooldownPeriod'])
  })
})
