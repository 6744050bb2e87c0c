import { expect } from 'chai'
import * as fc from 'fast-check'
import { positionIn } from '../lib/text-position.ts'
import { processorTime } from '../testing/processor-time.ts'
import type { Expr } from './ast.ts'
import { problemsOf, typeOf } from './check.ts'
import { DEEPEST_BRACKETS, MOST_TOKENS, parsePromql } from './parse.ts'
import { counts } from './counter-names.ts'
import { comparisonsOf, holds, relate } from './filters.ts'
import { weightOf } from './patterns.ts'
import { MALFORMED, NEVER_EVALUATED } from './testing/wrong-queries.ts'

const said = (query: string): string[] => {
  const parsed = parsePromql(query)
  const problems = 'expr' in parsed ? problemsOf(parsed.expr) : [parsed.problem]
  return problems.map(({ from, what }) => `${positionIn(query, from).line}:${positionIn(query, from).column} ${what}`)
}

/** With all brackets that the grammar leaves out, and no others. */
function shown(expr: Expr): string {
  switch (expr.type) {
    case 'binary':
      return `(${shown(expr.left)} ${expr.operator} ${shown(expr.right)})`
    case 'unary':
      return `(${expr.negative ? '-' : '+'}${shown(expr.expr)})`
    case 'modified':
      return `{${shown(expr.expr)} ${expr.by}}`
    case 'range':
      return `{${shown(expr.expr)} ${expr.range.millis}}`
    case 'subquery':
      return `{${shown(expr.expr)} ${expr.range.millis}:${expr.step?.millis ?? ''}}`
    case 'aggregate':
      return `${expr.operator}${expr.grouping === undefined ? '' : ` ${expr.grouping.by ? 'by' : 'without'} (${expr.grouping.labels.join()})`}(${expr.args.map(shown).join()})`
    case 'call':
      return `${expr.name}(${expr.args.map(shown).join()})`
    case 'paren':
      return shown(expr.expr)
    case 'selector':
      return `${expr.name ?? ''}${expr.matchers.map(({ label, operator, value }) => `<${label}${operator}${value}>`).join('')}`
    case 'number':
    case 'string':
      return JSON.stringify(expr.value)
    default:
      return expr satisfies never
  }
}
const tree = (query: string): string => {
  const parsed = parsePromql(query)
  return 'expr' in parsed ? shown(parsed.expr) : parsed.problem.what
}

