import { performancePage } from '../../bench/scale/report.ts'
import { readResults } from '../../bench/scale/results.ts'
import { sharingSection } from '../../bench/shards/report.ts'
import { readSharing } from '../../bench/shards/results.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** `docs/reference/performance.md`, from what the benchmarks have written down. */
export const performanceReference: GeneratedFile = markdownFile('docs/reference/performance.md', () => ['# Performance', ...performancePage(readResults()), ...sharingSection(readSharing())].join('\n\n'))
