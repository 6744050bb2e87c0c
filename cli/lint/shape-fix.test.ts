import { expect } from 'chai'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { shapeFix } from './shape-fix.ts'

describe('what to write instead of what the schema refuses', () => {
  const cases: readonly [path: string, message: string, fix: string][] = [
    ['spec.mode', 'must be one of monitor, dryrun, manual, automatic, not "Automatic"', 'write automatic'],
    ['spec.safetyRules.approvalTimeout', 'must be a string, not a number', 'write a duration such as 30s, 5m or 1h30m'],
    ['spec.triggers[12].conditionTrigger.duration', 'must be a string, not a number', 'write a duration such as 30s, 5m or 1h30m'],
    ['spec.triggers[0].conditionTrigger.status', 'must be a string, not a boolean', 'write "True", "False" or Unknown'],
    ['spec.mode', 'must be a string, not a boolean', 'write monitor, dryrun, manual or automatic'],
    ['spec.selector.labelSelector.matchLabels.app', 'must be a string, not a number', 'write it in quotes'],
    ['spec.triggers[0].metricTrigger.threshold', 'must be a number, not a string', 'see kubectl explain healingpolicy.spec.triggers.metricTrigger.threshold'],
  ]
  const [COMPARED, MATCHED, SELECTED] = [['>', '>=', '<', '<=', '==', '!='], ['=', '!=', '=~', '!~'], ['In', 'NotIn', 'Exists', 'DoesNotExist']]
  const words: readonly [written: string, words: readonly string[], fix: string | undefined][] = [
    ...Object.entries({ '=': '==', eq: '==', gt: '>', GTE: '>=', '=>': '>=', lt: '<', '=<': '<=', ne: '!=', '<>': '!=', '!': undefined, '><': undefined, above: undefined }).map(([written, word]): [string, readonly string[], string | undefined] => [written, COMPARED, word]),
    ...Object.entries({ '==': '=', eq: '=', '~': '=~', '~=': '=~', '<>': '!=', ne: '!=', '!~=': undefined }).map(([written, word]): [string, readonly string[], string | undefined] => [written, MATCHED, word]),
    ...Object.entries({ NotExists: 'DoesNotExist', notin: 'NotIn', in: 'In', Exist: 'Exists', NotExist: 'DoesNotExist', DoesntExist: undefined }).map(([written, word]): [string, readonly string[], string | undefined] => [written, SELECTED, word]),
  ]
  for (const [written, list, word] of words) {
    const path = 'spec.triggers[0].metricTrigger.operator'
    it(`${written} among ${list.join(' ')}`, () => expect(shapeFix(healingPolicy, { path, message: `must be one of ${list.join(', ')}, not "${written}"` })).to.equal(word === undefined ? 'see kubectl explain healingpolicy.spec.triggers.metricTrigger.operator' : `write ${word}`))
  }
  for (const [path, message, fix] of cases) it(`${path} ${message}`, () => expect(shapeFix(healingPolicy, { path, message })).to.equal(fix))
})
