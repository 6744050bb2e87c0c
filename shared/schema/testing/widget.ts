/** A small kind with one of everything, for the tests of this folder. */
import type { CustomResource } from '../structural.ts'

export const widget = {
  kind: 'Widget',
  plural: 'widgets',
  singular: 'widget',
  shortNames: ['wd'],
  categories: ['things'],
  description: 'A thing.',
  maxNameLength: 20,
  spec: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 8, pattern: '^[a-z]+$', description: 'What it is called | known as.' },
      size: { type: 'integer', format: 'int32', minimum: 1, maximum: 9, default: 3 },
      total: { type: 'integer', format: 'int32' },
      colour: { type: 'string', enum: ['red', 'green'], default: 'red' },
      shiny: { type: 'boolean' },
      labels: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', maxLength: 3 } },
      tags: { type: 'array', maxItems: 3, minItems: 1, 'x-kubernetes-list-type': 'set', items: { type: 'string', maxLength: 5 } },
      parts: {
        type: 'array',
        maxItems: 3,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['id'],
        items: { type: 'object', additionalProperties: false, required: ['id'], properties: { id: { type: 'string', maxLength: 5 }, weight: { type: 'integer', default: 1 } } },
      },
      limits: {
        type: 'object',
        additionalProperties: false,
        default: {},
        properties: { most: { type: 'integer', default: 5 }, note: { type: 'string', maxLength: 5 } },
        'x-kubernetes-validations': [{ rule: 'has(self.most) || has(self.note)', message: 'one of the two', fieldPath: '.most' }],
      },
    },
  },
  status: { type: 'object', additionalProperties: false, properties: { ready: { type: 'boolean' } } },
  columns: [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'How big.' },
    { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 },
  ],
} as const satisfies CustomResource
