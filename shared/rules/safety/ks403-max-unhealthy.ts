import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import { quoted } from '../../lib/text.ts'
import { actsAlone } from '../ladder.ts'
import { selectedNamespaces, type Finding, type Rule } from '../rule.ts'
import { selectedNow } from '../selection/ks106-impact.ts'
import { MANY_AT_ONCE, parseMaxUnhealthy, unhealthyLimit, widthOf, type MaxUnhealthy } from './max-unhealthy.ts'

/** In a namespace: the thresholds of SIG Scalability (kubernetes/community, sig-scalability/configs-and-limits/thresholds.md). */
const MOST_PODS = 3000
/** More objects than this few policies select: of so many a percentage has to leave one out, rounded up as it is. */
const USUAL_SELECTION = 10

export const ks403: Rule = {
  id: 'KS403',
  severity: 'E',
  alsoWarns: true,
  title: 'maxUnhealthy is a count or a percentage; 0, and what never stops, are warnings: a percentage that is rounded up to all, a count that no selection reaches. Together with ten or more acts at once in automatic mode it is refused, and so is 80% or more; above 50%, and from a count of 100 on, such a policy is warned about.',
  why: 'when many objects fail at once the cause is elsewhere, and healing them one by one makes it worse',
  fix: 'write a count such as 3, or a percentage such as 20%',
  partlyNeeds: 'cluster',
  check(policy, context) {
    const { maxUnhealthy, maxConcurrent } = policy.spec.safetyRules
    if (maxUnhealthy === undefined) return []
    const path = 'spec.safetyRules.maxUnhealthy'
    const fix = 'write a share between the two, such as 20%'
    const parsed = parseMaxUnhealthy(maxUnhealthy)
    const text = quoted(String(maxUnhealthy))
    if (parsed === undefined) return [{ path, what: `${text} is neither a count nor a percentage` }]
    if (unhealthyLimit(parsed, MOST_PODS) === 0) return [{ path, severity: 'W', what: `${text} lets nothing be healed`, why: 'whatever is to be healed is unhealthy', fix }]
    const never = whyNever(policy, parsed)
    // Of one object one may always be unhealthy.
    const now = never === undefined ? selectedNow(policy, context) : undefined
    const here = now !== undefined && now > 0 && (now > 1 || ('count' in parsed && parsed.count > 1)) && unhealthyLimit(parsed, now) >= now ? `${now === 1 ? 'one object is' : `${now} objects are`} selected now` : undefined
    const reason = never ?? here
    const width = maxConcurrent >= MANY_AT_ONCE && policy.spec.actions.some((action) => actsAlone(policy, action)) ? widthOf(parsed) : undefined
    const slow: Finding[] = reason === undefined ? [] : [{ path, severity: 'W', what: `${text} never stops: ${reason}`, why: 'an outage of everything would be healed one by one', fix }]
    if (width === undefined) return slow
    const isRefused = never !== undefined || width === 'nearlyAll'
    if (!isRefused && slow.length > 0) return slow
    const what = `${text} ${never === undefined ? 'lets an outage of most of what is selected be healed' : `never stops: ${never}`}, and ${maxConcurrent} acts may be in flight at once`
    return [{ path, ...(isRefused ? {} : { severity: 'W' as const }), what, why: 'an outage would become as many acts at one stroke, before anybody knows whether the first has helped', fix: `${fix}, or a maxConcurrent below ${MANY_AT_ONCE}` }]
  },
}

/** Why it cannot stop, whatever is selected or for whatever usually is. */
function whyNever(policy: HealingPolicy, max: MaxUnhealthy): string | undefined {
  const namespaces = Math.max(1, selectedNamespaces(policy).length)
  if ('count' in max) return max.count < MOST_PODS * namespaces ? undefined : `Kubernetes is made for 3,000 pods in a namespace${namespaces > 1 ? `, and ${namespaces} are selected` : ''}`
  if (max.percent === 100) return 'no more than all can be unhealthy'
  // The most objects of which it is rounded up to all.
  const most = Math.ceil(100 / (100 - max.percent)) - 1
  return most < USUAL_SELECTION ? undefined : `of ${most} objects or less it is rounded up to all`
}
