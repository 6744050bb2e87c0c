/**
 * The annotation `kubeskippy.io/allow: KS302,KS501` on a policy, read: what it asks for, what of it is in force, and who
 * allowed it. What is stored counts as granted: an admission policy of the API server guards each write of it.
 */
import { ALLOW_ANNOTATION, ALLOWED_BY_ANNOTATION, OVERRIDE_VERB } from '../api/v1alpha1/names.ts'
import { GROUP } from '../api/v1alpha1/fields.ts'
import { healingPolicy } from '../api/v1alpha1/healing-policy.schema.ts'
import type { HealingPolicy } from '../api/v1alpha1/types.ts'
import { isObject } from '../lib/json.ts'
import { parseInstant, formatInstant } from '../lib/time.ts'
import type { AccessQuestion } from './access.ts'
import { doesNoMore } from './less.ts'
import type { RuleContext } from './rule.ts'

/** Forty ids, and more than anybody should need. The admission policy splits no longer one either. */
export const ALLOW_LENGTH = 320

const ID = /^KS[1-9][0-9]{2}$/
/**
 * Rules about triggers: they cannot widen what is written, so nobody has to be asked. But for three: what fires on healthy objects
 * (KS204), or by any alert (KS214), acts on them up to the limits, and a stabilization window (KS208) is a limit. In RE2, for the admission policy.
 */
export const FREE_IDS = '^KS2(0[1-35-79]|1[0-35-9]|[2-9][0-9])$'
const FREE = new RegExp(FREE_IDS)

/** What is written in the annotation; undefined: it is not there, or no text. */
export function allowText({ metadata }: Pick<HealingPolicy, 'metadata'>): string | undefined {
  return annotation(metadata, ALLOW_ANNOTATION)
}

function annotation(metadata: unknown, name: string): string | undefined {
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  const value = isObject(annotations) && Object.hasOwn(annotations, name) ? annotations[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/** Its parts, each once; none when it is too long to be read. Not all of them are ids. */
export function allowParts(policy: Pick<HealingPolicy, 'metadata'>): readonly string[] {
  const text = allowText(policy)
  return text === undefined || text.length > ALLOW_LENGTH ? [] : [...new Set(text.split(',').map((part) => part.trim()))]
}

export const isId = (part: string): boolean => ID.test(part)

/** Whether somebody with the verb override-safety has to have allowed it. */
export const needsVerb = (id: string): boolean => !FREE.test(id)

/** Ids of the annotation for which the verb is needed. */
export const guardedIds = (policy: Pick<HealingPolicy, 'metadata'>): readonly string[] => allowParts(policy).filter((part) => isId(part) && needsVerb(part))

export const overrideQuestion = ({ metadata: { namespace = '' } }: HealingPolicy): AccessQuestion => ({ who: 'Author', namespace, apiGroup: GROUP, resource: healingPolicy.plural, verb: OVERRIDE_VERB })

/** Of its guarded ids those that this update, or creation, would have to be allowed: they are new, or the policy does more than before. */
export function ungrantedIds(policy: HealingPolicy, stored: HealingPolicy | undefined): readonly string[] {
  const kept = new Set(stored !== undefined && doesNoMore(policy.spec, stored.spec) ? guardedIds(stored) : [])
  return guardedIds(policy).filter((id) => !kept.has(id))
}

/** Ids in force. Where nobody can be asked (offline, the controller) what is written counts. */
export function exemptions(policy: HealingPolicy, { access, stored }: Pick<RuleContext, 'access' | 'stored'>): ReadonlySet<string> {
  const open = access === undefined ? [] : ungrantedIds(policy, stored)
  const refused = new Set(open.length === 0 || access?.(overrideQuestion(policy)) === 'Allowed' ? [] : open)
  return new Set(allowParts(policy).filter((part) => isId(part) && !refused.has(part)))
}

export interface Grant {
  /** RFC 3339. */
  readonly at: string
  /** As the API server knew whoever it was. */
  readonly by: string
}

/** Who allowed it and when, as far as it is known. */
export function grantOf({ metadata }: Pick<HealingPolicy, 'metadata'>): Grant | undefined {
  const [, time = '', by = ''] = /^(\S{1,40}) (.+)$/su.exec(annotation(metadata, ALLOWED_BY_ANNOTATION) ?? '') ?? []
  const at = parseInstant(time)
  return at === undefined || by === '' ? undefined : { at: formatInstant(at), by }
}

export const grantText = ({ at, by }: Grant): string => `${at} ${by}`
