import { expect } from 'chai'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { shapeFix } from './shape-fix.ts'

describe('what to write instead of what the schema refuses', () => {
  const cases: readonly [path: string, message: string, fix: string][] = [
    ['spec.mode', 'must be one of monitor, dryrun, manual, automatic, not "Automatic"', 'write automatic'],
    ['spec.safetyRules.approvalTimeout', 'must be a string, not a number', 'write a duration such as 30s, 5m or 1h30m'],
    ['spec.triggers[12].conditionTrigger.duration', 'must be a string, not a number', 'write a duration such as 30s, 5m or 1h30m'],
    ['spec.triggers[0].conditionTrigger.status', 'must be a string, not a boolean', 'write it in quotes'],
    ['spec.selector.labelSelector.matchLabels.app', 'must be a string, not a number', 'write it in quotes'],
    ['spec.triggers[0].metricTrigger.threshold', 'must be a number, not a string', 'see kubectl explain healingpolicy.spec.triggers.metricTrigger.threshold'],
  ]
  for (const [path, message, fix] of cases) it(`${path} ${message}`, () => expect(shapeFix(healingPolicy, { path, message })).to.equal(fix))
})
