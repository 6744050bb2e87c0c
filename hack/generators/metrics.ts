import { ALL_METRICS } from '../../shared/runtime/metric-table.ts'
import type { LabelDomain } from '../../shared/runtime/metrics.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** `docs/reference/metrics.md`, from the table that the programs declare their metrics from. */
export const metricReference: GeneratedFile = markdownFile('docs/reference/metrics.md', () =>
  [
    '# Metrics',
    'At `/metrics` of each program, for Prometheus, beside what Node.js tells of the process. Labels hold no names of pods; with 500 policies one pod of each program makes at most 2,000 series together, whatever has come to pass; further pods make their own. Names and labels stay; what changes is in the changelog.',
    '| metric | type | unit | told by | labels | meaning |\n|---|---|---|---|---|---|\n' +
      ALL_METRICS.map(({ name, type, unit, by, labels, help }) => `| \`${name}\` | ${type} | ${unit} | ${by.join(', ')} | ${Object.entries(labels).map(([label, domain]) => `\`${label}\`: ${valuesOf(domain)}`).join('; ')} | ${help} |`).join('\n'),
  ].join('\n\n'),
)

const valuesOf = (domain: LabelDomain): string => ('atMost' in domain ? `${domain.of} (at most ${domain.atMost})` : domain.map((value) => `\`${value}\``).join(', '))
