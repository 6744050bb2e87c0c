/** From the bytes of a stranger to a review that can be judged: `admission.k8s.io/v1`, every member checked. */
import { isObject, isSameWithin } from '../../shared/lib/json.ts'
import { quoted } from '../../shared/lib/text.ts'
import { DEEPEST } from '../../shared/rules/ratchet.ts'

export const REVIEW_VERSION = 'admission.k8s.io/v1'
export const REVIEW_KIND = 'AdmissionReview'

export const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const
export type Operation = (typeof OPERATIONS)[number]

/** As the API server knows whoever sent the object. */
export interface Requester {
  /** Empty: the review does not say. */
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface AdmissionRequest {
  readonly uid: string
  readonly operation: Operation
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string }
  readonly subResource: string
  readonly namespace: string
  /** Empty while a generated name is not made yet. */
  readonly name: string
  readonly dryRun: boolean
  /** Who asks. */
  readonly requester: Requester
  /** Not checked: `judge` takes whatever it is. Absent on DELETE. */
  readonly object: unknown
  /** Absent on CREATE. */
  readonly oldObject: unknown
}

export type ReadReview =
  | { readonly kind: 'review'; readonly request: AdmissionRequest }
  /** It can be answered, by a refusal. */
  | { readonly kind: 'incomplete'; readonly uid: string; readonly problem: string }
  /** There is nobody to answer: a 400. */
  | { readonly kind: 'malformed'; readonly problem: string }

/** A UUID has 36; an answer that repeats megabytes helps nobody. */
const LONGEST_UID = 128
const LONGEST_NAME = 253

/** Never throws. */
export function readReview(body: unknown): ReadReview {
  if (!isObject(body)) return malformed('the body must be an AdmissionReview object')
  const { apiVersion, kind, request } = body
  if (apiVersion !== REVIEW_VERSION || kind !== REVIEW_KIND) return malformed(`only ${REVIEW_VERSION} ${REVIEW_KIND} is understood, not ${named(apiVersion)} ${named(kind)}`)
  if (!isObject(request)) return malformed('the review has no request')
  const { uid } = request
  if (typeof uid !== 'string' || uid === '' || uid.length > LONGEST_UID) return malformed(`request.uid must be a string of 1 to ${LONGEST_UID} characters`)
  const incomplete = (problem: string): ReadReview => ({ kind: 'incomplete', uid, problem })
  const operation = OPERATIONS.find((known) => known === request['operation'])
  if (operation === undefined) return incomplete(`request.operation must be one of ${OPERATIONS.join(', ')}`)
  const resource = readResource(request['resource'])
  if (resource === undefined) return incomplete('request.resource must have group, version and resource')
  const [subResource, namespace, name] = [request['subResource'], request['namespace'], request['name']].map(readName)
  if (subResource === undefined || namespace === undefined || name === undefined) {
    return incomplete(`request.subResource, namespace and name must be strings of at most ${LONGEST_NAME} characters`)
  }
  const { object, oldObject } = request
  if ((operation === 'CREATE' || operation === 'UPDATE') && !isObject(object)) return incomplete('the review carries no object')
  if (operation === 'UPDATE' && !isObject(oldObject)) return incomplete('the review of an update carries no old object')
  return { kind: 'review', request: { requester: readRequester(request['userInfo']), uid, operation, resource, subResource, namespace, name, dryRun: request['dryRun'] === true, object, oldObject: sharing(object, oldObject) } }
}

/** Most updates change metadata alone: a spec that stays is read once. */
const sharing = (object: unknown, old: unknown): unknown =>
  isObject(object) && isObject(old) && isObject(object['spec']) && isSameWithin(DEEPEST, object['spec'], old['spec']) ? { ...old, spec: object['spec'] } : old

const malformed = (problem: string): ReadReview => ({ kind: 'malformed', problem })

const named = (value: unknown): string => (typeof value === 'string' ? quoted(value) : 'nothing')

/** Absent, as the API server sends it for what has none, is empty. */
const readName = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' && value.length <= LONGEST_NAME ? value : undefined
}

/** What is not as it should be is left out: nobody gets a right by it. */
function readRequester(value: unknown): Requester {
  const { username, uid, groups, extra } = isObject(value) ? value : {}
  return {
    username: typeof username === 'string' ? username : '',
    uid: typeof uid === 'string' ? uid : '',
    groups: textsOf(groups),
    extra: isObject(extra) ? Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, textsOf(values)])) : {},
  }
}

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [])

function readResource(value: unknown): AdmissionRequest['resource'] | undefined {
  if (!isObject(value)) return undefined
  // The core group is the empty string, and may be left out.
  const { group = '', version, resource } = value
  return typeof group === 'string' && typeof version === 'string' && typeof resource === 'string' ? { group, version, resource } : undefined
}
