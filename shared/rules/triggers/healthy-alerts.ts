/** The part of KS204 that is about alerts: those that fire in every cluster that is well. */
import type { HealingPolicySpec } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import type { Finding } from '../rule.ts'
import { ALERTNAME, isFinite, labelsOf } from './alert-sets.ts'

type Alert = NonNullable<HealingPolicySpec['triggers'][number]['alertTrigger']>

/** Fire all the time, so that somebody notices when alerting itself is broken, or for other alerts to be held back by. */
const ALWAYS_FIRING: ReadonlySet<string> = new Set(['Watchdog', 'DeadMansSwitch', 'InfoInhibitor'])

/** @param always how bad it is that every healthy object fires */
export function healthyAlerts(alert: Alert, path: string, always: 'E' | 'W'): Finding[] {
  const labels = labelsOf(alert)
  const only = (label: string): readonly string[] => {
    const values = labels.get(label)?.values
    return values !== undefined && isFinite(values) ? [...values.listed] : []
  }
  const names = only(ALERTNAME)
  const [name] = names
  if (name !== undefined && names.every((one) => ALWAYS_FIRING.has(one))) {
    const at = alert.alertname === undefined ? `${path}.matchers` : `${path}.alertname`
    return [{ path: at, severity: always, what: `${quoted(name, 63)} fires while nothing is wrong, to watch over the alerting itself`, why: 'it says nothing about any object that it might name', fix: 'name the alert that tells of the trouble' }]
  }
  const severities = only('severity')
  if (names.length > 0 || severities.length !== 1 || severities[0] !== 'none') return []
  return [{ path: `${path}.matchers`, severity: 'W', what: 'severity none is for alerts that nobody is to be told of', why: 'Watchdog and InfoInhibitor have it, which fire while nothing is wrong', fix: 'write severity = critical, or name the alert' }]
}
