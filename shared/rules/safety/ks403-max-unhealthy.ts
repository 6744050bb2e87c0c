import { quoted } from '../../lib/text.ts'
import { selectedNamespaces, type Finding, type Rule } from '../rule.ts'
import { selectedNow } from '../selection/ks106-impact.ts'
import { parseMaxUnhealthy } from './max-unhealthy.ts'

/** In a namespace: the thresholds of SIG Scalability (kubernetes/community, sig-scalability/configs-and-limits/thresholds.md). */
const MOST_PODS = 3000
const ALL_AT_ONCE = 'an outage of everything would be healed one by one'

export const ks403: Rule = {
  id: 'KS403',
  severity: 'E',
  alsoWarns: true,
  title: 'maxUnhealthy is a count or a percentage; 0, 100% and a count that no selection reaches are warnings.',
  why: 'when many objects fail at once the cause is elsewhere, and healing them one by one makes it worse',
  fix: 'write a count such as 3, or a percentage such as 20%',
  partlyNeeds: 'cluster',
  check(policy, context) {
    const { maxUnhealthy } = policy.spec.safetyRules
    if (maxUnhealthy === undefined) return []
    const path = 'spec.safetyRules.maxUnhealthy'
    const parsed = parseMaxUnhealthy(maxUnhealthy)
    const text = quoted(String(maxUnhealthy))
    if (parsed === undefined) return [{ path, what: `${text} is neither a count nor a percentage` }]
    const warned = (what: string, why: string): Finding[] => [{ path, severity: 'W', what, why, fix: 'write a share between the two, such as 20%' }]
    const value = 'count' in parsed ? parsed.count : parsed.percent
    if (value === 0) return warned(`${text} lets nothing be healed`, 'whatever is to be healed is unhealthy')
    if ('percent' in parsed) return value === 100 ? warned('100% never stops', ALL_AT_ONCE) : []
    const namespaces = Math.max(1, selectedNamespaces(policy).length)
    const now = selectedNow(policy, context)
    // Of one object one may always be unhealthy.
    if (now !== undefined && value > 1 && now > 0 && value >= now) return warned(`${text} never stops: ${now === 1 ? 'one object is' : `${now} objects are`} selected now`, ALL_AT_ONCE)
    if (value < MOST_PODS * namespaces) return []
    return warned(`${text} is as many as can be selected, and never stops: Kubernetes is made for 3,000 pods in a namespace${namespaces > 1 ? `, and ${namespaces} are selected` : ''}`, ALL_AT_ONCE)
  },
}
