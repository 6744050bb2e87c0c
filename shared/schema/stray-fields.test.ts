import { expect } from 'chai'
import { healingPolicy } from '../api/v1alpha1/healing-policy.schema.ts'
import { isObject } from '../lib/json.ts'
import { rawPolicy } from '../rules/test-policy.ts'
import { rootSchema, unknownObjectFields } from './defaults.ts'
import { strayFields } from './stray-fields.ts'
import { schemaNodes } from './walk.ts'

const policy = rawPolicy()
const spec = policy['spec'] as Record<string, unknown>
const stray = (object: unknown): string[] => strayFields(healingPolicy, object).map(({ path, nearest }) => `${path} -> ${nearest ?? 'nothing'}`)

describe('stray fields', () => {
  it('are none of a good policy', () => expect(stray(policy)).to.deep.equal([]))

  for (const [title, object, expected] of [
    ['a wrong letter', { ...policy, spec: { ...spec, safetyRules: { maxActionPerHour: 2 } } }, ['spec.safetyRules.maxActionPerHour -> spec.safetyRules.maxActionsPerHour']],
    ['another case', { ...policy, spec: { ...spec, Mode: 'manual' } }, ['spec.Mode -> spec.mode']],
    ['a wrong place', { ...policy, spec: { ...spec, maxActionsPerHour: 2 } }, ['spec.maxActionsPerHour -> spec.safetyRules.maxActionsPerHour']],
    ['nothing like it', { ...policy, spec: { ...spec, colour: 'blue' } }, ['spec.colour -> nothing']],
    ['a place further outside', { ...policy, spec: { ...spec, triggers: [{ name: 'a', eventTrigger: { reason: 'BackOff', cooldownPeriod: '5m' } }] } }, ['spec.triggers[0].eventTrigger.cooldownPeriod -> spec.triggers[0].cooldownPeriod']],
    ['a place further inside', { ...policy, spec: { ...spec, selector: { matchLabels: { app: 'a' }, kind: 'Deployment' } } }, ['spec.selector.matchLabels -> spec.selector.labelSelector.matchLabels', 'spec.selector.kind -> spec.selector.resources[].kind']],
    ['one of several places, by what is there', { ...policy, spec: { ...spec, triggers: [{ name: 'a', conditionTrigger: { type: 'Ready' }, for: '5m', duration: '5m' }] } }, ['spec.triggers[0].for -> spec.triggers[0].conditionTrigger.duration', 'spec.triggers[0].duration -> spec.triggers[0].conditionTrigger.duration']],
    ['one of several places, of which there is none', { ...policy, spec: { ...spec, triggers: [{ name: 'a', duration: '5m' }] } }, ['spec.triggers[0].duration -> nothing']],
    ['the word of others', { ...policy, spec: { ...spec, dryRun: true, triggers: [{ name: 'a', metricTrigger: { expr: 'up', for: '5m' } }] } }, ['spec.triggers[0].metricTrigger.expr -> spec.triggers[0].metricTrigger.query', 'spec.triggers[0].metricTrigger.for -> spec.triggers[0].metricTrigger.duration', 'spec.dryRun -> spec.mode']],
    ['the word of others in a wrong place', { ...policy, spec: { ...spec, rate_limit: 5 } }, ['spec.rate_limit -> spec.safetyRules.maxActionsPerHour']],
    ['what only another type has', { ...policy, spec: { ...spec, triggers: [{ name: 'a', eventTrigger: { operator: '>', source: 'x' } }], actions: [{ timeout: '5m', restartAction: {} }] } }, ['spec.triggers[0].eventTrigger.operator -> nothing', 'spec.triggers[0].eventTrigger.source -> nothing', 'spec.actions[0].timeout -> nothing']],
    ['beside the spec', { ...policy, sepc: {} }, ['sepc -> spec']],
    ['in metadata', { ...policy, metadata: { ...(policy['metadata'] as object), lables: {} } }, ['metadata.lables -> metadata.labels']],
    ['in an item of a list', { ...policy, spec: { ...spec, triggers: [{ name: 'a' }, { name: 'b', cooldown: '5m' }] } }, ['spec.triggers[1].cooldown -> spec.triggers[1].cooldownPeriod']],
    ['outermost only', { ...policy, spec: { ...spec, safety: { rules: { x: 1 } } } }, ['spec.safety -> spec.safetyRules']],
    ['a name that every object has', { ...policy, spec: { ...spec, constructor: 1 } }, ['spec.constructor -> nothing']],
    ['an object in place of a list', { ...policy, spec: { ...spec, triggers: { name: 'a' } } }, ['spec.triggers.name -> nothing']],
  ] as const) {
    it(`${title}: ${expected.join(', ')}`, () => {
      expect(stray(object)).to.deep.equal(expected)
      // The same fields as strict validation names.
      expect(strayFields(healingPolicy, object).map(({ path }) => path)).to.deep.equal(isObject(object) ? unknownObjectFields(healingPolicy, object) : [])
    })
  }

  it('words of others lead to fields, and are none', () => {
    const names = new Set([...schemaNodes(rootSchema(healingPolicy))].map(({ path }) => path.slice(path.lastIndexOf('.') + 1)))
    for (const [word, fields] of healingPolicy.words) for (const field of fields) expect(names, word).to.include(field)
  })

  it('are the first fifty of very many, and none of what is no object or nested without end', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field${i}`, i]))
    expect(strayFields(healingPolicy, { ...policy, spec: many, metadata: many })).to.have.lengthOf(50)
    let deep: unknown = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    for (const object of [{ ...policy, spec: deep }, { ...policy, status: deep }, null, 'x', [policy]]) expect(strayFields(healingPolicy, object)).to.deep.equal([])
  })
})
