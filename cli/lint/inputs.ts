/** Which files an argument means: a file, a folder with all below it, a pattern, or standard input. */
import { matchesGlob } from 'node:path'
import { messageOf } from '../../shared/lib/errors.ts'
import { printable, quoted } from '../../shared/lib/text.ts'
import { NotUtf8, type CliEnvironment } from '../environment.ts'
import { CONFIG_NAME } from './config.ts'
import type { Problem } from './finding.ts'

export interface Input {
  /** As it is shown. */
  readonly file: string
  readonly text: string
}

export interface Inputs {
  readonly inputs: readonly Input[]
  readonly problems: readonly Problem[]
}

export interface Found extends Inputs {
  /** Files that nobody named, and that do not mention us. */
  readonly passedOver: number
}

/** Standard input, as it is shown. */
export const STDIN = '<stdin>'

const MANIFEST = /\.(?:ya?ml|json)$/i
const PATTERN = /[*?[\]{}]/
/** In every text that holds an object of ours, mistakes included. */
const OURS = /kubeski|Healing(?:Policy|Action|Ledger)/i
/** Of YAML and JSON in double quotes. */
const ESCAPES = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|\r?\n[ \t]*|([^]))/g

/**
 * Whether a text may hold an object of ours, however it is written: what then is one, the parser tells. Of files that nobody named the others are not parsed:
 * they may be templates.
 */
export function mentionsUs(text: string): boolean {
  if (OURS.test(text)) return true
  if (!text.includes('\\')) return false
  return OURS.test(text.replaceAll(ESCAPES, (_all, ...[two, four, eight, other]: (string | undefined)[]) => (other === undefined ? letter(two ?? four ?? eight) : other)))
}

function letter(code = ''): string {
  const point = Number.parseInt(code, 16)
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ''
}

/** What nobody writes manifests into. */
const PASSED_OVER = /^(?:\..+|node_modules)\/$/

/** @param excluded whether a path, as it is shown, is left out: of what was found, not of what was named */
export async function readInputs(env: Pick<CliEnvironment, 'readFile' | 'folders'>, targets: readonly string[], excluded: (path: string) => boolean): Promise<Found> {
  const inputs: Input[] = []
  const problems: Problem[] = []
  let passedOver = 0
  /** By the file itself: one that is named in several ways is one, shown as it was named first. */
  const seen = new Set<string>()
  const read = async (path: string, named: boolean): Promise<void> => {
    const file = path === '-' ? STDIN : path
    const real = path === '-' ? STDIN : await env.folders.realPath(path).catch(() => path)
    if (seen.has(real)) return
    try {
      const text = await env.readFile(path)
      if (!named && !mentionsUs(text)) return void passedOver++
      inputs.push({ file, text })
    } catch (error) {
      if (error instanceof NotUtf8 && !named && !mentionsUs(error.guess)) return void passedOver++
      problems.push({ file, what: `it cannot be read: ${printable(messageOf(error), 300)}` })
    }
    seen.add(real)
  }
  for (const target of targets) {
    try {
      const kind = target === '-' ? 'file' : await env.folders.kindOf(target)
      if (kind === 'file') await read(target, true)
      else if (kind === 'folder') for (const path of await below(env, withoutSlash(target), excluded)) await read(path, false)
      else if (kind === 'other') problems.push({ file: printable(target, 300), what: 'it is no regular file: a pipe or a device may never end; pipe into kubeskippy lint - instead' })
      else if (!PATTERN.test(target)) problems.push({ file: printable(target, 300), what: 'there is no such file or folder' })
      else {
        const found = (await below(env, baseOf(target), excluded)).filter((path) => matchesGlob(path, target.replace(/^\.\//, '')))
        if (found.length === 0) problems.push({ file: printable(target, 300), what: `no file matches ${quoted(target, 200)}` })
        for (const path of found) await read(path, false)
      }
    } catch (error) {
      problems.push({ file: printable(target, 300), what: `it cannot be read: ${printable(messageOf(error), 300)}` })
    }
  }
  return { inputs, problems, passedOver }
}

/** A lint of nothing is no verdict: a command before it may have failed, or a folder has moved. */
export function nothingIn(targets: readonly string[], files: readonly { readonly file: string; readonly objects: number }[], others: number): readonly Problem[] {
  if (files.some(({ file, objects }) => file === STDIN && objects === 0)) return [{ file: STDIN, what: 'it holds no object: the command before it may have failed (--allow-empty: that is well)' }]
  if (others > 0 || files.some(({ objects }) => objects > 0)) return []
  return [{ file: printable(targets.join(' '), 300), what: files.length === 0 ? 'there is no .yaml, .yml or .json file (--allow-empty: that is well)' : 'no object is in it (--allow-empty: that is well)' }]
}

/** The folders in front of the first part that is a pattern. */
function baseOf(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => PATTERN.test(part))
  return parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.')
}

const withoutSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path)

/** In the order of their names. */
async function below({ folders }: Pick<CliEnvironment, 'folders'>, folder: string, excluded: (path: string) => boolean): Promise<readonly string[]> {
  if ((await folders.kindOf(folder)) !== 'folder') return []
  const found: string[] = []
  const walk = async (at: string): Promise<void> => {
    for (const name of [...(await folders.list(at === '' ? '.' : at))].sort()) {
      const path = at === '' ? name : at === '/' ? `/${name}` : `${at}/${name}`
      if (excluded(withoutSlash(path))) continue
      if (name.endsWith('/')) {
        if (!PASSED_OVER.test(name)) await walk(withoutSlash(path))
      } else if (MANIFEST.test(name) && name !== CONFIG_NAME) found.push(path)
    }
  }
  await walk(folder === '.' ? '' : folder.replace(/^\.\//, ''))
  return found
}