describe('PromQL is read as Prometheus reads it', () => {
  const cases: readonly [string, string][] = [
    ['a + b * c', '(a + (b * c))'],
    ['a * b + c', '((a * b) + c)'],
    ['a ^ b ^ c', '(a ^ (b ^ c))'],
    ['-a ^ b', '(-(a ^ b))'],
    ['-a * b', '((-a) * b)'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a > b + 1 and c', '((a > (b + 1)) and c)'],
    // Modifiers belong to the last part.
    ['a + b offset 5m', '(a + {b offset})'],
    ['-a offset 5m', '(-{a offset})'],
    ['a > b offset 5m * 2', '(a > ({b offset} * 2))'],
    ['a or b @ 5 and c', '(a or ({b @} and c))'],
    ['-a offset 5m ^ 2', '(-({a offset} ^ 2))'],
    ['a ^ b offset 5m ^ c', '(a ^ ({b offset} ^ c))'],
    ['a * b[5m:1m] + c', '((a * {b 300000:60000}) + c)'],
    ['(a + b)[5m:]', '{(a + b) 300000:}'],
    ['a[1h30m] offset -5m @ end()', '{{{a 5400000} offset} @}'],
    ['a[300]', '{a 300000}'],
    ['a @ end()[5m] offset 1m', '{{{a @} 300000} offset}'],
    ['sum(a) by (x, y,)', 'sum by (x,y)(a)'],
    ['SUM WITHOUT (x) (a)', 'sum without (x)(a)'],
    ['topk(5, a)', 'topk(5,a)'],
    ['holt_winters(a[5m], .5, 1e-1)', 'holt_winters({a 300000},0.5,0.1)'],
    ['integral(a[5m])', 'integral({a 300000})'],
    ['a{b="c\\n\\x41\\u00e9", d!~`\\d`}', 'a<b=c\nA\u00e9><d!~\\d>'],
    ['{"a.b", "c.d"="e"}', 'a.b<c.d=e>'],
    ['sum == sum(by)', '(sum == sum(by))'],
    ['a - -1', '(a - -1)'],
    ['a # and # b\n+ 5.', '(a + 5)'],
    ['a == BOOL b', '(a == b)'],
    ['a > 1d', '(a > 86400)'],
  ]
  for (const [query, expected] of cases) it(query, () => expect(tree(query)).to.equal(expected))
})

describe('PromQL that no Prometheus takes', () => {
  for (const { query, at, says } of [...MALFORMED, ...NEVER_EVALUATED]) {
    it(JSON.stringify(query), () => {
      const [first = '', ...others] = said(query)
      expect(first.startsWith(`${at} `), first).to.equal(true)
      expect(first).to.contain(says)
      expect(others.length).to.be.at.most(1)
    })
  }
  it('is refused once for each mistake', () => {
    expect(said('rate(a) + foo_over(b)')).to.deep.equal(['1:11 there is no function "foo_over"'])
    expect(said('rate(a) + abs(1)')).to.deep.equal(['1:6 rate takes a range vector here, not an instant vector', '1:15 abs takes an instant vector here, not a scalar'])
  })
  it('is placed by characters, not by bytes or units', () => expect(said('a{b="\u{1f600}"} c')).to.deep.equal(['1:10 unexpected "c"']))
})

describe('hostile PromQL', () => {
  /** Far above what it takes, and far below what a door may take. */
  const LIMIT = 2000
  const N = 100_000
  const texts: readonly [string, string][] = [
    ['open parentheses', '('.repeat(N)],
    ['parentheses', `${'('.repeat(N / 2)}a${')'.repeat(N / 2)}`],
    ['calls', 'sum('.repeat(N / 4)],
    ['signs', `${'-'.repeat(N)}1`],
    ['brackets', '['.repeat(N)],
    ['a long sum', `a${'+a'.repeat(N / 2)}`],
    ['a tower', `a${'^a'.repeat(N / 2)}`],
    ['ranges', `a${'[5m]'.repeat(N / 4)}`],
    ['subqueries', `a${'[5m:]'.repeat(N / 5)}`],
    ['offsets', `a${' offset 5m'.repeat(N / 10)}`],
    ['matchers', `a{${'b="c",'.repeat(N / 6)}}`],
    ['quotes', '"'.repeat(N)],
    ['backslashes', `"${'\\'.repeat(N)}`],
    ['one string', `a{b="${'x'.repeat(N)}"}`],
    ['escapes', `a{b="${'\\x41'.repeat(N / 4)}"}`],
    ['one number', '1'.repeat(N)],
    ['exponents', '1e+'.repeat(N / 3)],
    ['one name', 'a'.repeat(N)],
    ['an unknown function', `${'a'.repeat(N)}(`],
    ['blanks', ' '.repeat(N)],
    ['comments', '#\n'.repeat(N / 2)],
    ['NUL', '\0'.repeat(N)],
    ['lone surrogates', '\ud800'.repeat(N)],
    ['a pattern', `a{b=~"${'('.repeat(2000)}${')'.repeat(2000)}"}`],
    ['a pattern of repetitions', 'a{b=~"((((x{1,1000}){1,1000}){1,1000}){1,1000}){1,1000}"}'],
    ['a pattern of a thousand', `a{b=~"${'x{1000}'.repeat(500)}"}`],
  ]
  for (const [title, text] of texts) {
    it(`${title}: is read in bounded time and depth`, async () => {
      expect(await processorTime(() => said(text))).to.be.below(LIMIT)
    })
  }

  it('is refused just beyond what is read, and not at it', () => {
    const words = (n: number): string => `a${',a'.repeat((n - 5) / 2)}`
    const labels = (n: number): string => `sum by (${words(n)}) (a)`
    expect(said(labels(MOST_TOKENS - 2)).length, 'an odd number of words').to.equal(0)
    expect(said(labels(MOST_TOKENS + 2)).join()).to.contain('words and signs')
    const nested = (n: number): string => `${'('.repeat(n)}a${')'.repeat(n)}`
    expect(said(nested(DEEPEST_BRACKETS))).to.deep.equal([])
    expect(said(nested(DEEPEST_BRACKETS + 1)).join()).to.contain('nested too deep')
    expect(said(`${'sum('.repeat(DEEPEST_BRACKETS)}a${')'.repeat(DEEPEST_BRACKETS)}`)).to.deep.equal([])
    expect(said(`${'-'.repeat(350)}a`)).to.deep.equal([])
    expect(said(`${'-'.repeat(450)}a`).join()).to.contain('nested too deep')
  })

  const pieces = ['a', 'sum', 'by', 'on', 'rate', 'foo', '(', ')', '[', ']', '{', '}', '5m', '1', '.5', '"x"', "'", '`', ',', ':', '=', '=~', '!~', '==', '>', '+', '-', '^', '@', 'offset', 'bool', 'and', 'group_left', 'ignoring', ' ', '\n', '#', '\\', '$', '\u{1f600}', 'start', 'inf', 'fill', 'smoothed', 'step']
  it('of any words has a type or a place within the text where it is wrong', () => {
    const word = fc.constantFrom(...pieces)
    fc.assert(
      fc.property(fc.oneof(fc.array(word, { maxLength: 30 }).map((words) => words.join('')), fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')), fc.string({ maxLength: 60, unit: 'binary' })), (text) => {
        const parsed = parsePromql(text)
        if ('expr' in parsed) typeOf(parsed.expr)
        for (const { from, what } of 'expr' in parsed ? problemsOf(parsed.expr) : [parsed.problem]) {
          expect(from).to.be.within(0, text.length)
          expect(what).to.not.match(/\n/)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the weight of a pattern', () => {
  const cases: readonly [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['a{3}', 3],
    ['a{2,5}b', 6],
    ['a{2,}', 2],
    ['(ab){10}', 40],
    ['((ab){10}){10}', 420],
    ['[^]a-z{9}]{3}', 3],
    ['\\d{4}-\\d{2}', 7],
    ['[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}', 26],
    ['a{', 2],
    [')))', 3],
    ['((((', 0],
    ['\\', 1],
  ]
  for (const [pattern, expected] of cases) it(JSON.stringify(pattern), () => expect(weightOf(pattern)).to.equal(expected))
})

describe('two comparisons of one value', () => {
  const operator = fc.constantFrom('>', '<', '>=', '<=', '==', '!=')
  const value = fc.integer({ min: -3, max: 3 })
  const bound = fc.record({ operator, value })
  it('never hold together, or always both, as brute force says', () => {
    fc.assert(
      fc.property(bound, bound, (a, b) => {
        const values = Array.from({ length: 33 }, (_, index) => (index - 16) / 4)
        const both = values.map((one) => [holds(a.operator, one, a.value), holds(b.operator, one, b.value)])
        const verdict = relate(a, b)
        expect(verdict === 'never').to.equal(!both.some(([x, y]) => x === true && y === true))
        if (both.every(([x, y]) => x === y) && verdict !== 'never') expect(verdict).to.equal('same')
        // Of two in one direction: which of them lets less through.
        const onlyOne = (first: number): boolean => both.some((pair) => pair[first] === true && pair[1 - first] !== true)
        if (verdict === 'stricter') expect([onlyOne(0), onlyOne(1)]).to.deep.equal([false, true])
        if (verdict === 'looser') expect([onlyOne(0), onlyOne(1)]).to.deep.equal([true, false])
      }),
    )
  })
})

describe('a bound behind arithmetic', () => {
  const number = fc.constantFrom(-4, -2, -1, -0.5, 0.5, 1, 2, 4)
  const step = fc.record({ number, how: fc.constantFrom('x + n', 'n + x', 'x - n', 'n - x', 'x * n', 'n * x', 'x / n', '-x') })
  const evaluate: Readonly<Record<string, (x: number, n: number) => number>> = { 'x + n': (x, n) => x + n, 'n + x': (x, n) => n + x, 'x - n': (x, n) => x - n, 'n - x': (x, n) => n - x, 'x * n': (x, n) => x * n, 'n * x': (x, n) => n * x, 'x / n': (x, n) => x / n, '-x': (x) => -x }
  it('holds of what comes out exactly when the comparison holds of what is measured', () => {
    fc.assert(
      fc.property(fc.constantFrom('>', '<', '>=', '<=', '==', '!='), number, fc.array(step, { maxLength: 4 }), fc.integer({ min: -40, max: 40 }), (operator, bound, steps, quarters) => {
        const measured = quarters / 4
        const query = steps.reduce((inner, { how, number: n }) => `(${how.replace('x', inner).replace('n', `(${n})`)})`, `(v ${operator} ${bound})`)
        const out = steps.reduce((value, { how, number: n }) => evaluate[how]?.(value, n) ?? Number.NaN, measured)
        const parsed = parsePromql(query)
        const [found, ...others] = 'expr' in parsed ? comparisonsOf(parsed.expr) : []
        expect(others).to.deep.equal([])
        expect(holds(found?.operator ?? '', out, found?.value ?? Number.NaN), query).to.equal(holds(operator, measured, bound))
      }),
    )
  })
})

describe('which names are of counters', () => {
  const cases: readonly [string, ReturnType<typeof counts>][] = [
    ['http_requests_total', 'surely'],
    ['http_request_duration_seconds_bucket', 'surely'],
    ['http_request_duration_seconds_sum', 'surely'],
    ['http_request_duration_seconds_count', 'surely'],
    ['grpc_calls_count', 'surely'],
    ['spin_count', 'perhaps'],
    ['spin_sum', 'perhaps'],
    ['requests_active_total', 'perhaps'],
    ['active_requests_count', 'no'],
    ['open_connections_count', 'no'],
    ['pg_stat_activity_count', 'no'],
    ['kube_hpa_replicas_count', 'no'],
    ['cluster_autoscaler_unschedulable_pods_count', 'no'],
    ['aws_sqs_number_of_messages_sent_sum', 'no'],
    ['minio_cluster_nodes_offline_total', 'no'],
    ['envoy_cluster_membership_total', 'no'],
    ['job:http_requests_total:sum', 'no'],
    ['job:http_requests_total', 'no'],
    ['node_memory_MemAvailable_bytes', 'no'],
    ['indices_docs_total', 'perhaps'],
    ['elasticsearch_indices_docs_total', 'no'],
    ['haproxy_backends_total', 'perhaps'],
    ['pods_total', 'perhaps'],
    ['memory_bytes_total', 'perhaps'],
    ['pool_size_total', 'perhaps'],
    ['memory_used_bytes_total', 'perhaps'],
    ['node_network_receive_bytes_total', 'surely'],
    ['container_spec_anything_total', 'surely'],
    ['container_fs_inodes_total', 'no'],
    ['kube_pod_init_container_status_restarts_total', 'surely'],
    ['messages_published_total', 'surely'],
    ['bytes_sent_total', 'surely'],
    ['sent_bytes_total', 'surely'],
    ['node_memory_MemTotal_bytes', 'no'],
    ['leaky_bucket', 'perhaps'],
    ['total', 'no'],
    ['account', 'no'],
    ['constructor', 'no'],
  ]
  for (const [name, expected] of cases) it(`${name}: ${expected}`, () => expect(counts(name)).to.equal(expected))
  it('the sisters of a histogram tell', () => expect([counts('spin_sum', new Set(['spin_sum', 'spin_count'])), counts('spin_sum', new Set(['spin_sum']))]).to.deep.equal(['surely', 'perhaps']))
})
