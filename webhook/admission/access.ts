/** Asks the API server who may do what, all questions of one review together and within its time. */
import { HEALER_ACCOUNT, serviceAccountGroups, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { apiVersionOf, SUBJECT_ACCESS_REVIEWS } from '../../shared/kube/resources.ts'
import { millis, seconds, type Millis } from '../../shared/lib/time.ts'
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

/** From the call of one webhook to that of the other about the same request. */
const BELIEVED = seconds(1)

/** Never throws for what the API server does: what has no answer is `Unknown`, and whoever judges refuses. */
export const accessReviews = ({ api, timers, log }: AccessReviewsOptions): AskAccess => {
  const allowed = new JustAllowed(timers)
  return async (questions, requester, within) => {
    const answers = new Map<string, Access>()
    const queue = new Map(questions.map((question) => [accessKey(question), question])).entries()
    const end = timers.monotonic() + within
    const ask = async (question: AccessQuestion): Promise<Access> => {
      const spec = specOf(question, requester)
      const known = JSON.stringify(spec)
      if (allowed.take(known)) return 'Allowed'
      const left = millis(end - timers.monotonic())
      const answer = left <= 0 ? 'Unknown' : await review(api, spec, left, log)
      if (answer === 'Allowed') allowed.add(known)
      return answer
    }
    const work = async (): Promise<void> => {
      for (const [key, question] of queue) answers.set(key, await ask(question))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return (question) => answers.get(accessKey(question)) ?? 'Unknown'
  }
}

/**
 * What somebody was allowed a moment ago: both webhooks ask the same about one request. Each answer serves once, so that
 * the next request asks anew; what was not allowed always does, since somebody may just have granted it.
 */
class JustAllowed {
  /** The oldest first. */
  readonly #since = new Map<string, number>()
  readonly #timers: Pick<Timers, 'monotonic'>

  constructor(timers: Pick<Timers, 'monotonic'>) {
    this.#timers = timers
  }

  add(question: string): void {
    this.#forget()
    this.#since.delete(question)
    this.#since.set(question, this.#timers.monotonic())
  }

  take(question: string): boolean {
    this.#forget()
    return this.#since.delete(question)
  }

  #forget(): void {
    for (const [question, since] of this.#since) {
      if (this.#timers.monotonic() - since < BELIEVED) return
      this.#since.delete(question)
    }
  }
}

type Asked = ReturnType<typeof specOf>

function specOf({ who, namespace, apiGroup, resource: path, verb }: AccessQuestion, requester: Requester) {
  const [resource, subresource] = path.split('/')
  return {
    ...(who === 'Author' ? asAuthor(requester) : { user: serviceAccountUser(who.healerOf, HEALER_ACCOUNT), groups: serviceAccountGroups(who.healerOf) }),
    resourceAttributes: { namespace, verb, group: apiGroup, resource, ...(subresource === undefined ? {} : { subresource }) },
  }
}

async function review(api: Pick<KubeApi, 'post'>, spec: Asked, timeout: Millis, log: Logger): Promise<Access> {
  const body = { apiVersion: apiVersionOf(SUBJECT_ACCESS_REVIEWS), kind: SUBJECT_ACCESS_REVIEWS.kind, spec }
  try {
    const { status } = await api.post<{ readonly status?: { readonly allowed?: boolean } }>(SUBJECT_ACCESS_REVIEWS, { name: '' }, '', body, { timeout })
    return status?.allowed === true ? 'Allowed' : 'Denied'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { verb, namespace, resource, subresource } = spec.resourceAttributes
    log.warn('access could not be asked', { verb, resource: subresource === undefined ? resource : `${resource}/${subresource}`, namespace, error })
    return 'Unknown'
  }
}

/** All that authorizers may go by. */
const asAuthor = ({ username, uid, groups, extra }: Requester) => ({ user: username, groups, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) })
