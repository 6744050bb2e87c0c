/** The namespaces that a policy reaches: its own, and others that consent. Pure. */
import { HEAL_VERB } from '../../shared/api/v1alpha1/names.ts'
import { after, seconds, type Instant } from '../../shared/lib/time.ts'
import type { CompiledPolicy } from './policy.ts'
import type { Refusal } from './refusal.ts'
import type { Consent, HealerState, Place, World } from './snapshot.ts'

type Home = Pick<CompiledPolicy, 'namespace'>
type Places = Pick<World, 'namespace' | 'healer' | 'others'>

/** Nothing is known of it: nothing is done there. */
const UNKNOWN: Place = { namespace: undefined, healer: 'Missing', consent: 'Unknown' }

/** A namespace need not consent to its own policies. */
export const placeOf = ({ namespace: home }: Home, { namespace, healer, others }: Places, where: string): Place =>
  where === home ? { namespace, healer, consent: 'Given' } : (others.get(where) ?? UNKNOWN)

export const otherNamespaces = ({ namespace: home, namespaces }: Pick<CompiledPolicy, 'namespace' | 'namespaces'>): readonly string[] => namespaces.filter((namespace) => namespace !== home)

export const withHealer = <W extends Places>({ namespace: home }: Home, world: W, where: string, healer: HealerState): W =>
  where === home ? { ...world, healer } : { ...world, others: new Map([...world.others].map(([name, place]) => [name, name === where ? { ...place, healer } : place])) }

export const withConsent = <W extends Places>(world: W, where: string, consent: Consent): W => ({
  ...world,
  others: new Map([...world.others].map(([name, place]) => [name, name === where ? { ...place, consent } : place])),
})

/** Why nothing is done in another namespace. Short of consent is also who could not be asked: what is not known is not given. */
export function refuseStranger(home: string, where: string, consent: Consent, now: Instant): Refusal | undefined {
  if (consent === 'Given') return undefined
  const recheckAt = after(now, seconds(15))
  if (consent === 'Unknown') return { reason: 'ConsentUnknown', message: `whether namespace ${where} consents to policies of ${home} could not be asked: the API server did not answer the SubjectAccessReview`, recheckAt }
  return {
    reason: 'NoConsent',
    message: `namespace ${where} does not consent to policies of ${home} (verb ${HEAL_VERB}); apply there the output of: kubeskippy enable -n ${where} --consent-to ${home} --print`,
    recheckAt,
  }
}

/** Of the selected namespaces those that do not let the policy in, and why. */
export const closedPlaces = (policy: Pick<CompiledPolicy, 'namespace' | 'namespaces'>, world: Places, now: Instant): ReadonlyMap<string, Refusal> =>
  new Map(
    otherNamespaces(policy).flatMap((where): [string, Refusal][] => {
      const refusal = refuseStranger(policy.namespace, where, placeOf(policy, world, where).consent, now)
      return refusal === undefined ? [] : [[where, refusal]]
    }),
  )
