import { expect } from 'chai'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ALL_METRICS } from '../../shared/runtime/metric-table.ts'
import { ALERT_CASES } from './alert-cases.ts'
import { ALERTS, runbookOf } from './alerts.ts'
import { strayNames } from './expressions.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the alerts', () => {
  it('are twelve or more, each with a name of its own', () => {
    expect(ALERTS.length).to.be.at.least(12)
    expect(new Set(ALERTS.map(({ name }) => name)).size).to.equal(ALERTS.length)
  })

  it('have a runbook each, and no runbook is of none', () => {
    expect(globSync('docs/runbooks/*.md', { cwd: root }).map((file) => basename(file, '.md')).sort()).to.deep.equal(ALERTS.map(({ name }) => name).sort())
  })

  for (const alert of ALERTS) {
    it(`${alert.name} asks only for metrics, labels and values of the table`, () => expect(strayNames(alert.expr)).to.deep.equal([]))

    it(`${alert.name} has cases in which it fires, and in which it does not`, () => {
      const cases = ALERT_CASES.filter((each) => each.alert === alert.name)
      expect(cases.some(({ fires }) => fires.length > 0)).to.equal(true)
      expect(cases.some(({ fires }) => fires.length === 0)).to.equal(true)
      for (const { series } of cases) for (const name of Object.keys(series)) expect(strayNames(name), name).to.deep.equal([])
    })

    it(`${alert.name} has a runbook that says what is seen, what it means, what to check by which command, and what to do`, () => {
      const file = join(root, runbookOf(alert))
      expect(existsSync(file)).to.equal(true)
      const text = readFileSync(file, 'utf8')
      expect([...text.matchAll(/^#+ .*$/gm)].map(([line]) => line)).to.deep.equal([`# ${alert.name}`, '## Symptom', '## Meaning', '## Check', '## Fix'])
      expect(text).to.match(/## Check\n\n```sh\n(?:curl|kubectl|kubeskippy) /)
    })
  }
})

describe('what an expression may name', () => {
  const known = ALL_METRICS[0]?.name ?? ''
  const cases: readonly [string, readonly string[]][] = [
    [`sum by (reason) (rate(${known}[5m]))`, []],
    ['kubeskippy_gone_total', ['kubeskippy_gone_total']],
    ['up == 0', ['up']],
    ['kubeskippy_ready{progam="webhook"} == 1', ['kubeskippy_ready{progam}']],
    ['kubeskippy_ready{program="web"}', ['kubeskippy_ready{program="web"}']],
    ['histogram_quantile(0.9, sum by (le, loop) (rate(kubeskippy_queue_latency_seconds_bucket[5m])))', []],
    ['kubeskippy_queue_depth_bucket', ['kubeskippy_queue_depth_bucket']],
    ['sum by (pod) (kubeskippy_ready)', ['by (pod)']],
  ]
  for (const [expression, stray] of cases) it(`${expression}: ${stray.join(', ') || 'all of it'}`, () => expect(strayNames(expression)).to.deep.equal(stray))
})
