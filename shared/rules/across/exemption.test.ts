import { expect } from 'chai'
import type { Access, AccessAnswers } from '../access.ts'
import { needsVerb } from '../exemptions.ts'
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

/** Breaks KS302 (and, for authors, nothing: a dry run acts on nothing). */
const ORPHANS: PolicyOverrides = { mode: 'dryrun', action: { type: 'delete', restartAction: undefined, deleteAction: { propagationPolicy: 'Orphan' } } as PolicyOverrides['action'] & object }
const FORCES: PolicyOverrides = { mode: 'dryrun', action: { type: 'delete', restartAction: undefined, deleteAction: { force: true } } as PolicyOverrides['action'] & object }
const HOLDER = 'Allowed'

/** Answers the question about the verb; to all else: Allowed. */
const asking = (verb: Access): AccessAnswers => (question) => (question.verb === 'override-safety' ? verb : 'Allowed')
const told = (policy: unknown, verb: Access | 'nobody', old?: unknown): string[] => {
  const { violations, warnings } = judge(policy, { installation: DEFAULT_INSTALLATION, ...(verb === 'nobody' ? {} : { access: asking(verb) }), ...(old === undefined ? {} : { old }) })
  return [...violations, ...warnings].map(({ rule, severity, path, lowered }) => `${severity} ${rule} ${path}${lowered === undefined ? '' : ` ${lowered}`}`)
}
const BROKEN = 'KS302 spec.actions[0].deleteAction.propagationPolicy'
const UNGRANTED = `F KS506 ${PATH}`

describe('KS506, exemption from rules', () => {
  describe('on creation', () => {
    it('makes a warning of a violation, for who has the verb', () => expect(told(allowing('KS302', ORPHANS), HOLDER)).to.deep.equal([`W ${BROKEN} Exempted`]))
    for (const answer of ['Denied', 'Unknown'] as const) {
      it(`exempts nothing when the answer is ${answer}, and says both`, () => expect(told(allowing('KS302', ORPHANS), answer)).to.deep.equal([`E ${BROKEN}`, UNGRANTED]))
    }
    it('counts where nobody can be asked: what is stored was granted', () => expect(told(allowing('KS302', ORPHANS), 'nobody')).to.deep.equal([`W ${BROKEN} Exempted`]))
    it('is of the named rule alone', () => expect(told(allowing('KS305', ORPHANS), HOLDER)).to.deep.equal([`E ${BROKEN}`]))
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
      expect(questionsOf(allowing('KS302', ORPHANS))).to.deep.equal([{ who: 'Author', namespace: 'shop', apiGroup: 'kubeskippy.io', resource: 'healingpolicies', verb: 'override-safety' }]))
    it('says which verb, resource and namespace it is about, and for which rules', () => {
      const { violations } = judge(allowing('KS302,KS305', { ...ORPHANS, action: {} }), { installation: DEFAULT_INSTALLATION, access: asking('Denied') })
      expect(violations[0]?.what).to.equal('you may not override-safety healingpolicies.kubeskippy.io in namespace "shop", which an exemption from KS302, KS305 takes')
    })
  })

  describe('what is written', () => {
    for (const [title, text, expected] of [
      ['one id', 'KS302', []],
      ['several, with blanks', ' KS302 , KS305,KS302', []],
      ['an id of no rule, with the nearest', 'KS999', ['KS999 is no rule']],
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
    it('is bounded: a value of 250,000 characters takes no time', () => {
      const before = process.cpuUsage().user
      judge(allowing('KS1,'.repeat(62_500)), { installation: DEFAULT_INSTALLATION, access: asking(HOLDER) })
      expect(process.cpuUsage().user - before).to.be.below(500_000)
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
    it('of what knows no exemption exempts nothing, and neither does it of the shape', () => {
      const above: PolicyOverrides = { safetyRules: { maxActionsPerHour: 99 } }
      expect(told(allowing('KS401', above), HOLDER)).to.deep.equal(['E KS401 spec.safetyRules.maxActionsPerHour', `E KS506 ${PATH}`])
      expect(told({ ...allowing('KS001'), spec: {} }, HOLDER)).to.include('E KS001 spec.selector')
    })
  })

  describe('of an update by somebody without the verb', () => {
    const old = allowing('KS302', ORPHANS)
    const spec = old['spec'] as Record<string, unknown>
    const tolerated = [`W ${BROKEN} Exempted`]
    for (const [title, now, expected] of [
      ['nothing but a label', { ...old, metadata: { ...(old['metadata'] as object), labels: { a: 'b' } } }, tolerated],
      ['suspending', { ...old, spec: { ...spec, suspend: true } }, tolerated],
      ['a mode that does less', { ...old, spec: { ...spec, mode: 'monitor' } }, []],
      ['a mode that does more', { ...old, spec: { ...spec, mode: 'manual' } }, [`E ${BROKEN}`, 'W KS302', UNGRANTED]],
      ['a lower limit', { ...old, spec: { ...spec, safetyRules: { maxActionsPerHour: 4 } } }, tolerated],
      ['a higher limit', { ...old, spec: { ...spec, safetyRules: { maxActionsPerHour: 6 } } }, [`E ${BROKEN}`, UNGRANTED]],
      ['an id more', withAnnotations({ [ALLOW]: 'KS302,KS305' }, ORPHANS), [UNGRANTED, `W ${BROKEN} Exempted`]],
      ['other ids', withAnnotations({ [ALLOW]: 'KS305' }, ORPHANS), [UNGRANTED, `W ${BROKEN} Tolerated`]],
      ['an id about triggers more', withAnnotations({ [ALLOW]: 'KS205,KS302' }, ORPHANS), tolerated],
      ['the exemption taken away', rawPolicy(ORPHANS), [`W ${BROKEN} Tolerated`]],
      ['the exemption taken away, and something else done', rawPolicy({ ...ORPHANS, safetyRules: { maxActionsPerHour: 6 } }), [`E ${BROKEN}`]],
      ['the exemption taken away with what it was for', rawPolicy({ mode: 'dryrun' }), []],
    ] as const) {
      for (const answer of ['Denied', 'Unknown'] as const) {
        it(`${title} (${answer})`, () => expect(told(now, answer, old)).to.deep.equal(expected.filter((line) => line !== 'W KS302')))
      }
    }
    it('resuming is what was allowed before', () => expect(told(old, 'Denied', { ...old, spec: { ...spec, suspend: true } })).to.deep.equal(tolerated))
    it('adding one while suspending is none', () => {
      const before = rawPolicy(ORPHANS)
      expect(told({ ...old, spec: { ...spec, suspend: true } }, 'Denied', before)).to.deep.equal([UNGRANTED, `W ${BROKEN} Tolerated`])
    })
    it('force is what it was: with the verb all of it passes', () => expect(told(allowing('KS302', FORCES), HOLDER, old)).to.deep.equal(['W KS302 spec.actions[0].deleteAction.force Exempted']))
  })
})
