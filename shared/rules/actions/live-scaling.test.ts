import { expect } from 'chai'
import type { ActionTemplate } from '../../api/v1alpha1/types.ts'
import type { Access, AccessQuestion } from '../access.ts'
import type { Autoscaler, LiveObject, LiveObjects } from '../across/live-objects.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { scalingPreviewOf } from './live-scaling.ts'
import { ks305 } from './ks305-scale-bounds.ts'
import { ks306 } from './ks306-concurrency.ts'
import { ks403 } from '../safety/ks403-max-unhealthy.ts'

type ScaleAction = Partial<NonNullable<ActionTemplate['scaleAction']>>
const DEPLOYMENTS = [{ apiVersion: 'apps/v1', kind: 'Deployment' }]
const PODS = [{ apiVersion: 'v1', kind: 'Pod' }]
const select = (resources = DEPLOYMENTS): NonNullable<PolicyOverrides['selector']> => ({ labelSelector: { matchLabels: { app: 'cart' } }, resources })
const scaling = (body: ScaleAction = { direction: 'up', maxReplicas: 5 }, overrides: PolicyOverrides = {}): PolicyOverrides => ({ selector: select(), actions: [{ name: 'more', type: 'scale', scaleAction: body }], ...overrides })
const setting = (text: string, overrides: PolicyOverrides = {}): PolicyOverrides => ({ selector: select(), actions: [{ name: 'set', type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: text } }], ...overrides })

/** A Deployment with a ReplicaSet and a pod. */
function workload(name: string, replicas?: number, app = 'cart', namespace = 'shop'): readonly LiveObject[] {
  const one = (apiVersion: string, kind: string, full: string, owner?: string): LiveObject => ({ apiVersion, kind, namespace, name: full, uid: `${namespace}/${kind}/${full}`, labels: { app }, owner })
  const deployment = { ...one('apps/v1', 'Deployment', name), ...(replicas === undefined ? {} : { replicas }) }
  const set = one('apps/v1', 'ReplicaSet', `${name}-1`, deployment.uid)
  return [deployment, set, one('v1', 'Pod', `${name}-1-a`, set.uid)]
}
const autoscaler = (name: string, of: Partial<Autoscaler['of']> = {}, by: Partial<Autoscaler> = {}): Autoscaler => ({ kind: 'HorizontalPodAutoscaler', name, of: { group: 'apps', kind: 'Deployment', namespace: 'shop', name, ...of }, ...by })

interface Seen {
  readonly autoscalers?: readonly Autoscaler[]
  readonly complete?: boolean
  readonly access?: (question: AccessQuestion) => Access
}
const context = (objects: readonly LiveObject[], { autoscalers, complete = true, access }: Seen = {}) => {
  const live: LiveObjects = { objects, complete, ...(autoscalers === undefined ? {} : { autoscalers }) }
  return { installation: DEFAULT_INSTALLATION, scaling: { namespace: 'shop', live }, preview: { namespace: 'shop', live }, ...(access === undefined ? {} : { access }) }
}
const told = (overrides: PolicyOverrides, objects: readonly LiveObject[], seen?: Seen, rule = ks305): string[] =>
  rule.check(testPolicy(overrides), context(objects, seen)).map(({ path, what, severity = rule.severity }) => `${severity} ${path}: ${what}`)

