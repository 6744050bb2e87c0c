import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Trigger } from '../../api/v1alpha1/types.ts'
import { isPattern, readPattern } from '../../lib/pattern.ts'
import { check, type PolicyOverrides } from '../test-policy.ts'
import { alertWithin, isImpossible, labelsOf, wordsOf, type Matcher } from './alert-sets.ts'
import { ks214 } from './ks214-alert-matchers.ts'

type Alert = NonNullable<Trigger['alertTrigger']>
const body = (matchers: readonly Matcher[], alertname?: string): Alert => ({ for: '0s', duration: '0s', ...(alertname === undefined ? {} : { alertname }), ...(matchers.length === 0 ? {} : { matchers: [...matchers] }) })

/** As the controller does it. */
const takes = ({ operator, value }: Matcher, label: string): boolean => {
  if (operator === '=' || operator === '!=') return (label === value) === (operator === '=')
  const read = readPattern(`^(?s:${value})$`)
  return isPattern(read) && read.matches(label) === (operator === '=~')
}

describe('the words of a pattern', () => {
  const UNIVERSE = ['', 'a', 'b', 'ab', 'a.b', 'a|b', 'axb', '^a', 'a$', '\n', 'a\nb', 'zz', '5', '_', '.', '|']
  const cases: readonly [string, readonly string[] | undefined][] = [
    ['a', ['a']], ['a|b', ['a', 'b']], ['(a|b)', ['a', 'b']], ['(?:a|b)', ['a', 'b']], ['^(a|b)$', ['a', 'b']], ['^a|b$', ['a', 'b']], ['a|', ['a', '']], ['', ['']], ['a\\.b', ['a.b']], ['a\\|b', ['a|b']],
    ['.*', UNIVERSE], ['.+', UNIVERSE.filter((text) => text !== '')], ['^.*$', UNIVERSE], ['.*.*', UNIVERSE], ['.*.+', UNIVERSE.filter((text) => text !== '')], ['a|.*', UNIVERSE], ['|.+', UNIVERSE], ['(.*)', UNIVERSE],
    ['.+.+', undefined], ['a.b', undefined], ['a.*', undefined], ['a+', undefined], ['[ab]', undefined], ['\\d', undefined], ['(?i)a', undefined], ['(a)|(b)', undefined], ['a{2}', undefined], ['a$b', undefined], ['\\', undefined],
  ]
  for (const [pattern, words] of cases) {
    it(`${JSON.stringify(pattern)} ${words === undefined ? 'are not known' : 'are what it takes, and nothing else is'}`, () => {
      const known = wordsOf(pattern)
      if (words === undefined) return expect(known).to.equal(undefined)
      const taken = UNIVERSE.filter((text) => known !== undefined && known.listed.has(text) !== known.allBut)
      expect(taken).to.have.members([...words])
      return expect(UNIVERSE.filter((text) => takes({ name: 'a', operator: '=~', value: pattern }, text))).to.have.members([...words])
    })
  }
})

describe('matchers as sets', () => {
  /** Whatever tells two of the patterns below apart is in it, and a value that none of them names. */
  const UNIVERSE = ['', 'x', 'y', 'xx', 'fresh']
  const patterns = fc.constantFrom('x', 'y', 'x|y', 'x|', '.*', '.+', '(x|xx)', '^y$', 'x.*', 'x+', '[xy]')
  const matcher: fc.Arbitrary<Matcher> = fc.oneof(
    fc.record({ name: fc.constantFrom('a', 'b'), operator: fc.constantFrom('=' as const, '!=' as const), value: fc.constantFrom('', 'x', 'y', 'xx') }),
    fc.record({ name: fc.constantFrom('a', 'b'), operator: fc.constantFrom('=~' as const, '!~' as const), value: patterns }),
  )
  const alerts = UNIVERSE.flatMap((a) => UNIVERSE.map((b) => ({ a, b })))
  const taken = (matchers: readonly Matcher[]): readonly object[] => alerts.filter((labels) => matchers.every((one) => takes(one, labels[one.name === 'a' ? 'a' : 'b'])))
  const listed = ({ operator, value }: Matcher): boolean => operator === '=' || operator === '!=' || wordsOf(value) !== undefined
  const matchers = fc.array(matcher, { minLength: 1, maxLength: 4 })

  it('hold of no alert when that is said, and it is said whenever all of them are lists', () => {
    fc.assert(
      fc.property(matchers, (list) => {
        const said = [...labelsOf(body(list)).values()].some(isImpossible)
        const none = taken(list).length === 0
        return said ? none : !none || !list.every(listed)
      }),
      { numRuns: 2000 },
    )
  })
  it('lie within others when that is said, and it is said whenever all of them are lists', () => {
    fc.assert(
      fc.property(matchers, matchers, (narrow, wide) => {
        const said = alertWithin(body(narrow), body(wide))
        const all = taken(wide)
        const within = taken(narrow).every((alert) => all.includes(alert))
        return said ? within : !within || ![...narrow, ...wide].every(listed)
      }),
      { numRuns: 2000 },
    )
  })
  it('give up on patterns that would take long, and say nothing then', () => {
    const long: Matcher[] = [{ name: 'a', operator: '=~', value: Array.from({ length: 64 }, (_, index) => `word${index}`).join('|') }, { name: 'a', operator: '=~', value: '(.?){300}!' }]
    expect([...labelsOf(body(long)).values()].some(isImpossible)).to.equal(false)
  })
})

