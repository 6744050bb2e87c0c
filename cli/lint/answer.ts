/** What the API server, its admission policies and the door said, as remarks. Pure, total. What they write is in `webhook/admission/wording.ts`. */
import type { ApiError, StatusCause } from '../../shared/kube/errors.ts'
import { printable } from '../../shared/lib/text.ts'
import type { Remark } from './finding.ts'
import { LAYERS, ruleText } from './layers.ts'

/** What refuses or warns without an id: quotas, webhooks of others, the API server itself. */
export const API_RULE = LAYERS.server.id

/** An answer that is no verdict: who asks may not, or nobody answered. */
export const noVerdict = ({ kind, serverMessage = '' }: ApiError): boolean => {
  if (kind === 'Forbidden') return / is forbidden: User "[^"]*" cannot /.test(serverMessage)
  return kind !== 'Invalid' && kind !== 'BadRequest'
}

/** `told`: there was more than the answer has room for. */
export interface Told {
  readonly remarks: readonly Remark[]
  readonly more: boolean
}

/** @param offline what the lint found itself: of the schema it knows the layer, and of a cut warning the rest */
export function fromRefusal(error: Pick<ApiError, 'causes' | 'serverMessage'>, offline: readonly Remark[]): Told {
  const causes = error.causes.filter(({ message = '' }) => !message.includes(CEL_SKIPPED))
  const more = causes.some(({ message = '' }) => AND_MORE.test(message))
  const told = new Set<Remark>()
  if (causes.length > 0) return { remarks: causes.filter(({ message = '' }) => !AND_MORE.test(message)).map((cause) => fromCause(cause, offline, told)), more }
  const message = error.serverMessage ?? 'refused without a reason'
  const lines = Array.from(message.matchAll(/(?:^|[ *])([^\s:]+): \[(KS[0-9]{3})\] (.*)$/gm), ([, path = '', rule = '', text = '']) => fromParts(rule, path, text))
  return { remarks: lines.length > 0 ? lines : [{ rule: API_RULE, level: 'error', path: '', what: printable(message, 600) }], more: AND_MORE.test(message) }
}

const CEL_SKIPPED = 'some validation rules were not checked'
const AND_MORE = /(?:^|: )and [0-9]+ more$/m

/** @param told those of the lint that have been told: of several causes of one map (`metadata.labels`) each has its own */
function fromCause({ field = '', message = '' }: StatusCause, offline: readonly Remark[], told: Set<Remark>): Remark {
  const ours = /^\[(KS[0-9]{3})\] ([^]*)$/.exec(message)
  if (ours !== null) return fromParts(ours[1] ?? '', field, ours[2] ?? '')
  // An admission policy names no field: it is in the words.
  const [, where, rule = '', text = ''] = / denied request: ([^\s:]+): \[(KS[0-9]{3})\] ([^]*)$/.exec(message) ?? []
  if (where !== undefined) return fromParts(rule, where, text)
  const path = outOfRange(message) ?? field
  // The words of the lint are better than those of the server, where both mean the same.
  const same = offline.filter((remark) => remark.path === path && (remark.rule === LAYERS.shape.id || remark.rule === LAYERS.cel.id))
  const next = same.find((remark) => !told.has(remark))
  if (next !== undefined) told.add(next)
  return next ?? same[0] ?? { rule: LAYERS.shape.id, level: 'error', path, what: printable(message, 600) }
}

/** A number beyond its format is reported without a field; the message ends with it. */
const outOfRange = (message: string): string | undefined => / must be of type integer with format int(?:32|64) in (\S+)$/.exec(message)?.[1]

/** `what — why — fix`. A rule may have a dash in its own words: then all of it is told as what. */
function fromParts(rule: string, path: string, text: string): Remark {
  const parts = text.split(' — ')
  const [what = '', why, fix] = parts
  const field = path === 'object' ? '' : path
  return parts.length === 3 && why !== undefined && fix !== undefined ? { rule, level: 'error', path: field, what, why, fix } : { rule, level: 'error', path: field, what: text }
}

/** The line of the door for warnings that there was no room for. */
export const isMoreWarnings = (text: string): boolean => /^KS[0-9]{3} [^:]+: and [0-9]+ more warnings?$/.test(text)

/** One warning: of the door by its id, of the API server by its words. */
export function fromWarning(text: string, offline: readonly Remark[]): Remark {
  const unknown = /^unknown field "([^"]+)"$/.exec(text)
  if (unknown !== null) return offline.find(({ rule, path }) => rule === LAYERS.unknown.id && path === unknown[1]) ?? { rule: LAYERS.unknown.id, level: 'error', path: unknown[1] ?? '', what: text, aboutName: true }
  const ours = /^(KS[0-9]{3}) (\S+) ([^]*)$/.exec(text)
  if (ours === null) return { rule: API_RULE, level: 'warning', path: '', what: printable(text, 600) }
  const [, rule = '', , rest = ''] = ours
  const at = rest.indexOf(': ')
  const short = at < 0 ? '' : rest.slice(0, at)
  const said = at < 0 ? rest : rest.slice(at + 2)
  const same = offline.find((remark) => remark.rule === rule && remark.path.replace(/^spec\./, '') === short && shareBeginning(remark.what, said))
  if (same !== undefined) return { ...same, level: 'warning' }
  return { rule, level: 'warning', path: short === '' || /^(?:metadata|apiVersion|kind)\b/.test(short) ? short : `spec.${short}`, what: said, ...(ruleText(rule) === undefined ? {} : { why: ruleText(rule)?.why ?? '' }) }
}

/** The warning may have been cut within the words. */
const shareBeginning = (what: string, said: string): boolean => said.startsWith(what) || what.startsWith(said.replace(/…$/, ''))
