/** Grafana's dashboards about KubeSkippy, as data. `config/monitoring/dashboards` is generated from it. */
import { METRICS } from '../../shared/runtime/metric-table.ts'
import type { HistogramDefinition, MetricDefinition } from '../../shared/runtime/metrics.ts'

export interface Panel {
  readonly title: string
  readonly description: string
  readonly type: 'stat' | 'timeseries' | 'table'
  /** Of Grafana: `s`, `short`, `percentunit`. */
  readonly unit: string
  readonly queries: readonly { readonly expr: string; readonly legend: string }[]
}

export interface Dashboard {
  /** Its file, too. */
  readonly name: string
  readonly title: string
  /** `$NAME` in a query: the values of a label, all of them at first. */
  readonly variables: readonly { readonly name: string; readonly label: string; readonly of: string }[]
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[]
}

type Named = Pick<MetricDefinition, 'name'>
const rate = ({ name }: Named, by: string, matchers = ''): string => `sum by (${by}) (rate(${name}${matchers}[$__rate_interval]))`
const quantile = (q: number, { name }: Pick<HistogramDefinition, 'name'>, by = ''): string => `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${name}_bucket[$__rate_interval])))`
/** The half, and what all but one of ten stay below. */
const quantiles = (of: Pick<HistogramDefinition, 'name'>) => [0.5, 0.9].map((q) => ({ expr: quantile(q, of), legend: `p${q * 100}` }))

const stat = (title: string, description: string, expr: string, { unit = 'short', legend = '' } = {}): Panel => ({ title, description, type: 'stat', unit, queries: [{ expr, legend }] })
const graph = (title: string, description: string, queries: Panel['queries'] | string, { unit = 'short', legend = '' } = {}): Panel =>
  ({ title, description, type: 'timeseries', unit, queries: typeof queries === 'string' ? [{ expr: queries, legend }] : queries })

const M = METRICS
const OVERVIEW: Dashboard = {
  name: 'overview', title: 'KubeSkippy / Overview', variables: [],
  rows: [
    {
      title: 'Is it well',
      panels: [
        stat('Controllers that lead', 'One. None: nothing is healed.', `sum(${M.leader.name})`),
        stat('Webhooks that are ready', 'None: policies cannot be written.', `sum(${M.ready.name}{program="webhook"})`),
        stat('Certificate ends in', 'Of the webhook; it is renewed long before.', `min(${M.certificateEnd.name}) - time()`, { unit: 's' }),
        stat('caBundle in sync', '1: API servers trust the webhook.', `min by (configuration) (${M.bundleInSync.name})`, { legend: '{{configuration}}' }),
        stat('Storm gates closed', 'Too much is unhealthy at once, and healing waits.', `sum by (scope) (${M.storms.name})`, { legend: '{{scope}}' }),
        stat('Wait for a person', 'Approvals that are asked for, and incidents that were given up.', `sum(${M.waiting.name}) + sum(${M.escalated.name})`),
      ],
    },
    {
      title: 'What it does',
      panels: [
        graph('Acts', 'Ended HealingActions.', `sum by (action, outcome) (increase(${M.actions.name}[$__rate_interval]))`, { legend: '{{action}} {{outcome}}' }),
        graph('Decisions', 'Evaluations of policies by what was decided and why, per second.', rate(M.evaluations, 'decision, reason'), { legend: '{{decision}} {{reason}}' }),
        graph('Why not', 'Refusals per second, by the word that status, event and log have.', rate(M.refusals, 'reason'), { legend: '{{reason}}' }),
        graph('From fault to decision', 'From the begin of the fault to the recorded decision.', quantiles(M.decided), { unit: 's' }),
        graph('From fault to act', 'To the write.', quantiles(M.acted), { unit: 's' }),
        graph('From fault to verified', 'To the outcome.', quantiles(M.verified), { unit: 's' }),
        graph('Policies', 'By mode.', `sum by (mode) (${M.policies.name})`, { legend: '{{mode}}' }),
        graph('Recurrences and escalations', 'What was healed within the day and broke again; what was given up, by why.', [{ expr: `sum(increase(${M.recurrences.name}[$__rate_interval]))`, legend: 'recurrences' }, { expr: `sum by (reason) (increase(${M.escalations.name}[$__rate_interval]))`, legend: '{{reason}}' }]),
      ],
    },
    {
      title: 'The door',
      panels: [
        graph('Reviews', 'Per second, by what became of them.', rate(M.reviews, 'webhook, verdict'), { legend: '{{webhook}} {{verdict}}' }),
        graph('How long a review takes', 'An API server waits for three seconds.', [{ expr: quantile(0.99, M.reviewDuration, 'webhook'), legend: 'p99 {{webhook}}' }], { unit: 's' }),
        graph('What rules find', 'The ten that find most.', `topk(10, sum by (rule, severity) (increase(${M.violations.name}[$__rate_interval])))`, { legend: '{{rule}} {{severity}}' }),
      ],
    },
    {
      title: 'How it works',
      panels: [
        graph('Watches', 'Seconds since the API server was heard; below 75 while all is well.', `max by (reflector) (${M.watchAge.name})`, { unit: 's', legend: '{{reflector}}' }),
        graph('Reconciles', 'Per second, by outcome.', rate(M.reconciles, 'loop, outcome'), { legend: '{{loop}} {{outcome}}' }),
        graph('How long a reconcile takes', 'All but one of ten.', [{ expr: quantile(0.9, M.reconcileDuration, 'loop'), legend: '{{loop}}' }], { unit: 's' }),
        graph('Queues', 'Keys that wait for a worker.', `sum by (loop) (${M.queueDepth.name})`, { legend: '{{loop}}' }),
        graph('Time in the queue', 'All but one of ten.', [{ expr: quantile(0.9, M.queueLatency, 'loop'), legend: '{{loop}}' }], { unit: 's' }),
        graph('Questions to sources of metrics', 'Per second, and whether there was data.', rate(M.metricReads, 'kind, source, outcome'), { legend: '{{kind}} {{source}} {{outcome}}' }),
      ],
    },
  ],
}