describe('KS305, what is scaled by an autoscaler', () => {
  const hpa = [autoscaler('cart')]
  const owned = 'HorizontalPodAutoscaler "cart" scales Deployment "cart"'
  it('is not scaled beside it, be it by scale or by a patch', () => {
    expect(told(scaling(), workload('cart', 3), { autoscalers: hpa })).to.deep.equal([`E spec.actions[0].type: ${owned}, which is all that is selected`])
    expect(told(setting('spec: {replicas: 4}'), workload('cart', 3), { autoscalers: hpa })).to.deep.equal([`E spec.actions[0].patchAction.patch: ${owned}, which is all that is selected`])
    expect(told(setting('metadata: {labels: {tier: x}}'), workload('cart', 3), { autoscalers: hpa })).to.deep.equal([])
    expect(told(scaling(), workload('cart', 3), { autoscalers: [] })).to.deep.equal([])
    expect(told(scaling(), workload('cart', 3))).to.deep.equal([])
  })
  it('is named by what has made its autoscaler', () =>
    expect(told(scaling(), workload('cart', 3), { autoscalers: [autoscaler('keda-hpa-cart', { name: 'cart' }, { kind: 'ScaledObject', name: 'cart' })] })[0]).to.contain('ScaledObject "cart" scales Deployment "cart"'))
  it('is found from the pods that are selected', () => expect(told(scaling(undefined, { selector: select(PODS) }), workload('cart', 3), { autoscalers: hpa })).to.have.length(1))
  it('is warned about where something else is left to scale, or may be', () => {
    const two = [...workload('cart', 3), ...workload('cart-b', 3)]
    expect(told(scaling(), two, { autoscalers: hpa })).to.deep.equal([`W spec.actions[0].type: ${owned}: 1 of 2 selected workloads`])
    expect(told(scaling(), two, { autoscalers: [...hpa, autoscaler('cart-b')] })).to.deep.equal([`E spec.actions[0].type: ${owned}, and others all else that is selected`])
    expect(told(scaling(), workload('cart', 3), { autoscalers: hpa, complete: false })).to.deep.equal([`W spec.actions[0].type: ${owned}: 1 of 1 selected workloads`])
  })
  const others: readonly [string, Partial<Autoscaler['of']>][] = [['of another name', { name: 'till' }], ['of another kind', { kind: 'StatefulSet' }], ['of another group', { group: 'example.com' }], ['of another namespace', { namespace: 'bank' }]]
  for (const [title, of] of others) it(`is not what is scaled ${title}`, () => expect(told(scaling(), workload('cart', 3), { autoscalers: [autoscaler('cart', of)] })).to.deep.equal([]))
  it('of a group that the autoscaler does not say may be any', () => {
    const { group: _, ...of } = autoscaler('cart').of
    expect(told(scaling(), workload('cart', 3), { autoscalers: [{ kind: 'HorizontalPodAutoscaler', name: 'cart', of }] })).to.have.length(1)
  })
  it('is told to nobody who may not list one of the things that are told', () => {
    expect(told(scaling(), workload('cart', 3), { autoscalers: hpa, access: () => 'Allowed' })).to.have.length(1)
    for (const resource of ['horizontalpodautoscalers', 'deployments', 'statefulsets']) {
      for (const answer of ['Denied', 'Unknown'] as const) expect(told(scaling(), workload('cart', 3), { autoscalers: hpa, access: (question) => (question.resource === resource ? answer : 'Allowed') }), resource).to.deep.equal([])
    }
  })
  it('has no other bound to be told of', () => {
    expect(told(scaling({ direction: 'up', maxReplicas: 50 }), workload('cart', 3), { autoscalers: hpa })).to.have.length(1)
    expect(told(scaling({ direction: 'up', maxReplicas: 50 }), [...workload('cart', 3), ...workload('cart-b', 3)], { autoscalers: hpa })).to.have.length(2)
  })
  it('and what contradicts itself is told alone', () => expect(told(scaling({ direction: 'up', minReplicas: 6, maxReplicas: 5 }), workload('cart', 3), { autoscalers: hpa })).to.have.length(1))
})

describe('KS305, bounds far above today', () => {
  const far = (member: string, most: number, now: number, of = ''): string => `W spec.actions[0].scaleAction.${member}: ${member} ${most} is more than 10 times today's ${now}${of}`
  it('are warned about from ten times and one', () => {
    expect(told(scaling({ direction: 'up', maxReplicas: 30 }), workload('cart', 3))).to.deep.equal([])
    expect(told(scaling({ direction: 'up', maxReplicas: 31 }), workload('cart', 3))).to.deep.equal([far('maxReplicas', 31, 3)])
    expect(told(scaling({ direction: 'absolute', replicas: 30 }), workload('cart', 3))).to.deep.equal([])
    expect(told(scaling({ direction: 'absolute', replicas: 31 }), workload('cart', 3))).to.deep.equal([far('replicas', 31, 3)])
    expect(told(setting('spec: {replicas: 31}'), workload('cart', 3))[0]).to.contain('spec.actions[0].patchAction.patch: replicas 31 is more than 10 times')
    expect(told(scaling({ direction: 'down', maxReplicas: 31 }), workload('cart', 3))).to.deep.equal([])
  })
  it('go by the largest of several', () => {
    const two = [...workload('cart', 3), ...workload('cart-b', 4)]
    expect(told(scaling({ direction: 'up', maxReplicas: 40 }), two)).to.deep.equal([])
    expect(told(scaling({ direction: 'up', maxReplicas: 41 }), two)).to.deep.equal([far('maxReplicas', 41, 4, ' of the largest')])
  })
  it('are not judged where the number of one is not known, or is 0', () => {
    const body = { direction: 'up', maxReplicas: 500 } as const
    expect(told(scaling(body), [...workload('cart', 3), ...workload('cart-b')])).to.deep.equal([])
    expect(told(scaling(body), workload('cart', 0))).to.deep.equal([])
    expect(told(scaling(body), workload('cart', 3), { complete: false })).to.deep.equal([])
    expect(told(scaling(body), workload('till', 3, 'till'))).to.deep.equal([])
    expect(told(scaling(body), workload('cart', 3, 'cart', 'bank'))).to.deep.equal([])
  })
})

