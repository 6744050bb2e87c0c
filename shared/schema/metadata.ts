/** The part of `metadata` that people write, judged as the API server judges it for every kind. */
import { isObject } from '../lib/json.ts'
import { quoted } from '../lib/text.ts'
import type { Issue } from './issue.ts'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
/** All annotations of an object together, keys included, in bytes. */
const ANNOTATIONS_MAX = 256 * 1024

const issue = (path: string, message: string, stopsCel = false): Issue => ({ kind: 'KS001', path, message, stopsCel })

/** @param maxNameLength in characters, from the CRD */
export function metadataIssues(metadata: unknown, maxNameLength: number): Issue[] {
  if (!isObject(metadata)) return [issue('metadata', 'must be an object', true)]
  const { name, generateName, namespace, labels, annotations } = metadata
  return [
    ...nameIssues(name, generateName, maxNameLength),
    ...namespaceIssues(namespace),
    ...stringMapIssues('metadata.labels', labels, labelIssue),
    ...stringMapIssues('metadata.annotations', annotations, (key) => keyProblem(key)),
    ...sizeIssues(annotations),
  ]
}

function nameIssues(name: unknown, generateName: unknown, maxLength: number): Issue[] {
  if (name === undefined || name === null || name === '') {
    return typeof generateName === 'string' && generateName !== '' ? [] : [issue('metadata.name', 'is required', true)]
  }
  if (typeof name !== 'string') return [issue('metadata.name', 'must be a string', true)]
  const issues: Issue[] = []
  if (Array.from(name).length > maxLength) issues.push(issue('metadata.name', `must have at most ${maxLength} characters`, true))
  if (!SUBDOMAIN.test(name) || name.length > 253) {
    issues.push(issue('metadata.name', `${quoted(name)} is no name: lower case letters, digits, "-" and "." only, beginning and ending with a letter or digit`))
  }
  return issues
}

function namespaceIssues(namespace: unknown): Issue[] {
  if (namespace === undefined || namespace === null || namespace === '') return []
  if (typeof namespace !== 'string') return [issue('metadata.namespace', 'must be a string', true)]
  return LABEL.test(namespace) && namespace.length <= 63 ? [] : [issue('metadata.namespace', `${quoted(namespace)} is no name of a namespace`)]
}

function stringMapIssues(path: string, map: unknown, problem: (key: string, value: string) => string | undefined): Issue[] {
  if (map === undefined || map === null) return []
  if (!isObject(map)) return [issue(path, 'must be a map of strings', true)]
  return Object.entries(map).flatMap(([key, value]) => {
    // An explicit null reads as the empty string.
    if (typeof value !== 'string' && value !== null) return [issue(path, `the value of ${quoted(key)} must be a string: put it in quotes`, true)]
    const found = problem(key, value ?? '')
    return found === undefined ? [] : [issue(path, found)]
  })
}

function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  const name = key.slice(slash + 1)
  const prefixFits = prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix))
  return prefixFits && name.length <= 63 && QUALIFIED.test(name) ? undefined : `${quoted(key)} is no key: an optional DNS prefix and a slash, then at most 63 letters, digits, "-", "_", "."`
}

const labelIssue = (key: string, value: string): string | undefined =>
  keyProblem(key) ?? (value.length <= 63 && VALUE.test(value) ? undefined : `${quoted(value)} is no label value: at most 63 letters, digits, "-", "_", "."`)

function sizeIssues(annotations: unknown): Issue[] {
  if (!isObject(annotations)) return []
  const encoder = new TextEncoder()
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + encoder.encode(`${key}${String(value ?? '')}`).length, 0)
  return bytes > ANNOTATIONS_MAX ? [issue('metadata.annotations', `must have at most ${ANNOTATIONS_MAX} bytes together`)] : []
}