const CHOSEN = '{policy_namespace=~"$namespace",policy=~"$policy"}'
const POLICY: Dashboard = {
  name: 'policy', title: 'KubeSkippy / Policies',
  variables: [
    { name: 'namespace', label: 'policy_namespace', of: M.budget.name },
    { name: 'policy', label: 'policy', of: `${M.budget.name}{policy_namespace=~"$namespace"}` },
  ],
  rows: [
    {
      title: 'The policies that are chosen',
      panels: [
        stat('Policies', 'As many as are chosen.', `count(max by (policy_namespace, policy) (${M.budget.name}${CHOSEN}))`),
        stat('Breakers that are open', 'They do nothing for a while, since acting did not help.', `sum(max by (policy_namespace, policy) (${M.breaker.name}${CHOSEN}) == bool 2)`),
        stat('Budgets that are used up', 'They do nothing more within this hour.', `sum(max by (policy_namespace, policy) (${M.budget.name}${CHOSEN}) == bool 0)`),
        graph('Actions left in this hour', 'Of the sliding hour, by policy.', `max by (policy_namespace, policy) (${M.budget.name}${CHOSEN})`, { legend: '{{policy_namespace}}/{{policy}}' }),
        graph('Breaker', '0 closed, 1 half-open, 2 open.', `max by (policy_namespace, policy) (${M.breaker.name}${CHOSEN})`, { legend: '{{policy_namespace}}/{{policy}}' }),
        graph('Time to heal, of its objective', 'Of policies that have one: used up by the incident open for longest, or by the one healed last within the hour. Above 100 %: missed.', `max by (policy_namespace, policy) (${M.objectiveUsed.name}${CHOSEN})`, { unit: 'percentunit', legend: '{{policy_namespace}}/{{policy}}' }),
        { title: 'Least left', description: 'The ten policies with the fewest actions left.', type: 'table', unit: 'short', queries: [{ expr: `bottomk(10, max by (policy_namespace, policy) (${M.budget.name}${CHOSEN}))`, legend: '' }] },
      ],
    },
    {
      title: 'All policies together',
      panels: [
        graph('Accepted', 'Whether the rules accept them. False: they do not act.', `sum by (accepted) (${M.policies.name})`, { legend: '{{accepted}}' }),
        graph('Outcomes', 'Of acts by what triggered them.', `sum by (trigger_type, outcome) (increase(${M.actions.name}{dry_run="false"}[$__rate_interval]))`, { legend: '{{trigger_type}} {{outcome}}' }),
        graph('Wait for a person', 'Incidents that were given up, by why.', `sum by (reason) (${M.escalated.name})`, { legend: '{{reason}}' }),
        stat('Longest wait for approval', '0: none waits.', `max(${M.longestWait.name})`, { unit: 's' }),
      ],
    },
  ],
}

export const DASHBOARDS: readonly Dashboard[] = [OVERVIEW, POLICY]

export const panelsOf = ({ rows }: Dashboard): readonly Panel[] => rows.flatMap(({ panels }) => panels)

/** Which data source is asked is chosen where it is shown. */
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }
/** Grafana's grid has 24 columns. */
const WIDTHS = { stat: 4, timeseries: 8, table: 8 } as const
const HEIGHTS = { stat: 4, timeseries: 8, table: 8 } as const

/** As Grafana imports it. Without an id or uid: it gives them itself, and two installations do not overwrite each other's. */
export function grafana({ title, variables, rows }: Dashboard): object {
  let y = 0
  let id = 0
  const panels = rows.flatMap(({ title: row, panels: inside }) => {
    const placed: object[] = [{ id: ++id, type: 'row', title: row, collapsed: false, gridPos: { x: 0, y: y++, w: 24, h: 1 }, panels: [] }]
    let [x, tallest] = [0, 0]
    for (const panel of inside) {
      const [w, h] = [WIDTHS[panel.type], HEIGHTS[panel.type]]
      if (x + w > 24 || (tallest > 0 && h !== tallest)) [x, y, tallest] = [0, y + tallest, 0]
      placed.push({ id: ++id, ...grafanaPanel(panel), gridPos: { x, y, w, h } })
      x += w
      tallest = h
    }
    y += tallest
    return placed
  })
  return {
    title, tags: ['kubeskippy'], schemaVersion: 39, editable: true, refresh: '30s', time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
        ...variables.map(({ name, label, of }) => ({
          name, type: 'query', label: name, datasource: DATASOURCE, query: { query: `label_values(${of}, ${label})`, refId: name }, refresh: 2, includeAll: true, allValue: '.*', multi: true, current: { text: ['All'], value: ['$__all'] },
        })),
      ],
    },
    panels,
  }
}

const grafanaPanel = ({ title, description, type, unit, queries }: Panel): object => ({
  type, title, description, datasource: DATASOURCE,
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  targets: queries.map(({ expr, legend }, index) => ({
    refId: String.fromCodePoint(65 + index), datasource: DATASOURCE, expr, legendFormat: legend === '' ? '__auto' : legend,
    ...(type === 'timeseries' ? { range: true } : { instant: true }),
    ...(type === 'table' ? { format: 'table' } : {}),
  })),
})

/** A query as Grafana sends it, where nothing is chosen. */
export const sent = (expr: string, interval: string): string => expr.replaceAll('$__rate_interval', interval).replaceAll(/\$\w+/g, '.*')
