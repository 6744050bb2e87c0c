/** A `CustomResource` literal as a reference page in Markdown. */
import type { CrdTarget } from './emit-crd.ts'
import type { CustomResource, ObjectSchema, StructuralSchema } from './structural.ts'
import { isArraySchema, isIntOrStringSchema, isMapSchema, isObjectSchema, joinField, schemaNodes } from './walk.ts'

/** @returns the page, beginning with its title */
export function emitReference(resource: CustomResource, { group, version }: CrdTarget): string {
  const sections = [
    `# ${resource.kind}`,
    resource.description,
    table(['', ''], facts(resource, `${group}/${version}`)),
    ...section('spec', resource.spec),
    ...(resource.status === undefined ? [] : section('status', resource.status)),
    ...rules(resource),
  ]
  return `${sections.join('\n\n')}\n`
}

function facts(resource: CustomResource, apiVersion: string): string[][] {
  return [
    ['apiVersion', code(apiVersion)],
    ['resource', code(resource.plural)],
    ['scope', 'a namespace'],
    ...(resource.shortNames.length > 0 ? [['short names', resource.shortNames.map(code).join(', ')]] : []),
    ...(resource.categories.length > 0 ? [['categories', resource.categories.map(code).join(', ')]] : []),
    ['longest name', `${resource.maxNameLength} characters`],
    ['columns of `kubectl get`', resource.columns.map(({ name, priority }) => (priority === 1 ? `${name} (wide)` : name)).join(', ')],
  ]
}

function section(name: string, schema: ObjectSchema): string[] {
  const required = requiredPaths(schema, name)
  const rows = [...schemaNodes(schema, name)]
    .filter(({ path }) => path !== name && !path.endsWith('[]') && !path.endsWith('.*'))
    .map(({ path, schema: node }) => [code(path), typeOf(node), defaultOf(node, required.has(path)), boundsOf(node), node.description ?? ''])
  return [`## ${name}`, table(['field', 'type', 'default', 'bounds', 'meaning'], rows)]
}

function requiredPaths(schema: ObjectSchema, root: string): Set<string> {
  const paths = new Set<string>()
  for (const { path, schema: node } of schemaNodes(schema, root)) {
    if (isObjectSchema(node)) for (const name of node.required ?? []) paths.add(joinField(path, name))
  }
  return paths
}

function typeOf(schema: StructuralSchema): string {
  if (isArraySchema(schema)) {
    const keys = schema['x-kubernetes-list-map-keys']
    const kind = schema['x-kubernetes-list-type'] === 'set' ? ', each once' : keys === undefined ? '' : `, each ${keys.join(' and ')} once`
    return `list of ${plain(schema.items)}${kind}`
  }
  return plain(schema)
}

const plain = (schema: StructuralSchema): string => {
  if (isMapSchema(schema)) return `map of ${plain(schema.additionalProperties)}`
  return isIntOrStringSchema(schema) ? schema.type.join(' or ') : schema.type
}

function defaultOf(schema: StructuralSchema, isRequired: boolean): string {
  if (isRequired) return 'required'
  const value = 'default' in schema ? schema.default : undefined
  return value === undefined ? '' : code(typeof value === 'string' ? value : JSON.stringify(value))
}

function boundsOf(schema: StructuralSchema): string {
  if (isArraySchema(schema)) return [range(schema.minItems, schema.maxItems, 'items'), boundsOf(schema.items)].filter(Boolean).join('; each ')
  if (isMapSchema(schema)) return [`at most ${schema.maxProperties} entries`, boundsOf(schema.additionalProperties)].filter(Boolean).join('; each ')
  const own = (schema['x-kubernetes-validations'] ?? []).filter(({ fieldPath }) => fieldPath === undefined).map(({ message }) => message)
  return [...valueBounds(schema), ...(schema.type === 'object' ? [] : own)].join('; ')
}

function valueBounds(schema: StructuralSchema): string[] {
  if (isIntOrStringSchema(schema)) return [range(schema.minimum, schema.maximum, ''), range(schema.minLength, schema.maxLength, 'characters')].filter(Boolean)
  switch (schema.type) {
    case 'integer':
    case 'number': {
      const bounds = range(schema.minimum, schema.maximum, '')
      return bounds === '' ? [] : [bounds]
    }
    case 'string':
      if (schema.enum !== undefined) return [schema.enum.map(code).join(', ')]
      return [
        ...(schema.maxLength === undefined ? [] : [range(schema.minLength, schema.maxLength, 'characters')]),
        ...(schema.pattern === undefined ? [] : [code(schema.pattern)]),
      ]
    case 'object':
    case 'array':
    case 'boolean':
      return []
    default:
      return schema satisfies never
  }
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  const unitText = unit === '' ? '' : ` ${unit}`
  if (max === undefined) return min === undefined ? '' : `at least ${min}${unitText}`
  return min === undefined || min === 0 ? `at most ${max}${unitText}` : `${min} to ${max}${unitText}`
}

function rules(resource: CustomResource): string[] {
  const rows = [...schemaNodes(resource.spec, 'spec')].flatMap(({ path, schema }) =>
    (schema['x-kubernetes-validations'] ?? []).map(({ message, rule, fieldPath }) => [code(`${path}${fieldPath ?? ''}`), message, code(rule)]),
  )
  if (rows.length === 0) return []
  return ['## Rules', 'Checked by the API server itself, also while the webhook is down (CEL).', table(['field', 'rule', 'CEL'], rows)]
}

const code = (text: string): string => `\`${text}\``
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n')
