/** What the door does with a review. Pure: the same review with the same answers about rights has the same answer, in a dry run too. */
import { additions, type Addition } from '../../shared/api/v1alpha1/context-defaults.ts'
import { DNS_LABEL_PATTERN, GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { ALLOWED_BY_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { isObject, sameJson } from '../../shared/lib/json.ts'
import { formatInstant, type Clock, type Instant } from '../../shared/lib/time.ts'
import { grantOf, grantText, guardedIds, ungrantedIds } from '../../shared/rules/exemptions.ts'
import { judge, normalised, questionsOf, RIGHTS_RULES, type Judgement } from '../../shared/rules/judge.ts'
import type { AccessQuestion } from '../../shared/rules/access.ts'
import type { Installation, Known } from '../../shared/rules/rule.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import { allowed, denied, patched, type AdmissionReview, type Remarks } from './answers.ts'
import { decisionOf, stampDecision, verifyDecision } from './decisions.ts'
import type { AdmissionRequest } from './review.ts'
import { auditAnnotations, refusal, warnings, type ObjectName } from './wording.ts'

/** What becomes of a review; also the label of the metric. */
export const VERDICTS = ['allowed', 'patched', 'denied', 'ignored', 'incomplete', 'malformed', 'error'] as const
export type Verdict = (typeof VERDICTS)[number]

export interface Handled {
  readonly verdict: Verdict
  readonly review: AdmissionReview
  /** Everything that a rule found, warnings included. */
  readonly found: readonly Violation[]
}

/** @param known what the cluster tells about the request, with the answers to `questionsFor` it */
export type Handler = (request: AdmissionRequest, known?: Known) => Handled

const quiet = (verdict: Verdict, review: AdmissionReview): Handled => ({ verdict, review, found: [] })

/** What has to be asked before a request can be validated. */
export function questionsFor(request: AdmissionRequest, known?: Known): readonly AccessQuestion[] {
  if (!concernsUs(request)) return []
  return questionsOf(placed(request.object, request), oldOf(request), known)
}

/** The policy that is about to be stored, with all defaults; undefined: there is none, or it does not have the shape of one. */
export const policyOf = (request: AdmissionRequest): HealingPolicy | undefined => (concernsUs(request) ? normalised(placed(request.object, request)) : undefined)

/** What it replaces, read the same way. */
export const oldPolicyOf = (request: AdmissionRequest): HealingPolicy | undefined => normalised(oldOf(request))

export const validate =
  (installation: Installation): Handler =>
  (request, known) => {
    const decision = decisionOf(request)
    if (decision !== undefined) {
      const review = verifyDecision(request, decision)
      return quiet(review.response.allowed ? 'allowed' : 'denied', review)
    }
    if (!concernsUs(request)) return quiet('ignored', allowed(request.uid))
    const judged = judge(placed(request.object, request), { installation, ...known, old: oldOf(request) })
    if (judged.violations.length > 0) return refused(request, judged)
    return { verdict: 'allowed', review: allowed(request.uid, remarksOn(request, judged)), found: judged.warnings }
  }

const named = (request: AdmissionRequest): ObjectName => ({ namespace: request.namespace, name: nameOf(request) })

const remarksOn = (request: AdmissionRequest, { violations, warnings: warned }: Judgement): Remarks => ({ warnings: warnings(warned, named(request)), auditAnnotations: auditAnnotations(violations, warned) })

const refused = (request: AdmissionRequest, judged: Judgement): Handled => ({
  verdict: 'denied',
  review: denied(request.uid, refusal(judged.violations, named(request)), remarksOn(request, judged)),
  found: [...judged.violations, ...judged.warnings],
})

/**
 * Adds the context defaults to a policy, to an exemption who allowed it and when, and to a decision who made it and when. An object without the shape of the
 * schema passes as it is: the API server refuses it next. Where `known` says who may what, a policy whose author lacks a right is refused here: validation comes
 * after the admission policy of the API server, which can name one right at a time.
 */
export const mutate =
  (installation: Installation, clock: Clock): Handler =>
  (request, known) => {
    const decision = decisionOf(request)
    if (decision !== undefined) return quiet('patched', stampDecision(request, decision, clock.now()))
    if (!concernsUs(request)) return quiet('ignored', allowed(request.uid))
    const object = placed(request.object, request)
    const defaulted = normalised(object)
    if (known?.access !== undefined && namesNamespaces(defaulted)) {
      const context = { installation, access: known.access, old: oldOf(request) }
      const lacksRights = judge(object, { ...context, rules: RIGHTS_RULES }).violations.some(({ severity }) => severity === 'F')
      if (lacksRights) return refused(request, judge(object, context))
    }
    const patch = defaulted === undefined ? [] : [...additions(object, defaulted), ...grantStamp(defaulted, request, clock.now())]
    return quiet(patch.length === 0 ? 'allowed' : 'patched', patched(request.uid, patch))
  }

const NAMESPACE = new RegExp(DNS_LABEL_PATTERN)

/** What is no name of a namespace ("*") the API server refuses next, in words about that. */
const namesNamespaces = (policy: HealingPolicy | undefined): boolean => (policy?.spec.selector.namespaces ?? []).every((namespace) => NAMESPACE.test(namespace))

/** Who allows an exemption is whoever sends it; of one that was allowed before, whoever did then. Whether he may, validation asks. */
function grantStamp(policy: HealingPolicy, { operation, oldObject, requester: { username } }: AdmissionRequest, now: Instant): readonly Addition[] {
  const stored = operation === 'UPDATE' ? normalised(oldObject) : undefined
  // Where nobody has to allow anything nobody is named, unless he says so himself.
  if (guardedIds(policy).length === 0 && (grantOf(policy) === undefined || sameJson(grantOf(policy), stored && grantOf(stored)))) return []
  const grant = guardedIds(policy).length > 0 && ungrantedIds(policy, stored).length === 0 ? stored && grantOf(stored) : username === '' ? undefined : { at: formatInstant(now), by: username }
  if (grant === undefined || sameJson(grant, grantOf(policy))) return []
  return [{ op: 'add', path: `/metadata/annotations/${ALLOWED_BY_ANNOTATION.replace('/', '~1')}`, value: grantText(grant) }]
}

/**
 * Creations and updates of our policies that are not going away. Whatever else arrives comes by a configuration that
 * somebody widened, and refusing it would stop the cluster instead of a policy.
 */
const concernsUs = ({ operation, resource, subResource, object }: AdmissionRequest): boolean =>
  resource.group === GROUP &&
  resource.resource === healingPolicy.plural &&
  subResource === '' &&
  (operation === 'CREATE' || operation === 'UPDATE') &&
  !isBeingDeleted(object)

const isBeingDeleted = (object: unknown): boolean => isObject(object) && isObject(object['metadata']) && typeof object['metadata']['deletionTimestamp'] === 'string'

/** The object with the namespace of the request: objects of other clients may leave theirs out. */
function placed(object: unknown, { namespace }: AdmissionRequest): unknown {
  if (!isObject(object) || !isObject(object['metadata']) || namespace === '' || object['metadata']['namespace'] !== undefined) return object
  return { ...object, metadata: { ...object['metadata'], namespace } }
}

/** Undefined: the object is new. */
const oldOf = (request: AdmissionRequest): unknown => (request.operation === 'UPDATE' ? placed(request.oldObject, request) : undefined)

function nameOf({ name, object }: AdmissionRequest): string {
  const metadata = isObject(object) ? object['metadata'] : undefined
  const own = isObject(metadata) ? metadata['name'] : undefined
  return name !== '' || typeof own !== 'string' ? name : own
}
