import type { ObjectSchema } from '../../../schema/structural.ts'
import { apiVersion, dnsLabel, kind, labelSelector, objectName } from '../fields.ts'

export const selector = {
  type: 'object',
  description: 'Which objects the policy looks at.',
  additionalProperties: false,
  properties: {
    namespaces: {
      type: 'array',
      description: "Namespaces by name. Default: the policy's own. Another one has to consent (kubeskippy enable --consent-to).",
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      items: dnsLabel,
    },
    labelSelector: {
      ...labelSelector,
      description: 'Labels of the selected objects. An empty selector never means "all".',
    },
    resources: {
      type: 'array',
      description: 'Kinds of the selected objects. Default: Pod (v1). Jobs, volume claims, custom resources and other kinds without pods: with mode monitor only.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['apiVersion', 'kind'],
        properties: {
          apiVersion,
          kind,
          names: {
            type: 'array',
            description: 'Only objects of these names.',
            minItems: 1,
            maxItems: 64,
            'x-kubernetes-list-type': 'set',
            items: objectName,
          },
          excludeNames: {
            type: 'array',
            description: 'Never objects of these names.',
            maxItems: 64,
            'x-kubernetes-list-type': 'set',
            items: objectName,
          },
        },
      },
    },
  },
} as const satisfies ObjectSchema
