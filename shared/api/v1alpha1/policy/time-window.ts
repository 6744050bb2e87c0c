import type { ObjectSchema } from '../../../schema/structural.ts'
import { duration } from '../fields.ts'

/** What the words mean is KS406's to say: neither cron nor the names of zones fit a pattern. */
export const timeWindow = {
  type: 'object',
  description: 'A time that comes again and again.',
  additionalProperties: false,
  required: ['schedule', 'duration'],
  properties: {
    schedule: {
      type: 'string',
      minLength: 9,
      maxLength: 64,
      description: 'When it begins: minute, hour, day of the month, month, day of the week, as in cron. Clocks put forward: a begin that falls into the gap comes right after it.',
    },
    duration: { ...duration('1m', '168h'), description: 'How long it lasts, in elapsed time.' },
    timeZone: { type: 'string', minLength: 1, maxLength: 64, default: 'UTC', description: 'Whose clock the schedule means, by its IANA name, such as Europe/Berlin.' },
  },
} as const satisfies ObjectSchema
