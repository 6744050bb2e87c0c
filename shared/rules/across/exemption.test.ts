import { expect } from 'chai'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import type { Access, AccessAnswers } from '../access.ts'
import { allowParts, needsVerb } from '../exemptions.ts'
import { judge, questionsOf } from '../judge.ts'
import { RULES } from '../registry.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { rawPolicy, type PolicyOverrides } from '../test-policy.ts'

const ALLOW = 'kubeskippy.io/allow'
const PATH = `metadata.annotations[${ALLOW}]`
const withAnnotations = (annotations: Readonly<Record<string, unknown>>, overrides: PolicyOverrides = {}): Record<string, unknown> => {
  const policy = rawPolicy(overrides)
  return { ...policy, metadata: { ...(policy['metadata'] as object), annotations } }
}
const allowing = (allow: unknown, overrides?: PolicyOverrides) => withAnnotations({ [ALLOW]: allow }, overrides)

/** Breaks KS208 (and, for authors, nothing: a dry run acts on nothing). */
const BLIND: PolicyOverrides = { mode: 'dryrun', condition: { duration: '30m' }, safetyRules: { stabilizationWindow: '1s' } }
const deleting = (body: object, resources?: readonly object[]): PolicyOverrides =>
  ({ mode: 'dryrun', action: { type: 'delete', ...(resources === undefined ? {} : { target: 'Workload' }), restartAction: undefined, deleteAction: body }, ...(resources === undefined ? {} : { selector: { labelSelector: { matchLabels: { app: 'a' } }, resources } }) }) as unknown as PolicyOverrides
const KEPT = { stabilizationWindow: '1s' }
const HOLDER = 'Allowed'

/** Answers the question about the verb; to all else: Allowed. */
const asking = (verb: Access): AccessAnswers => (question) => (question.verb === 'override-safety' ? verb : 'Allowed')
const told = (policy: unknown, verb: Access | 'nobody', old?: unknown): string[] => {
  const { violations, warnings } = judge(policy, { installation: DEFAULT_INSTALLATION, ...(verb === 'nobody' ? {} : { access: asking(verb) }), ...(old === undefined ? {} : { old }) })
  return [...violations, ...warnings].map(({ rule, severity, path, lowered }) => `${severity} ${rule} ${path}${lowered === undefined ? '' : ` ${lowered}`}`)
}
const BROKEN = 'KS208 spec.safetyRules.stabilizationWindow'
const UNGRANTED = `F KS506 ${PATH}`

