import { expect } from 'chai'
import { DURATION_PATTERN } from '../lib/duration.ts'
import { resources } from '../api/v1alpha1/resources.ts'
import { applyDefaults } from './defaults.ts'
import { emitCrd, emitSchema } from './emit-crd.ts'
import { emitReference } from './emit-reference.ts'
import { widget } from './testing/widget.ts'
import type { CustomResource } from './structural.ts'
import { isArraySchema, isMapSchema, schemaNodes } from './walk.ts'
import { compileSchema } from './validate.ts'

const TARGET = { group: 'example.com', version: 'v1' }
const crd = emitCrd(widget, TARGET) as { metadata: { name: string }; spec: { names: unknown; versions: Record<string, unknown>[] } }

/** Every key anywhere below. */
function* members(value: unknown): Generator<[string, unknown]> {
  if (typeof value !== 'object' || value === null) return
  for (const entry of Object.entries(value)) {
    yield entry
    yield* members(entry[1])
  }
}

describe('emitCrd', () => {
  it('names the kind in all its forms', () => {
    expect(crd.metadata.name).to.equal('widgets.example.com')
    expect(crd.spec.names).to.deep.equal({ kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget', shortNames: ['wd'], categories: ['things'] })
  })

  it('leaves out lists of names that are empty, which the API server would drop and GitOps report for ever', () => {
    const { spec } = emitCrd({ ...widget, shortNames: [], categories: [] }, TARGET) as { spec: { names: object } }
    expect(spec.names).to.have.all.keys('kind', 'listKind', 'plural', 'singular')
  })

  it('bounds the name of the object', () => {
    expect(crd.spec.versions[0]).to.have.nested.property('schema.openAPIV3Schema.properties.metadata.properties.name.maxLength', 20)
  })

  it('has the status subresource exactly where there is a status', () => {
    const { status: _, ...bare }: CustomResource = widget
    expect(crd.spec.versions[0]).to.have.deep.property('subresources', { status: {} })
    const [version] = (emitCrd(bare, TARGET) as typeof crd).spec.versions
    expect(version).not.to.have.property('subresources')
    expect(version).not.to.have.nested.property('schema.openAPIV3Schema.properties.status')
  })

  it('prints its columns', () => {
    expect(crd.spec.versions[0]).to.have.deep.property('additionalPrinterColumns', [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'How big.' },
      { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 },
    ])
  })
})

describe('emitSchema', () => {
  it('opens closed objects and keeps maps', () => {
    const emitted = emitSchema(widget.spec)
    expect([...members(emitted)].filter(([key]) => key === 'additionalProperties').map(([, value]) => value)).to.deep.equal([{ type: 'string', maxLength: 3 }])
  })

  it('keeps everything else', () => {
    const { additionalProperties: _, ...rest } = widget.spec.properties.limits
    expect(emitSchema(widget.spec.properties.limits)).to.deep.equal(rest)
  })
})

describe('emitReference', () => {
  const page = emitReference(widget, TARGET)

  it('has a row for each field, with default, bounds and meaning', () => {
    expect(page).to.contain('| `spec.name` | string | required | 1 to 8 characters; `^[a-z]+$` | What it is called \\| known as. |')
    expect(page).to.contain('| `spec.size` | integer | `3` | 1 to 9 |  |')
    expect(page).to.contain('| `spec.parts` | list of object, each id once |  | at most 3 items |  |')
    expect(page).to.contain('| `spec.labels` | map of string |  | at most 2 entries; each at most 3 characters |  |')
    expect(page).to.contain('| `status.ready` | boolean |  |  |  |')
  })

  it('lists the CEL rules by the field that they report', () => {
    expect(page).to.contain('| `spec.limits.most` | one of the two | `has(self.most) \\|\\| has(self.note)` |')
  })
})

describe('our kinds', () => {
  for (const resource of resources) {
    const nodes = [resource.spec, ...(resource.status === undefined ? [] : [resource.status])].flatMap((schema) => [...schemaNodes(schema, resource.kind)])

    it(`${resource.kind} bounds every list, map and string`, () => {
      const unbounded = nodes.filter(({ schema }) =>
        isArraySchema(schema) ? !(schema.maxItems > 0) : isMapSchema(schema) ? !(schema.maxProperties > 0) : schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined,
      )
      expect(unbounded.map(({ path }) => path)).to.deep.equal([])
    })

    it(`${resource.kind} says of every list whether it is atomic, a set or a map`, () => {
      expect(nodes.filter(({ schema }) => isArraySchema(schema) && schema['x-kubernetes-list-type'] === undefined).map(({ path }) => path)).to.deep.equal([])
    })

    it(`${resource.kind} has defaults that its schema accepts`, () => {
      for (const { path, schema } of nodes) {
        const value = 'default' in schema ? schema.default : undefined
        if (value !== undefined) expect(compileSchema(schema)(applyDefaults(schema, value)), path).to.deep.equal([])
      }
    })

    it(`${resource.kind} has messages of one line, and patterns that RE2 takes`, () => {
      for (const { path, schema } of nodes) {
        for (const { message } of schema['x-kubernetes-validations'] ?? []) expect(message, path).not.to.match(/[\r\n]/)
        // No look-around, no back-reference, no count above 1000.
        if (schema.type === 'string' && schema.pattern !== undefined) expect(schema.pattern, path).not.to.match(/\(\?[=!<]|\\[1-9]|\{\d{4,}/)
      }
    })

    it(`${resource.kind} bounds every duration`, () => {
      const durations = nodes.filter(({ schema }) => schema.type === 'string' && schema.pattern === DURATION_PATTERN)
      expect(durations.filter(({ schema }) => schema['x-kubernetes-validations'] === undefined).map(({ path }) => path)).to.deep.equal([])
    })
  }
})
