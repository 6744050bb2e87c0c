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
import { MODES_BY_RISK } from './less.ts'
import { placeOf } from './place.ts'
import { SHRINKS } from './testing/shrinks.ts'
import { RULES } from './registry.ts'
import { DEFAULT_INSTALLATION } from './rule.ts'
import { rawPolicy, type PolicyOverrides } from './test-policy.ts'

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

  for (const [what, shrink] of Object.entries(SHRINKS)) {
    it(`${what}: of each invalid sample that is stored nothing refuses it but what it brings in itself`, () => {
      for (const { id } of RULES) {
        const old = sample(id)
        const spec = normalised(old)?.spec
        if (spec === undefined) continue
        const now = { ...old, spec: shrink(spec) }
        const places = (policy: unknown): string[] => judge(policy, { installation: DEFAULT_INSTALLATION, access: () => 'Denied', around: aroundOf(id) }).violations.map((violation) => placeOf(violation, normalised(policy)))
        const fresh = places(now).filter((place) => !places({ ...old, spec }).includes(place))
        // A mode alone is never refused, whatever it makes of an old violation.
        expect(update({ ...old, spec }, now, 'Denied', aroundOf(id)).violations.map((violation) => placeOf(violation, normalised(now))), id).to.deep.equal(what === 'a mode that does less' ? [] : fresh)
      }
    })
  }

  it('and is told as a warning, with the word why', () => {
    const old = sample('KS401')
    expect(update(old, { ...old, spec: { ...old.spec, suspend: true } }, 'Allowed').warnings.map(({ rule, lowered }) => [rule, lowered])).to.deep.equal([['KS401', 'Tolerated']])
  })

  it('an object that was stored before its schema was as it is can be suspended, and nothing else', () => {
    const broken = { ...rawPolicy(), spec: { selector: [], triggers: [{ name: 'a' }] } }
    const changed = (spec: object) => ({ ...broken, spec: { ...broken.spec, ...spec } })
    for (const now of [changed({ suspend: true }), changed({ suspend: true, mode: 'automatic' }), rawPolicy({ suspend: true }), rawPolicy({ suspend: true, safetyRules: { maxActionsPerHour: 99 } })]) {
      expect(told(update(broken, now, 'Allowed'))).to.deep.equal([])
    }
    expect(told(update(changed({ suspend: true }), changed({ suspend: true })))).to.deep.equal([])
    expect(told(update(changed({ suspend: true }), broken))).to.not.deep.equal([])
    expect(told(update(changed({ suspend: true }), changed({ suspend: true, selector: {}, triggers: [] })))).to.deep.equal([])
    expect(told(update(broken, changed({ mode: 'automatic' })))).to.not.deep.equal([])
    expect(told(update(broken, changed({ suspend: 'yes' })))).to.not.deep.equal([])
    expect(told(update(broken, rawPolicy({ safetyRules: { maxActionsPerHour: 99 } }), 'Allowed'))).to.have.lengthOf(1)
  })

  it('what was only warned about is no leave for what is refused at the same place', () => {
    const scale = (direction: string): PolicyOverrides => ({ action: { target: 'Workload', type: 'scale', restartAction: undefined, scaleAction: { direction, minReplicas: 1, ...(direction === 'up' ? { maxReplicas: 9 } : {}) } } as never })
    const of = (direction: string, labels: Record<string, string>) => rawPolicy({ ...scale(direction), selector: { labelSelector: { matchLabels: labels }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } })
    const policies = [{ ...of('down', { tier: 'web' }), metadata: { name: 'other', namespace: 'shop' } }].flatMap((one) => normalised(one) ?? [])
    const [wide, narrow] = [of('up', { app: 'cart' }), of('up', { app: 'cart', tier: 'web' })]
    const around = { policies, goesFirst: () => true }
    expect(judge(wide, { installation: DEFAULT_INSTALLATION, around }).warnings.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal(['KS501 spec.actions[0]'])
    expect(update(wide, narrow, 'Allowed', around).violations.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal(['KS501 spec.actions[0]'])
  })

  it('the mode is part of what a rule says, and lowering it is still no new violation', () => {
    const old = { ...rawPolicy(), metadata: { name: 'a', namespace: 'kube-system' } }
    expect(told(update(old, { ...old, spec: { ...(old as unknown as Sample).spec, mode: 'manual' } }, 'Allowed'))).to.deep.equal([])
  })
})

