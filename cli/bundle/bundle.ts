/** `kubeskippy bundle`: one archive for whoever helps, without secrets as far as they can be told, with a list of what it lacks. */
import { createTarGzip } from 'nanotar'
import { chosenNamespace, DONE, explainApiError, NotPossible, withCluster, type ClusterFlags } from '../command.ts'
import { examine } from '../check/check.ts'
import type { CliEnvironment } from '../environment.ts'
import { inFormat, type Output } from '../output.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { messageOf } from '../../shared/lib/errors.ts'
import { plural } from '../../shared/lib/text.ts'
import { formatInstant } from '../../shared/lib/time.ts'
import { parts, podParts, type Content, type Part } from './parts.ts'

export interface BundleFlags extends ClusterFlags {
  readonly namespace?: string
  readonly file?: string
  readonly output: Output
}

interface Missing {
  readonly path: string
  readonly why: string
}

/** In the archive, whose format cuts names off. */
const FOLDER = 'kubeskippy-bundle'
/** Bytes: of one part and of all before compression, and of a name in the archive. */
const MOST = { part: 16 * 1024 * 1024, all: 128 * 1024 * 1024, name: 100 } as const

/** Exit code 1: nothing could be read, or it could not be written. */
export const bundle = (env: CliEnvironment, flags: BundleFlags): Promise<number> =>
  withCluster(env, flags, async (api) => {
    // A server that does not answer at all is one error, and not one for each part.
    await api.serverVersion()
    const now = api.serverTime() ?? env.clock.now()
    const namespace = await chosenNamespace(env, flags)
    const check = () => examine({ api, namespace, now, timers: env.timers, version: env.version, prometheus: undefined, asksKubelets: false, protectedNamespaces: [] })
    const missing: Missing[] = []
    const ofPods = await attempt('programs', () => podParts(api), missing)
    const read = await gather([...parts({ api, version: env.version, namespace: flags.namespace, check }), ...(ofPods ?? [])], missing)
    const name = `kubeskippy-bundle-${formatInstant(now).replaceAll(/[:.]/g, '-')}`
    const contents = { made: formatInstant(now), version: env.version, namespace: flags.namespace ?? 'all', parts: read.map(({ text, ...rest }) => ({ ...rest, bytes: Buffer.byteLength(text) })), missing }
    const files = [{ path: 'contents.json', text: `${JSON.stringify(contents, null, 2)}\n` }, ...read].map(({ path, text }) => ({ name: `${FOLDER}/${path}`, data: text }))
    const archive = await createTarGzip(files, { attrs: { mode: '600', mtime: now } })
    const file = flags.file ?? `${name}.tar.gz`
    try {
      await env.folders.create(file, archive)
    } catch (error) {
      throw new NotPossible(`${file} cannot be written: ${messageOf(error)}`, { cause: error })
    }
    const table = (): string => [`${file}: ${plural(read.length, 'part')}, ${Math.ceil(archive.length / 1024)} kB`, ...missing.map(({ path, why }) => `not in it: ${path}: ${why}`), ''].join('\n')
    env.stdout(inFormat(flags.output, () => ({ file, bytes: archive.length, parts: read.length, missing }), table))
    return DONE
  })

type Gathered = Content & Pick<Part, 'path'>

async function gather(wanted: readonly Part[], missing: Missing[]): Promise<readonly Gathered[]> {
  const found: Gathered[] = []
  let size = 0
  // One after another: no more of it is held than what is kept.
  for (const { path, read } of wanted) {
    const content = await attempt(path, read, missing)
    if (content === undefined) continue
    if (Buffer.byteLength(`${FOLDER}/${path}`) > MOST.name) {
      missing.push({ path, why: 'its name is too long for the archive' })
      continue
    }
    const bytes = Buffer.byteLength(content.text)
    if (bytes > MOST.part || size + bytes > MOST.all) {
      missing.push({ path, why: `too large (${bytes} bytes)` })
      continue
    }
    size += bytes
    found.push({ path, ...content })
  }
  return found
}

async function attempt<T>(path: string, run: () => Promise<T>, missing: Missing[]): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (!isApiError(error)) throw error
    missing.push({ path, why: explainApiError(error) })
    return undefined
  }
}

