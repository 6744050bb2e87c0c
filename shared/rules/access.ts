/** What only the API server knows: who may do what. Rules say what they have to ask; whoever can ask answers. */
import type { Permission } from './action-writes.ts'

export interface AccessQuestion extends Permission {
  /** Whoever sends the policy, or the healer account of a namespace. */
  readonly who: 'Author' | { readonly healerOf: string }
  readonly namespace: string
  /** Nothing is refused for want of an answer. */
  readonly optional?: true
}

/** `Unknown`: it was asked, and there was no answer. */
export type Access = 'Allowed' | 'Denied' | 'Unknown'

export type AccessAnswers = (question: AccessQuestion) => Access

export const accessKey = ({ who, namespace, apiGroup, resource, verb }: AccessQuestion): string => JSON.stringify([who === 'Author' ? '' : who.healerOf, namespace, apiGroup, resource, verb])
