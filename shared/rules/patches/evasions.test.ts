import { expect } from 'chai'
import { judge } from '../judge.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { rawPolicy } from '../test-policy.ts'
import type { PatchBody } from './parse.ts'
import { EVASIONS, HARMLESS } from './testing/evasions.ts'

const KINDS = ['Deployment', 'StatefulSet'] as const

/** Ids of the rules that refuse it, with what they say. */
function refusals(patchAction: PatchBody, kind: string): { rules: string[]; text: string } {
  const policy = rawPolicy({
    selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind }] },
    action: { type: 'patch', patchAction },
  })
  const { violations } = judge(policy, { installation: DEFAULT_INSTALLATION })
  return { rules: [...new Set(violations.map(({ rule }) => rule))], text: violations.map(({ rule, what }) => `${rule} ${what}`).join('\n') }
}

describe('ways around the list of fields that patches may touch', () => {
  for (const { title, body, rule } of EVASIONS) {
    for (const kind of KINDS) {
      it(`${title} (${kind})`, () => {
        const { rules, text } = refusals(body, kind)
        expect(rules, text).to.include(rule)
        expect(rules.filter((other) => !['KS303', 'KS304', 'KS305'].includes(other)), text).to.deep.equal([])
      })
    }
  }
  it('are many, each once', () => {
    expect(EVASIONS.length).to.be.greaterThan(80)
    expect(new Set(EVASIONS.map(({ body }) => JSON.stringify(body))).size).to.equal(EVASIONS.length)
  })
})

describe('patches that nobody has to fear', () => {
  for (const body of HARMLESS) {
    for (const kind of KINDS) it(`are accepted (${kind}): ${JSON.stringify(body.patch ?? body.patches).slice(0, 110)}`, () => expect(refusals(body, kind).text).to.equal(''))
  }
  it('are many', () => expect(HARMLESS.length).to.be.greaterThan(30))
})
