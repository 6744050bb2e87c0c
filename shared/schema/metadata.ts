/** Type, kind and the part of `metadata` that people write, judged as the API server judges them for every kind. */
import { isObject } from '../lib/json.ts'
import { quoted } from '../lib/text.ts'
import type { Issue } from './issue.ts'

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
/** All annotations of an object together, keys included, in bytes. */
const ANNOTATIONS_MAX = 256 * 1024

const issue = (path: string, message: string, stopsCel = false): Issue => ({ kind: 'KS001', path, message, stopsCel })
const isNothing = (value: unknown): value is undefined | null => value === undefined || value === null

/** Why the API server cannot even read the object (400, without causes), so that nothing else of it is judged. */
export function decodeIssues(object: unknown, apiVersion: string, kind: string): Issue[] {
  if (!isObject(object)) return [issue('', 'must be an object', true)]
  const issues: Issue[] = []
  if (object['apiVersion'] !== apiVersion) issues.push(issue('apiVersion', `must be ${apiVersion}`, true))
  if (object['kind'] !== kind) issues.push(issue('kind', `must be ${kind}`, true))
  const { metadata } = object
  if (isNothing(metadata)) return issues
  if (!isObject(metadata)) return [...issues, issue('metadata', 'must be an object', true)]
  for (const name of ['name', 'generateName', 'namespace']) {
    if (!isNothing(metadata[name]) && typeof metadata[name] !== 'string') issues.push(issue(`metadata.${name}`, 'must be a string: put it in quotes', true))
  }
  for (const name of ['labels', 'annotations']) issues.push(...mapIssues(`metadata.${name}`, metadata[name]))
  return issues
}

function mapIssues(path: string, map: unknown): Issue[] {
  if (isNothing(map)) return []
  if (!isObject(map)) return [issue(path, 'must be a map of strings', true)]
  return Object.entries(map).flatMap(([key, value]) =>
    isNothing(value) || typeof value === 'string' ? [] : [{ ...issue(path, `the value of ${quoted(key)} must be a string: put it in quotes`, true), entry: { key, part: 'value' } }],
  )
}

/** @param maxNameLength in characters, from the CRD */
export function metadataIssues(metadata: unknown, maxNameLength: number): Issue[] {
  const { name, generateName, labels, annotations } = isObject(metadata) ? metadata : {}
  return [
    ...nameIssues(name, generateName, maxNameLength),
    ...entryIssues('metadata.labels', labels, labelProblem),
    ...entryIssues('metadata.annotations', annotations, keyProblem),
    ...sizeIssues(annotations),
  ]
}

function nameIssues(name: unknown, generateName: unknown, maxLength: number): Issue[] {
  if (typeof name !== 'string' || name === '') {
    return typeof generateName === 'string' && generateName !== '' ? [] : [issue('metadata.name', 'is required', true)]
  }
  const issues: Issue[] = []
  if (Array.from(name).length > maxLength) issues.push(issue('metadata.name', `must have at most ${maxLength} characters`, true))
  if (!SUBDOMAIN.test(name) || name.length > 253) {
    issues.push(issue('metadata.name', `${quoted(name)} is no name: lower case letters, digits, "-" and "." only, beginning and ending with a letter or digit`))
  }
  return issues
}

function entryIssues(path: string, map: unknown, problem: (key: string, value: string) => Problem | undefined): Issue[] {
  if (!isObject(map)) return []
  return Object.entries(map).flatMap(([key, value]) => {
    // An explicit null reads as the empty string.
    const found = problem(key, typeof value === 'string' ? value : '')
    return found === undefined ? [] : [{ ...issue(path, found.what), entry: { key, part: found.part } }]
  })
}

interface Problem {
  readonly what: string
  readonly part: 'key' | 'value'
}

/** Annotation keys may be in any case; both kinds of key have the same form otherwise. */
function keyProblem(key: string): Problem | undefined {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash).toLowerCase()
  const name = key.slice(slash + 1)
  const prefixFits = prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix))
  if (prefixFits && name.length <= 63 && QUALIFIED.test(name)) return undefined
  return { part: 'key', what: `${quoted(key)} is no key: an optional DNS prefix and a slash, then at most 63 letters, digits, "-", "_", "."` }
}

function labelProblem(key: string, value: string): Problem | undefined {
  const problem = keyProblem(key)
  if (problem !== undefined) return problem
  if (key !== key.toLowerCase() && key.includes('/') && !SUBDOMAIN.test(key.slice(0, key.indexOf('/')))) return { part: 'key', what: `${quoted(key)} is no key: its prefix must be in lower case` }
  return value.length <= 63 && VALUE.test(value) ? undefined : { part: 'value', what: `${quoted(value)} is no label value: at most 63 letters, digits, "-", "_", "."` }
}

function sizeIssues(annotations: unknown): Issue[] {
  if (!isObject(annotations)) return []
  const encoder = new TextEncoder()
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + encoder.encode(`${key}${typeof value === 'string' ? value : ''}`).length, 0)
  return bytes > ANNOTATIONS_MAX ? [issue('metadata.annotations', `must have at most ${ANNOTATIONS_MAX} bytes together`)] : []
}
