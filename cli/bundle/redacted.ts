/** Takes secrets out of what goes into a bundle: by what holds them, by their names, and by how they look. Pure. */
import { parseAllDocuments, stringify } from 'yaml'
import { REDACTED, redact, withoutBlocks } from '../../controller/analysis/redact.ts'
import { CORRELATION_LABEL, INCIDENT_LABEL, POLICY_LABEL } from '../../shared/api/v1alpha1/names.ts'
import { isObject, isShallow, parsedJson, sameJson } from '../../shared/lib/json.ts'
import { hostile } from '../../shared/rules/patches/parse.ts'

/** Members that say what something is, and may look like chance: names, uids, what is found by them. */
const IDENTIFIERS: ReadonlySet<string> = new Set([
  'apiVersion', 'kind', 'name', 'namespace', 'uid', 'id', 'generateName', 'resourceVersion', 'nodeName', 'holderIdentity', 'identity', 'reportingInstance', 'image', 'imageID', 'containerID',
  'correlationId', 'correlationid', 'policy', 'action', 'target', 'incident', 'lastAction', 'replacements', 'lease', 'source', 'subject', 'hostname', 'request', 'reflector', 'check', 'hash',
  POLICY_LABEL, INCIDENT_LABEL, CORRELATION_LABEL,
])
/** Verb, kind and path in lower case, as Kubernetes has them: no user, no query, no address but that of a runtime. */
const IDENTIFIER = /^(?:[A-Z]+ [a-z/]+ )?(?:[A-Z][A-Za-z]*\/)?(?:(?:containerd|cri-o|docker|docker-pullable):\/\/)?(?![^@]*:\/\/)[a-z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?$/
/** The whole object again, as somebody applied it, and who wrote which field. */
const DROPPED: ReadonlySet<string> = new Set(['managedFields', 'kubectl.kubernetes.io/last-applied-configuration'])
/** Texts under keys that somebody else has chosen. */
const FOREIGN: ReadonlySet<string> = new Set(['data', 'stringData', 'binaryData'])
/** What names the value beside it: of a variable, a header, a change of a field. */
const NAMING = ['name', 'key', 'path', 'field'] as const
const NAMED: ReadonlySet<string> = new Set(['value', 'before', 'after', 'oldValue', 'newValue'])

interface Place {
  readonly key: string
  /** Names and ids are what they say, since the form is one that we know. */
  readonly known: boolean
  /** A schema, in which a name stands for no value. */
  readonly schema?: boolean
}

const TOP: Place = { key: '', known: true }

export const redactedJson = (value: unknown): unknown => walk(value, TOP)

function walk(value: unknown, place: Place): unknown {
  if (place.schema !== true && isSecretName(place.key)) return withoutLeaves(value)
  if (place.key === 'patch' && typeof value === 'string' && documentsIn(value) === undefined) return REDACTED
  // By its parts: as a whole a JSON pointer looks like base64.
  if (place.key === 'path' && typeof value === 'string' && value.startsWith('/')) return value.split('/').map(redact).join('/')
  if (typeof value === 'string') return place.known && IDENTIFIERS.has(place.key) && IDENTIFIER.test(value) ? value : redactedText(value)
  if (Array.isArray(value)) return value.map((each: unknown, index) => (place.key === 'env' ? withoutValue(each, place) : isFlag(value[index - 1]) && typeof each === 'string' ? REDACTED : walk(each, place)))
  if (!isObject(value)) return value
  const known = (member: unknown): boolean => place.known && !(FOREIGN.has(place.key) && typeof member === 'string')
  const schema = place.schema === true || (place.known && place.key === 'openAPIV3Schema')
  const named = NAMING.some((naming) => typeof value[naming] === 'string' && isSecretName(value[naming])) || isPatch(value)
  return Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (DROPPED.has(key) ? [] : [[key, named && NAMED.has(key) ? REDACTED : walk(member, { key, known: known(member), schema })]])))
}

/** Of a variable the name stays, and where it is from. */
function withoutValue(variable: unknown, { known }: Place): unknown {
  const walked = walk(variable, { key: '', known })
  return isObject(walked) && 'value' in walked ? { ...walked, value: REDACTED } : walked
}

/** An operation of JSON Patch, or one of `patches`. */
const isPatch = ({ op, path }: Record<string, unknown>): boolean => (typeof op === 'string' && typeof path === 'string') || Array.isArray(path)

/** `["--token", "hunter2"]` */
const isFlag = (value: unknown): boolean => typeof value === 'string' && /^--?[^\s=]+$/.test(value) && isSecretName(value.replace(/^-+/, ''))

/** All that is under the name of a secret. Where it is kept may be told, and so may yes and no. */
function withoutLeaves(value: unknown): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(withoutLeaves)
  if (!isObject(value)) return REDACTED
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, key === 'secretName' && typeof member === 'string' && IDENTIFIER.test(member) ? member : withoutLeaves(member)]))
}

const isSecretName = (key: string): boolean => redact(`${key}=x`).endsWith(`=${REDACTED}`)

/** A text, which may be YAML or JSON: a file, a patch, a message. */
function redactedText(text: string): string {
  const documents = documentsIn(text)
  if (documents === undefined) return redact(text)
  const walked = documents.map((each) => walk(each, { key: '', known: false }))
  return redact(sameJson(documents, walked) ? text : written(walked, text))
}

/** Deeper came from nobody who meant well. */
const DEEPEST = 64

/** undefined: it is none, or nothing that its lines do not say by themselves. */
function documentsIn(text: string): readonly unknown[] | undefined {
  if (!/[[{]/.test(text) && !(text.includes(':') && text.includes('\n'))) return undefined
  const object = /^\s*[[{]/.test(text) ? shallowJson(text) : undefined
  if (object !== undefined) return [object]
  if (hostile(text) !== undefined) return undefined
  const parsed = parseAllDocuments(text, { prettyErrors: false, logLevel: 'silent' })
  if (!Array.isArray(parsed) || parsed.some(({ errors }) => errors.length > 0)) return undefined
  try {
    const documents = parsed.map((document): unknown => document.toJS())
    return documents.some((each) => typeof each === 'object' && each !== null) && isShallow(documents, DEEPEST) ? documents : undefined
  } catch {
    // More aliases than anybody writes.
    return undefined
  }
}

/** undefined: it is none, or deeper than anybody writes it. */
function shallowJson(text: string): unknown {
  const parsed = parsedJson(text)
  return isShallow(parsed, DEEPEST) ? parsed : undefined
}

const written = (documents: readonly unknown[], text: string): string =>
  /^\s*[[{]/.test(text) ? documents.map((each) => JSON.stringify(each)).join('\n') : documents.map((each) => stringify(each, { lineWidth: 0 })).join('---\n')

/** Lines of a log: JSON by its members. What stands between such lines is one text: a key has many lines. */
export function redactedLog(text: string): string {
  const parts: { json: boolean; text: string }[] = []
  for (const line of text.split('\n')) {
    const object = line.startsWith('{') ? shallowJson(line) : undefined
    const last = parts.at(-1)
    if (object !== undefined) parts.push({ json: true, text: JSON.stringify(redactedJson(object)) })
    else if (last?.json === false) last.text += `\n${line}`
    else parts.push({ json: false, text: line })
  }
  return parts.map((part) => (part.json ? part.text : withoutBlocks(part.text).split('\n').map(redact).join('\n'))).join('\n')
}
