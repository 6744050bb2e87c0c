import type { ObjectSchema } from '../../../schema/structural.ts'
import { duration } from '../fields.ts'

export const objectives = {
  type: 'object',
  description: 'What the policy should achieve. Reported and alerted on; changes nothing of what is done.',
  additionalProperties: false,
  properties: {
    timeToHeal: { ...duration('1s', '168h'), description: 'How long an incident may last, from the begin of the fault until the workload has verifiably been healthy for the stabilization window.' },
  },
} as const satisfies ObjectSchema
