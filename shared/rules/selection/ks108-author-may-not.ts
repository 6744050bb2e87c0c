import { nameOfPermission, permissionsNeeded } from '../action-writes.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { joinWithin } from '../violation.ts'
import { quoted } from '../../lib/text.ts'
import type { AccessQuestion } from '../access.ts'
import { heals, selectedNamespaces, selectedResources, type Finding, type Rule } from '../rule.ts'

interface Wish {
  readonly path: string
  readonly namespace: string
  readonly questions: readonly AccessQuestion[]
}

/** What each action would write in each namespace. */
function wishes(policy: HealingPolicy): readonly Wish[] {
  if (!heals(policy)) return []
  return policy.spec.actions.flatMap((action, index) =>
    selectedNamespaces(policy).map((namespace) => ({
      path: `spec.actions[${index}]`,
      namespace,
      questions: permissionsNeeded(action, selectedResources(policy)).map((permission) => ({ ...permission, who: 'Author' as const, namespace })),
    })),
  )
}

export const ks108: Rule = {
  id: 'KS108',
  severity: 'F',
  title: 'The author of a policy that acts may do himself what its actions write, in every namespace that it selects. Of workloads that are found by their pods all kinds count that every cluster has.',
  why: 'a policy would do for its author what he may not do himself',
  fix: 'ask whoever runs the namespace for a Role that grants it, or to write the policy himself',
  needs: 'requester',
  asks: (policy) => wishes(policy).flatMap(({ questions }) => questions),
  check: (policy, { access }) =>
    access === undefined
      ? []
      : wishes(policy).flatMap(({ path, namespace, questions }): Finding[] => {
          const inWords = (wanted: 'Denied' | 'Unknown'): string => joinWithin(questions.filter((question) => access(question) === wanted).map(nameOfPermission), ', ', 300)
          const [denied, unknown] = [inWords('Denied'), inWords('Unknown')]
          const where = `in namespace ${quoted(namespace, 63)}`
          return [
            ...(denied === '' ? [] : [{ path, what: `you may not ${denied} ${where}` }]),
            ...(unknown === '' ? [] : [{ path, what: `whether you may ${unknown} ${where} could not be asked`, ...UNANSWERED }]),
          ]
        }),
}

/** For people who can do nothing about it but try again. */
export const UNANSWERED = { why: 'the API server did not answer in time, and what is not known is not allowed', fix: 'try again; kubeskippy check says whether the webhook may ask' } as const
