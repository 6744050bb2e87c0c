import { performancePage } from '../../bench/scale/report.ts'
import { readResults } from '../../bench/scale/results.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** `docs/reference/performance.md`, from what the benchmark has written down. */
export const performanceReference: GeneratedFile = markdownFile('docs/reference/performance.md', () => ['# Performance', ...performancePage(readResults())].join('\n\n'))
