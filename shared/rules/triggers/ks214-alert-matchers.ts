import type { HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { printable, quoted } from '../../lib/text.ts'
import { actsAlone, rungsOf } from '../ladder.ts'
import { selectedNamespaces, selectedResources, type Finding, type Rule } from '../rule.ts'
import { ALERTNAME, hasValue, isFinite, isImpossible, labelsOf, matchersOf, tried, type LabelValues, type Matcher } from './alert-sets.ts'
import { soundQueries, findingsAt, type SoundQuery } from './queries.ts'
import { labelsOf as labelsOfKind, NAMESPACE_LABELS, POD_LABELS, WORKLOAD_LABEL } from './object-labels.ts'

export const ks214: Rule = {
  id: 'KS214',
  severity: 'E',
  alsoWarns: true,
  title: 'The matchers of an alert trigger can hold of some alert, and not of every alert about a selected object. That they only exclude, or name every usual severity, is refused where the policy acts by itself; that they only say which object is warned about. The same of ALERTS in a query, where pending alerts are warned about too, and matchers of labels that only tell one of two Prometheus servers from the other.',
  why: 'any alert about a selected object would do, be it that a disk is filling up or that a certificate expires next month',
  fix: 'name the alert (alertname), or what makes it serious: severity = critical',
  check: (policy) => [
    ...policy.spec.triggers.flatMap((trigger, index): Finding[] => {
      if (trigger.alertTrigger === undefined) return []
      const path = `spec.triggers[${index}].alertTrigger.matchers`
      const labels = labelsOf(trigger.alertTrigger)
      const never = [...impossible(trigger.alertTrigger, labels, path), ...elsewhere(policy, trigger.alertTrigger, labels, path)]
      return never.length > 0 ? never : [...tooWide(policy, trigger, labels, path), ...ofReplicas(trigger.alertTrigger, labels, path)]
    }),
    ...soundQueries(policy).flatMap((query) => asked(policy, query)),
  ],
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

function tooWide(policy: HealingPolicy, trigger: Trigger, labels: Labels, path: string): Finding[] {
  const { matchers = [] } = trigger.alertTrigger ?? ({} as Alert)
  // The schema asks for the one or the other.
  if (matchers.length === 0) return []
  if ([...labels].every(([label, values]) => letsAllIn(label, values))) return [{ path, what: `${matchers.slice(0, 3).map(shown).join(' and ')} holds of every alert` }]
  const [object, other] = [[...labels].filter(([label]) => isOfObject(policy, label)), [...labels].filter(([label]) => !isOfObject(policy, label))]
  if (other.some(([label, values]) => picks(values) && !takesAll(label, values))) return []
  if (object.some(([, values]) => picks(values))) return [{ path, severity: 'W', what: 'says which object, not which alert' }]
  const severity = severityFor(policy, trigger)
  const all = other.find(([label, values]) => picks(values) && takesAll(label, values))
  const what = all === undefined ? 'only excludes alerts, or asks for a label to be there' : `takes alerts whatever their ${all[0]} is, as far as it is one of the usual ones`
  return [{ path, severity, what, why: 'every other alert about a selected object would do, those too that are written next year' }]
}

/** External labels by which two servers that say the same are told apart: they are taken off before anything is sent, so that it comes once. */
const REPLICA_LABELS: ReadonlySet<string> = new Set(['prometheus_replica', '__replica__', 'rule_replica', 'ruler_replica'])

const ofReplicas = (alert: Alert, labels: Labels, path: string): Finding[] =>
  [...labels].flatMap(([name, values]): Finding[] =>
    REPLICA_LABELS.has(name) && picks(values) && !hasValue(values.values, '')
      ? [{ path: place(alert, name, path), severity: 'W', what: `${quoted(name, 40)} says which of several servers has sent the alert`, why: 'it is an external label of Prometheus, taken off before alerts are sent so that each comes once: then the trigger never fires, and otherwise half of the time', fix: 'leave it out' }]
      : [],
  )

/** What Prometheus keeps of its own alerts: 1 for each that is pending or firing, as long as it is. */
function asked(policy: HealingPolicy, { query, sound: { alerts } }: SoundQuery): Finding[] {
  const [first] = alerts
  const index = Number(/[0-9]+/.exec(query.path)?.[0])
  const trigger = policy.spec.triggers[index]
  if (first === undefined || trigger === undefined) return []
  const matchers = first.matchers.map(({ label, operator, value }): Matcher => ({ name: label, operator, value }))
  const state = labelsOf({ matchers: matchers.filter(({ name }) => name === STATE) } as Alert).get(STATE)
  const about = matchers.filter(({ name }) => name !== STATE)
  const alertTrigger = { matchers: about } as Alert
  const wide = about.length === 0 ? everything(policy, trigger) : tooWide(policy, { ...trigger, alertTrigger }, labelsOf(alertTrigger), query.path)
  const pending = state === undefined || hasValue(state.values, 'pending')
  return [
    ...wide.map((finding) => findingsAt(query, [{ ...finding, from: first.from }])[0] ?? finding),
    ...(pending && wide.length === 0 ? findingsAt(query, [{ from: first.from, severity: 'W', what: 'ALERTS has alerts that are pending too', why: 'they have not held for as long as their rule wants, and most of them go by themselves', fix: 'write alertstate="firing", or use an alert trigger' }]) : []),
  ]
}

const STATE = 'alertstate'

/** How bad it is that anything would do. */
const severityFor = (policy: HealingPolicy, { name }: Trigger): 'E' | 'W' => (rungsOf(policy, name).some(({ action }) => actsAlone(policy, action)) ? 'E' : 'W')

const everything = (policy: HealingPolicy, trigger: Trigger): Finding[] => [{ path: '', severity: severityFor(policy, trigger), what: 'ALERTS is every alert that there is', fix: 'name the alert: ALERTS{alertname="...",alertstate="firing"}, or use an alert trigger' }]

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
