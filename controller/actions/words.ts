/** What is told of a plan, in the past tense and in the conditional. */
import { describe } from '../healing/owners.ts'
import type { Operation, Plan } from './action.ts'

export const done = ({ operations }: Plan): string => operations.map(told).join(', ')
export const wouldHave = ({ operations, later = [] }: Plan): string =>
  `would have ${operations.map(told).join(', ')}${later.length === 0 ? '' : `, and then evicted one after another, as long as they are not Ready: ${later.map(describe).join(', ')}`}`

function told(operation: Operation): string {
  const target = describe(operation.target)
  switch (operation.kind) {
    case 'evict':
      return `evicted ${target}`
    case 'delete':
      return `deleted ${target}`
    case 'patch':
      return `patched ${target}`
    case 'scale':
      return `scaled ${target} to ${operation.replicas}`
    default:
      return operation satisfies never
  }
}
