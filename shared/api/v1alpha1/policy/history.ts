import type { ObjectSchema } from '../../../schema/structural.ts'
import { duration } from '../fields.ts'

const limit = { type: 'integer', format: 'int32', minimum: 0, maximum: 1000 } as const

export const history = {
  type: 'object',
  description: 'How many ended HealingActions stay, and for how long. Deleting them gives back no limit and forgets no incident.',
  additionalProperties: false,
  default: {},
  properties: {
    successful: { ...limit, default: 50, description: 'Of those that succeeded, dry runs included, the newest so many stay.' },
    failed: { ...limit, default: 100, description: 'Of those that failed or were cancelled, the newest so many stay.' },
    ttl: { ...duration('1m', '8760h'), default: '168h', description: 'None stays for longer after its end.' },
  },
} as const satisfies ObjectSchema
