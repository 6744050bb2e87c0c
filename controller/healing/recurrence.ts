/**
 * A cause that comes back again and again although each remedy helped is a loop: healing hides what a person should
 * repair. Three remedies of one cause within a day are let through; where a fourth would follow, the incident escalates
 * instead. The log slides exactly; one cause is one trigger of the policy on one workload.
 */
import { shortHash } from '../../shared/lib/hash.ts'
import { after, before, hours, minutes, parseInstant, wholeSecond, type Instant } from '../../shared/lib/time.ts'
import type { HealingLedgerSpec } from '../../shared/api/v1alpha1/types.ts'
import type { SubjectName } from './owners.ts'

type Ledger = HealingLedgerSpec
type Remedies = NonNullable<Ledger['remedies']>[number]

/** Remedies within {@link DAY} that are believed. */
export const BELIEVED = 3
export const DAY = hours(24)

/** Bound of the schema. Where more workloads are remedied in a day, those with the fewest remedies are forgotten first. */
export const MAX_CAUSES = 64
/** As far as the clock may go back: what has left the day must then count again. */
const CLOCK_STEP = minutes(2)

/** By name, as incidents are: a recreated workload inherits it. Of another namespace than the policy's with that as well. */
const causeOf = ({ policy }: Pick<Ledger, 'policy'>, trigger: string, { apiVersion, kind, namespace = policy.namespace, name }: SubjectName): string =>
  shortHash([trigger, apiVersion, kind, name, ...(namespace === policy.namespace ? [] : [namespace])])

const timesOf = ({ policy, remedies = [] }: Ledger, trigger: string, subject: SubjectName): readonly string[] => remedies.find(({ cause }) => cause === causeOf({ policy }, trigger, subject))?.at ?? []

/** Whether the remedy was made in the day that ends now. A time that cannot be read counts (I19). */
function counts(text: string, now: Instant): boolean {
  const at = parseInstant(text)
  return at === undefined || now < after(at, DAY)
}

/** Remedies of the cause in the day that ends now. `formerly`: by what names it was known before `triggerMatch` was changed. */
export const recurrence = (ledger: Ledger, trigger: string, subject: SubjectName, now: Instant, formerly: readonly string[] = []): number =>
  [trigger, ...formerly].flatMap((name) => timesOf(ledger, name, subject)).filter((at) => counts(at, now)).length

export const isLoop = (ledger: Ledger, trigger: string, subject: SubjectName, now: Instant, formerly: readonly string[] = []): boolean => recurrence(ledger, trigger, subject, now, formerly) >= BELIEVED

/**
 * Whether an act, if it helps, is another remedy of the cause: the first of its incident, or on an object that came
 * after the last remedy. Ten broken pods of one Deployment, each healed once, are one trouble and one remedy.
 */
export function isAnotherRemedy(ledger: Ledger, trigger: string, subject: SubjectName, { openedAt, createdAt }: { readonly openedAt: string | undefined; readonly createdAt: Instant }): boolean {
  const last = parseInstant(timesOf(ledger, trigger, subject).at(-1))
  const opened = parseInstant(openedAt)
  return last === undefined || opened === undefined || last < opened || createdAt >= wholeSecond(last)
}

/** The ledger with one more remedy of the cause, made at `at`. */
export function remedied(ledger: Ledger, trigger: string, subject: SubjectName, at: string, now: Instant): Ledger {
  const cause = causeOf(ledger, trigger, subject)
  const then = before(now, CLOCK_STEP)
  const kept = (ledger.remedies ?? []).map((known): Remedies => ({ ...known, at: known.at.filter((time) => counts(time, then)) })).filter((known) => known.at.length > 0 && known.cause !== cause)
  const mine = [...timesOf(ledger, trigger, subject).filter((time) => counts(time, then)), at].sort((a, b) => timeOf(a) - timeOf(b))
  const others = kept.length < MAX_CAUSES ? kept : kept.toSorted((a, b) => b.at.length - a.at.length || newest(b) - newest(a)).slice(0, MAX_CAUSES - 1)
  return { ...ledger, remedies: [...others, { cause, at: mine.slice(-BELIEVED) }] }
}

/** Unreadable ones last: they are kept. */
const timeOf = (text: string): number => parseInstant(text) ?? Number.POSITIVE_INFINITY
const newest = ({ at }: Remedies): number => timeOf(at.at(-1) ?? '')
