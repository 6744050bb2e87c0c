/** Everything that the door asks the cluster about one review, at once: the API server waits for three seconds in all. */
import type { KubeReader } from '../../shared/kube/api.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import type { Known } from '../../shared/rules/rule.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import type { AskAccess } from './access.ts'
import { questionsFor } from './handlers.ts'
import type { AdmissionRequest } from './review.ts'
import { kindsFor } from './kinds.ts'

/** Never rejects for what the API server does: what it did not answer is not known. */
export type Ask = (request: AdmissionRequest) => Promise<Known>

export interface ClusterKnowledgeOptions {
  readonly access: AskAccess
  readonly cluster: Pick<KubeReader, 'discover'>
  readonly timers: Pick<Timers, 'monotonic'>
}

/** The API server waits 3 s for the whole answer, and the way to us and back is part of them. */
const DEADLINE = seconds(2)

export const clusterKnowledge =
  ({ access, cluster, timers }: ClusterKnowledgeOptions): Ask =>
  async (request) => {
    const end = timers.monotonic() + DEADLINE
    // Who may write to objects of a kind can be asked when it is known what the API server calls them.
    const kinds = await kindsFor(cluster, request.object)
    return { kinds, access: await access(questionsFor(request, { kinds }), request.requester, millis(end - timers.monotonic())) }
  }
