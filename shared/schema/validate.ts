/**
 * Judges an object by the schema literal of its kind, as the API server judges it by the CRD that was emitted from the
 * same literal. For the controller, the CLI, tests and generators.
 */
import type { ErrorObject } from 'ajv'
import { isObject } from '../lib/json.ts'
import { quoted } from '../lib/text.ts'
import { validatorOf } from './ajv.ts'
import { decode, rootSchema } from './defaults.ts'
import { distinct, type Issue } from './issue.ts'
import { duplicateIssues } from './lists.ts'
import { decodeIssues, metadataIssues } from './metadata.ts'
import type { CustomResource, StructuralSchema } from './structural.ts'
import { joinField } from './walk.ts'

/** Every issue of one value, without changing it; defaults are the caller's to apply first. */
export type SchemaCheck = (value: unknown) => Issue[]

/** A check of values of this schema; paths begin with `path`. */
export function compileSchema(schema: StructuralSchema, path = ''): SchemaCheck {
  const validate = validatorOf(schema)
  return (value) => {
    validate(value)
    const errors = validate.errors ?? []
    const mistyped = new Set(errors.filter(({ keyword }) => keyword === 'type').map(({ instancePath }) => instancePath))
    // A value of the wrong type is not in the enum either, which tells nobody anything.
    const shown = errors.filter(({ keyword, instancePath }) => keyword !== 'enum' || !mistyped.has(instancePath))
    return distinct([...shown.map((error) => toIssue(error, value, path)), ...duplicateIssues(schema, value, path)])
  }
}

/**
 * A check of whole objects of the kind, `metadata` included. The object is pruned and defaulted first, as by the API
 * server, so unknown fields are no issue here: see `unknownFields`.
 */
export function compileResource(resource: CustomResource, apiVersion: string): SchemaCheck {
  const check = compileSchema(rootSchema(resource))
  return (object) => {
    const undecodable = decodeIssues(object, apiVersion, resource.kind)
    if (undecodable.length > 0 || !isObject(object)) return undecodable
    const { metadata, ...rest } = decode(resource, object)
    return distinct([...metadataIssues(metadata, resource.maxNameLength), ...check(rest)])
  }
}

function toIssue(error: ErrorObject, value: unknown, root: string): Issue {
  const place = locate(error.instancePath, value, root)
  const missing = error.keyword === 'required' ? String(error.params['missingProperty']) : undefined
  const unknown = error.keyword === 'additionalProperties' ? String(error.params['additionalProperty']) : undefined
  const member = missing ?? unknown
  return {
    kind: 'KS001',
    path: member === undefined ? place.path : joinField(place.path, member),
    message: explain(error, place.value),
    stopsCel: STOPS_CEL.has(error.keyword),
  }
}

const STOPS_CEL: ReadonlySet<string> = new Set(['type', 'enum', 'required', 'maxLength', 'maxItems', 'maxProperties'])

function explain({ keyword, params, message }: ErrorObject, value: unknown): string {
  const limit = String(params['limit'])
  switch (keyword) {
    case 'type':
      return `must be ${[params['type']].flat().map((type) => article(String(type))).join(' or ')}, not ${typeName(value)}`
    case 'enum':
      return `must be one of ${(params['allowedValues'] as readonly unknown[]).map(String).join(', ')}, not ${shown(value)}`
    case 'required':
      return 'is required'
    case 'additionalProperties':
      return 'is no field of this object'
    case 'pattern':
      return `${shown(value)} must match ${String(params['pattern'])}`
    case 'format':
      return `${shown(value)} must be ${article(String(params['format']))}`
    case 'minimum':
      return `must be at least ${limit}, not ${shown(value)}`
    case 'maximum':
      return `must be at most ${limit}, not ${shown(value)}`
    case 'minLength':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'minItems':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} items`
    case 'maxItems':
      return `must have at most ${limit} items`
    case 'maxProperties':
      return `must have at most ${limit} entries`
    default:
      return message ?? keyword
  }
}

const shown = (value: unknown): string => quoted(typeof value === 'string' ? value : JSON.stringify(value))
const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return article(Array.isArray(value) ? 'array' : typeof value)
}

/** A JSON pointer as a field path, and the value there. Only the value tells an index from a key of digits. */
function locate(pointer: string, root: unknown, rootPath: string): { readonly path: string; readonly value: unknown } {
  let path = rootPath
  let value = root
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(value)) {
      path = `${path}[${key}]`
      value = value[Number(key)]
    } else {
      path = joinField(path, key)
      value = isObject(value) ? value[key] : undefined
    }
  }
  return { path, value }
}
