/**
 * Whether other namespaces let a policy in. Nobody tells when a RoleBinding comes or goes, so it is asked again after half
 * a minute; before each act it is asked anew whatever is remembered here.
 */
import { after, seconds, type Clock, type Instant } from '../../shared/lib/time.ts'
import { otherNamespaces } from '../healing/places.ts'
import type { CompiledPolicy } from '../healing/policy.ts'
import type { Consent } from '../healing/snapshot.ts'
import type { LiveReader, Reach } from '../ports/cluster.ts'

/** Consent that was taken back is looked into for no longer than this. */
export const CONSENT_LIFETIME = seconds(30)
/** What could not be asked. */
const RETRY = seconds(10)

export class Consents {
  readonly #live: Pick<LiveReader, 'consent'>
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly consent: Consent; readonly until: Instant }>()

  constructor(live: Pick<LiveReader, 'consent'>, clock: Clock) {
    this.#live = live
    this.#clock = clock
  }

  /** All namespaces that the policy selects; its own lets it in. */
  async reach(policy: Pick<CompiledPolicy, 'namespace' | 'namespaces'>): Promise<Reach> {
    const { namespace: home, namespaces } = policy
    const asked = await Promise.all(otherNamespaces(policy).map(async (where): Promise<[string, Consent]> => [where, await this.#remembered(home, where)]))
    return new Map([...(namespaces.includes(home) ? ([[home, 'Given']] as const) : []), ...asked])
  }

  /** Asked now. */
  async ask(home: string, where: string): Promise<Consent> {
    const consent = await this.#live.consent(home, where)
    this.#known.set(`${home} ${where}`, { consent, until: after(this.#clock.now(), consent === 'Unknown' ? RETRY : CONSENT_LIFETIME) })
    return consent
  }

  async #remembered(home: string, where: string): Promise<Consent> {
    const known = this.#known.get(`${home} ${where}`)
    return known !== undefined && this.#clock.now() < known.until ? known.consent : this.ask(home, where)
  }
}
