/** Answers to a review. They are constructed here, never assembled elsewhere: a half-built one locks the door. */
import type { Addition } from '../../shared/api/v1alpha1/context-defaults.ts'
import { REVIEW_KIND, REVIEW_VERSION } from './review.ts'

export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** The part of `metav1.Status` that the API server passes on. */
export interface RefusalStatus {
  readonly code: 400 | 403 | 422
  readonly reason: 'BadRequest' | 'Forbidden' | 'Invalid'
  readonly message: string
  readonly details?: { readonly group: string; readonly kind: string; readonly name: string; readonly causes: readonly Cause[] }
}

export interface Remarks {
  /** Each at most 120 characters, 4096 together, without control characters: the API server drops the others in silence. */
  readonly warnings?: readonly string[]
  /** Bare keys: the API server puts the webhook's name before them, and drops keys with a slash. */
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

export interface AdmissionReview {
  readonly apiVersion: typeof REVIEW_VERSION
  readonly kind: typeof REVIEW_KIND
  readonly response: {
    readonly uid: string
    readonly allowed: boolean
    readonly status?: RefusalStatus
    readonly patchType?: 'JSONPatch'
    readonly patch?: string
  } & Remarks
}

const review = (response: AdmissionReview['response']): AdmissionReview => ({ apiVersion: REVIEW_VERSION, kind: REVIEW_KIND, response })

export const allowed = (uid: string, remarks: Remarks = {}): AdmissionReview => review({ uid, allowed: true, ...remarks })

export const denied = (uid: string, status: RefusalStatus, remarks: Remarks = {}): AdmissionReview =>
  review({ uid, allowed: false, status, ...remarks })

/** Sends nothing when nothing changes. */
export const patched = (uid: string, patch: readonly Addition[], remarks: Remarks = {}): AdmissionReview =>
  patch.length === 0
    ? allowed(uid, remarks)
    : review({ uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64'), ...remarks })

/** The review itself is wrong, not the object in it. */
export const unreadable = (uid: string, problem: string): AdmissionReview => denied(uid, { code: 400, reason: 'BadRequest', message: problem })
