/** What an API server says of its kinds (`/openapi/v2`) as schemas for kubeconform, closed: a field that it would drop is an error. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isObject } from '../../shared/lib/json.ts'

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** One file for each kind, named as kubeconform asks for it, beside one with all definitions. */
export function writeSchemas(dir: string, openapi: unknown): string {
  if (!isObject(openapi) || !isObject(openapi['definitions'])) throw new Error('no definitions')
  const definitions = Object.fromEntries(Object.entries(openapi['definitions']).map(([name, definition]) => [name, closed(name, definition)]))
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'definitions.json'), JSON.stringify({ definitions }))
  for (const [name, definition] of Object.entries(openapi['definitions'])) {
    const kinds = isObject(definition) && Array.isArray(definition['x-kubernetes-group-version-kind']) ? (definition['x-kubernetes-group-version-kind'] as Kind[]) : []
    for (const { group, version, kind } of kinds) writeFileSync(join(dir, `${[kind.toLowerCase(), ...(group === '' ? [] : [group.split('.')[0]]), version].join('-')}.json`), JSON.stringify({ $ref: `definitions.json#/definitions/${name}` }))
  }
  return join(dir, '{{ .ResourceKind }}{{ .KindSuffix }}.json')
}

/** What Go takes more of than OpenAPI can say. */
const LOOSE: Readonly<Record<string, unknown>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['number', 'string'] },
}

const closed = (name: string, definition: unknown): unknown => LOOSE[name] ?? shut(definition)

function shut(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(shut)
  if (!isObject(schema)) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, key === 'properties' && isObject(value) ? Object.fromEntries(Object.entries(value).map(([field, one]) => [field, shut(one)])) : shut(value)]))
  if (schema['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] }
  const open = !isObject(schema['properties']) || schema['additionalProperties'] !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true
  return open ? inner : { ...inner, additionalProperties: false }
}
