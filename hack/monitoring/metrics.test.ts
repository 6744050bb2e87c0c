import { expect } from 'chai'
import { REFUSAL_REASONS } from '../../controller/healing/refusal.ts'
import { millis } from '../../shared/lib/time.ts'
import { RULES } from '../../shared/rules/registry.ts'
import { ALL_METRICS, METRICS, type ProgramName } from '../../shared/runtime/metric-table.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startPrograms, type RunningPrograms } from './programs.ts'

const POLICIES = 500
const PROGRAMS: readonly ProgramName[] = ['controller', 'webhook']

interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const seriesOf = (text: string): readonly Series[] =>
  [...text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value])),
  }))

const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '')

describe('the table of metrics', () => {
  it('has each name once, in small letters, with the suffix of its type', () => {
    expect(new Set(ALL_METRICS.map(({ name }) => name)).size).to.equal(ALL_METRICS.length)
    for (const { name, type, unit } of ALL_METRICS) {
      expect(name).to.match(/^kubeskippy_[a-z_]+$/)
      expect(name.endsWith('_total'), name).to.equal(type === 'counter')
      if (unit === 'seconds' || unit === 'unix seconds') expect(name).to.match(/_seconds$/)
    }
  })

  it('keeps the names that are in use', () => {
    const names = ALL_METRICS.map(({ name }) => name)
    expect(names).to.include.members(['kubeskippy_healing_actions_total', 'kubeskippy_policy_evaluations_total', 'kubeskippy_safety_validations_total', 'kubeskippy_reconciler_total', 'kubeskippy_healing_policies'])
  })

  it('has no label that is as many as there are pods, nor one that scrapes have', () => {
    for (const { name, labels } of ALL_METRICS) for (const label of Object.keys(labels)) expect(['pod', 'container', 'node', 'target', 'action_name', 'uid', 'message', 'namespace', 'job', 'instance', 'service', 'endpoint'], `${name} ${label}`).to.not.include(label)
  })

  describe(`and what the programs tell, with ${POLICIES} policies`, function () {
    this.timeout(120_000)
    let programs: RunningPrograms
    const told = new Map<ProgramName, readonly Series[]>()

    before(async () => {
      programs = await startPrograms(POLICIES)
      await eventually(async () => expect(seriesOf(await programs.exposition('controller')).filter(({ name }) => name === METRICS.budget.name)).to.have.length(POLICIES), millis(90_000))
      await eventually(async () => expect(await programs.exposition('webhook')).to.match(/^kubeskippy_ca_bundle_in_sync\{configuration="mutating"\} 1$/m))
      // What may come beside it in years, all at once.
      const inc = (name: string, labels: Readonly<Record<string, string>>): void => (programs.counters.get(name) ?? expect.fail(name)).inc(labels, 0)
      for (const reason of REFUSAL_REASONS) {
        inc(METRICS.refusals.name, { reason })
        inc(METRICS.evaluations.name, { decision: 'Blocked', reason })
      }
      const { action, trigger_type: triggers } = METRICS.actions.labels
      const ends = [['Succeeded', 'Effective', 'false'], ['Succeeded', 'None', 'true'], ['Failed', 'Ineffective', 'false'], ['Failed', 'Inconclusive', 'false'], ['Failed', 'None', 'false'], ['Failed', 'None', 'true'], ['Cancelled', 'None', 'false'], ['Cancelled', 'None', 'true'], ['Failed', 'Reverted', 'false'], ['Succeeded', 'None', 'false']]
      // Only what sets a field can take it back.
      const isPossible = (type: string, outcome: string): boolean => outcome !== 'Reverted' || ['scale', 'patch'].includes(type)
      for (const of of action) for (const trigger_type of triggers) for (const [phase = '', outcome = '', dry_run = ''] of ends) if (isPossible(of, outcome)) inc(METRICS.actions.name, { action: of, trigger_type, phase, outcome, dry_run })
      for (const { id } of RULES) for (const why of METRICS.lowered.labels.why) inc(METRICS.lowered.name, { rule: id, why })
      for (const program of PROGRAMS) told.set(program, seriesOf(await programs.exposition(program)))
    })

    after(() => programs.stop())

    for (const program of PROGRAMS) {
      it(`agree: what the ${program} exposes is in the table, and what the table says of it is exposed`, () => {
        const own = [...new Set(told.get(program)?.map(({ name }) => base(name)).filter((name) => name.startsWith('kubeskippy_')))]
        // It is absent until there is something of it: a failed watch, a review.
        const later: readonly string[] = [METRICS.watchFailures.name, METRICS.reviewDuration.name]
        const expected = ALL_METRICS.filter(({ by, name }) => by.includes(program) && !later.includes(name)).map(({ name }) => name)
        expect(own).to.have.members(expected)
      })
    }

    it('agree in their labels, each with the values that it may have', () => {
      const all = [...told.values()].flat().filter(({ name }) => name.startsWith('kubeskippy_'))
      for (const definition of ALL_METRICS) {
        const of = all.filter(({ name }) => base(name) === definition.name)
        for (const { labels } of of) {
          const { le: _, ...own } = labels
          expect(Object.keys(own), definition.name).to.have.members(Object.keys(definition.labels))
        }
        for (const [label, domain] of Object.entries(definition.labels)) {
          const values = [...new Set(of.map(({ labels }) => labels[label] ?? ''))]
          if ('atMost' in domain) expect(values.length, `${definition.name} ${label}`).to.be.at.most(domain.atMost)
          else expect(values.filter((value) => !domain.includes(value)), `${definition.name} ${label}`).to.deep.equal([])
        }
      }
    })

    it('are at most 2,000 series of both together', () => {
      const counts = PROGRAMS.map((program) => told.get(program)?.length ?? 0)
      expect(counts.reduce((sum, n) => sum + n, 0), counts.join(' + ')).to.be.at.most(2000)
    })
  })
})
