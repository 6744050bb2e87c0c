/** What faults did: the API server's own history, beside that of a run without fault, and judged by every invariant. Pure. */
import type { HealingAction, HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { olderThan } from '../../shared/kube/store.ts'
import { actOf, isAct, isEffective, operationOf } from '../../shared/testing/oracle/acts.ts'
import { tell, type Finding, type Verdict } from '../../shared/testing/oracle/checker.ts'
import type { Call, History } from '../../shared/testing/oracle/history.ts'
import { UNTOLD } from '../../shared/testing/oracle/missing.ts'
import { LEDGERS, ACTIONS as OF_ACTIONS } from '../../shared/testing/oracle/world.ts'
import { DRY, LADDER, RUNGS } from './actions.ts'
import type { Trial } from './trials.ts'

/** What an API server says that was cut off from its client while it wrote: it may have landed, and nothing else would have ended well. */
const isCutOff = ({ ok, answer }: Call): boolean => !ok && typeof answer === 'number' && answer >= 500

/** What became of a place: what was written to its workload, how often, and how each action ended. Of tries without a clear answer one counts, where no later one has. */
export function outlines(history: History): ReadonlyMap<string, string> {
  const acts = new Map<string, string[]>()
  const open = new Map<string, Call>()
  const actions = new Map<string, HealingAction>()
  const ends = new Map<string, Map<string, string>>()
  const take = (after: KubeObject | undefined): void => {
    if (after === undefined) return
    const action = after as HealingAction
    const { namespace = '', name } = action.metadata
    actions.set(`${namespace}/${name}`, action)
    const of = ends.get(namespace) ?? new Map<string, string>()
    of.set(name, `${action.status?.phase} ${action.status?.outcome ?? ''}`.trim())
    // Decided by two at once, and found outdated by one of them before anything was written.
    if (action.status?.phase === 'Cancelled') of.delete(name)
    ends.set(namespace, of)
  }
  /** Most of it is known by then, and told since. */
  const see = (after: KubeObject | undefined): void => {
    const known = actions.get(`${after?.metadata.namespace}/${after?.metadata.name}`)
    if (after !== undefined && (known?.metadata.uid !== after.metadata.uid || olderThan(known.metadata.resourceVersion, after.metadata.resourceVersion))) take(after)
  }
  /** Of which the log does not tell the end. */
  const lost: Call[] = []
  for (const entry of history.entries) {
    if (entry.kind === 'open' && isAct(entry.call, history.setting) && !entry.call.dryRun) lost.push(entry.call)
    if (entry.kind === 'outside' && entry.change.collection === OF_ACTIONS) see(entry.change.after)
    if (entry.kind !== 'call') continue
    const { namespace = '' } = entry
    if (isAct(entry, history.setting) && !entry.dryRun) {
      const action = actions.get(`${namespace}/${actOf(entry)?.name}`)
      const operation = operationOf(entry, action)
      if (isCutOff(entry)) open.set(operation, entry)
      if (isEffective(entry)) {
        open.delete(operation)
        lost.splice(0, lost.length, ...lost.filter((one) => objectOf(one) !== objectOf(entry)))
        acts.set(namespace, [...(acts.get(namespace) ?? []), written(entry)])
      }
    }
    if (entry.collection !== OF_ACTIONS || !entry.ok || entry.dryRun) continue
    for (const { after } of entry.changes) take(after)
  }
  for (const call of [...open.values(), ...lost]) acts.set(call.namespace ?? '', [...(acts.get(call.namespace ?? '') ?? []), written(call)])
  return new Map([...ends].map(([namespace, of]) => [namespace, `${(acts.get(namespace) ?? []).toSorted().join(', ')}: ${[...of.values()].toSorted().join(', ')}`]))
}

const objectOf = ({ verb, collection, subresource, namespace, name }: Call): string => [verb, collection, subresource, namespace, name].join(' ')

const written = ({ verb, collection, subresource }: Call): string => `${verb} ${collection}${subresource === undefined ? '' : `/${subresource}`}`

export interface Row {
  readonly trial: Trial
  readonly violations: readonly string[]
  readonly undecided: readonly string[]
}

/** What is written and how it ends without a fault: something, once, and it is judged. Else everything would be as without a fault. */
export const usual = (history: History, baseline: ReadonlyMap<string, string>): readonly string[] => {
  const seen = outlines(history)
  return [...baseline].map(([action, namespace]) => `${action}: ${seen.get(namespace) ?? 'nothing'}`)
}
const HEALED = /^(create|patch|update|delete) [^:]+: (Succeeded Effective|Failed Reverted)$/
/** Of a dry run nothing is written; of a ladder no rung helps. */
const OTHERWISE: ReadonlyMap<string, string> = new Map([
  [DRY.name, ': Succeeded'],
  [LADDER.name, `create /pods/eviction, delete /pods, patch apps/deployments: ${Array.from({ length: RUNGS }, () => 'Failed Ineffective').join(', ')}`],
])

/**
 * What was not as it should be without a fault: each action is done once, and judged.
 * @param done as `usual` tells it
 */
export const unusual = (done: readonly string[], actions: readonly string[]): readonly string[] =>
  actions.flatMap((action) => {
    const outline = done.find((line) => line.startsWith(`${action}: `))?.slice(`${action}: `.length)
    const well = outline !== undefined && (OTHERWISE.has(action) ? outline === OTHERWISE.get(action) : HEALED.test(outline))
    return well ? [] : [`without a fault, ${action}: ${outline ?? 'not tried'}`]
  })

/** By namespace: what the breaker of its policy was, one after another. */
function breakers(history: History): ReadonlyMap<string, readonly string[]> {
  const states = new Map<string, string[]>()
  for (const entry of history.entries) {
    if (entry.kind !== 'call' || entry.collection !== LEDGERS || !entry.ok) continue
    for (const { after } of entry.changes) {
      const { policy, breaker } = (after as HealingLedger | undefined)?.spec ?? {}
      if (policy === undefined || breaker === undefined) continue
      const of = states.get(policy.namespace) ?? []
      if (of.at(-1) !== breaker.state) states.set(policy.namespace, [...of, breaker.state])
    }
  }
  return states
}

/** Two rungs that do not help open it, the third is the probe that opens it again. */
const OPENS_TWICE = 'Closed Open HalfOpen Open'

/** Where a ladder was tried, with and without a fault, and its breaker did anything else. */
export function wrongBreakers(history: History, trials: readonly Trial[], baseline: ReadonlyMap<string, string>): readonly string[] {
  const seen = breakers(history)
  const places = [{ what: 'without a fault', namespace: baseline.get(LADDER.name) ?? '' }, ...trials.filter(({ action }) => action === LADDER.name)]
  return places.flatMap(({ what, namespace }) => {
    const states = seen.get(namespace)?.join(' ') ?? 'never written'
    return states === OPENS_TWICE ? [] : [`${what}, ${LADDER.name}: its breaker was ${states}, not ${OPENS_TWICE}`]
  })
}

/** How a place ended that a policy forbade at the last moment. */
export interface Forbidden {
  readonly action: string
  readonly namespace: string
  /** Phase and reason, of each of its HealingActions. */
  readonly ends: readonly string[]
}

/** Nothing may be written then. Of several pods some might have gone: such an act is not said to have done nothing. */
export function notForbidden(history: History, places: readonly Forbidden[], actions: readonly string[]): readonly string[] {
  const seen = outlines(history)
  const what = 'the policy changes between the dry run and the write'
  const missing = actions.filter((name) => !places.some(({ action }) => action === name)).map((name) => `${what}, ${name}: not tried`)
  return [...missing, ...places.flatMap(({ action, namespace, ends }) => {
    const expected = `${['graceful', 'recreate'].includes(action) ? 'Failed' : 'Cancelled'} PolicyChanged`
    const acts = seen.get(namespace)?.split(': ')[0]
    return [
      ...(ends.join(', ') === expected ? [] : [`${what}, ${action}: it ended as ${ends.join(', ') || 'nothing'}, not as ${expected}`]),
      ...(acts === '' ? [] : [`${what}, ${action}: ${acts ?? 'nothing of it is in the history'}${acts === undefined ? '' : ' was written'}`]),
    ]
  })]
}

/** What is missing from a history. */
export const gapsIn = ({ entries }: History): readonly string[] => entries.flatMap((entry) => (entry.kind === 'gap' ? [`missing from the history since ${new Date(entry.at).toISOString()}: ${entry.why}`] : []))

const placeOf = ({ action }: Finding): string | undefined => action?.split('/')[0]

/** Of what is in the place of no trial; also what is of no HealingAction at all. */
export const elsewhere = (findings: readonly Finding[], trials: readonly Trial[]): readonly string[] => {
  const places = new Set<string | undefined>(trials.map(({ namespace }) => namespace))
  return findings.filter((finding) => !places.has(placeOf(finding))).map((finding) => tell([finding]))
}

/** Of each what is wrong, or open. */
export const found = (rows: readonly Row[], of: 'violations' | 'undecided'): readonly string[] => rows.flatMap(({ trial, [of]: all }) => all.map((why) => `${nameOf(trial)}: ${why}`))

const nameOf = ({ what, action }: Trial): string => `${what}, ${action}`

export const neverCameAbout = (rows: readonly Row[]): readonly string[] => rows.filter(({ trial }) => !trial.fired).map(({ trial }) => nameOf(trial))

/** @param baseline the place of each action without a fault, by the action's name */
export function verdicts(history: History, { broken, undecided }: Verdict, trials: readonly Trial[], baseline: ReadonlyMap<string, string>): readonly Row[] {
  const seen = outlines(history)
  return trials.map((trial): Row => {
    const [found, usual] = [seen.get(trial.namespace), seen.get(baseline.get(trial.action) ?? '')]
    const of = (findings: readonly Finding[]) => findings.filter((finding) => placeOf(finding) === trial.namespace).map((finding) => tell([finding]))
    return {
      trial,
      violations: [...of(broken), ...(trial.stuck === undefined ? [] : [`it did not end: ${trial.stuck}`]), ...((found === usual && found !== undefined) || !trial.comparable ? [] : [`${found ?? 'nothing'}; without the fault: ${usual ?? 'nothing'}`])],
      undecided: of(undecided.filter(({ why }) => why !== UNTOLD || trial.untold !== true)),
    }
  })
}

const COLUMNS = ['violations', 'undecided', 'never came about'] as const

/** Of each fault, how many were tried, and of how many there is something. */
export function table(rows: readonly Row[]): string {
  const line = (fault: string, of: readonly Row[]): string => {
    const counts = [of.filter(({ violations }) => violations.length > 0), of.filter(({ undecided }) => undecided.length > 0), neverCameAbout(of)]
    return `| ${[fault, of.length, ...counts.map(({ length }) => length)].join(' | ')} |`
  }
  const byFault = Map.groupBy(rows, ({ trial }) => trial.what.replace(/ at [a-z -]+$/, ''))
  return [`| fault | tried | ${COLUMNS.join(' | ')} |`, `|---|---|${COLUMNS.map(() => '---|').join('')}`, ...[...byFault].map(([fault, of]) => line(fault, of)), line('all', rows)].join('\n')
}

/** All that a run of them was, in lines that say what and where. */
export interface Told {
  readonly tried: number
  readonly violations: readonly string[]
  readonly undecided: readonly string[]
  readonly neverCameAbout: readonly string[]
}

/** Something was wrong, or was not tried. What is undecided is told, and some of it is usual. */
export const isRefuted = ({ violations, neverCameAbout: never }: Told): boolean => violations.length + never.length > 0

export const summary = ({ tried, violations, undecided, neverCameAbout: never }: Told): string =>
  `${tried} faults tried, ${violations.length} violations, ${undecided.length} undecided, ${never.length} never came about`
