/** The objects of a file, read as kubectl reads them: several documents, lists, JSON. Pure; never throws. */
import { Composer, parseAllDocuments, Parser, type Document } from 'yaml'
import { messageOf } from '../../shared/lib/errors.ts'
import { yamlProblem } from '../../shared/lib/yaml-words.ts'
import { isObject, parsedJson } from '../../shared/lib/json.ts'
import { printable } from '../../shared/lib/text.ts'
import { AS_KUBECTL } from './kubectl-yaml.ts'
import { refusedLine, refusedNodes, refusedTabs, type Unreadable } from './kubectl-refuses.ts'
import { treeOf, type Range, type Replaced, type Tree } from './tree.ts'

export interface Manifest {
  readonly value: unknown
  readonly tree: Tree
  /** Of the template, as Helm writes it above each document. */
  readonly source?: string
  /** In it. */
  readonly replaced: readonly Replaced[]
  /** In its document: what aliases stand for. */
  readonly shared: readonly Range[]
}

export interface Documents {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Unreadable[]
  /** 1-based, from an offset. */
  readonly place: (offset: number) => { readonly line: number; readonly column: number }
}

/** Documents without anything in them are passed over. */
export function readManifests(text: string): Documents {
  const place = placesOf(text)
  const manifests: Manifest[] = []
  const problems: Unreadable[] = []
  const refused = hopeless(text)
  if (refused !== undefined) return { manifests, problems: [refused], place }
  const starts = severalOfJson(text)
  const isYaml = starts.length === 0 && parsedJson(text) === undefined
  const line = isYaml ? refusedLine(text) : undefined
  if (line !== undefined) problems.push(line)
  /** Of the document before. */
  let end = 0
  const documents = parsed(text, starts, problems)
  for (const document of documents) {
    // What follows a mistake is mostly made by it; kubectl tells the first too.
    const [mistake] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0])
    if (mistake !== undefined) {
      problems.push({ offset: mistake.pos[0], what: yamlProblem(mistake.code) ?? inWords(mistake.message) })
      continue
    }
    try {
      const { tree, errors: wrong, replaced, shared } = treeOf(document)
      const errors = [...wrong.map(({ start, what }) => ({ offset: start, what: printable(what, 200) })), ...(isYaml ? refusedNodes(document, text) : [])]
      problems.push(...errors)
      if (errors.length > 0 || tree.value === null || tree.value === undefined) continue
      if (tree.items?.some(isManifest) === true) {
        problems.push({ offset: tree.range.start, what: 'a list is no object: kubectl reads several as documents, or as the items of a List' })
        continue
      }
      const source = sourceOf(text.slice(end, tree.range.start))
      end = document.range?.[1] ?? end
      if (isObject(tree.value) && isList(tree.value) && tree.members?.get('items')?.items === undefined) {
        problems.push({ offset: tree.range.start, what: 'a List has its objects in items, a list' })
        continue
      }
      const [objects, others] = parted(flat(tree, undefined), (each) => each === tree || (isObject(each.value) && !isList(each.value)))
      problems.push(...others.map(({ value, range }) => ({ offset: range.start, what: isObject(value) ? 'a List within a List: kubectl reads none of it' : 'an item of a list is no object' })))
      manifests.push(...objects.map((each) => ({ value: each.value, tree: each, replaced: within(replaced, each, tree), shared, ...(source === undefined ? {} : { source }) })))
    } catch (error) {
      problems.push(unforeseen(error, document.range?.[0] ?? 0))
    }
  }
  if (isYaml && problems.length === 0) problems.push(...tabsIn(documents, text))
  return { manifests, problems, place }
}

function tabsIn(documents: readonly Document.Parsed[], text: string): readonly Unreadable[] {
  try {
    return refusedTabs(documents, text)
  } catch {
    // It is nested too deeply, which its own document says.
    return []
  }
}

/** The lines are looked for when the first place is asked for. */
function placesOf(text: string): Documents['place'] {
  let starts: readonly number[] | undefined
  return (offset) => {
    starts ??= [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)]
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    // No editor shows a byte order mark.
    return { line: low + 1, column: Math.max(offset - (starts[low] ?? 0) - (low === 0 && text.startsWith('\ufeff') ? 1 : 0), 0) + 1 }
  }
}

/** @param starts of several objects of JSON */
function parsed(text: string, starts: readonly number[], problems: Unreadable[]): readonly Document.Parsed[] {
  try {
    if (starts.length > 0) return starts.flatMap((start, index) => documentsAt(text.slice(start, starts[index + 1]), start))
    const documents = parseAllDocuments(text, AS_KUBECTL)
    return Array.isArray(documents) ? documents : []
  } catch (error) {
    problems.push(unforeseen(error, 0))
    return []
  }
}

