import { expect } from 'chai'
import * as fc from 'fast-check'
import { policySpec } from '../../testing/arbitraries/resources.ts'
import { additions, withContextDefaults } from './context-defaults.ts'
import { API_VERSION } from './fields.ts'
import type { HealingPolicy, HealingPolicySpec } from './types.ts'

const policyOf = (spec: HealingPolicySpec): HealingPolicy => ({
  apiVersion: API_VERSION,
  kind: 'HealingPolicy',
  metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' },
  spec,
})
const policy = policySpec.map(policyOf)

/** RFC 6902 `add`, as the API server applies it. */
function apply<T>(value: T, patch: readonly { readonly path: string; readonly value: unknown }[]): T {
  const copy = structuredClone(value)
  for (const { path, value: added } of patch) {
    const keys = path.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = keys.pop() ?? ''
    const parent = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy)
    if (typeof parent !== 'object' || parent === null) throw new Error(`no parent at ${path}`)
    Object.assign(parent, { [last]: structuredClone(added) })
  }
  return copy
}

describe('context defaults', () => {
  it('are idempotent', () => {
    fc.assert(
      fc.property(policy, (one) => {
        expect(withContextDefaults(withContextDefaults(one))).to.deep.equal(withContextDefaults(one))
      }),
    )
  })

  it('as a patch make the same object, and then an empty patch', () => {
    fc.assert(
      fc.property(policy, (one) => {
        const defaulted = withContextDefaults(one)
        const patch = additions(one, defaulted)
        const result = apply(one, patch)
        expect(result).to.deep.equal(defaulted)
        expect(additions(result, withContextDefaults(result))).to.deep.equal([])
      }),
    )
  })

  it('never change what is there, and never touch the argument', () => {
    fc.assert(
      fc.property(policy, (one) => {
        const before = structuredClone(one)
        for (const { path } of additions(one, withContextDefaults(one))) {
          expect(path).to.match(/^\/spec\/(selector\/(namespaces|resources)|actions\/\d+\/target|safetyRules\/stabilizationWindow)$/)
        }
        expect(one).to.deep.equal(before)
      }),
    )
  })

  const base = policyOf({
    selector: { labelSelector: { matchLabels: { app: 'cart' } } },
    triggers: [{ name: 't', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'Ready', status: 'False', duration: '1m' } }],
    actions: [{ name: 'a', type: 'restart', priority: 50, restartAction: {} }],
    safetyRules: {},
  } as unknown as HealingPolicySpec)
  const window = (...durations: string[]): string | undefined =>
    withContextDefaults({
      ...base,
      spec: { ...base.spec, triggers: durations.map((duration) => ({ name: 't', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'Ready', status: 'False', duration } })) },
    }).spec.safetyRules.stabilizationWindow

  it('the namespace is the own one, the kind Pod, the target Pod', () => {
    const { spec } = withContextDefaults(base)
    expect(spec.selector).to.deep.equal({ labelSelector: { matchLabels: { app: 'cart' } }, namespaces: ['shop'], resources: [{ apiVersion: 'v1', kind: 'Pod' }] })
    expect(spec.actions[0]?.target).to.equal('Pod')
  })

  it('no target is guessed when anything but pods is selected', () => {
    const resources = [{ apiVersion: 'v1', kind: 'Pod' }, { apiVersion: 'apps/v1', kind: 'Deployment' }]
    expect(withContextDefaults({ ...base, spec: { ...base.spec, selector: { resources } } }).spec.actions[0]).to.not.have.property('target')
  })

  it('the stabilization window is the longest trigger duration, a minute at least', () => {
    expect(window('59s')).to.equal('1m')
    expect(window('60s')).to.equal('1m')
    expect(window('61s')).to.equal('1m1s')
    expect(window('30s', '10m', '5m')).to.equal('10m')
    expect(window('nonsense')).to.equal('1m')
  })

  it('additions do not walk through what is as it was, however deep it is', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown
    expect(additions({ metadata: deep, spec: {} }, { metadata: deep, spec: { a: 1 } })).to.deep.equal([{ op: 'add', path: '/spec/a', value: 1 }])
  })

  it('additions add whole missing parents and escape pointers', () => {
    expect(additions({ a: {} }, { a: { 'x/y~z': { b: 1 } } })).to.deep.equal([{ op: 'add', path: '/a/x~1y~0z', value: { b: 1 } }])
    expect(additions({ a: null }, { a: 1 })).to.deep.equal([{ op: 'add', path: '/a', value: 1 }])
    expect(additions({ a: [{}, { b: 2 }] }, { a: [{ b: 1 }, { b: 3 }] })).to.deep.equal([{ op: 'add', path: '/a/0/b', value: 1 }])
  })

  const alert = (times: { for: string; duration: string }) => ({ name: 'stuck', type: 'alert' as const, cooldownPeriod: '5m', alertTrigger: { alertname: 'Stuck', ...times } })
  for (const [title, times, window] of [
    ['no "for"', { for: '0s', duration: '0s' }, '2m'],
    ['a "for"', { for: '15m', duration: '0s' }, '17m'],
    ['a "for" and a duration of the policy', { for: '15m', duration: '3m' }, '20m'],
    ['the longest that the schema knows', { for: '24h', duration: '24h' }, '24h'],
  ] as const) {
    it(`let an alert with ${title} come back before an act has helped`, () => {
      const one = fc.sample(policy, { numRuns: 1, seed: 1 })[0] ?? expect.fail()
      const { stabilizationWindow: _, ...safetyRules } = one.spec.safetyRules
      const defaulted = withContextDefaults({ ...one, spec: { ...one.spec, triggers: [alert(times)], safetyRules } })
      expect(defaulted.spec.safetyRules.stabilizationWindow).to.equal(window)
    })
  }
})
