/** A `CustomResource` literal as a CustomResourceDefinition manifest. */
import { isIntOrStringSchema, mapChildren } from './walk.ts'
import type { CustomResource, PrinterColumn, StructuralSchema } from './structural.ts'

export interface CrdTarget {
  readonly group: string
  readonly version: string
}

/** Labels of everything that we install. */
export const INSTALL_LABELS = {
  'app.kubernetes.io/name': 'kubeskippy',
  'app.kubernetes.io/component': 'api',
  'app.kubernetes.io/part-of': 'kubeskippy',
} as const

/** The manifest as a plain object, keys in the order in which they are to be written. */
export function emitCrd(resource: CustomResource, { group, version }: CrdTarget): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${group}`, labels: { ...INSTALL_LABELS } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.singular,
        ...(resource.shortNames.length > 0 && { shortNames: [...resource.shortNames] }),
        ...(resource.categories.length > 0 && { categories: [...resource.categories] }),
      },
      conversion: { strategy: 'None' },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(resource.status !== undefined && { subresources: { status: {} } }),
          additionalPrinterColumns: resource.columns.map(emitColumn),
          schema: { openAPIV3Schema: emitRoot(resource) },
        },
      ],
    },
  }
}

const emitColumn = ({ name, type, jsonPath, description, priority }: PrinterColumn): Record<string, unknown> => ({
  name,
  type,
  jsonPath,
  ...(description !== undefined && { description }),
  ...(priority !== undefined && priority > 0 && { priority }),
})

function emitRoot(resource: CustomResource): Record<string, unknown> {
  return {
    description: resource.description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      // Of metadata a CRD may restrict name and generateName only.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: resource.maxNameLength } } },
      ...ownFields(resource),
    },
  }
}

/** What of an object is not every object's. */
export const ownFields = ({ spec, status }: CustomResource): Record<string, unknown> => ({ spec: emitSchema(spec), ...(status !== undefined && { status: emitSchema(status) }) })

/** The literal without what a structural schema forbids: closed objects become open ones, and the server prunes them. */
export function emitSchema(schema: StructuralSchema): Record<string, unknown> {
  const { description, type, ...rest } = mapChildren(schema, emitSchema)
  if (rest['additionalProperties'] === false) delete rest['additionalProperties']
  return { ...(description !== undefined && { description }), ...(isIntOrStringSchema(schema) ? {} : { type }), ...rest }
}
