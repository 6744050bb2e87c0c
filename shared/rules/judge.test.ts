import { expect } from 'chai'
import * as fc from 'fast-check'
import { anyPolicy } from '../testing/arbitraries/resources.ts'
import { judge, normalised } from './judge.ts'
import { DEFAULT_INSTALLATION } from './rule.ts'
import { rawPolicy, type PolicyOverrides } from './test-policy.ts'
import { describe as describeViolation, joinWithin, summarise } from './violation.ts'

const context = { installation: DEFAULT_INSTALLATION }
const rules = (list: readonly { rule: string }[]): string[] => list.map(({ rule }) => rule)
const update = (old: PolicyOverrides, now: PolicyOverrides) => judge(rawPolicy(now), { ...context, old: rawPolicy(old) })

describe('judge', () => {
  it('finds nothing in a good policy, and does not touch it', () => {
    const policy = rawPolicy()
    const before = structuredClone(policy)
    expect(judge(policy, context)).to.deep.equal({ violations: [], warnings: [] })
    expect(policy).to.deep.equal(before)
  })

  it('finds all violations at once, by rule and then in the order of the document', () => {
    const resources = Array.from({ length: 12 }, () => ({ apiVersion: 'v1', kind: 'Secret' }))
    const { violations } = judge(rawPolicy({ selector: { resources }, safetyRules: { maxActionsPerHour: 99 } }), context)
    expect(violations.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal([
      'KS101 spec.selector.labelSelector',
      ...resources.map((_, index) => `KS104 spec.selector.resources[${index}].kind`),
      'KS401 spec.safetyRules.maxActionsPerHour',
    ])
  })

  it('never throws, is deterministic, and never mutates, whatever the object', () => {
    fc.assert(
      fc.property(fc.oneof(anyPolicy, fc.jsonValue()), fc.option(anyPolicy, { nil: undefined }), (policy, old) => {
        const copy = structuredClone(policy)
        const first = judge(policy, { ...context, ...(old === undefined ? {} : { old }) })
        expect(judge(copy, { ...context, ...(old === undefined ? {} : { old }) })).to.deep.equal(first)
        expect(policy).to.deep.equal(copy)
        for (const violation of [...first.violations, ...first.warnings]) {
          // oxlint-disable-next-line no-control-regex -- these characters are the subject
          expect(describeViolation(violation) + violation.path).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('survives nesting without end, old and new', () => {
    let deep: unknown = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    const policy = { ...rawPolicy(), spec: { selector: deep, triggers: deep, actions: 1 } }
    expect(rules(judge(policy, { ...context, old: structuredCloneShallow(policy) }).violations)).to.contain('KS001')
  })

  it('a policy without the shape of the schema is one KS001 for each problem, and no other rule', () => {
    const { violations } = judge({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { selector: [], actions: [{}] } }, context)
    expect(violations.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal([
      'KS001 apiVersion',
      'KS001 kind',
      'KS001 spec.actions[0].name',
      'KS001 spec.actions[0].type',
      'KS001 spec.selector',
      'KS001 spec.triggers',
    ])
  })

  it('unknown fields are the business of the API server', () => {
    const policy = rawPolicy()
    expect(judge({ ...policy, spec: { ...(policy['spec'] as object), colour: 'blue' } }, context).violations).to.deep.equal([])
  })

  it('normalised has constants and context defaults, and is undefined for garbage', () => {
    const policy = normalised(rawPolicy())
    expect(policy?.spec.selector).to.deep.include({ namespaces: ['shop'], resources: [{ apiVersion: 'v1', kind: 'Pod' }] })
    expect(policy?.spec.safetyRules).to.include({ maxActionsPerHour: 5, stabilizationWindow: '2m' })
    expect(policy?.spec.actions[0]?.target).to.equal('Pod')
    for (const garbage of [undefined, null, 1, 'x', [], {}, { spec: {} }]) expect(normalised(garbage)).to.equal(undefined)
  })
})

describe('ratcheting', () => {
  const old: PolicyOverrides = { safetyRules: { maxActionsPerHour: 99 } }

  it('an update of nothing but metadata turns old violations into warnings', () => {
    const { violations, warnings } = update(old, old)
    expect([rules(violations), rules(warnings)]).to.deep.equal([[], ['KS401']])
  })
  it('so does suspending', () => expect(update(old, { ...old, suspend: true }).violations).to.deep.equal([]))
  it('and a mode that does less', () => {
    expect(update(old, { ...old, mode: 'dryrun' }).violations).to.deep.equal([])
    expect(update(old, { ...old, mode: 'monitor', suspend: true }).violations).to.deep.equal([])
  })
  it('resuming does not', () => expect(rules(update({ ...old, suspend: true }, old).violations)).to.deep.equal(['KS401']))
  it('a mode that does more does not', () => expect(rules(update({ ...old, mode: 'dryrun' }, old).violations)).to.deep.equal(['KS401']))
  it('a change that does more does not, but beside suspending', () => {
    expect(rules(update(old, { ...old, cooldownPeriod: '4m' }).violations)).to.deep.equal(['KS401'])
    expect(rules(update(old, { ...old, suspend: true, cooldownPeriod: '4m' }).violations)).to.deep.equal([])
  })
  it('another violation of the same rule is a new one', () =>
    expect(rules(update(old, { safetyRules: { maxActionsPerHour: 100 } }).violations)).to.deep.equal(['KS401']))
  it('an old object of a wrong shape may stay as it is', () => {
    const broken = { ...rawPolicy(), spec: { selector: [] } }
    expect(judge(broken, { ...context, old: structuredClone(broken) }).violations).to.deep.equal([])
    expect(judge(broken, { ...context, old: rawPolicy() }).violations).to.not.deep.equal([])
  })
})

describe('summaries', () => {
  it('joins what fits and counts the rest, never longer than the limit', () => {
    expect(joinWithin(['aaa', 'bbb', 'ccc'], ', ', 13)).to.equal('aaa, bbb, ccc')
    expect(joinWithin(['aaa', 'bbb', 'ccc'], ', ', 12)).to.equal('aaa, bbb, c…')
    expect(joinWithin(['aaa', 'bbb', 'ccccccccccccc'], ', ', 20)).to.equal('aaa, bbb, and 1 more')
    expect(joinWithin(['aaa', 'bbb', 'ccccccccccccc'], ', ', 19)).to.equal('aaa, and 2 more')
    expect(joinWithin([], ', ', 5)).to.equal('')
  })
  it('of violations name path and rule', () => {
    const { violations } = judge(rawPolicy({ safetyRules: { maxActionsPerHour: 99 } }), context)
    expect(summarise(violations, 2048)).to.match(/^spec\.safetyRules\.maxActionsPerHour: \[KS401\] 99 is above the ceiling of this installation \(60\) — /)
    expect(summarise(violations, 50)).to.have.lengthOf(50)
  })
})

/** structuredClone overflows on what this suite is about. */
const structuredCloneShallow = <T extends object>(value: T): T => ({ ...value })
