/** Everything that the door asks the cluster about one review, at once: the API server waits for three seconds in all. */
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import type { KubeReader } from '../../shared/kube/api.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import { namespacesInQuestion } from '../../shared/rules/across/ks501-conflict.ts'
import type { Neighbourhood } from '../../shared/rules/across/neighbours.ts'
import { scalingPreviewOf } from '../../shared/rules/actions/live-scaling.ts'
import { previewOf } from '../../shared/rules/selection/ks106-impact.ts'
import type { Known } from '../../shared/rules/rule.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import type { AskAccess } from './access.ts'
import { oldPolicyOf, policyOf, questionsFor } from './handlers.ts'
import type { LookAtObjects } from './objects.ts'
import type { AdmissionRequest } from './review.ts'
import { kindsFor } from './kinds.ts'

/** Never rejects for what the API server does: what it did not answer is not known. */
export type Ask = (request: AdmissionRequest) => Promise<Known>

export interface ClusterKnowledgeOptions {
  readonly access: AskAccess
  readonly cluster: Pick<KubeReader, 'discover'>
  readonly timers: Pick<Timers, 'monotonic'>
  /** Other policies; undefined: they are not known. */
  readonly around: (policy: HealingPolicy) => Neighbourhood | undefined
  readonly objects: LookAtObjects
}

/** The API server waits 3 s for the whole answer, and the way to us and back is part of them. */
const DEADLINE = seconds(2)

/** The API server waits 2 s for what adds defaults, and goes on without: most of them are for the answer. */
const RIGHTS_DEADLINE = seconds(1)

/**
 * Who may what, and nothing else; nothing at all where one answer did not come in time. What only the validation of the same
 * request needs is asked at the same time, so that it finds the answers there (`access.ts`).
 */
export const rightsOnly =
  ({ access }: Pick<ClusterKnowledgeOptions, 'access'>): Ask =>
  async (request) => {
    const questions = questionsFor(request)
    const needed = questions.filter(({ optional }) => optional !== true)
    if (needed.length === 0) return {}
    const answers = await access(questions, request.requester, RIGHTS_DEADLINE)
    return needed.some((question) => answers(question) === 'Unknown') ? {} : { access: answers }
  }

export const clusterKnowledge =
  ({ access, cluster, timers, around: neighboursOf, objects }: ClusterKnowledgeOptions): Ask =>
  async (request) => {
    const end = timers.monotonic() + DEADLINE
    const policy = policyOf(request)
    const around = policy === undefined ? undefined : neighboursOf(policy)
    const old = policy === undefined ? undefined : oldPolicyOf(request)
    const preview = policy === undefined ? undefined : previewOf(policy, old)
    const scaling = policy === undefined ? undefined : scalingPreviewOf(policy, old)
    // Only where something hangs on it: most policies have no opponent, and most applies change no selector.
    const inQuestion = policy === undefined || around === undefined ? [] : namespacesInQuestion(policy, around)
    // Its own first: of too many the last ones are left out.
    const looking = objects([...new Set([preview, scaling].flatMap((own) => own?.namespace ?? []).concat(inQuestion))], scaling === undefined ? {} : { scaledIn: scaling.namespace })
    // Who may write to objects of a kind can be asked when it is known what the API server calls them.
    const kinds = await kindsFor(cluster, request.object)
    const found: Known = { kinds, ...(around === undefined ? {} : { around }), ...(preview === undefined ? {} : { preview }), ...(scaling === undefined ? {} : { scaling }) }
    const [answers, live] = await Promise.all([access(questionsFor(request, found), request.requester, millis(end - timers.monotonic())), looking])
    if (live === undefined) return { ...found, access: answers }
    return {
      ...found,
      access: answers,
      ...(around === undefined || inQuestion.length === 0 ? {} : { around: { ...around, live } }),
      ...(preview === undefined ? {} : { preview: { ...preview, live } }),
      ...(scaling === undefined ? {} : { scaling: { ...scaling, live } }),
    }
  }
