import type { ObjectSchema } from '../../../../schema/structural.ts'

export const patchAction = {
  type: 'object',
  description:
    'Changes fields of the object, of a list of allowed ones (patchAllowList of the installation); of a pod only its annotations and labels. Undone when it did not help, unless a value may be secret.',
  additionalProperties: false,
  properties: {
    type: {
      type: 'string',
      enum: ['strategic', 'merge', 'json'],
      default: 'strategic',
      description: 'How the patch is applied. strategic: lists of containers and of their environment merge by name. merge: lists are replaced. json: a list of operations.',
    },
    patch: { type: 'string', minLength: 1, maxLength: 8192, description: 'The patch as YAML or JSON.' },
    patches: {
      type: 'array',
      description: 'In place of patch: fields and their values.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'value'],
        properties: {
          path: {
            type: 'array',
            description: 'From the top of the object: names of members, and of items in lists of containers and of their environment.',
            minItems: 1,
            maxItems: 16,
            'x-kubernetes-list-type': 'atomic',
            items: { type: 'string', minLength: 1, maxLength: 317 },
          },
          value: { type: 'string', maxLength: 1024, description: 'What it gets. A number where the field holds one, else text.' },
        },
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'has(self.patch) != has(self.patches)',
      message: 'either patch or patches is needed, and not both',
      reason: 'FieldValueRequired',
      fieldPath: '.patch',
    },
  ],
} as const satisfies ObjectSchema
