import { expect } from 'chai'
import * as fc from 'fast-check'
import { resources } from '../../api/v1alpha1/resources.ts'
import { healingAction } from '../../api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../../api/v1alpha1/healing-policy.schema.ts'
import { duration } from '../../api/v1alpha1/fields.ts'
import type { StructuralSchema } from '../../schema/structural.ts'
import { schemaNodes } from '../../schema/walk.ts'
import { actionSpec, policySpec } from '../../testing/arbitraries/resources.ts'
import { buildActionTemplate, buildHealingAction, buildPolicy, buildTrigger } from '../../testing/builders/objects.ts'
import { evaluateCel, matchTwin } from './evaluate.ts'
import { twins } from './twins.ts'

const rules = resources.flatMap(({ spec, status }) => [spec, ...(status === undefined ? [] : [status])].flatMap((schema) => [...schemaNodes(schema)].flatMap(({ schema: node }) => node['x-kubernetes-validations'] ?? [])))

const pathsOf = (schema: StructuralSchema, value: unknown, old?: unknown): string[] => evaluateCel(schema, value, { path: 'spec', old }).map(({ path }) => path)

describe('the twins', () => {
  it('cover every CEL rule of the API', () => {
    expect(rules.filter(({ rule }) => matchTwin(rule) === undefined).map(({ rule }) => rule)).to.deep.equal([])
  })

  it('are each of some rule', () => {
    const used = new Set(rules.map(({ rule }) => matchTwin(rule)?.twin))
    expect(twins.filter((twin) => !used.has(twin)).map(({ rule }) => rule)).to.deep.equal([])
  })

  it('are told apart: no rule fits two', () => {
    for (const { rule } of rules) {
      const [first, ...others] = twins.filter((twin) => matchTwin(rule)?.twin === twin)
      expect([first === undefined, others.length], rule).to.deep.equal([false, 0])
    }
  })

  it('stop an unknown rule loudly: it would pass in silence otherwise', () => {
    const schema: StructuralSchema = { type: 'string', maxLength: 5, 'x-kubernetes-validations': [{ rule: 'self.size() < 3', message: 'short' }] }
    expect(() => evaluateCel(schema, 'x')).to.throw('has no twin')
  })

  it('take the same word in the same hole', () => {
    expect(matchTwin("has(self.a) == has(oldSelf.b) && (!has(self.a) || self.a == oldSelf.a)")).to.equal(undefined)
  })
})

describe('evaluateCel', () => {
  describe('on a duration from 1s to 24h', () => {
    const cases: readonly [text: string, holds: boolean][] = [
      ['1s', true],
      ['999ms', false],
      ['0.999999s', false],
      ['1000ms', true],
      ['24h', true],
      ['1440m', true],
      ['24h1ms', false],
      ['24h0.001ms', false],
      ['24h0.0000001ms', true],
      ['five minutes', true],
    ]
    for (const [text, holds] of cases) it(`${holds ? 'accepts' : 'refuses'} ${text}`, () => expect(evaluateCel(duration('1s', '24h'), text)).to.have.length(holds ? 0 : 1))
  })

  const policy = (spec: Parameters<typeof buildPolicy>[0] = {}): unknown => buildPolicy(spec).spec
  const { conditionTrigger: _, ...bodiless } = buildTrigger()
  const { restartAction: __, ...actionless } = buildActionTemplate()
  const select = (expression: object): unknown => policy({ spec: { selector: { labelSelector: { matchExpressions: [expression as never] } } } })
  const cases: readonly [what: string, value: unknown, paths: string[]][] = [
    ['accepts a policy', policy(), []],
    ['refuses a trigger without the body of its type', policy({ spec: { triggers: [bodiless] } }), ['spec.triggers[0].conditionTrigger']],
    ['refuses an action without the body of its type', policy({ spec: { actions: [actionless] } }), ['spec.actions[0].restartAction']],
    ['refuses In without values', select({ key: 'a', operator: 'In' }), ['spec.selector.labelSelector.matchExpressions[0].values']],
    ['refuses In with no values', select({ key: 'a', operator: 'In', values: [] }), ['spec.selector.labelSelector.matchExpressions[0].values']],
    ['refuses Exists with values', select({ key: 'a', operator: 'Exists', values: ['a'] }), ['spec.selector.labelSelector.matchExpressions[0].values']],
    ['accepts Exists with no values', select({ key: 'a', operator: 'Exists', values: [] }), []],
    ['refuses protection of nothing in particular', policy({ spec: { safetyRules: { ...buildPolicy().spec.safetyRules, protectedResources: [{ apiVersion: 'v1', kind: 'Pod' }] } } }), ['spec.safetyRules.protectedResources[0].names']],
    ['refuses an action of a trigger that does not exist', policy({ spec: { actions: [buildActionTemplate({ triggers: ['other'] })] } }), ['spec.actions']],
    ['says everything at once', policy({ spec: { triggers: [bodiless], actions: [actionless] } }), ['spec.triggers[0].conditionTrigger', 'spec.actions[0].restartAction']],
  ]
  for (const [what, value, paths] of cases) it(what, () => expect(pathsOf(healingPolicy.spec, value)).to.deep.equal(paths))

  describe('on an update', () => {
    const orphaned = buildPolicy({ spec: { actions: [buildActionTemplate({ triggers: ['gone'] })] } }).spec

    it('lets a policy be suspended, whatever is wrong with its triggers by then', () => {
      expect(pathsOf(healingPolicy.spec, { ...orphaned, suspend: true }, orphaned)).to.deep.equal([])
      expect(pathsOf(healingPolicy.spec, { ...orphaned, suspend: true })).to.deep.equal(['spec.actions'])
      expect(pathsOf(healingPolicy.spec, { ...orphaned, suspend: false }, { ...orphaned, suspend: true })).to.deep.equal(['spec.actions'])
    })

    it('forgives what did not change, by the key of a list map', () => {
      const old = buildPolicy({ spec: { triggers: [bodiless, buildTrigger({ name: 'b' })] } }).spec
      expect(pathsOf(healingPolicy.spec, { ...old, triggers: [...old.triggers].reverse() }, old)).to.deep.equal([])
      const renamed = old.triggers.map((trigger) => ({ ...trigger, name: `${trigger.name}x` }))
      expect(pathsOf(healingPolicy.spec, { ...old, triggers: renamed }, old)).to.deep.equal(['spec.triggers[0].conditionTrigger'])
    })

    const { spec } = buildHealingAction()
    for (const field of Object.keys(spec)) {
      it(`refuses a HealingAction whose ${field} is changed, taken away or added`, () => {
        const changed = { ...spec, [field]: 'other' }
        const without = Object.fromEntries(Object.entries(spec).filter(([name]) => name !== field))
        // 'other' is no duration either: only what the immutability of this field says is asked here.
        for (const [now, old] of [[changed, spec], [without, spec], [spec, without]]) expect(pathsOf(healingAction.spec, now, old)).to.include(`spec.${field}`)
      })
    }

    it('accepts a HealingAction that is the same', () => expect(pathsOf(healingAction.spec, structuredClone(spec), spec)).to.deep.equal([]))
  })

  it('accepts what the arbitraries call valid', () => {
    fc.assert(fc.property(policySpec, (value) => pathsOf(healingPolicy.spec, value).length === 0))
    fc.assert(fc.property(actionSpec, (value) => pathsOf(healingAction.spec, value).length === 0))
  })

  it('never throws, whatever the value', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (value, old) => void evaluateCel(healingPolicy.spec, value, { old })))
  })
})