describe('KS506, exemption from rules', () => {
  describe('on creation', () => {
    it('makes a warning of a violation, for who has the verb', () => expect(told(allowing('KS208', BLIND), HOLDER)).to.deep.equal([`W ${BROKEN} Exempted`]))
    for (const answer of ['Denied', 'Unknown'] as const) {
      it(`exempts nothing when the answer is ${answer}, and says both`, () => expect(told(allowing('KS208', BLIND), answer)).to.deep.equal([`E ${BROKEN}`, UNGRANTED]))
    }
    it('says that nobody answered where nobody did, and not that the author may not', () => {
      const { violations } = judge(allowing('KS208', BLIND), { installation: DEFAULT_INSTALLATION, access: asking('Unknown') })
      expect(violations.find(({ rule }) => rule === 'KS506')?.what).to.match(/^whether you may override-safety .* could not be asked$/)
    })
    it('counts where nobody can be asked: what is stored was granted', () => expect(told(allowing('KS208', BLIND), 'nobody')).to.deep.equal([`W ${BROKEN} Exempted`]))
    it('is of the named rule alone', () => expect(told(allowing('KS307', BLIND), HOLDER)).to.deep.equal([`E ${BROKEN}`]))
    it('of rules about triggers needs no verb', () => {
      const event: PolicyOverrides = { event: { messagePattern: '(' } }
      expect(told(rawPolicy(event), 'Denied')).to.deep.equal(['E KS211 spec.triggers[0].eventTrigger.messagePattern'])
      expect(told(allowing('KS211', event), 'Denied')).to.deep.equal(['W KS211 spec.triggers[0].eventTrigger.messagePattern Exempted'])
      expect(questionsOf(allowing('KS211', { ...event, mode: 'dryrun' }))).to.deep.equal([])
    })
    it('of what fires on healthy objects, and of a stabilization window that proves nothing, needs the verb all the same', () => {
      for (const [id, needed] of [['KS201', false], ['KS203', false], ['KS204', true], ['KS205', false], ['KS208', true], ['KS209', false], ['KS210', false], ['KS211', false], ['KS213', false], ['KS214', true], ['KS215', false], ['KS219', false], ['KS224', false], ['KS299', false], ['KS302', true]] as const) expect(needsVerb(id), id).to.equal(needed)
      const blind: PolicyOverrides = { condition: { duration: '30m' }, safetyRules: { stabilizationWindow: '1s' } }
      expect(told(allowing('KS208', blind), 'Denied')).to.include('E KS208 spec.safetyRules.stabilizationWindow').and.to.include(UNGRANTED)
    })
    it('asks for the verb in the namespace of the policy', () =>
      expect(questionsOf(allowing('KS208', BLIND))).to.deep.equal([{ who: 'Author', namespace: 'shop', apiGroup: 'kubeskippy.io', resource: 'healingpolicies', verb: 'override-safety' }]))
    it('says which verb, resource and namespace it is about, and for which rules', () => {
      const { violations } = judge(allowing('KS302,KS307', { ...BLIND, action: {} }), { installation: DEFAULT_INSTALLATION, access: asking('Denied') })
      expect(violations.at(-1)?.what).to.equal('you may not override-safety healingpolicies.kubeskippy.io in namespace "shop", which an exemption from KS302, KS307 takes')
    })
  })

  describe('what is written', () => {
    for (const [title, text, expected] of [
      ['one id', 'KS302', []],
      ['several, with blanks', ' KS302 , KS307,KS302', []],
      ['an id of no rule, far from any', 'KS999', ['KS999 is no rule; write ids separated by commas, such as KS302,KS501']],
      ['an id of no rule, as near to one as to others', 'KS206', ['KS206 is no rule; write ids separated by commas, such as KS302,KS501']],
      ['small letters', 'ks302', ['"ks302" is no id of a rule; write KS302, or take it away']],
      ['a letter too many', 'KS3022', ['"KS3022" is no id of a rule; write KS302, or take it away']],
      ['a comma too many', 'KS302,', ['an id is missing; write ids separated by commas, such as KS302,KS501']],
      ['nothing', '', ['an id is missing; write ids separated by commas, such as KS302,KS501']],
      ['other separators', 'KS302 KS305', ['"KS302 KS305" is no id of a rule']],
      ['all', '*', ['"*" is no id of a rule; write ids separated by commas, such as KS302,KS501']],
      ['of 320 characters', 'KS302,'.repeat(53) + 'K1', ['"K1" is no id of a rule']],
      ['of 321 characters', 'KS302,'.repeat(53) + 'K12', ['is longer than 320 characters; exempt the policy from fewer rules']],
      ['of control characters', 'KS302,\u001b[31m', ['"[31m" is no id of a rule']],
    ] as const) {
      it(title, () => {
        const { violations, warnings } = judge(allowing(text), { installation: DEFAULT_INSTALLATION, access: asking(HOLDER) })
        expect(warnings).to.deep.equal([])
        expect(violations.map(({ rule, severity, path }) => `${severity} ${rule} ${path}`)).to.deep.equal(expected.map(() => `E KS506 ${PATH}`))
        for (const [index, start] of expected.entries()) expect(`${violations[index]?.what}; ${violations[index]?.fix}`).to.satisfy((all: string) => all.startsWith(start), violations[index]?.fix)
      })
    }
    it('is bounded: of a value of 250,000 characters no part is read', () => {
      const long = allowing('KS1,'.repeat(62_500))
      expect(allowParts(long as unknown as HealingPolicy)).to.deep.equal([])
      expect(judge(long, { installation: DEFAULT_INSTALLATION, access: asking(HOLDER) }).violations.map(({ what }) => what)).to.deep.equal(['is longer than 320 characters'])
    })
    it('that is no text, or no annotations at all, is nothing', () => {
      for (const annotations of [{ [ALLOW]: 5 }, { [ALLOW]: null }, 5, null, []]) {
        expect(told({ ...rawPolicy(), metadata: { name: 'a', namespace: 'shop', annotations } }, HOLDER)).to.deep.equal([])
      }
    })
    for (const { id, noExemption } of RULES.filter((rule) => rule.noExemption !== undefined)) {
      it(`${id} knows no exemption, not for who has the verb either: ${noExemption}`, () => {
        const { violations } = judge(allowing(id), { installation: DEFAULT_INSTALLATION, access: asking(HOLDER) })
        expect(violations.map(({ what, why }) => [what, why])).to.deep.equal([[`${id} knows no exemption`, noExemption]])
      })
    }
    for (const [what, overrides, path] of [
      ['force', deleting({ force: true }), 'deleteAction.force'],
      ['a grace period of 0', deleting({ gracePeriodSeconds: 0 }), 'deleteAction.gracePeriodSeconds'],
      ['Orphan', deleting({ propagationPolicy: 'Orphan' }), 'deleteAction.propagationPolicy'],
      ['a StatefulSet', deleting({}, [{ apiVersion: 'apps/v1', kind: 'StatefulSet' }]), 'type'],
    ] as const) {
      it(`KS302 does not count for a delete with ${what}, which no act carries out, and the refusal says so`, () => {
        const { violations } = judge(allowing('KS302', overrides), { installation: DEFAULT_INSTALLATION, access: asking(HOLDER) })
        expect(violations.map(({ rule, path: where }) => `${rule} ${where}`)).to.deep.equal([`KS302 spec.actions[0].${path}`])
        expect(violations[0]?.what).to.match(/, and the exemption from KS302 does not count for it: no act is ever carried out so$/)
        const plain = judge(rawPolicy(overrides), { installation: DEFAULT_INSTALLATION }).violations
        expect(plain[0]?.what).not.to.contain('exemption')
      })
    }
    it('KS302 counts for workloads that are deleted without asking: something else may make them again', () => {
      const workloads = { ...deleting({}, [{ apiVersion: 'apps/v1', kind: 'Deployment' }]), mode: 'automatic' } as PolicyOverrides
      expect(told(allowing('KS302', workloads), HOLDER)).to.include('W KS302 spec.actions[0].type Exempted')
    })
    it('scaling to 0 knows no exemption: no act would do it', () => {
      const zero = { mode: 'dryrun', action: { type: 'scale', restartAction: undefined, scaleAction: { direction: 'down', minReplicas: 0 } } } as unknown as PolicyOverrides
      expect(told(allowing('KS305', zero), HOLDER)).to.deep.equal(['E KS305 spec.actions[0].scaleAction.minReplicas', `E KS506 ${PATH}`])
    })
    it('of what knows no exemption exempts nothing, and neither does it of the shape', () => {
      const above: PolicyOverrides = { safetyRules: { maxActionsPerHour: 99 } }
      expect(told(allowing('KS401', above), HOLDER)).to.deep.equal(['E KS401 spec.safetyRules.maxActionsPerHour', `E KS506 ${PATH}`])
      expect(told({ ...allowing('KS001'), spec: {} }, HOLDER)).to.include('E KS001 spec.selector')
    })
  })

  describe('of an update by somebody without the verb', () => {
    const old = allowing('KS208', BLIND)
    const spec = old['spec'] as Record<string, unknown>
    const tolerated = [`W ${BROKEN} Exempted`]
    for (const [title, now, expected] of [
      ['nothing but a label', { ...old, metadata: { ...(old['metadata'] as object), labels: { a: 'b' } } }, tolerated],
      ['suspending', { ...old, spec: { ...spec, suspend: true } }, tolerated],
      ['a mode that does less', { ...old, spec: { ...spec, mode: 'monitor' } }, tolerated],
      ['a mode that does more', { ...old, spec: { ...spec, mode: 'manual' } }, [`E ${BROKEN}`, UNGRANTED]],
      ['a lower limit', { ...old, spec: { ...spec, safetyRules: { ...KEPT, maxActionsPerHour: 4 } } }, tolerated],
      ['a higher limit', { ...old, spec: { ...spec, safetyRules: { ...KEPT, maxActionsPerHour: 6 } } }, [`E ${BROKEN}`, UNGRANTED]],
      ['an id more', withAnnotations({ [ALLOW]: 'KS208,KS307' }, BLIND), [UNGRANTED, `W ${BROKEN} Exempted`]],
      ['other ids', withAnnotations({ [ALLOW]: 'KS307' }, BLIND), [UNGRANTED, `W ${BROKEN} Tolerated`]],
      ['an id about triggers more', withAnnotations({ [ALLOW]: 'KS205,KS208' }, BLIND), tolerated],
      ['the exemption taken away', rawPolicy(BLIND), [`W ${BROKEN} Tolerated`]],
      ['the exemption taken away, and something else done', rawPolicy({ ...BLIND, safetyRules: { ...KEPT, maxActionsPerHour: 6 } }), [`E ${BROKEN}`]],
      ['the exemption taken away with what it was for', rawPolicy({ mode: 'dryrun' }), []],
    ] as const) {
      for (const answer of ['Denied', 'Unknown'] as const) {
        it(`${title} (${answer})`, () => expect(told(now, answer, old)).to.deep.equal(expected))
      }
    }
    it('resuming is what was allowed before', () => expect(told(old, 'Denied', { ...old, spec: { ...spec, suspend: true } })).to.deep.equal(tolerated))
    it('adding one while suspending is none', () => {
      const before = rawPolicy(BLIND)
      expect(told({ ...old, spec: { ...spec, suspend: true } }, 'Denied', before)).to.deep.equal([UNGRANTED, `W ${BROKEN} Tolerated`])
    })
    it('with the verb all of it passes', () => expect(told(allowing('KS208', { ...BLIND, mode: 'automatic' }), HOLDER, old)).to.deep.equal(tolerated))
  })
})
