/** What faults did: the API server's own history, beside that of a run without fault, and judged by every invariant. Pure. */
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { actOf, isAct, isEffective, operationOf } from '../../shared/testing/oracle/acts.ts'
import { tell, type Finding, type Verdict } from '../../shared/testing/oracle/checker.ts'
import type { Call, History } from '../../shared/testing/oracle/history.ts'
import { ACTIONS as OF_ACTIONS } from '../../shared/testing/oracle/world.ts'
import type { Trial } from './trials.ts'

/** What an API server says that was cut off from its client while it wrote: it may have landed, and nothing else would have ended well. */
const isCutOff = ({ ok, answer }: Call): boolean => !ok && typeof answer === 'number' && answer >= 500

/** What became of a place: what was written to its workload, how often, and how each action ended. Of tries without a clear answer one counts, where no later one has. */
export function outlines(history: History): ReadonlyMap<string, string> {
  const acts = new Map<string, string[]>()
  const open = new Map<string, Call>()
  const actions = new Map<string, HealingAction>()
  const ends = new Map<string, Map<string, string>>()
  for (const entry of history.entries) {
    if (entry.kind !== 'call') continue
    const { namespace = '' } = entry
    if (isAct(entry, history.setting) && !entry.dryRun) {
      const action = actions.get(`${namespace}/${actOf(entry)?.name}`)
      const operation = operationOf(entry, action)
      if (isCutOff(entry)) open.set(operation, entry)
      if (isEffective(entry)) {
        open.delete(operation)
        acts.set(namespace, [...(acts.get(namespace) ?? []), written(entry)])
      }
    }
    if (entry.collection !== OF_ACTIONS || !entry.ok || entry.dryRun) continue
    for (const { after } of entry.changes) {
      const action = after as HealingAction | undefined
      if (action === undefined) continue
      actions.set(`${namespace}/${action.metadata.name}`, action)
      const of = ends.get(namespace) ?? new Map<string, string>()
      of.set(action.metadata.name, `${action.status?.phase} ${action.status?.outcome ?? ''}`.trim())
      // Decided by two at once, and found outdated by one of them before anything was written.
      if (action.status?.phase === 'Cancelled') of.delete(action.metadata.name)
      ends.set(namespace, of)
    }
  }
  for (const call of open.values()) acts.set(call.namespace ?? '', [...(acts.get(call.namespace ?? '') ?? []), written(call)])
  return new Map([...ends].map(([namespace, of]) => [namespace, `${(acts.get(namespace) ?? []).toSorted().join(', ')}: ${[...of.values()].toSorted().join(', ')}`]))
}

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
export const HEALED = /^[a-z -]+: (create|patch|update|delete) [^:]+: (Succeeded Effective|Failed Reverted)$/

/** @param baseline the place of each action without a fault, by the action's name */
export function verdicts(history: History, { broken, undecided }: Verdict, trials: readonly Trial[], baseline: ReadonlyMap<string, string>): readonly Row[] {
  const seen = outlines(history)
  const namespaceOf = (finding: Finding): string | undefined => finding.action?.split('/')[0]
  return trials.map((trial): Row => {
    const [found, usual] = [seen.get(trial.namespace), seen.get(baseline.get(trial.action) ?? '')]
    const of = (findings: readonly Finding[]) => findings.filter((finding) => namespaceOf(finding) === trial.namespace).map((finding) => tell([finding]))
    return {
      trial,
      violations: [...of(broken), ...(trial.stuck === undefined ? [] : [`it did not end: ${trial.stuck}`]), ...((found === usual && found !== undefined) || !trial.comparable ? [] : [`${found ?? 'nothing'}; without the fault: ${usual ?? 'nothing'}`])],
      undecided: [...of(undecided), ...(trial.fired ? [] : ['the fault never came about'])],
    }
  })
}

export function table(rows: readonly Row[]): string {
  const byFault = new Map<string, { tried: number; violations: number; undecided: number }>()
  for (const { trial, violations, undecided } of rows) {
    const fault = trial.what.replace(/ at [a-z -]+$/, '')
    const line = byFault.get(fault) ?? { tried: 0, violations: 0, undecided: 0 }
    byFault.set(fault, { tried: line.tried + 1, violations: line.violations + (violations.length > 0 ? 1 : 0), undecided: line.undecided + (undecided.length > 0 ? 1 : 0) })
  }
  const lines = [...byFault].map(([fault, { tried, violations, undecided }]) => `| ${fault} | ${tried} | ${violations} | ${undecided} |`)
  const sum = (of: 'violations' | 'undecided') => rows.filter((row) => row[of].length > 0).length
  return ['| fault | tried | violations | undecided |', '|---|---|---|---|', ...lines, `| all | ${rows.length} | ${sum('violations')} | ${sum('undecided')} |`].join('\n')
}
