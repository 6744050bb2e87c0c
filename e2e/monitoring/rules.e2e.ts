/** The generated alerts, by Prometheus' own tool. */
import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ALERT_CASES } from '../../hack/monitoring/alert-cases.ts'
import { ALERTS, runbookOf } from '../../hack/monitoring/alerts.ts'
import { ensureMonitoring } from '../cluster/debian.ts'
import { exec } from '../cluster/exec.ts'

const RULES = fileURLToPath(new URL('../../config/monitoring/alerts.yaml', import.meta.url))

describe('the alerts about KubeSkippy itself', function () {
  this.timeout(60_000)
  let promtool: string
  let folder: string
  before(async function () {
    this.timeout(900_000)
    ;({ promtool } = await ensureMonitoring({ log: () => {} }))
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-alerts-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('are rules that Prometheus takes', async () => {
    const { code, stdout, stderr } = await exec(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', RULES])
    expect(code, stdout + stderr).to.equal(0)
    expect(stdout).to.contain(`${ALERTS.length} rules found`)
  })

  for (const [index, { alert, when, series, at, fires }] of ALERT_CASES.entries()) {
    it(`${alert} ${fires.length === 0 ? 'does not fire' : 'fires'} when ${when}`, async () => {
      const definition = ALERTS.find(({ name }) => name === alert)
      if (definition === undefined) throw new Error(`there is no ${alert}`)
      const { severity, description } = definition
      const file = join(folder, `${index}.json`)
      writeFileSync(file, JSON.stringify({
        rule_files: [RULES],
        evaluation_interval: '1m',
        tests: [{
          interval: '1m',
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: [{
            eval_time: `${at}m`,
            alertname: alert,
            exp_alerts: fires.map(({ labels, summary }) => ({ exp_labels: { severity, ...labels }, exp_annotations: { summary, description, runbook_url: runbookOf(definition) } })),
          }],
        }],
      }))
      const { code, stdout, stderr } = await exec(promtool, ['test', 'rules', file])
      expect(code, stdout + stderr).to.equal(0)
    })
  }
})
