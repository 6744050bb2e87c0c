import { quoted } from '../../lib/text.ts'
import type { Finding, Rule } from '../rule.ts'
import { parseMaxUnhealthy } from './max-unhealthy.ts'

export const ks403: Rule = {
  id: 'KS403',
  severity: 'E',
  alsoWarns: true,
  title: 'maxUnhealthy is a count or a percentage; 0 and 100% are warnings.',
  why: 'when many objects fail at once the cause is elsewhere, and healing them one by one makes it worse',
  fix: 'write a count such as 3, or a percentage such as 20%',
  check({ spec: { safetyRules } }) {
    const { maxUnhealthy } = safetyRules
    if (maxUnhealthy === undefined) return []
    const path = 'spec.safetyRules.maxUnhealthy'
    const parsed = parseMaxUnhealthy(maxUnhealthy)
    const text = quoted(String(maxUnhealthy))
    if (parsed === undefined) return [{ path, what: `${text} is neither a count nor a percentage` }]
    const warned = (what: string, why: string): Finding[] => [{ path, severity: 'W', what, why, fix: 'write a share between the two, such as 20%' }]
    const value = 'count' in parsed ? parsed.count : parsed.percent
    if (value === 0) return warned(`${text} lets nothing be healed`, 'whatever is to be healed is unhealthy')
    return 'percent' in parsed && value === 100 ? warned('100% never stops', 'an outage of everything would be healed one by one') : []
  },
}
