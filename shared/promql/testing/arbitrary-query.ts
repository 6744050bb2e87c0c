/** Queries that are right or wrong by chance, of what every Prometheus since 2.42 knows. */
import { array, boolean, constant, constantFrom, letrec, option, tuple, type Arbitrary } from 'fast-check'
import { AGGREGATIONS, FUNCTIONS, type Signature } from '../functions.ts'

/** Functions that Prometheus has had for less long. */
export const NEWER: ReadonlySet<string> = new Set(['histogram_avg', 'histogram_stddev', 'histogram_stdvar'])

export const known = (table: Readonly<Record<string, Signature>>): readonly string[] => Object.entries(table).flatMap(([name, { only }]) => (only === undefined && !NEWER.has(name) ? [name] : []))

const LABELS = ['pod', 'namespace', 'le']
const labels = array(constantFrom(...LABELS), { maxLength: 2 }).map((all) => `(${all.join(', ')})`)
const selector = constantFrom('a', 'up{}', 'b_total{pod="x"}', '{job=~"c.+"}', '{}', 'a{pod=~".*"}', '{pod!="x"}', 'a{__name__="b"}', 'b{pod=~"("}', 'rate', 'sum')
const duration = constantFrom('5m', '1h30m', '30s', '0s')

const matching = option(tuple(constantFrom('on', 'ignoring'), labels, option(tuple(constantFrom('group_left', 'group_right'), labels), { nil: undefined })), { nil: undefined, freq: 2 }).map((given) => {
  if (given === undefined) return ''
  const [how, by, group] = given
  return ` ${how} ${by}${group === undefined ? '' : ` ${group.join(' ')}`}`
})

const operator = constantFrom('+', '-', '*', '/', '%', '^', 'atan2', '==', '!=', '>', '<', '>=', '<=', 'and', 'or', 'unless')
const bool = constantFrom('', '', '', ' bool')

interface Parts {
  expr: string
  likely: string
  call: string
  aggregate: string
}

export const arbitraryQuery: Arbitrary<string> = letrec<Parts>((tie) => {
  // What letrec cannot tell of itself.
  const of = (part: keyof Parts): Arbitrary<string> => tie(part) as Arbitrary<string>
  const expr = of('expr')
  const likely = of('likely')
  const wrapped = expr.map((inner) => `(${inner})`)
  const args = (least: number, most: number): Arbitrary<string> => array(expr, { minLength: least, maxLength: most }).map((all) => `(${all.join(', ')})`)
  /** Of the types that are wanted, more often than not. */
  const fitting = ({ args: wanted, least }: Signature): Arbitrary<string> => {
    const ofType = { scalar: constantFrom('0.9', '2', '1 + 1', 'time()'), string: constantFrom('"x"', "'(.*)'"), 'instant vector': likely, 'range vector': likely.map((inner) => `${inner}[5m:1m]`) }
    return tuple(...wanted.slice(0, least).map((type) => ofType[type])).map((all) => `(${all.join(', ')})`)
  }
  const named = (table: Readonly<Record<string, Signature>>): Arbitrary<readonly [string, Signature]> => constantFrom(...known(table).map((name) => [name, table[name] as Signature] as const))
  return {
    call: named(FUNCTIONS).chain(([name, signature]) => boolean().chain((right) => (right ? fitting(signature) : args(0, 3)).map((given) => `${name}${given}`))),
    aggregate: tuple(named(AGGREGATIONS), option(tuple(constantFrom('by', 'without'), labels), { nil: undefined }), boolean(), boolean()).chain(([[name, signature], grouping, before, right]) =>
      (right ? fitting(signature) : args(0, 2)).map((given) => (grouping === undefined ? `${name}${given}` : before ? `${name} ${grouping.join(' ')} ${given}` : `${name}${given} ${grouping.join(' ')}`)),
    ),
    likely: constantFrom('a', 'b_total{pod="x"}', 'sum by (pod) (a)', 'rate(b_total[5m])', '(a + 1)', 'abs(a)'),
    expr: tuple(constantFrom(...Array.from({ length: 16 }, (_, index) => index)), selector, duration).chain(([which, simple, span]): Arbitrary<string> => {
      if (which < 4) return constant(simple)
      if (which < 7) return of('call')
      if (which < 9) return of('aggregate')
      if (which < 12) return tuple(expr, operator, bool, matching, expr).map(([left, sign, asBool, by, right]) => `${left} ${sign}${asBool}${by} ${right}`)
      if (which === 12) return constantFrom('1', '-2.5', '"text"', 'Inf', '0x1f')
      if (which === 13) return tuple(constantFrom('-', '+'), expr).map((parts) => parts.join(''))
      if (which === 14) return tuple(expr, constantFrom(`[${span}]`, `[${span}:]`, `[${span}:1m]`, ` offset 5m`, ' offset -1h', ' @ 1600000000', ' @ end()')).map((parts) => parts.join(''))
      return wrapped
    }),
  }
}).expr
