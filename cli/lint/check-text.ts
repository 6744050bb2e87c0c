/** The objects of one text, and what is wrong with them, each with its place. Pure, total. */
import { isObject } from '../../shared/lib/json.ts'
import { printable, quoted } from '../../shared/lib/text.ts'
import { readManifests, type Documents, type Manifest } from '../manifests/documents.ts'
import { locate, locateKey, withinString } from '../manifests/locate.ts'
import type { Range, Replaced } from '../manifests/tree.ts'
import type { LintConfig } from './config.ts'
import type { Finding, Place, Problem, Remark, Subject } from './finding.ts'
import { inspectorOf } from './inspect.ts'
import type { Input } from './inputs.ts'
import { LAYERS } from './layers.ts'

/** An object of ours, as it would be sent. */
export interface Candidate {
  readonly value: unknown
  readonly subject: Subject
  /** Beside what the lint finds itself: what somebody else says of it. */
  readonly remarks: readonly Remark[]
  readonly file: string
  readonly place: (remark: Remark) => Placed | undefined
}

/** A finding before the report has its number of the object. */
export type Placed = Omit<Finding, 'object'>

export interface Checked {
  readonly candidates: readonly Candidate[]
  readonly problems: readonly Problem[]
  readonly skipped: number
}

export interface Namespaces {
  /** Of objects that name none; absent: it is not known. */
  readonly assumed?: string
  /** By the flag: of all objects. */
  readonly wanted?: string
}

export function checkText({ file, text }: Input, config: LintConfig, { wanted, assumed = wanted }: Namespaces = {}): Checked {
  const documents = readManifests(text)
  const problems = documents.problems.map(({ offset, what }): Problem => ({ file, ...documents.place(offset), what }))
  const candidates: Candidate[] = []
  let skipped = 0
  for (const manifest of documents.manifests) {
    const value = placed(manifest.value, assumed)
    const look = inspectorOf(value, config.installation)
    if (look === undefined) {
      skipped++
      continue
    }
    const subject = subjectOf(value)
    const clash = clashing(manifest.value, wanted)
    const remarks = [...manifest.replaced.map(repeated), ...clash, ...look(value)]
    candidates.push({ file, value, subject, remarks, place: (remark) => placeOf(remark, { file, text, manifest, documents, config, subject }) })
  }
  return { candidates, problems, skipped }
}

function placed(value: unknown, namespace: string | undefined): unknown {
  if (namespace === undefined || !isObject(value)) return value
  const metadata = value['metadata'] ?? {}
  // What is there and no text is a mistake to tell, not a place that is empty.
  if (!isObject(metadata) || (metadata['namespace'] ?? '') !== '') return value
  return { ...value, metadata: { ...metadata, namespace } }
}

/** kubectl refuses two namespaces for one object. */
function clashing(value: unknown, wanted: string | undefined): readonly Remark[] {
  const metadata = isObject(value) && isObject(value['metadata']) ? value['metadata'] : {}
  const own = metadata['namespace']
  if (wanted === undefined || typeof own !== 'string' || own === '' || own === wanted) return []
  return [{ rule: LAYERS.shape.id, level: 'error', path: 'metadata.namespace', what: `the object says ${quoted(own, 63)}, and -n says ${quoted(wanted, 63)}`, ofFile: true }]
}

export function subjectOf(value: unknown): Subject {
  const { kind, metadata } = isObject(value) ? value : {}
  const { name, generateName, namespace } = isObject(metadata) ? metadata : {}
  return {
    kind: printable(typeof kind === 'string' ? kind : 'object', 63),
    ...(typeof namespace === 'string' && namespace !== '' ? { namespace: printable(namespace, 63) } : {}),
    name: printable(typeof name === 'string' && name !== '' ? name : typeof generateName === 'string' ? `${generateName}*` : '(no name)', 253),
  }
}

const repeated = ({ name, by, ...at }: Replaced): Remark => {
  const { id, why, fix } = LAYERS.repeated
  return { rule: id, level: 'warning', path: '', what: by === 'key' ? `the key ${quoted(name)} is written twice` : `the key ${quoted(name)} is lost to a map that is merged after it`, why, fix: by === 'key' ? fix : 'write << first', at, ofFile: true }
}

interface Origin extends Input {
  readonly manifest: Manifest
  readonly documents: Documents
  readonly config: LintConfig
  readonly subject: Subject
}

/** undefined: the configuration does not want to know. */
function placeOf(remark: Remark, { file, text, manifest, documents, config, subject }: Origin): Placed | undefined {
  const weighed = config.weigh(remark)
  if (weighed === undefined) return undefined
  const { rule, level, path, what, why, fix, refusedWithout } = weighed
  return {
    rule,
    level,
    path,
    what,
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
    ...(refusedWithout === undefined ? {} : { refusedWithout }),
    ...inLines(rangeOf(weighed, manifest, text), documents),
    file,
    ...(manifest.source === undefined ? {} : { source: manifest.source }),
    subject,
  }
}

function rangeOf({ at, path, within, entry, aboutName }: Remark, { tree }: Manifest, text: string): Range {
  if (at !== undefined) return at
  if (entry !== undefined) return entry.part === 'key' ? locateKey(tree, `${path}[${JSON.stringify(entry.key)}]`) : locate(tree, `${path}[${JSON.stringify(entry.key)}]`).range
  if (aboutName === true) return locateKey(tree, path)
  const { range, tree: there } = locate(tree, path)
  const inside = within === undefined || typeof there?.value !== 'string' ? undefined : withinString(text, there, within.offset)
  return inside === undefined ? range : { start: inside, end: inside + 1 }
}

function inLines({ start, end }: Range, { place }: Documents): Place {
  const from = place(start)
  const to = place(Math.max(start, end))
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.line === from.line ? Math.max(to.column, from.column + 1) : to.column }
}
