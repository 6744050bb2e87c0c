/** Whether the metrics that policies ask for are what they are taken for: the rules go by names, and the sources know. */
import { plural, printable } from '../../shared/lib/text.ts'
import { allOf, type Expr } from '../../shared/promql/ast.ts'
import { counterProblems } from '../../shared/promql/counters.ts'
import { namesOf } from '../../shared/promql/names.ts'
import { parsePromql } from '../../shared/promql/parse.ts'
import { queriesOf, sourceNameOf } from '../../shared/rules/triggers/queries.ts'
import { Prometheus } from '../../controller/adapters/metrics/prometheus.ts'
import type { MetricType } from '../../controller/adapters/metrics/prometheus-metadata.ts'
import { ok, warn, type Check, type CheckContext, type Finding } from './finding.ts'

type Found = Omit<Finding, 'check'>

/** Each is a question of its own. */
export const MOST_NAMES = 200

interface Asked {
  readonly policy: string
  readonly source: string
  readonly expr: Expr
}

export const queriesCheck: Check = {
  name: 'queries',
  run: async (context) => {
    const { prometheus = [] } = context
    if (prometheus.length === 0) return []
    const names = prometheus.map(({ name }) => name)
    const asked = (await context.policies()).flatMap((policy): Asked[] =>
      queriesOf(policy).flatMap(({ text, metric }): Asked[] => {
        const parsed = parsePromql(text)
        return 'expr' in parsed ? [{ policy: `${policy.metadata.namespace ?? ''}/${policy.metadata.name}`, source: sourceNameOf(metric, names), expr: parsed.expr }] : []
      }),
    )
    return (await Promise.all(prometheus.map((config) => ofSource(config, asked.filter(({ source }) => source === config.name), context)))).flat()
  },
}

async function ofSource(config: NonNullable<CheckContext['prometheus']>[number], asked: readonly Asked[], { timers }: CheckContext): Promise<readonly Found[]> {
  if (asked.length === 0) return []
  const source = new Prometheus(config, timers)
  const types = new Map<string, MetricType | undefined>()
  const names = [...new Set(asked.flatMap(({ expr }) => allOf(expr).flatMap((one) => (one.type === 'selector' ? namesOf(one).names : []))).flatMap((name) => [name, familyOf(name)]))]
  try {
    // One after the other: it has others to answer.
    for (const name of names.slice(0, MOST_NAMES)) {
      const type = await source.typeOf(name)
      // That it does not answer is said of it once, by another check.
      if (typeof type === 'object') return [warn(`${config.name} does not tell of what type metrics are (it ${type.why}): names alone decide what is a counter`)]
      types.set(name, type)
    }
  } finally {
    await source.close()
  }
  const wrong = asked.flatMap(({ policy, expr }) => problemsOf(expr, types).map(({ what, fix }) => warn(`${policy}: ${what}, as ${config.name} says`, fix)))
  if (names.length > MOST_NAMES) wrong.push(warn(`policies ask ${config.name} for more than ${MOST_NAMES} metrics: the others were not looked at`))
  return wrong.length > 0 ? wrong : [ok(`${config.name} knows ${plural([...types.values()].filter((type) => type !== undefined).length, 'metric')} that policies ask for, and none is another type than it is taken for`)]
}

/** What is told of a histogram is told of its family; of counters, under either name. */
const familyOf = (name: string): string => name.replace(/_(?:total|bucket|count|sum)$/, '')

function problemsOf(expr: Expr, types: ReadonlyMap<string, MetricType | undefined>) {
  const typeOf = (name: string): MetricType | undefined => types.get(name) ?? ofFamily(name, types.get(familyOf(name)))
  return counterProblems(expr, { counts: (name) => (typeOf(name) === 'counter' ? 'surely' : 'no'), falls: (name) => typeOf(name) === 'gauge' })
    .filter(({ metric }) => metric !== undefined)
    .map(({ what, fix = '' }) => ({ what: printable(what, 200), fix }))
}

/** The parts of a histogram only ever grow. */
function ofFamily(name: string, type: MetricType | undefined): MetricType | undefined {
  if (name === familyOf(name) || type === undefined) return undefined
  if (type === 'histogram' || (type === 'summary' && !name.endsWith('_bucket'))) return 'counter'
  return type === 'counter' && name.endsWith('_total') ? 'counter' : undefined
}
