/** A plan from a file. */
import { isObject } from '../../shared/lib/json.ts'
import type { Plan } from './plan.ts'

const LISTS = ['workloads', 'policies', 'happenings'] as const
const NUMBERS = ['seed', 'calm', 'cured', 'end'] as const

/** What a story ends with, and no more is checked than that it is one: who edits it sees what becomes of it. @throws Error that says what is missing */
export function readPlan(text: string): Plan {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new Error('a plan is a JSON object')
  const missing = [...LISTS.filter((member) => !Array.isArray(value[member])), ...NUMBERS.filter((member) => typeof value[member] !== 'number'), ...(typeof value['controllers'] === 'string' ? [] : ['controllers'])]
  if (missing.length > 0) throw new Error(`the plan lacks ${missing.join(', ')}`)
  return value as unknown as Plan
}