describe('a policy that is suspended', () => {
  const high = { safetyRules: { maxActionsPerHour: 99 } }
  const abroad = { ...high, selector: { namespaces: ['bank'], labelSelector: { matchLabels: { app: 'a' } } } }
  const exempt = (allow: string, overrides: PolicyOverrides = {}) => ({ ...rawPolicy(overrides), metadata: { name: 'cart-healing', namespace: 'shop', annotations: { 'kubeskippy.io/allow': allow } } })
  const [sleeping, awake] = [rawPolicy({ ...high, suspend: true }), rawPolicy(high)]
  for (const [title, old, now, answer, expected] of [
    ['three new violations beside it', rawPolicy(), rawPolicy({ suspend: true, selector: {}, action: { type: 'delete', restartAction: undefined, deleteAction: { force: true } } as never, ...high }), 'Allowed', []],
    ['a mode that does more beside it', rawPolicy({ ...high, mode: 'dryrun' }), sleeping, 'Allowed', []],
    ['it was so before, and what is wrong is new', rawPolicy({ suspend: true }), sleeping, 'Allowed', []],
    ['nothing but a label changes', sleeping, { ...sleeping, metadata: { ...(sleeping['metadata'] as object), labels: { a: 'b' } } }, 'Allowed', []],
    ['an id that is misspelt exempts from nothing', rawPolicy(), exempt('KS3O2', { suspend: true }), 'Denied', []],
    ['nothing beside it, whoever lost his rights', awake, sleeping, 'Denied', []],
    ['nothing beside it, and nobody answers', awake, sleeping, 'Unknown', []],
    ['something else beside it, by who has not the rights', awake, rawPolicy({ ...high, suspend: true, cooldownPeriod: '4m' }), 'Denied', ['KS108']],
    ['something else beside it, and nobody answers', awake, rawPolicy({ ...high, suspend: true, cooldownPeriod: '4m' }), 'Unknown', ['KS108']],
    ['a namespace that does not consent', awake, rawPolicy({ ...abroad, suspend: true, mode: 'dryrun' }), 'Denied', ['KS109']],
    ['an exemption, without the verb', rawPolicy({ mode: 'dryrun' }), exempt('KS302', { suspend: true, mode: 'dryrun' }), 'Denied', ['KS506']],
    ['an exempted policy that does something else, without the verb', exempt('KS302', { mode: 'dryrun' }), exempt('KS302', { suspend: true, mode: 'dryrun', cooldownPeriod: '4m' }), 'Denied', ['KS506']],
    ['it goes on with what came in', sleeping, awake, 'Allowed', ['KS401']],
    ['it goes on by a member that is not there any more', sleeping, rawPolicy(high), 'Allowed', ['KS401']],
    ['it goes on in a mode that does less', sleeping, rawPolicy({ ...high, mode: 'monitor' }), 'Allowed', ['KS401']],
    ['it goes on, mended', sleeping, rawPolicy(), 'Allowed', []],
    ['it goes on, and somebody has not the rights', rawPolicy({ suspend: true }), rawPolicy(), 'Denied', ['KS108']],
  ] as const) {
    it(`${title}: ${expected.length === 0 ? 'passes' : `refused by ${expected.join(', ')}`}`, () => expect([...new Set(update(old, now, answer).violations.map(({ rule }) => rule))]).to.deep.equal(expected))
  }
  it('is judged in full when it is made: what lint says of the file is what the door says', () => {
    const judged = judge(sleeping, { installation: DEFAULT_INSTALLATION })
    expect(judged.violations.map(({ rule }) => rule)).to.deep.equal(['KS401'])
  })
  it('each violation is told as a warning', () => {
    const { warnings } = update(rawPolicy(), rawPolicy({ suspend: true, selector: {}, ...high }), 'Allowed')
    expect(warnings.filter(({ lowered }) => lowered === 'Tolerated').map(({ rule }) => rule)).to.deep.equal(['KS101', 'KS401'])
  })
})

