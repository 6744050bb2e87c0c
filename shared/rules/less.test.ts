import { expect } from 'chai'
import * as fc from 'fast-check'
import type { HealingPolicySpec } from '../api/v1alpha1/types.ts'
import { parseDuration } from '../lib/duration.ts'
import { isObject, sameJson } from '../lib/json.ts'
import { policySpec } from '../testing/arbitraries/resources.ts'
import { normalised } from './judge.ts'
import { doesNoMore } from './less.ts'
import { rawPolicy, type PolicyOverrides } from './test-policy.ts'
import { SHRINKS } from './testing/shrinks.ts'

const specOf = (overrides: PolicyOverrides): HealingPolicySpec => normalised(rawPolicy(overrides))?.spec ?? expect.fail('not the shape of a policy')
const rules = (safetyRules: object): HealingPolicySpec => specOf({ safetyRules })
const selecting = (selector: object): HealingPolicySpec => specOf({ selector })
const labels = (matchLabels: Record<string, string>, matchExpressions: object[] = []) => selecting({ labelSelector: { matchLabels, matchExpressions } })
const kinds = (...resources: object[]) => selecting({ labelSelector: { matchLabels: { app: 'a' } }, resources })
const pods = (entry: object = {}) => ({ apiVersion: 'v1', kind: 'Pod', ...entry })
const window = (schedule: string) => ({ schedule, duration: '1h', timeZone: 'UTC' })
const schedule = (allow: boolean, cron: string) => ({ allow, during: window(cron) })
const names = (count: number) => Array.from({ length: count }, (_, index) => `pod-${index}`)

