/** Everything that the door asks the cluster about one review, at once: the API server waits for three seconds in all. */
import type { KubeReader } from '../../shared/kube/api.ts'
import type { Known } from '../../shared/rules/rule.ts'
import type { AskAccess } from './access.ts'
import { questionsFor } from './handlers.ts'
import type { AdmissionRequest } from './review.ts'
import { scalesFor } from './scales.ts'

/** Never rejects for what the API server does: what it did not answer is not known. */
export type Ask = (request: AdmissionRequest) => Promise<Known>

export interface ClusterKnowledgeOptions {
  readonly access: AskAccess
  readonly cluster: Pick<KubeReader, 'discover'>
}

export const clusterKnowledge =
  ({ access, cluster }: ClusterKnowledgeOptions): Ask =>
  async (request) => {
    const [answers, scales] = await Promise.all([access(questionsFor(request), request.requester), scalesFor(cluster, request.object)])
    return { access: answers, scales }
  }
