import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { isObject, sameJson } from '../lib/json.ts'
import { anyPolicy, policySpec } from '../testing/arbitraries/resources.ts'
import type { HealingPolicySpec } from '../api/v1alpha1/types.ts'
import type { Access } from './access.ts'
import type { Neighbourhood } from './across/neighbours.ts'
import { judge, normalised } from './judge.ts'
import { MODES_BY_RISK } from './ratchet.ts'
import { RULES } from './registry.ts'
import { DEFAULT_INSTALLATION } from './rule.ts'
import { rawPolicy } from './test-policy.ts'

interface Sample {
  readonly metadata: object
  readonly spec: HealingPolicySpec
}
/** The last document is the sample; those before it are what else is in the cluster. */
const documents = (id: string): readonly unknown[] => parseAllDocuments(readFileSync(new URL(`../../config/samples/invalid/rules/${id.toLowerCase()}.yaml`, import.meta.url), 'utf8')).map((document): unknown => document.toJS())
const sample = (id: string): Sample => documents(id).at(-1) as Sample
const aroundOf = (id: string): Neighbourhood => ({ policies: documents(id).slice(0, -1).flatMap((other) => normalised(other) ?? []), goesFirst: () => true })
const update = (old: unknown, now: unknown, answer: Access = 'Denied', around: Neighbourhood = { policies: [], goesFirst: () => true }) => judge(now, { installation: DEFAULT_INSTALLATION, access: () => answer, around, old })
const told = ({ violations }: ReturnType<typeof judge>): string[] => violations.map(({ rule, path, what }) => `${rule} ${path} ${what}`)

describe('what gets through whatever a rule minds', () => {
  for (const { id } of RULES) {
    for (const answer of ['Denied', 'Unknown'] as const) {
      it(`${id}: its invalid sample, once stored, can be suspended, made to do less, labelled (rights: ${answer})`, () => {
        const old = sample(id)
        const lower = MODES_BY_RISK.slice(0, MODES_BY_RISK.indexOf(old.spec.mode ?? 'dryrun') + 1)
        const stopped = [true, false].flatMap((suspend) => lower.map((mode) => ({ ...old, spec: { ...old.spec, mode, suspend } })))
        for (const now of [...stopped, { ...old, metadata: { ...old.metadata, labels: { a: 'b' } } }]) expect(told(update(old, now, answer, aroundOf(id)))).to.deep.equal([])
      })
    }
  }

  it('and is told as a warning, with the word why', () => {
    const old = sample('KS401')
    expect(update(old, { ...old, spec: { ...old.spec, suspend: true } }, 'Allowed').warnings.map(({ rule, lowered }) => [rule, lowered])).to.deep.equal([['KS401', 'Tolerated']])
  })

  it('an object that was stored before its schema was as it is can be suspended, and nothing else', () => {
    const broken = { ...rawPolicy(), spec: { selector: [], triggers: [{ name: 'a' }] } }
    const changed = (spec: object) => ({ ...broken, spec: { ...broken.spec, ...spec } })
    expect(told(update(broken, changed({ suspend: true })))).to.deep.equal([])
    expect(told(update(changed({ suspend: true }), changed({ suspend: true })))).to.deep.equal([])
    expect(told(update(changed({ suspend: true }), broken))).to.not.deep.equal([])
    expect(told(update(broken, changed({ suspend: true, mode: 'automatic' })))).to.not.deep.equal([])
    expect(told(update(broken, changed({ suspend: 'yes' })))).to.not.deep.equal([])
  })

  it('the mode is part of what a rule says, and lowering it is still no new violation', () => {
    const old = { ...rawPolicy(), metadata: { name: 'a', namespace: 'kube-system' } }
    expect(told(update(old, { ...old, spec: { ...(old as unknown as Sample).spec, mode: 'manual' } }, 'Allowed'))).to.deep.equal([])
  })
})