describe('limits and namespaces', () => {
  const bad = { ...DEFAULT_INSTALLATION, ceiling: { maxActionsPerHour: 10, replicas: 1000 } }
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
    ['a lower limit beside something else', { ...of({ maxActionsPerHour: 11, maxConcurrent: 3, healthCheckTimeout: '6m' }) }, ['KS103', 'KS401']],
  ] as const) {
    it(`${title}: ${expected.length === 0 ? 'passes' : 'is refused'}`, () => expect(judged(old, now)).to.deep.equal(expected))
  }
  it('a lower limit keeps what was wrong, and brings in nothing new', () => {
    const clean = rawPolicy({ safetyRules: { maxActionsPerHour: 8 } })
    expect(judge(clean, { installation: { ...bad, ceiling: { maxActionsPerHour: 5, replicas: 1000 } }, old: rawPolicy({ safetyRules: { maxActionsPerHour: 9 } }) }).violations).to.deep.equal([])
    expect(judge(clean, { installation: { ...bad, ceiling: { maxActionsPerHour: 5, replicas: 1000 } } }).violations).to.have.lengthOf(1)
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
  (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, ...((spec.safetyRules.protectedResources ?? []).length === 0 ? { requireHealthCheck: false } : { protectedResources: [] }) } }),
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

  it('lets nothing through that adds a violation, and refuses nothing for one that was there', () => {
    let kept = 0
    fc.assert(
      fc.property(policySpec, fc.uniqueArray(fc.constantFrom(...Object.keys(SHRINKS)), { minLength: 1, maxLength: 4 }), fc.constantFrom<Access>('Denied', 'Allowed'), (spec, names, answer) => {
        fc.pre(!spec.suspend)
        const changed = names.reduce((before, name) => SHRINKS[name]?.(before) ?? before, spec)
        const [old, now] = [object(spec), object(changed)]
        const places = (policy: unknown): string[] => judge(policy, { installation: DEFAULT_INSTALLATION, access: () => answer, around: { policies: [], goesFirst: () => true } }).violations.map((violation) => placeOf(violation, normalised(policy)))
        const before = places(old)
        const added = places(now).filter((place) => !before.includes(place))
        if (before.length > 0 && added.length === 0) kept++
        const refused = update(old, now, answer).violations.map((violation) => placeOf(violation, normalised(now)))
        // Of a mode that does less, and nothing else, nothing is counted.
        expect(refused).to.deep.equal(sameJson({ ...normalised(now)?.spec, mode: spec.mode }, normalised(old)?.spec) ? [] : added)
      }),
      { numRuns: 300 },
    )
    expect(kept).to.be.above(50)
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

  it('of what becomes or stays suspended nothing refuses but rights and consent, whatever was there and whatever comes', () => {
    let minded = 0
    fc.assert(
      fc.property(anyPolicy, policySpec, fc.constantFrom<Access>('Denied', 'Unknown', 'Allowed'), (old, spec, answer) => {
        const now = object({ ...spec, suspend: true })
        const { violations, warnings } = update(old, now, answer)
        for (const { rule, severity } of violations) expect(severity === 'F' || rule === 'KS109', rule).to.equal(true)
        if (warnings.some(({ lowered }) => lowered === 'Tolerated')) minded++
        // What refuses a new one for a right refuses it here, or the update does no more than was done.
        if (answer === 'Allowed') expect(told({ violations, warnings: [] })).to.deep.equal([])
      }),
      { numRuns: 300 },
    )
    expect(minded).to.be.above(150)
  })

  it('going on is judged as a new policy, with what came in meanwhile and with what was there before', () => {
    let refused = 0
    fc.assert(
      fc.property(anyPolicy, policySpec, fc.constantFrom<Access>('Denied', 'Allowed'), fc.constantFrom('same', 'other'), (other, spec, answer, which) => {
        const now = object({ ...spec, suspend: false })
        const old = which === 'same' ? object({ ...spec, suspend: true }) : { ...other, spec: { ...(isObject(other['spec']) ? other['spec'] : {}), suspend: true } }
        const fresh = told(judge(now, { installation: DEFAULT_INSTALLATION, access: () => answer }))
        if (fresh.length > 0) refused++
        expect(told(update(old, now, answer)).filter((text) => !text.startsWith('KS506'))).to.deep.equal(fresh)
      }),
      { numRuns: 300 },
    )
    expect(refused).to.be.above(100)
  })

  it('tolerates nothing in what raises it: the verdict is that on a new policy', () => {
    let changed = 0
    fc.assert(
      fc.property(policySpec, fc.constantFrom(...MORE), fc.array(fc.constantFrom(...LESS), { maxLength: 1 }), (spec, more, less) => {
        const now = more(less.reduce((before, change) => change(before), spec))
        // Lowering and raising by the same step is no change, and neither is resuming what was not suspended.
        const same = LESS.some((change) => sameJson(change(spec), now)) || sameJson({ ...now, mode: 'monitor', suspend: false }, { ...spec, mode: 'monitor', suspend: false })
        const raises = MODES_BY_RISK.indexOf(now.mode) > MODES_BY_RISK.indexOf(spec.mode) || (spec.suspend && !now.suspend)
        fc.pre(!now.suspend && (raises || !same))
        changed++
        const fresh = judge(object(now), { installation: DEFAULT_INSTALLATION, access: () => 'Denied' })
        expect(told(update(object(spec), object(now)))).to.deep.equal(told(fresh))
      }),
      { numRuns: 200 },
    )
    expect(changed).to.be.above(120)
  })
})
