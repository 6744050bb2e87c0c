import { expect } from 'chai'
import { hours, minutes, seconds, type Millis } from '../../../shared/lib/time.ts'
import { lookback } from './lookback.ts'

describe('how far back a value looks', () => {
  const cases: readonly [string, string, Millis][] = [
    ['a gauge', 'max by (pod) (lock_age)', seconds(0)],
    ['a rate', 'rate(errors[5m])', minutes(5)],
    ['the longest of several', 'rate(errors[5m]) / rate(all[10m])', minutes(10)],
    ['a range of several units', 'rate(errors[1h30m])', minutes(90)],
    ['days', 'avg_over_time(x[1d])', hours(24)],
    ['a range in plain seconds', 'rate(errors[90])', seconds(90)],
    ['a subquery, on top of what is in it', 'max_over_time(rate(errors[5m])[1h:1m])', minutes(65)],
    ['a subquery without a step', 'max_over_time(lock_age[1h:])', hours(1)],
    ['a range that is an expression', 'rate(errors[$range])', minutes(5)],
    ['an offset, which does not count', 'x - x offset 1w', seconds(0)],
    ['what looks like one in a matcher', 'x{path=~"/[5m]", a=\'[1h]\', b=`[1d]`}', seconds(0)],
    ['what looks like one after an escaped quote', 'x{path="\\"[5m]"} > rate(y[1m])', minutes(1)],
    ['what looks like one in a comment', 'x # [5m]', seconds(0)],
  ]
  for (const [title, expression, expected] of cases) it(title, () => expect(lookback(expression)).to.equal(expected))
})
