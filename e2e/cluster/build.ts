/** Builds tools into the cache: once per version, by one run at a time, and never half. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from './errors.ts'
import { exec, lastLines } from './exec.ts'
import { withLock } from './lock.ts'
import { cacheDir, callerEnv } from './paths.ts'
import { span, startProgress, type Progress } from './progress.ts'
import { tool, type Tool, type ToolName } from './tools.ts'

export interface Reporter {
  log(line: string): void
  /** Where a line can be rewritten; absent when nobody is watching. */
  readonly terminal?: NodeJS.WriteStream
}

/** Linking one program takes about as long as compiling this many packages. */
const LINK_WEIGHT = 60

/** Directory of a built tool, whether or not it is there. */
export function toolDir(name: ToolName): string {
  return join(cacheDir(), tool(name).key)
}

export function missingTools(names: readonly ToolName[]): readonly ToolName[] {
  return names.filter((name) => !existsSync(toolDir(name)))
}

export async function ensureTools(names: readonly ToolName[], report: Reporter): Promise<void> {
  const missing = missingTools(names)
  for (const [index, name] of missing.entries()) {
    const it = tool(name)
    await inCache(it.key, `${name} ${it.version}`, report, async (target) => {
      const title = `building ${name} ${it.version} (${index + 1} of ${missing.length}, usually about ${span(it.usualSeconds)} on 2 cores)`
      const progress = startProgress(title, (line) => { report.log(line) }, report.terminal)
      try {
        await build(it, target, progress)
        progress.end('done')
      } catch (cause) {
        progress.end('failed')
        throw cause
      }
    })
  }
}

const UNFINISHED = '.unfinished'

/** Where a file will be that is now below the target of `inCache`. */
export const inFinalPlace = (path: string): string => path.replace(new RegExp(`${UNFINISHED}(?=/|$)`), '')

/** Makes a directory of the cache under a name of its own and renames it when it is whole. */
export async function inCache(key: string, what: string, report: Reporter, make: (target: string) => Promise<void>): Promise<string> {
  const cache = cacheDir()
  const final = join(cache, key)
  if (existsSync(final)) return final
  const onWait = () => { report.log(`waiting for another run that is making ${what}`) }
  await withLock(join(cache, `${key}.lock`), onWait, async () => {
    if (existsSync(final)) return
    const unfinished = join(cache, `${key}${UNFINISHED}`)
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished, { recursive: true })
    try {
      await make(unfinished)
      renameSync(unfinished, final)
    } catch (cause) {
      rmSync(unfinished, { recursive: true, force: true })
      throw cause
    }
  })
  return final
}

async function build(it: Tool, target: string, progress: Progress): Promise<void> {
  const env = { ...callerEnv(), CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' }
  const stale = await staleCount(it, env)
  const work = stale + it.packages.length * LINK_WEIGHT
  let compiled = 0
  progress.update(0)
  const { code, stderr } = await exec('go', ['build', '-v', ...it.flags, '-o', `${target}/`, ...it.packages], {
    cwd: it.dir, env,
    onStderr: (line) => {
      if (!/^[\w.-]+(\/[\w.-]+)*$/.test(line)) return
      compiled += 1
      progress.update((Math.min(compiled, stale) + readdirSync(target).length * LINK_WEIGHT) / work)
    },
  })
  if (code !== 0) throw new ClusterError(`Building ${it.name} ${it.version} failed: ${lastLines(stderr, 3)}`)
  // A main package named v3 becomes a file named after its module's last element.
  const built = readdirSync(target)
  const lacking = it.files.filter((file) => !built.includes(file))
  const [only] = built
  if (lacking.length === 1 && built.length === 1 && it.files.length === 1 && only !== undefined) renameSync(join(target, only), join(target, lacking[0] ?? only))
  else if (lacking.length > 0) throw new ClusterError(`Building ${it.name} ${it.version} gave no ${lacking.join(', ')}.`)
}

/** Packages that are not in Go's own cache. Also downloads the modules, verified against go.sum. */
async function staleCount(it: Tool, env: NodeJS.ProcessEnv): Promise<number> {
  const { code, stdout, stderr } = await exec('go', ['list', ...it.flags, '-deps', '-f', '{{if .Stale}}x{{end}}', ...it.packages], { cwd: it.dir, env })
  if (code !== 0) throw new ClusterError(`Downloading the modules of ${it.name} ${it.version} failed: ${lastLines(stderr, 3)}`)
  return stdout.split('\n').filter((line) => line === 'x').length
}
