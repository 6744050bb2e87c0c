/** The id by which everything that is told of one incident is found: logs, events, the audit stream, traces, the API server's audit log. Pure. */
import { hexHash } from '../../shared/lib/hash.ts'

interface Correlated {
  readonly policyRef: { readonly uid: string }
  readonly incident: { readonly id: string }
}

/** Letters of a W3C trace id: it is one. */
const LENGTH = 32

/**
 * Known before anything of the incident is written, and the same after any crash. The uid makes it another one in another cluster, whose
 * policy may have the same name and count its incidents alike.
 */
export const correlationOf = ({ policyRef, incident }: Correlated): string => hexHash([policyRef.uid, incident.id], LENGTH)
