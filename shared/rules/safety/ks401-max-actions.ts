import type { Finding, Rule } from '../rule.ts'

export const ks401: Rule = {
  id: 'KS401',
  severity: 'E',
  noExemption: 'the ceiling is the word of whoever runs the installation, who can raise it',
  title: "maxActionsPerHour is above zero and not above the installation's ceiling.",
  why: 'the hourly limit is what stands between a wrong trigger and an outage',
  fix: 'write a number between 1 and the ceiling',
  check({ spec }, { installation }) {
    const ceiling = installation.ceiling.maxActionsPerHour
    const given = spec.safetyRules.maxActionsPerHour
    const path = 'spec.safetyRules.maxActionsPerHour'
    const findings: Finding[] = []
    if (given <= 0) findings.push({ path, what: `${given} is not above zero`, fix: `write 1 to ${ceiling}, or suspend: true to stop all actions` })
    else if (given > ceiling) findings.push({ path, what: `${given} is above the ceiling of this installation (${ceiling})`, fix: `write 1 to ${ceiling}` })
    return findings
  },
}
