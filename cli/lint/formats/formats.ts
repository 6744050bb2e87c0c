/** Every format of the report, by the word of the flag. */
import type { Paint } from '../../paint.ts'
import type { Report } from '../finding.ts'
import { githubReport } from './github.ts'
import { jsonReport } from './json.ts'
import { junitReport } from './junit.ts'
import type { Format } from './names.ts'
import { sarifReport } from './sarif.ts'
import { textReport } from './text.ts'


/** `paint` is for terminals: what programs read has no colours. */
export const FORMATS: Readonly<Record<Format, (report: Report, paint: Paint) => string>> = {
  text: textReport,
  json: jsonReport,
  sarif: sarifReport,
  junit: junitReport,
  github: githubReport,
}
