import type { HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { printable, quoted } from '../../lib/text.ts'
import { actsAlone, rungsOf } from '../ladder.ts'
import { selectedNamespaces, selectedResources, type Finding, type Rule } from '../rule.ts'
import { ALERTNAME, hasValue, isFinite, isImpossible, labelsOf, matchersOf, tried, type LabelValues, type Matcher } from './alert-sets.ts'
import { labelsOf as labelsOfKind, NAMESPACE_LABELS, POD_LABELS, WORKLOAD_LABEL } from './object-labels.ts'

export const ks214: Rule = {
  id: 'KS214',
  severity: 'E',
  alsoWarns: true,
  title: 'The matchers of an alert trigger can hold of some alert, and not of every alert about a selected object. That they only exclude, or name every usual severity, is refused where the policy acts by itself; that they only say which object is warned about.',
  why: 'any alert about a selected object would do, be it that a disk is filling up or that a certificate expires next month',
  fix: 'name the alert (alertname), or what makes it serious: severity = critical',
  check: (policy) =>
    policy.spec.triggers.flatMap((trigger, index): Finding[] => {
      if (trigger.alertTrigger === undefined) return []
      const path = `spec.triggers[${index}].alertTrigger.matchers`
      const labels = labelsOf(trigger.alertTrigger)
      const never = [...impossible(trigger.alertTrigger, labels, path), ...elsewhere(policy, trigger.alertTrigger, labels, path)]
      return never.length > 0 ? never : tooWide(policy, trigger, labels, path)
    }),
}

type Alert = NonNullable<Trigger['alertTrigger']>
type Labels = ReadonlyMap<string, LabelValues>

const NEVER = 'the trigger would never fire, and nothing would say so'

const shown = ({ name, operator, value }: Matcher): string => `${name} ${operator} ${quoted(value, 40)}`

/** At the last matcher of that label. */
const place = ({ matchers = [] }: Alert, name: string, path: string): string => {
  const at = matchers.findLastIndex((matcher) => matcher.name === name)
  return at < 0 ? path : `${path}[${at}].value`
}

const impossible = (alert: Alert, labels: Labels, path: string): Finding[] =>
  [...labels].flatMap(([name, values]): Finding[] => {
    // An alert without a name is none.
    const hasNone = isImpossible(values) || (name === ALERTNAME && isFinite(values.values) && values.values.listed.size === 1 && hasValue(values.values, ''))
    if (!hasNone) return []
    const said = matchersOf(alert).filter((matcher) => matcher.name === name)
    const what = `${said.slice(0, 3).map(shown).join(' and ')} ${said.length === 1 ? 'holds of no alert' : 'never hold together'}`
    return [{ path: place(alert, name, path), what, why: NEVER, fix: 'leave all but one of them out; several values are =~ "a|b"' }]
  })

/** What is about no selected namespace is never about a selected object. */
function elsewhere(policy: HealingPolicy, alert: Alert, labels: Labels, path: string): Finding[] {
  const [name] = NAMESPACE_LABELS
  const values = labels.get(name)?.values
  // Without this label others may tell.
  if (values === undefined || !isFinite(values) || values.listed.size === 0 || hasValue(values, '') || selectedNamespaces(policy).some((namespace) => hasValue(values, namespace))) return []
  return [{ path: place(alert, name, path), what: `alerts of namespace ${printable([...values.listed].slice(0, 3).join(', '), 80)} are about nothing that the policy selects`, why: NEVER, fix: 'leave it out: alerts about other namespaces are not looked at' }]
}

function tooWide(policy: HealingPolicy, { name, alertTrigger: { matchers = [] } = {} as Alert }: Trigger, labels: Labels, path: string): Finding[] {
  // The schema asks for the one or the other.
  if (matchers.length === 0) return []
  if ([...labels].every(([label, values]) => letsAllIn(label, values))) return [{ path, what: `${matchers.slice(0, 3).map(shown).join(' and ')} holds of every alert` }]
  const [object, other] = [[...labels].filter(([label]) => isOfObject(policy, label)), [...labels].filter(([label]) => !isOfObject(policy, label))]
  if (other.some(([label, values]) => picks(values) && !takesAll(label, values))) return []
  if (object.some(([, values]) => picks(values))) return [{ path, severity: 'W', what: 'says which object, not which alert' }]
  const severity = rungsOf(policy, name).some(({ action }) => actsAlone(policy, action)) ? 'E' : 'W'
  const all = other.find(([label, values]) => picks(values) && takesAll(label, values))
  const what = all === undefined ? 'only excludes alerts, or asks for a label to be there' : `takes alerts whatever their ${all[0]} is, as far as it is one of the usual ones`
  return [{ path, severity, what, why: 'every other alert about a selected object would do, those too that are written next year' }]
}

const letsAllIn = (label: string, { values, rest }: LabelValues): boolean => rest.length === 0 && !isFinite(values) && [...values.listed].every((value) => label === ALERTNAME && value === '')

/** Alerts that have nothing to do with each other, of kube-prometheus and of somebody's own; and how serious alerts are by the convention of Prometheus. */
const USUAL: ReadonlyMap<string, readonly string[]> = new Map([
  [ALERTNAME, ['Watchdog', 'TargetDown', 'KubePodCrashLooping', 'CPUThrottlingHigh', 'NodeClockSkewDetected', 'PrometheusRuleFailures', 'AlertmanagerFailedReload', 'CertificateExpiresSoon']],
  ['severity', ['critical', 'warning', 'info']],
])

/** It reads as a choice, and lets all of them in. What would take too long to tell counts as one. */
function takesAll(label: string, { values, rest }: LabelValues): boolean {
  const usual = USUAL.get(label) ?? []
  const taken = tried(usual.filter((value) => hasValue(values, value)), rest)
  return usual.length > 0 && taken.rest.length === 0 && taken.values.listed.size === usual.length
}

/** Some values, in place of all but some. */
const picks = ({ values, rest }: LabelValues): boolean => isFinite(values) || rest.some(({ operator }) => operator === '=~')

const isOfObject = (policy: HealingPolicy, label: string): boolean =>
  [...NAMESPACE_LABELS, ...POD_LABELS, WORKLOAD_LABEL].some((known) => known === label) || selectedResources(policy).some(({ kind }) => labelsOfKind(kind).includes(label))