const matchersOf = (texts: readonly string[]): readonly Matcher[] =>
  texts.map((text) => {
    const [, name = '', operator = '=', value = ''] = /^(\w+) (=~|!~|!=|=) (.*)$/.exec(text) ?? []
    return { name, operator: operator as Matcher['operator'], value }
  })
const triggersOf = (texts: readonly string[], alertname?: string): readonly object[] => [{ name: 'told', type: 'alert', alertTrigger: { ...(alertname === undefined ? {} : { alertname }), ...(texts.length === 0 ? {} : { matchers: matchersOf(texts) }) } }]

describe('KS214 matchers of alerts', () => {
  const path = 'spec.triggers[0].alertTrigger.matchers'
  const of = (texts: readonly string[], alertname?: string, more: PolicyOverrides = {}): string[] => check(ks214, { triggers: triggersOf(texts, alertname), ...more })

  const sensible: readonly (readonly [readonly string[], string?])[] = [
    [[], 'CartQueueStuck'], [['severity = critical']], [['severity =~ warning|critical']], [['team = shop', 'severity != info']], [['severity = critical', 'namespace = shop']], [['severity = critical', 'namespace =~ shop|bank']],
    [['alertname =~ Cart.*']], [['alertname =~ Cart.*', 'alertname !~ CartInfo.*']], [['severity =~ crit.*']], [['team = ']], [['runbook_url =~ .*cart.*']], [['alertname = A', 'alertname != B']], [['severity =~ a|b', 'severity =~ b|c']],
    [['severity = a', 'severity =~ a.*']], [['severity != info'], 'KubePodNotReady'], [['namespace = '], 'X'], [['namespace =~ s.*'], 'X'], [['namespace =~ |bank'], 'X'], [['container = cart', 'severity = critical']], [['namespace != bank'], 'X'], [['severity !~ a.*', 'severity = b']],
    [['container = cart']], [['severity =~ [^i].*']], [['pod =~ cart-.*'], 'X'], [['severity =~ .*'], 'X'],
  ]
  for (const [texts, alertname] of sensible) it(`${[alertname, ...texts].join(', ')} passes`, () => expect(of(texts, alertname)).to.deep.equal([]))

  const never: readonly (readonly [readonly string[], string | undefined, string])[] = [
    [['severity = a', 'severity = b'], undefined, `${path}[1].value: severity = "a" and severity = "b" never hold together`],
    [['severity = a', 'severity != a'], undefined, `${path}[1].value: severity = "a" and severity != "a" never hold together`],
    [['severity = a', 'team = x', 'severity !~ a.*'], undefined, `${path}[2].value: severity = "a" and severity !~ "a.*" never hold together`],
    [['severity =~ a|b', 'severity =~ c|d'], undefined, `${path}[1].value: severity =~ "a|b" and severity =~ "c|d" never hold together`],
    [['severity =~ a.*', 'severity !~ a.*'], undefined, `${path}[1].value: severity =~ "a.*" and severity !~ "a.*" never hold together`],
    [['severity !~ .*'], undefined, `${path}[0].value: severity !~ ".*" holds of no alert`],
    [['severity !~ .+', 'severity != '], undefined, `${path}[1].value: severity !~ ".+" and severity != "" never hold together`],
    [['alertname = B'], 'A', `${path}[0].value: alertname = "A" and alertname = "B" never hold together`],
    [['alertname = '], undefined, `${path}[0].value: alertname = "" holds of no alert`],
    [['namespace = bank'], 'A', `${path}[0].value: alerts of namespace bank are about nothing that the policy selects`],
    [['namespace =~ bank|till'], 'A', `${path}[0].value: alerts of namespace bank, till are about nothing that the policy selects`],
  ]
  for (const [texts, alertname, found] of never) it(`${[alertname, ...texts].join(', ')} is refused in every mode: it never holds`, () => {
    for (const mode of ['automatic', 'monitor'] as const) expect(of(texts, alertname, { mode })).to.deep.equal([found])
  })

  for (const texts of [['alertname =~ .*'], ['alertname =~ .+'], ['alertname != '], ['severity =~ .*'], ['severity =~ .*', 'alertname =~ (.+)']]) {
    it(`${texts.join(', ')} is refused in every mode: it holds of every alert`, () => {
      for (const mode of ['automatic', 'monitor'] as const) expect(of(texts, undefined, { mode })).to.deep.equal([`${path}: ${matchersOf(texts).map(({ name, operator, value }) => `${name} ${operator} "${value}"`).join(' and ')} holds of every alert`])
    })
  }

  for (const texts of [['severity != info'], ['severity !~ info|none'], ['severity !~ inf.*'], ['severity =~ .+'], ['alertname != Watchdog', 'severity =~ .+']]) {
    it(`${texts.join(', ')} only excludes: refused where nobody looks first, warned about elsewhere`, () => {
      const what = `${path}: only excludes alerts, or asks for a label to be there`
      expect(of(texts)).to.deep.equal([what])
      for (const more of [{ mode: 'monitor' }, { mode: 'dryrun' }, { mode: 'manual' }, { action: { requiresApproval: true } }] as const) expect(of(texts, undefined, more)).to.deep.equal([`W ${what}`])
    })
  }

  for (const [label, texts] of [
    ['alertname', ['alertname =~ [A-Z].*']], ['alertname', ['alertname =~ [A-Za-z0-9_]+']], ['alertname', ['alertname =~ .{3,}', 'severity != info']], ['severity', ['severity =~ critical|warning|info|none']],
    ['severity', ['severity =~ critical|warning|info']], ['severity', ['severity =~ [a-z]+']], ['severity', ['severity =~ [a-z]+', 'severity !~ none']], ['severity', ['namespace = shop', 'severity =~ (critical|warning|info)']],
  ] as const) {
    const alone = !texts.some((text) => text.startsWith('namespace'))
    it(`${texts.join(', ')} reads as a choice and is none`, () => {
      const what = alone ? `${path}: takes alerts whatever their ${label} is, as far as it is one of the usual ones` : `${path}: says which object, not which alert`
      expect(of(texts)).to.deep.equal([alone ? what : `W ${what}`])
      expect(of(texts, undefined, { mode: 'monitor' })).to.deep.equal([`W ${what}`])
    })
  }
  for (const texts of [['severity =~ critical|warning'], ['severity =~ [^i].*'], ['alertname =~ Kube.*'], ['alertname =~ [A-Z].*', 'alertname !~ Watchdog|Target.*'], ['severity =~ [a-z]+', 'severity !~ info|none'], ['severity =~ [a-z]+', 'team = shop']]) {
    it(`${texts.join(', ')} is a choice`, () => expect(of(texts)).to.deep.equal([]))
  }
  for (const texts of [['namespace = shop'], ['pod =~ cart-.*'], ['namespace = shop', 'severity != info'], ['workload = cart']]) {
    it(`${texts.join(', ')} says which object only, and is warned about`, () => expect(of(texts)).to.deep.equal([`W ${path}: says which object, not which alert`]))
  }
  it('a label that names no selected kind says something about the alert', () => expect(of(['deployment = cart'])).to.deep.equal([]))
})

