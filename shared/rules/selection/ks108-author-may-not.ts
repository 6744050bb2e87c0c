import { isCustom, nameOf, type KindReference } from '../../api/v1alpha1/kinds.ts'
import { HEALER_ACCOUNT } from '../../api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import type { Access, AccessAnswers, AccessQuestion } from '../access.ts'
import { nameOfPermission, permissionsNeeded, scalingOf, type Permission } from '../action-writes.ts'
import { isNoMore } from '../ratchet.ts'
import { heals, namespacePath, protectedNamespaces, selectedNamespaces, selectedResources, type Finding, type Installation, type KindsFound, type Known, type Rule } from '../rule.ts'
import { joinWithin } from '../violation.ts'
import { consentQuestion } from './consent-question.ts'

interface Wish {
  readonly path: string
  readonly namespace: string
  readonly permissions: readonly Permission[]
}

/** What each action would write in each namespace. An update that makes it do no more is nobody's wish: whoever made it do so much has been asked. */
function wishes(policy: HealingPolicy, { kinds, stored }: Known): readonly Wish[] {
  if (!heals(policy) || (stored !== undefined && isNoMore(policy.spec, stored.spec))) return []
  return policy.spec.actions.flatMap((action, index) =>
    selectedNamespaces(policy).map((namespace) => ({ path: `spec.actions[${index}]`, namespace, permissions: permissionsNeeded(action, selectedResources(policy), pluralsOf(kinds)) })),
  )
}

const pluralsOf =
  (kinds: KindsFound | undefined) =>
  (on: KindReference): string | undefined => {
    const facts = kinds?.get(nameOf(on))
    return facts?.found === true ? facts.plural : undefined
  }

const ofAuthor = ({ namespace }: Wish, permission: Permission): AccessQuestion => ({ ...permission, who: 'Author', namespace })
const ofHealer = ({ namespace }: Wish, permission: Permission): AccessQuestion => ({ ...permission, who: { healerOf: namespace }, namespace, optional: true })

export const ks108: Rule = {
  id: 'KS108',
  severity: 'F',
  noExemption: 'a right that one does not have is given by whoever runs the namespace, as a Role',
  alsoWarns: true,
  title: `The author of a policy that acts may do himself what its actions write, in every namespace that it selects. Of workloads that are found by their pods all kinds count that every cluster has. Warned about: ${HEALER_ACCOUNT} of a namespace may not do it (yet).`,
  why: 'a policy would do for its author what he may not do himself',
  fix: 'ask whoever runs the namespace for a Role that grants it, or to write the policy himself',
  needs: 'requester',
  asks: (policy, known = {}) => wishes(policy, known).flatMap((wish) => wish.permissions.flatMap((permission) => [ofAuthor(wish, permission), ofHealer(wish, permission)])),
  check: (policy, { access, installation, ...known }) => {
    if (access === undefined) return []
    const wanted = wishes(policy, known)
    const refused = wanted.flatMap((wish): Finding[] => authorFindings(wish, access))
    return refused.length > 0 ? refused : healerFindings(policy, wanted, access, installation)
  },
}

function authorFindings(wish: Wish, access: AccessAnswers): Finding[] {
  const { path, namespace, permissions } = wish
  const inWords = (wanted: Access): string => joinWithin(permissions.filter((permission) => access(ofAuthor(wish, permission)) === wanted).map(nameOfPermission), ', ', 300)
  const [denied, unknown] = [inWords('Denied'), inWords('Unknown')]
  const where = `in namespace ${quoted(namespace, 63)}`
  return [...(denied === '' ? [] : [{ path, what: `you may not ${denied} ${where}` }]), ...(unknown === '' ? [] : [{ path, what: `whether you may ${unknown} ${where} could not be asked`, ...UNANSWERED }])]
}

/** One for each namespace: nothing is done there until its healer may. GitOps may bring that with the next object. */
const healerFindings = (policy: HealingPolicy, wanted: readonly Wish[], access: AccessAnswers, installation: Installation): Finding[] =>
  selectedNamespaces(policy).flatMap((namespace, index): Finding[] => {
    // KS103 is about those that cannot be enabled.
    if (protectedNamespaces(installation).has(namespace)) return []
    // Without consent the policy is refused whole, by KS109, which has the command for both.
    const { namespace: home } = policy.metadata
    if (home !== undefined && home !== namespace && access(consentQuestion(home, namespace)) !== 'Allowed') return []
    const lacking = wanted.filter((wish) => wish.namespace === namespace).flatMap((wish) => wish.permissions.filter((permission) => access(ofHealer(wish, permission)) === 'Denied'))
    const names = [...new Set(lacking.map(nameOfPermission))]
    if (names.length === 0) return []
    const scales = customScales(policy, lacking)
    return [
      {
        path: namespacePath(policy, index),
        severity: 'W',
        what: `${HEALER_ACCOUNT} may not ${joinWithin(names, ', ', 200)}`,
        why: 'nothing is done in a namespace before it consents',
        fix: `kubeskippy enable -n ${namespace}${scales}`,
      },
    ]
  })

const customScales = (policy: HealingPolicy, lacking: readonly Permission[]): string => {
  const groups = new Set(selectedResources(policy).filter(isCustom).map(({ apiVersion }) => apiVersion.split('/')[0] ?? ''))
  const scaled = lacking.filter(({ apiGroup, resource, verb }) => groups.has(apiGroup) && resource.endsWith('/scale') && verb === scalingOf({ group: apiGroup, plural: '' }).verb)
  return [...new Set(scaled.map(({ apiGroup, resource }) => ` --scale ${resource.split('/')[0] ?? ''}.${apiGroup}`))].join('')
}

/** For people who can do nothing about it but try again. */
export const UNANSWERED = { why: 'the API server did not answer in time, and what is not known is not allowed', fix: 'try again; kubeskippy check says whether the webhook may ask' } as const