describe('limits and namespaces', () => {
  const bad = { ...DEFAULT_INSTALLATION, ceiling: { maxActionsPerHour: 10 } }
  const of = (safetyRules: object, namespaces: readonly string[] = ['shop', 'kube-system', 'kube-public']) => rawPolicy({ safetyRules, selector: { namespaces: [...namespaces], labelSelector: { matchLabels: { app: 'a' } } } })
  const judged = (old: unknown, now: unknown) => [...new Set(judge(now, { installation: bad, old }).violations.map(({ rule }) => rule))]
  const old = of({ maxActionsPerHour: 20, maxConcurrent: 3 })
  for (const [title, now, expected] of [
    ['a lower limit, still above the ceiling', of({ maxActionsPerHour: 11, maxConcurrent: 3 }), []],
    ['the lowest limit', of({ maxActionsPerHour: 1, maxConcurrent: 1 }), []],
    ['the same', old, []],
    ['a higher limit', of({ maxActionsPerHour: 21, maxConcurrent: 3 }), ['KS103', 'KS401']],
    ['a higher concurrency', of({ maxActionsPerHour: 20, maxConcurrent: 4 }), ['KS103', 'KS401']],
    ['none, which is wrong in another way', of({ maxActionsPerHour: 0, maxConcurrent: 3 }), ['KS103', 'KS401']],
    ['a namespace fewer, which moves the others up', of({ maxActionsPerHour: 20, maxConcurrent: 3 }, ['shop', 'kube-public']), []],
    ['another namespace', of({ maxActionsPerHour: 20, maxConcurrent: 3 }, ['shop', 'kube-public', 'kube-node-lease']), ['KS103', 'KS401']],
    ['a lower limit beside something else', { ...of({ maxActionsPerHour: 11, maxConcurrent: 3, stabilizationWindow: '3m' }) }, ['KS103', 'KS401']],
  ] as const) {
    it(`${title}: ${expected.length === 0 ? 'passes' : 'is refused'}`, () => expect(judged(old, now)).to.deep.equal(expected))
  }
  it('a lower limit keeps what was wrong, and brings in nothing new', () => {
    const clean = rawPolicy({ safetyRules: { maxActionsPerHour: 8 } })
    expect(judge(clean, { installation: { ...bad, ceiling: { maxActionsPerHour: 5 } }, old: rawPolicy({ safetyRules: { maxActionsPerHour: 9 } }) }).violations).to.deep.equal([])
    expect(judge(clean, { installation: { ...bad, ceiling: { maxActionsPerHour: 5 } } }).violations).to.have.lengthOf(1)
  })
})

/** A change of a spec that can only make the policy do less, or the same. */
const LESS: readonly ((spec: HealingPolicySpec) => HealingPolicySpec)[] = [
  (spec) => spec,
  (spec) => ({ ...spec, suspend: true }),
  (spec) => ({ ...spec, mode: 'monitor' }),
  (spec) => ({ ...spec, mode: MODES_BY_RISK[Math.max(0, MODES_BY_RISK.indexOf(spec.mode) - 1)] ?? 'monitor' }),
]
/** One that makes it do more, or something else. */
const MORE: readonly ((spec: HealingPolicySpec) => HealingPolicySpec)[] = [
  (spec) => ({ ...spec, suspend: false }),
  (spec) => ({ ...spec, mode: 'automatic' }),
  (spec) => ({ ...spec, mode: MODES_BY_RISK[Math.min(3, MODES_BY_RISK.indexOf(spec.mode) + 1)] ?? 'automatic' }),
  (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, maxActionsPerHour: spec.safetyRules.maxActionsPerHour + 1 } }),
  (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, maxConcurrent: spec.safetyRules.maxConcurrent + 1 } }),
  (spec) => ({ ...spec, selector: { ...spec.selector, namespaces: [...(spec.selector.namespaces ?? ['default']), 'kube-system'] } }),
  (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, protectedResources: [] } }),
  (spec) => ({ ...spec, actions: spec.actions.map((action) => ({ ...action, priority: action.priority + 1 })) }),
]

describe('ratcheting, of generated policies', () => {
  const object = (spec: unknown) => ({ ...rawPolicy(), spec })

  it('never refuses what shrinks the risk', () => {
    fc.assert(
      fc.property(policySpec, fc.array(fc.constantFrom(...LESS), { minLength: 1, maxLength: 3 }), fc.constantFrom<Access>('Denied', 'Unknown', 'Allowed'), (spec, changes, answer) => {
        const now = changes.reduce((before, change) => change(before), spec)
        expect(told(update(object(spec), object(now), answer))).to.deep.equal([])
      }),
      { numRuns: 200 },
    )
  })

  it('never refuses suspending, whatever is stored', () => {
    fc.assert(
      fc.property(anyPolicy, (old) => {
        const spec = old['spec']
        // No API server has stored another suspend than one that is true or false.
        fc.pre(isObject(spec) && (spec['suspend'] === undefined || typeof spec['suspend'] === 'boolean'))
        expect(told(update(old, { ...old, spec: { ...spec, suspend: true } }))).to.deep.equal([])
      }),
      { numRuns: 200 },
    )
  })

  it('tolerates nothing in what raises it: the verdict is that on a new policy', () => {
    let changed = 0
    fc.assert(
      fc.property(policySpec, fc.constantFrom(...MORE), fc.array(fc.constantFrom(...LESS), { maxLength: 1 }), (spec, more, less) => {
        const now = more(less.reduce((before, change) => change(before), spec))
        // Lowering and raising by the same step is no change, and neither is resuming what was not suspended.
        const same = LESS.some((change) => sameJson(change(spec), now)) || sameJson({ ...now, mode: 'monitor', suspend: false }, { ...spec, mode: 'monitor', suspend: false })
        const raises = MODES_BY_RISK.indexOf(now.mode) > MODES_BY_RISK.indexOf(spec.mode) || (spec.suspend && !now.suspend)
        fc.pre(raises || !same)
        changed++
        const fresh = judge(object(now), { installation: DEFAULT_INSTALLATION, access: () => 'Denied' })
        expect(told(update(object(spec), object(now)))).to.deep.equal(told(fresh))
      }),
      { numRuns: 200 },
    )
    expect(changed).to.be.above(120)
  })
})
