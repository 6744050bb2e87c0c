/** Asks the API server who may do what, all questions of one review together and within its time. */
import { HEALER_ACCOUNT, serviceAccountGroups, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { apiVersionOf, SUBJECT_ACCESS_REVIEWS } from '../../shared/kube/resources.ts'
import { millis, type Millis } from '../../shared/lib/time.ts'
import { accessKey, type Access, type AccessAnswers, type AccessQuestion } from '../../shared/rules/access.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import type { Requester } from './review.ts'

/** @param within how long it may take in all */
export type AskAccess = (questions: readonly AccessQuestion[], requester: Requester, within: Millis) => Promise<AccessAnswers>

export interface AccessReviewsOptions {
  readonly api: Pick<KubeApi, 'post'>
  readonly timers: Pick<Timers, 'monotonic'>
  readonly log: Logger
}

/** Below the transport's connections: certificates are kept by the same ones. */
const AT_ONCE = 16

/** Never throws for what the API server does: what has no answer is `Unknown`, and whoever judges refuses. */
export const accessReviews =
  ({ api, timers, log }: AccessReviewsOptions): AskAccess =>
  async (questions, requester, within) => {
    const answers = new Map<string, Access>()
    const queue = new Map(questions.map((question) => [accessKey(question), question])).entries()
    const end = timers.monotonic() + within
    const work = async (): Promise<void> => {
      for (const [key, question] of queue) {
        const left = millis(end - timers.monotonic())
        answers.set(key, left <= 0 ? 'Unknown' : await ask(api, question, requester, left, log))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return (question) => answers.get(accessKey(question)) ?? 'Unknown'
  }

async function ask(api: Pick<KubeApi, 'post'>, { who, namespace, apiGroup, resource: path, verb }: AccessQuestion, requester: Requester, timeout: ReturnType<typeof millis>, log: Logger): Promise<Access> {
  const [resource, subresource] = path.split('/')
  const body = {
    apiVersion: apiVersionOf(SUBJECT_ACCESS_REVIEWS),
    kind: SUBJECT_ACCESS_REVIEWS.kind,
    spec: {
      ...(who === 'Author' ? asAuthor(requester) : { user: serviceAccountUser(who.healerOf, HEALER_ACCOUNT), groups: serviceAccountGroups(who.healerOf) }),
      resourceAttributes: { namespace, verb, group: apiGroup, resource, ...(subresource === undefined ? {} : { subresource }) },
    },
  }
  try {
    const { status } = await api.post<{ readonly status?: { readonly allowed?: boolean } }>(SUBJECT_ACCESS_REVIEWS, { name: '' }, '', body, { timeout })
    return status?.allowed === true ? 'Allowed' : 'Denied'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    log.warn('access could not be asked', { verb, resource: path, namespace, error })
    return 'Unknown'
  }
}

/** All that authorizers may go by. */
const asAuthor = ({ username, uid, groups, extra }: Requester) => ({ user: username, groups, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) })
