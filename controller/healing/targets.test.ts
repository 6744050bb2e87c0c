import { expect } from 'chai'
import { buildActionTemplate, buildHealingAction } from '../../shared/testing/builders/objects.ts'
import { isRefusal, targetOf } from '../actions/targets.ts'
import { evaluate } from './evaluate.ts'
import { recheck } from './recheck.ts'
import { at, broken, cart, cartSet, chained, crashing, ownedBy, pod, policy, rules, snapshot, T0, workload } from './testing/builders.ts'

const template = buildActionTemplate()
const wide = rules({ maxConcurrent: 10, maxActionsPerHour: 50, maxUnhealthy: '1000' })
const acts = (result: ReturnType<typeof evaluate>): string[] =>
  result.decision.kind === 'Act' ? result.decision.actions.map(({ spec }) => `${spec.action.type} ${spec.targetResource.kind}/${spec.targetResource.name}`) : result.decision.kind === 'Blocked' ? result.decision.refusals.map(({ refusal }) => refusal.reason) : []

const denied = { reason: 'HealerForbidden', message: 'it may not' } as const

describe('what an action is for', () => {
  const told = (target: ReturnType<typeof targetOf>): string => (isRefusal(target) ? target.reason : `${target.kind}/${target.name}`)
  const seen = chained(crashing())
  it('is the offending pod, or its top owner', () => {
    expect(told(targetOf({ type: 'restart', target: 'Pod' }, seen.object, seen.chain))).to.equal('Pod/cart-0')
    expect(told(targetOf({ type: 'restart', target: 'Workload' }, seen.object, seen.chain))).to.equal('Deployment/cart')
  })
  it('is the level of the finding where nothing is said', () => {
    expect(told(targetOf({ type: 'restart' }, seen.object, seen.chain))).to.equal('Pod/cart-0')
    expect(told(targetOf({ type: 'restart' }, cart, { workloads: [], subject: cart.ref, incomplete: false }))).to.equal('Deployment/cart')
  })
  it('is the owner of what is scaled, whatever is said', () => expect(told(targetOf({ type: 'scale', target: 'Pod' }, seen.object, seen.chain))).to.equal('Deployment/cart'))
  it('is no workload where there is none, and no pod where none is at fault', () => {
    const bare = chained(pod('bare', { owner: undefined }))
    expect(told(targetOf({ type: 'restart', target: 'Workload' }, bare.object, bare.chain))).to.equal('NoController')
    expect(told(targetOf({ type: 'restart', target: 'Pod' }, cart, { workloads: [], subject: cart.ref, incomplete: false }))).to.equal('Unsupported')
  })
})

describe('acts on workloads', () => {
  const pods = [crashing('cart-0'), crashing('cart-1'), crashing('cart-2')]
  const whole = policy({ ...wide, actions: [{ ...template, target: 'Workload' }] })

  it('are one, however many of the pods are broken', () => expect(acts(evaluate(whole, broken(pods)))).to.deep.equal(['restart Deployment/cart']))
  it('on pods are one for each', () => expect(acts(evaluate(policy({ ...wide, actions: [{ ...template, target: 'Pod' }] }), broken(pods)))).to.have.length(3))
  it('are one for each workload', () => {
    const db = workload('StatefulSet', 'db')
    const other = crashing('db-0', { owner: ownedBy(db) })
    expect(acts(evaluate(whole, broken([...pods, other], { workloads: [cart, cartSet, db] }))).toSorted()).to.deep.equal(['restart Deployment/cart', 'restart StatefulSet/db'])
  })
  it('have the same name whichever pod is seen first, so that a crash makes no second one', () => {
    const name = (seen: typeof pods): string | undefined => {
      const { decision } = evaluate(whole, broken(seen))
      return decision.kind === 'Act' ? decision.actions[0].name : undefined
    }
    expect(name(pods)).to.equal(name(pods.toReversed()))
    expect(name(pods)).to.not.equal(undefined)
  })
  it('that the healer may not do are refused, and the others are not', () => {
    const two = policy({ ...wide, actions: [{ ...template, name: 'whole', target: 'Workload' }] })
    expect(new Set(acts(evaluate(two, broken(pods, { forbidden: new Map([['shop/whole apps/v1 Deployment', denied]]) }))))).to.deep.equal(new Set(['HealerForbidden']))
    expect(acts(evaluate(two, broken(pods, { forbidden: new Map([['shop/other apps/v1 Deployment', denied], ['shop/whole apps/v1 StatefulSet', denied]]) })))).to.have.length(1)
  })
})

describe('the last look before an act on a workload', () => {
  const action = { ...template, target: 'Workload' as const }
  const { uid, name, kind, apiVersion, namespace } = cart.ref
  const { spec } = buildHealingAction({ spec: { action, targetResource: { apiVersion, kind, namespace, name, uid }, trigger: { name: 'crashing', since: new Date(at(-300_000)).toISOString(), evidence: '' } } })
  const whole = policy({ ...wide, actions: [action] })
  const live = broken([crashing()], { now: T0 })

  it('finds it selected by its pods', () => expect(recheck(spec, whole, cart, live)).to.equal(undefined))
  it('refuses it when none of its pods is selected any more', () => expect(recheck(spec, whole, cart, snapshot({ pods: [crashing('cart-0', { labels: {} })] }))).to.include({ reason: 'TargetChanged' }))
  it('refuses it when its pods have recovered', () => expect(recheck(spec, whole, cart, snapshot({ pods: [pod()] }))).to.include({ reason: 'TargetRecovered' }))
  it('refuses it when it has opted out', () => expect(recheck(spec, whole, { ...cart, ignored: true }, live)).to.include({ reason: 'OptedOut' }))
  it('refuses another one of the same name', () => expect(recheck(spec, whole, { ...cart, ref: { ...cart.ref, uid: 'uid-second-life' } }, live)).to.include({ reason: 'TargetGone' }))
})
