import { expect } from 'chai'
import { ALL_METRICS } from '../../shared/runtime/metric-table.ts'
import { DASHBOARDS, grafana, panelsOf, sent } from './dashboards.ts'
import { strayNames } from './expressions.ts'

interface Grafana {
  readonly uid?: string
  readonly id?: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly datasource?: { readonly uid: string } }[] }
  readonly panels: readonly { readonly id: number; readonly type: string; readonly datasource?: { readonly uid: string }; readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }; readonly targets?: readonly { readonly datasource: { readonly uid: string } }[] }[]
}

describe('the dashboards', () => {
  for (const dashboard of DASHBOARDS) {
    const made = grafana(dashboard) as Grafana
    describe(dashboard.title, () => {
      for (const { title, queries } of panelsOf(dashboard)) {
        it(`${title} asks only for metrics, labels and values of the table`, () => {
          for (const { expr, legend } of queries) {
            expect(strayNames(sent(expr, '5m'))).to.deep.equal([])
            // A label of the legend that the query does not keep would be shown as it is written.
            for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(expr).to.match(new RegExp(`by \\([^)]*\\b${label}\\b`))
          }
        })
      }

      it('has no panel that shows something where there is nothing', () => {
        for (const { title, queries } of panelsOf(dashboard)) for (const { expr } of queries) expect(expr, title).to.not.match(/\b(vector|absent|scalar)\s*\(/)
      })

      it('has no uid of its own, and asks the data source that is chosen', () => {
        expect(made).to.not.have.any.keys('uid', 'id')
        expect(made.templating.list[0]).to.include({ name: 'datasource', type: 'datasource' })
        const asked = [...made.templating.list.slice(1), ...made.panels.filter(({ type }) => type !== 'row'), ...made.panels.flatMap(({ targets }) => targets ?? [])]
        for (const { datasource } of asked) expect(datasource?.uid).to.equal('${datasource}')
      })

      it('knows each variable that a query has', () => {
        const known = ['__rate_interval', ...made.templating.list.map(({ name }) => name)]
        const used = panelsOf(dashboard).flatMap(({ queries }) => queries.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name)))
        expect(used.filter((name) => !known.includes(name))).to.deep.equal([])
      })

      it('has a place for each panel, over no other one', () => {
        expect(new Set(made.panels.map(({ id }) => id)).size).to.equal(made.panels.length)
        const cells = made.panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`))
        expect(new Set(cells).size).to.equal(cells.length)
        for (const { gridPos: { x, w } } of made.panels) expect(x + w).to.be.at.most(24)
      })
    })
  }

  it('show most of what there is', () => {
    const all = DASHBOARDS.flatMap((dashboard) => panelsOf(dashboard).flatMap(({ queries }) => queries.map(({ expr }) => expr))).join('\n')
    const shown = ALL_METRICS.filter(({ name }) => all.includes(name))
    expect(shown.length / ALL_METRICS.length).to.be.greaterThan(0.6)
  })
})