/** Where each begins, of objects of JSON one after the other (`jq '.items[]'`, `kubectl get -o json` twice), which kubectl reads as well. None: it is something else. */
function severalOfJson(text: string): readonly number[] {
  if (!/^\ufeff?\s*\{/.test(text)) return []
  const starts: number[] = []
  let depth = 0
  let start = 0
  // Strings as a whole, so that no bracket in them counts.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\\n]|\\.)*"|[{}]|[^\s{}"\ufeff]+|"/g)) {
    if (depth === 0 && token !== '{') return []
    if (token === '{' && depth++ === 0) start = index
    if (token !== '}' || --depth > 0) continue
    if (parsedJson(text.slice(start, index + 1)) === undefined) return []
    starts.push(start)
  }
  return depth === 0 && starts.length > 1 ? starts : []
}

/** With places in the whole text. */
function documentsAt(text: string, offset: number): readonly Document.Parsed[] {
  const parser = new Parser()
  parser.offset = offset
  return [...new Composer(AS_KUBECTL).compose(parser.parse(text), true, offset + text.length)]
}

/** Not one of objects of one kind, which may have whatever its kind has. */
const isList = (value: Readonly<Record<string, unknown>>): boolean => value['kind'] === 'List' && value['apiVersion'] === 'v1'

/** As an array of a programming language prints them. */
const isManifest = ({ value }: Tree): boolean => isObject(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string'

const TOO_DEEP = 'it is nested too deeply'
const unforeseen = (error: unknown, offset: number): Unreadable => ({ offset, what: inWords(messageOf(error)) })
/** The parser descends by recursion. */
const inWords = (message: string): string => (message.startsWith('Maximum call stack') ? TOO_DEEP : printable(message.split('\n')[0] ?? '', 200))

/** In UTF-16 units: more than any API server takes at once, by far. */
const LONGEST = 64 * 1024 * 1024
/** As in kubectl's parser, which gives up there too. */
const DEEPEST = 10_000

/** As in kubectl's parser. */
// oxlint-disable-next-line no-control-regex -- these characters are the subject
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufffe\uffff]/u

/** What no parser should be asked about, and what it would need all memory for. */
function hopeless(text: string): Unreadable | undefined {
  if (text.length > LONGEST) return { offset: 0, what: `it is larger than ${LONGEST / 1024 / 1024} MiB` }
  if (!text.includes('\n') && /\r[^]/.test(text)) return { offset: text.indexOf('\r'), what: 'its lines end with carriage returns alone: write line feeds' }
  const control = text.search(CONTROL)
  if (control >= 0) return { offset: control, what: 'control characters are not allowed' }
  let depth = 0
  let run = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5b || code === 0x7b) depth++
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1)
    // `- - - -`: a list of lists each, on one line.
    run = code === 0x0a ? 0 : (code === 0x2d || code === 0x3f || code === 0x3a) && text.charCodeAt(at + 1) === 0x20 ? run + 1 : run
    if (depth > DEEPEST || run > DEEPEST) return { offset: at, what: TOO_DEEP }
  }
  return undefined
}

/** `# Source: chart/templates/policy.yaml`, in the comments above a document. */
function sourceOf(above: string): string | undefined {
  const found = /^# Source: (\S.*)$/m.exec(above)?.[1]
  return found === undefined ? undefined : printable(found.trim(), 300)
}

function parted<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  const { first = [], second = [] } = Object.groupBy(all, (one) => (isFirst(one) ? 'first' : 'second'))
  return [first, second]
}

/** Deeper lists of lists are no manifests of anybody. */
const DEEPEST_LIST = 16

/** As kubectl: whatever has a kind that ends in List, and items, is its items; they take kind and version from it. */
function flat(tree: Tree, frame: { readonly apiVersion: unknown; readonly kind: string } | undefined, depth = 0): readonly Tree[] {
  const { value, members } = framed(tree, frame)
  const items = depth > 0 && isObject(value) && isList(value) ? undefined : members?.get('items')?.items
  if (!isObject(value) || items === undefined || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List') || depth > DEEPEST_LIST) return [framed(tree, frame)]
  const kind = value['kind'].slice(0, -'List'.length)
  const inherited = kind === '' ? undefined : { apiVersion: value['apiVersion'], kind }
  return items.flatMap((item) => flat(item, inherited, depth + 1))
}

function framed(tree: Tree, frame: { readonly apiVersion: unknown; readonly kind: string } | undefined): Tree {
  const { value } = tree
  if (frame === undefined || !isObject(value) || value['kind'] !== undefined || value['apiVersion'] !== undefined) return tree
  return { ...tree, value: { ...value, ...frame } }
}

/** What is written outside all objects of a list belongs to none of them. */
const within = (replaced: readonly Replaced[], { range }: Tree, root: Tree): readonly Replaced[] =>
  replaced.filter(({ start }) => (start >= range.start && start < range.end) || range === root.range)