describe('whether a policy does no more than another', () => {
  const table: readonly (readonly [what: string, old: HealingPolicySpec, now: HealingPolicySpec, noMore: boolean])[] = [
    ['an hourly limit one lower', rules({ maxActionsPerHour: 5 }), rules({ maxActionsPerHour: 4 }), true],
    ['the same one', rules({ maxActionsPerHour: 5 }), rules({ maxActionsPerHour: 5 }), true],
    ['one higher', rules({ maxActionsPerHour: 5 }), rules({ maxActionsPerHour: 6 }), false],
    ['a longer stabilization window, in other words', rules({ stabilizationWindow: '5m' }), rules({ stabilizationWindow: '301s' }), true],
    ['the same time in other words', rules({ stabilizationWindow: '5m' }), rules({ stabilizationWindow: '300s' }), true],
    ['a shorter one', rules({ stabilizationWindow: '5m' }), rules({ stabilizationWindow: '299s' }), false],
    ['its default left out, which is less', rules({ stabilizationWindow: '24h' }), rules({}), false],
    ['a lower count', rules({ maxUnhealthy: 3 }), rules({ maxUnhealthy: 2 }), true],
    ['the same count as a text', rules({ maxUnhealthy: 3 }), rules({ maxUnhealthy: '3' }), true],
    ['a higher count', rules({ maxUnhealthy: 3 }), rules({ maxUnhealthy: 4 }), false],
    ['a lower percentage', rules({ maxUnhealthy: '30%' }), rules({ maxUnhealthy: '4%' }), true],
    ['a count in place of a percentage', rules({ maxUnhealthy: '30%' }), rules({ maxUnhealthy: 1 }), false],
    ['one in place of what is none', rules({ maxUnhealthy: 'many' }), rules({ maxUnhealthy: '1%' }), false],
    ['one in place of the default of the installation', rules({}), rules({ maxUnhealthy: '1%' }), false],
    ['a health check', rules({ requireHealthCheck: false }), rules({ requireHealthCheck: true }), true],
    ['none any more', rules({ requireHealthCheck: true }), rules({ requireHealthCheck: false }), false],
    ['another timeout of it', rules({ healthCheckTimeout: '5m' }), rules({ healthCheckTimeout: '6m' }), false],
    ['a breaker that opens sooner, for longer', rules({ circuitBreaker: { failureThreshold: 3, openDuration: '10m' } }), rules({ circuitBreaker: { failureThreshold: 2, openDuration: '11m' } }), true],
    ['one that is open for less long', rules({ circuitBreaker: { failureThreshold: 3, openDuration: '10m' } }), rules({ circuitBreaker: { failureThreshold: 3, openDuration: '9m' } }), false],
    ['one that is open for longer', rules({ circuitBreaker: { failureThreshold: 3, openDuration: '10m' } }), rules({ circuitBreaker: { failureThreshold: 3, openDuration: '11m' } }), true],
    ['one that opens later', rules({ circuitBreaker: { failureThreshold: 3 } }), rules({ circuitBreaker: { failureThreshold: 4 } }), false],
    ['an approval that is asked for', specOf({ action: { requiresApproval: false } }), specOf({ action: { requiresApproval: true } }), true],
    ['none any more', specOf({ action: { requiresApproval: true } }), specOf({ action: { requiresApproval: false } }), false],
    ['a namespace fewer', selecting({ labelSelector: { matchLabels: { app: 'a' } }, namespaces: ['a', 'b'] }), selecting({ labelSelector: { matchLabels: { app: 'a' } }, namespaces: ['b'] }), true],
    ['another namespace', selecting({ labelSelector: { matchLabels: { app: 'a' } }, namespaces: ['a'] }), selecting({ labelSelector: { matchLabels: { app: 'a' } }, namespaces: ['b'] }), false],
    ['no namespace, which is its own', { ...specOf({}), selector: { ...specOf({}).selector, namespaces: ['a'] } }, { ...specOf({}), selector: { ...specOf({}).selector, namespaces: [] } }, false],
    ['a protection more, before the others', rules({ protectedResources: [pods({ names: ['a'] })] }), rules({ protectedResources: [pods({ names: ['b'] }), pods({ names: ['a'] })] }), true],
    ['a name more in it', rules({ protectedResources: [pods({ names: ['a'] })] }), rules({ protectedResources: [pods({ names: ['a', 'b'] })] }), true],
    ['another name in it', rules({ protectedResources: [pods({ names: ['a'] })] }), rules({ protectedResources: [pods({ names: ['b'] })] }), false],
    ['the sixteenth name', rules({ protectedResources: [pods({ names: names(15) })] }), rules({ protectedResources: [pods({ names: names(16) })] }), true],
    ['the seventeenth, for which an expression has no time', rules({ protectedResources: [pods({ names: names(16) })] }), rules({ protectedResources: [pods({ names: names(17) })] }), false],
    ['a label beside its names', rules({ protectedResources: [pods({ names: ['a'] })] }), rules({ protectedResources: [pods({ names: ['a'], labelSelector: { matchLabels: { app: 'a' } } })] }), false],
    ['no protection any more', rules({ protectedResources: [pods({ names: ['a'] })] }), rules({}), false],
    ['a budget more', rules({}), rules({ budgets: [{ actions: 1 }] }), true],
    ['a budget with less in it', rules({ budgets: [{ actions: 3, per: '2h' }] }), rules({ budgets: [{ actions: 2, per: '2h' }] }), true],
    ['a budget over less time', rules({ budgets: [{ actions: 3, per: '2h' }] }), rules({ budgets: [{ actions: 3, per: '1h' }] }), false],
    ['a budget fewer', rules({ budgets: [{ actions: 3 }] }), rules({ budgets: [] }), false],
    ['a forbidding time more', rules({ schedules: [schedule(true, '0 9 * * *')] }), rules({ schedules: [schedule(true, '0 9 * * *'), schedule(false, '0 3 * * *')] }), true],
    ['the first allowing time', rules({ schedules: [schedule(false, '0 3 * * *')] }), rules({ schedules: [schedule(false, '0 3 * * *'), schedule(true, '0 9 * * *')] }), true],
    ['an allowing time more', rules({ schedules: [schedule(true, '0 9 * * *')] }), rules({ schedules: [schedule(true, '0 9 * * *'), schedule(true, '0 3 * * *')] }), false],
    ['the last allowing time taken away, which allows all', rules({ schedules: [schedule(true, '0 9 * * *')] }), rules({ schedules: [] }), false],
    ['a forbidding time fewer', rules({ schedules: [schedule(false, '0 9 * * *')] }), rules({ schedules: [] }), false],
    ['a label more', labels({ app: 'a' }), labels({ app: 'a', tier: 'web' }), true],
    ['another value', labels({ app: 'a' }), labels({ app: 'b' }), false],
    ['a label fewer', labels({ app: 'a', tier: 'web' }), labels({ app: 'a' }), false],
    ['a requirement more', labels({ app: 'a' }), labels({ app: 'a' }, [{ key: 'x', operator: 'Exists' }]), true],
    ['another requirement', labels({}, [{ key: 'x', operator: 'In', values: ['a'] }]), labels({}, [{ key: 'x', operator: 'In', values: ['a', 'b'] }]), false],
    // Whoever has no labels selects by name alone: the second entry selected nothing until now.
    ['labels where there were none', selecting({ resources: [pods({ names: ['a'] }), { apiVersion: 'apps/v1', kind: 'Deployment' }] }), selecting({ resources: [pods({ names: ['a'] }), { apiVersion: 'apps/v1', kind: 'Deployment' }], labelSelector: { matchLabels: { app: 'a' } } }), false],
    ['labels in an empty selector', selecting({ resources: [pods()], labelSelector: {} }), selecting({ resources: [pods()], labelSelector: { matchLabels: { app: 'a' } } }), false],
    ['no labels any more', labels({ app: 'a' }), selecting({ resources: [pods()] }), false],
    ['names where all were selected', kinds(pods()), kinds(pods({ names: ['a'] })), true],
    ['a name fewer', kinds(pods({ names: ['a', 'b'] })), kinds(pods({ names: ['b'] })), true],
    ['a name more', kinds(pods({ names: ['a'] })), kinds(pods({ names: ['a', 'b'] })), false],
    ['one excluded', kinds(pods()), kinds(pods({ excludeNames: ['a'] })), true],
    ['one excluded no more', kinds(pods({ excludeNames: ['a', 'b'] })), kinds(pods({ excludeNames: ['a'] })), false],
    ['one excluded no more, as another entry of the kind stands there twice', kinds(pods({ excludeNames: ['a'] }), pods()), kinds(pods(), pods()), false],
    ['one excluded by the other entry of the kind', kinds(pods({ excludeNames: ['a'] }), pods()), kinds(pods(), pods({ excludeNames: ['a', 'b'] })), true],
    ['one excluded by an entry of another kind', kinds(pods({ excludeNames: ['a'] }), pods(), { apiVersion: 'apps/v1', kind: 'Deployment' }), kinds(pods(), pods(), { apiVersion: 'apps/v1', kind: 'Deployment', excludeNames: ['a'] }), false],
    ['sixteen excluded by the other entry', kinds(pods({ excludeNames: names(16) }), pods()), kinds(pods(), pods({ excludeNames: names(16) })), true],
    ['seventeen, for which an expression has no time', kinds(pods({ excludeNames: names(17) }), pods({ names: ['x'] })), kinds(pods({ names: ['x'] }), pods({ excludeNames: names(18) })), false],
    ['another kind', kinds(pods()), kinds({ apiVersion: 'apps/v1', kind: 'Deployment' }), false],
  ]
  for (const [what, old, now, expected] of table) it(`${what}: ${expected ? 'yes' : 'no'}`, () => expect(doesNoMore(now, old)).to.equal(expected))

  it('every change that shrinks a generated policy does no more, however many come together, and is more the other way round', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(policySpec, fc.uniqueArray(fc.constantFrom(...Object.keys(SHRINKS)), { minLength: 1, maxLength: 4 }), (spec, chosen) => {
        const [old, now] = [spec, chosen.reduce((before, name) => SHRINKS[name]?.(before) ?? before, spec)].map((each) => normalised({ ...rawPolicy(), spec: each })?.spec)
        fc.pre(old !== undefined && now !== undefined && !sameJson(now, old))
        if (old === undefined || now === undefined) return
        expect(doesNoMore(now, old), chosen.join()).to.equal(true)
        const harmless = sameJson({ ...now, suspend: false }, { ...old, suspend: false })
        if (!harmless && !sameTimes(now, old)) expect(doesNoMore(old, now), chosen.join()).to.equal(false)
        for (const name of chosen) seen.add(name)
      }),
      { numRuns: 400 },
    )
    expect([...seen].sort()).to.deep.equal(Object.keys(SHRINKS).sort())
  })
})

/** `24h` and `1440m` are no difference, neither is nothing beside an empty map or list, nor a budget beside a tighter one for the same time. Without the table that is tried. */
const sameTimes = (a: HealingPolicySpec, b: HealingPolicySpec): boolean => {
  const [one, other] = [a, b].map((spec) => plain({ ...spec, safetyRules: { ...spec.safetyRules, budgets: tightest(spec.safetyRules?.budgets ?? []) } }))
  return sameJson(one, other)
}

type Budgets = NonNullable<NonNullable<HealingPolicySpec['safetyRules']>['budgets']>
const tightest = (budgets: Budgets): unknown => Object.fromEntries([...Map.groupBy(budgets, ({ per }) => parseDuration(per ?? '1h'))].map(([per, of]) => [per, Math.min(...of.map(({ actions }) => actions))]))

function plain(value: unknown): unknown {
  if (typeof value === 'string') return parseDuration(value) ?? value
  if (Array.isArray(value)) return value.map(plain)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]): [string, unknown] => [key, plain(each)]).filter(([, each]) => each !== undefined && !(typeof each === 'object' && each !== null && Object.keys(each).length === 0)))
}
