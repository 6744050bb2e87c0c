import { isKnownByScale } from '../../shared/api/v1alpha1/action-kinds.ts'
import { nameOf, type KindReference } from '../../shared/api/v1alpha1/kinds.ts'
import { AGGREGATE_LABEL, CONTROLLER_ACCOUNT, HEALER_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { plural, printable } from '../../shared/lib/text.ts'
import { nameOfPermission, nameOfPlural, scalerPermissions, scalingOf, type Permission } from '../../shared/rules/action-writes.ts'
import { scalable } from '../../controller/adapters/scaled-kinds.ts'
import { mayDo, type Account } from '../access-review.ts'
import { CONTROLLER, isActingAs, isConstrained } from '../impersonation.ts'
import { fail, ok, warn, type Check, type CheckContext, type Finding } from './finding.ts'

type Found = Omit<Finding, 'check'>


interface Wish {
  readonly namespace: string
  readonly kind: KindReference
  /** `shop/cart`. */
  readonly policy: string
}

/** Whether custom resources that policies scale have a scale, and whether it may be read and written. Owners of selected pods are not known before they are in trouble. */
export const scalesCheck: Check = {
  name: 'scales',
  run: async (context) => {
    const wishes = (await context.policies()).flatMap(wishesOf)
    if (wishes.length === 0) return [ok('no policy selects custom resources to scale them')]
    const found = (await Promise.all(wishes.map((wish) => judge(context, wish)))).flat()
    return found.length > 0 ? found : [ok(`${plural(wishes.length, 'kind')} of custom resources can be scaled`)]
  },
}

function wishesOf({ metadata, spec }: HealingPolicy): readonly Wish[] {
  if (spec.mode === 'monitor' || !spec.actions.some(({ type }) => type === 'scale')) return []
  const namespace = metadata.namespace ?? ''
  return (spec.selector.resources ?? []).filter(isKnownByScale).map((kind) => ({ namespace, kind, policy: printable(`${namespace}/${metadata.name}`, 320) }))
}

async function judge({ api }: CheckContext, { namespace, kind, policy }: Wish): Promise<readonly Found[]> {
  const resource = await scalable(api, kind)
  if (typeof resource === 'string') return [warn(`${policy}: ${resource}`, 'install its definition, or select a kind that has a scale')]
  const constrained = await isConstrained(api)
  const watched = ['list', 'watch'].map((verb): Permission => ({ apiGroup: resource.group, resource: resource.plural, verb }))
  const lacking = async (account: Account, permissions: readonly Permission[]): Promise<readonly string[]> => {
    const answers = await Promise.all(permissions.map(({ apiGroup: group, resource: what, verb }) => mayDo(api, account, { namespace, verb, group, resource: what })))
    return permissions.filter((_, index) => answers[index] !== true).map(nameOfPermission)
  }
  const [controller, healer] = await Promise.all([lacking(CONTROLLER, [...watched, ...scalerPermissions(resource).filter(({ verb }) => constrained || !isActingAs(verb))]), lacking({ namespace, account: HEALER_ACCOUNT }, [scalingOf(resource)])])
  return [
    ...(controller.length === 0 ? [] : [fail(`${policy} scales ${nameOf(kind)}, but ${CONTROLLER_ACCOUNT} may not ${controller.join('; ')}`, `grant it in a ClusterRole with the label ${AGGREGATE_LABEL}: "true"`)]),
    ...(healer.length === 0 ? [] : [warn(`${policy} scales ${nameOf(kind)}, but ${HEALER_ACCOUNT} of ${namespace} may not ${healer.join('; ')}`, `kubeskippy enable -n ${namespace} --scale ${nameOfPlural(resource)}`)]),
  ]
}