describe('what is looked at of a policy that scales', () => {
  it('is its own namespace, when the policy is new or changed, and acts', () => {
    const mine = testPolicy(scaling())
    expect(scalingPreviewOf(mine, undefined)).to.deep.equal({ namespace: 'shop' })
    expect(scalingPreviewOf(mine, testPolicy(scaling()))).to.equal(undefined)
    expect(scalingPreviewOf(mine, testPolicy(scaling(undefined, { mode: 'dryrun' })))).to.deep.equal({ namespace: 'shop' })
    expect(scalingPreviewOf(testPolicy(setting('spec: {replicas: 2}')), undefined)).to.deep.equal({ namespace: 'shop' })
    expect(scalingPreviewOf(testPolicy(setting('metadata: {labels: {tier: x}}')), undefined)).to.equal(undefined)
    expect(scalingPreviewOf(testPolicy(), undefined)).to.equal(undefined)
    expect(scalingPreviewOf(testPolicy(scaling(undefined, { mode: 'monitor' })), undefined)).to.equal(undefined)
    expect(scalingPreviewOf(testPolicy(scaling(undefined, { selector: { ...select(), namespaces: ['bank'] } })), undefined)).to.equal(undefined)
  })
})

describe('limits beside what is selected now', () => {
  const three = ['a', 'b', 'c'].flatMap((name) => workload(name, 1))
  const limited = (safetyRules: NonNullable<PolicyOverrides['safetyRules']>, selector = select()): PolicyOverrides => ({ selector, safetyRules })
  const unhealthy = (maxUnhealthy: number | string, objects: readonly LiveObject[] = three, seen?: Seen): string[] => told(limited({ maxUnhealthy }), objects, seen, ks403)
  it('KS403: a count that is all of it never stops', () => {
    expect(unhealthy(2)).to.deep.equal([])
    expect(unhealthy(3)).to.deep.equal(['W spec.safetyRules.maxUnhealthy: "3" never stops: 3 objects are selected now'])
    expect(unhealthy(4)).to.have.length(1)
    expect(unhealthy('66%')).to.deep.equal([])
    expect(unhealthy('67%')).to.deep.equal(['W spec.safetyRules.maxUnhealthy: "67%" never stops: 3 objects are selected now'])
    expect(unhealthy('67%', workload('a', 1))).to.deep.equal([])
    expect(unhealthy(1, workload('a', 1))).to.deep.equal([])
    expect(unhealthy(2, workload('a', 1))).to.deep.equal(['W spec.safetyRules.maxUnhealthy: "2" never stops: one object is selected now'])
    expect(unhealthy(3, [])).to.deep.equal([])
  })
  it('KS403: is not said where not all could be seen, or the author may not', () => {
    expect(unhealthy(3, three, { complete: false })).to.deep.equal([])
    expect(unhealthy(3, three, { access: () => 'Denied' })).to.deep.equal([])
    expect(told(limited({ maxUnhealthy: 3 }, { ...select(), namespaces: ['shop', 'bank'] }), three, undefined, ks403)).to.deep.equal([])
  })
  const concurrent = (maxConcurrent: number, maxUnhealthy?: string | number, objects: readonly LiveObject[] = three): string[] => told(limited({ maxActionsPerHour: 10, maxConcurrent, ...(maxUnhealthy === undefined ? {} : { maxUnhealthy }) }), objects, undefined, ks306)
  it('KS306: all of it at once, where the storm gate does not stop before', () => {
    expect(concurrent(2, '100%')).to.deep.equal([])
    expect(concurrent(3, '100%')).to.deep.equal(['W spec.safetyRules.maxConcurrent: 3 at once is all of the 3 objects that are selected now, and maxUnhealthy stops at none'])
    expect(concurrent(3, 3)).to.have.length(1)
    expect(concurrent(3, 2)).to.deep.equal([])
    expect(concurrent(3, '67%')).to.have.length(1)
    expect(concurrent(3, '66%')).to.deep.equal([])
    expect(concurrent(3)).to.deep.equal([])
    expect(concurrent(3, '100%', workload('a', 1))).to.deep.equal([])
  })
})