describe('KS214 ALERTS in a query', () => {
  const at = 'spec.triggers[0].metricTrigger.query: line 1, column 1:'
  const of = (query: string, more: PolicyOverrides = {}): string[] => check(ks214, { metric: { query, operator: '>', threshold: 0 }, ...more })
  it('without the name of an alert is refused where nobody looks first', () => {
    for (const query of ['ALERTS', 'ALERTS{alertstate="firing"}']) {
      expect(of(query), query).to.deep.equal([`${at} ALERTS is every alert that there is`])
      for (const more of [{ mode: 'dryrun' }, { mode: 'manual' }, { action: { requiresApproval: true } }] as const) expect(of(query, more), query).to.deep.equal([`W ${at} ALERTS is every alert that there is`])
    }
    expect(of('ALERTS_FOR_STATE')).to.have.length(1)
    expect(of('ALERTS{severity!="info"}')).to.deep.equal([`${at} only excludes alerts, or asks for a label to be there`])
    expect(of('ALERTS{alertstate="firing",namespace="shop"}')).to.deep.equal([`W ${at} says which object, not which alert`])
  })
  it('of pending alerts too is warned about', () => {
    for (const query of ['ALERTS{alertname="CartDown"}', 'ALERTS{severity="critical",alertstate!=""}', 'ALERTS{alertname="CartDown",alertstate=~"firing|pending"}']) expect(of(query), query).to.deep.equal([`W ${at} ALERTS has alerts that are pending too`])
  })
  it('of one alert that fires passes', () => {
    for (const query of ['ALERTS{alertname="CartDown",alertstate="firing"}', 'ALERTS{severity="critical",alertstate!="pending"}', 'up', 'count by (namespace, pod) (ALERTS{alertname=~"Cart.*",alertstate="firing"})']) expect(of(query), query).to.deep.equal([])
  })
})

describe('KS214 labels of one of several servers', () => {
  const of = (name: string, operator: string, value: string): string[] => check(ks214, { triggers: [{ name: 'told', type: 'alert', alertTrigger: { alertname: 'CartDown', matchers: [{ name, operator, value }] } }] })
  it('are warned about where one of them is asked for', () => {
    for (const name of ['prometheus_replica', '__replica__', 'rule_replica']) expect(of(name, '=', 'prometheus-0')).to.deep.equal([`W spec.triggers[0].alertTrigger.matchers[0].value: "${name}" says which of several servers has sent the alert`])
  })
  it('that are not there, and others, pass', () => {
    for (const [name, operator, value] of [['prometheus_replica', '=', ''], ['prometheus_replica', '!=', 'b'], ['cluster', '=', 'prod'], ['replica', '=', '2']] as const) expect(of(name, operator, value)).to.deep.equal([])
  })
})
