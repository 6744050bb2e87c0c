/**
 * The samples of `config/samples`: files that must be accepted, files that are, with a warning, and files with one fault each. The
 * last two say in leading comments what is told (`# expect: KS001 spec.mode`). The last document is the sample. One of the same name before it is the
 * stored object that it replaces; others are what else is in the cluster.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument } from 'yaml'
import { isObject } from '../lib/json.ts'

export interface Expectation {
  /** `KS001`, `KS002`, the id of a rule, or `unknown` for a field that only strict validation refuses. */
  readonly kind: string
  readonly path: string
}

export interface SampleDocument {
  /** As written, for an API server. */
  readonly text: string
  readonly value: unknown
}

export interface Sample {
  /** Relative to `config/samples`. */
  readonly file: string
  /** It is stored, if with a warning. */
  readonly valid: boolean
  readonly expected: readonly Expectation[]
  /** What is judged. */
  readonly now: SampleDocument
  /** What it replaces; absent on creation. */
  readonly old?: SampleDocument
  /** What else there is. */
  readonly others: readonly SampleDocument[]
}

const ROOT = fileURLToPath(new URL('../../config/samples/', import.meta.url))

/** Every sample, those in folders below included, by name. */
export async function readCorpus(): Promise<Sample[]> {
  return (await Promise.all(FOLDERS.map(readFolder))).flat()
}

const FOLDERS = ['valid', 'warned', 'invalid'] as const

async function readFolder(folder: (typeof FOLDERS)[number]): Promise<Sample[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.yaml')).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(paths.sort().map(async (path) => readSample(relative(ROOT, path), folder !== 'invalid', await readFile(path, 'utf8'))))
}

/** @throws when the text is no YAML, or holds more than an old and a new document of one name */
export function readSample(file: string, valid: boolean, text: string): Sample {
  const expected = [...text.matchAll(/^# expect: (\S+) ?(\S*)$/gm)].map(([, kind = '', path = '']) => ({ kind, path }))
  // Comments before the first marker belong to no document.
  const documents = text.split(/^---$/m).filter((part, index, parts) => index > 0 || parts.length === 1 || /^[^#\s]/m.test(part))
  const read = documents.map((part) => readDocument(file, part))
  const [now, ...before] = read.toReversed()
  if (now === undefined) throw new Error(`${file}: no document`)
  const isOld = ({ value }: SampleDocument): boolean => nameOf(value) === nameOf(now.value)
  const [old, ...more] = before.filter(isOld)
  if (more.length > 0) throw new Error(`${file}: one document of a name, or an old and a new one`)
  return { file, valid, expected, now, others: before.filter((other) => !isOld(other)).toReversed(), ...(old === undefined ? {} : { old }) }
}

function nameOf(value: unknown): string {
  const metadata = isObject(value) ? value['metadata'] : undefined
  return isObject(metadata) ? `${String(metadata['namespace'])}/${String(metadata['name'])}` : ''
}

function readDocument(file: string, text: string): SampleDocument {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw new Error(`${file}: ${error.message}`)
  return { text, value: document.toJS() as unknown }
}
