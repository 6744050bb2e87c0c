/** Where the report goes. */
import { resolve } from 'node:path'
import { ConfigError, messageOf } from '../../shared/lib/errors.ts'
import { printable } from '../../shared/lib/text.ts'
import type { CliEnvironment } from '../environment.ts'
import { readManifests } from '../manifests/documents.ts'
import { paintFor, plain } from '../paint.ts'
import type { LintConfig } from './config.ts'
import type { Report } from './finding.ts'
import { FORMATS } from './formats/formats.ts'
import { inspectorOf } from './inspect.ts'
import type { LintFlags } from './lint.ts'

/** @throws ConfigError when a report would take the place of manifests */
export async function mayBeReplaced(env: CliEnvironment, targets: readonly string[], output: string, { installation }: LintConfig): Promise<void> {
  const realOf = (path: string): Promise<string> => env.folders.realPath(path).catch(() => resolve(env.folders.here, path))
  if ((await env.folders.kindOf(output)) !== 'file') return
  const real = await realOf(output)
  const named = (await Promise.all(targets.map(realOf))).includes(real)
  const text = await env.readFile(output).catch(() => '')
  if (named || readManifests(text).manifests.some(({ value }) => inspectorOf(value, installation) !== undefined)) {
    throw new ConfigError([`--output ${printable(output, 300)} would replace a file ${named ? 'that is read' : 'with objects of KubeSkippy in it'}: name another one`])
  }
}

export async function publish(env: CliEnvironment, report: Report, { format, output }: LintFlags): Promise<void> {
  const text = FORMATS[format](report, output === undefined ? paintFor(env) : plain)
  if (output === undefined) return env.stdout(text)
  try {
    await env.folders.write(output, text)
  } catch (error) {
    throw new ConfigError([`--output ${printable(output, 300)} cannot be written: ${messageOf(error)}`], { cause: error })
  }
}
