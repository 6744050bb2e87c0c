import { expect } from 'chai'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { buildActionTemplate, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { evaluate } from '../healing/evaluate.ts'
import { emptyLedger, reserve, settle } from '../healing/ledger.ts'
import { objectsOf, type Snapshot } from '../healing/snapshot.ts'
import { BREAKER, requestFor } from '../healing/testing/ledger-model.ts'
import { at, condition, deployment, ownedBy, pod, policy, snapshot, workload } from '../healing/testing/builders.ts'

const selecting = (type: string, status: 'True' | 'False', ...kinds: string[]): Partial<HealingPolicySpec> => ({
  selector: { namespaces: ['shop'], labelSelector: { matchLabels: { app: 'cart' } }, resources: kinds.map((kind) => ({ apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1', kind })) },
  triggers: [buildTrigger({ conditionTrigger: { type, status, duration: '1m' } })],
  mode: 'monitor',
})

const unavailable = (since = at(0)): readonly [ReturnType<typeof workload>, ReturnType<typeof workload>] => deployment('cart', { conditions: [condition('Available', 'False', since, 'MinimumReplicasUnavailable')] })
const unready = pod('cart-0', { conditions: [condition('Ready', 'False', at(0))] })

describe('a condition of a workload', () => {
  const cases: readonly [string, number, string][] = [
    ['from its first moment', 0, 'Pending'],
    ['just before its duration', 59_999, 'Pending'],
    ['at its duration', 60_000, 'Firing'],
    ['after its duration', 60_001, 'Firing'],
  ]
  for (const [title, now, state] of cases) {
    it(`is a finding about the Deployment itself: ${state} ${title}`, () => {
      const { detection } = evaluate(policy(selecting('Available', 'False', 'Deployment')), snapshot({ now: at(now), workloads: unavailable(), pods: [unready] }))
      expect(detection.findings.map((f) => [f.object.ref.kind, f.object.ref.name, f.state, f.since])).to.deep.equal([['Deployment', 'cart', state, at(0)]])
      expect(detection.findings[0]?.evidence).to.equal('condition Available is False (MinimumReplicasUnavailable)')
      expect(detection.findings[0]?.chain.subject.kind).to.equal('Deployment')
    })
  }
  it('that a Deployment does not have is looked for on its pods', () => {
    const { detection, healthy, matched } = evaluate(policy(selecting('Ready', 'False', 'Deployment')), snapshot({ now: at(60_000), workloads: unavailable(), pods: [unready] }))
    expect(detection.findings.map((f) => f.object.ref.name)).to.deep.equal(['cart-0'])
    expect([healthy, matched]).to.deep.equal([0, 1])
  })
  it('of a StatefulSet is looked for on its pods', () => {
    const db = workload('StatefulSet', 'cart')
    const mine = pod('cart-0', { owner: ownedBy(db), conditions: unready.conditions })
    const { detection } = evaluate(policy(selecting('Ready', 'False', 'StatefulSet')), snapshot({ now: at(60_000), workloads: [db], pods: [mine] }))
    expect(detection.findings.map((f) => f.object.ref.kind)).to.deep.equal(['Pod'])
  })
  it('with pods selected as well is one finding: pods have no such condition, which is no lack of data', () => {
    const { detection } = evaluate(policy(selecting('Available', 'False', 'Pod', 'Deployment')), snapshot({ now: at(60_000), workloads: unavailable(), pods: [unready] }))
    expect(detection.findings.map((f) => f.object.ref.kind)).to.deep.equal(['Deployment'])
    expect(detection.noData).to.deep.equal([])
  })
  it('that is not there yet is no data', () => {
    const { detection } = evaluate(policy(selecting('ReplicaFailure', 'True', 'Deployment')), snapshot())
    expect(detection.reports).to.deep.include({ name: 'crashing', state: 'NoData', objects: 0, since: undefined, firesAt: undefined, message: 'Deployment has no condition ReplicaFailure' })
  })
  it('leads to an act on the workload itself', () => {
    const { decision } = evaluate(policy({ ...selecting('Available', 'False', 'Deployment'), mode: 'automatic' }), snapshot({ now: at(60_000), workloads: unavailable(), pods: [unready] }))
    expect(decision.kind === 'Act' && decision.actions.map(({ spec }) => [spec.targetResource.kind, spec.targetResource.name])).to.deep.equal([['Deployment', 'cart']])
  })
  it('leads to no act on a pod that is not at fault', () => {
    const actions = [buildActionTemplate({ target: 'Pod' })]
    const { decision } = evaluate(policy({ ...selecting('Available', 'False', 'Deployment'), actions, mode: 'automatic' }), snapshot({ now: at(60_000), workloads: unavailable(), pods: [unready] }))
    expect(decision).to.deep.include({ kind: 'Blocked' })
    expect(decision.kind === 'Blocked' && decision.refusals.map((r) => [r.target.kind, r.refusal.reason])).to.deep.equal([['Deployment', 'Unsupported']])
  })
})

describe('objects of a kind that cannot be seen', () => {
  const widgets = { apiVersion: 'example.com/v1', kind: 'Widget' }
  const spec: Partial<HealingPolicySpec> = {
    ...selecting('Ready', 'False', 'Pod'),
    selector: { namespaces: ['shop'], labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Pod' }, widgets] },
  }
  const unseen = new Map([[objectsOf(widgets), 'example.com/v1 Widget: not listed yet']])
  const now = at(3_600_000)

  it('are told of, though others of the policy are seen', () => {
    const { detection } = evaluate(policy(spec), snapshot({ now, pods: [pod()], unseen }))
    expect(detection.reports).to.deep.include({ name: 'crashing', state: 'Quiet', objects: 0, since: undefined, firesAt: undefined, message: 'example.com/v1 Widget: not listed yet' })
  })
  it('and nothing else are no data, with the reason', () => {
    const { detection, decision } = evaluate(policy(spec), snapshot({ now, unseen }))
    expect(detection.reports[0]).to.include({ state: 'NoData', message: 'example.com/v1 Widget: not listed yet' })
    expect(decision).to.include({ kind: 'NoOp', reason: 'NoData' })
  })
  it('end no incident: what cannot be judged is not healthy', () => {
    const request = requestFor(emptyLedger({ namespace: 'shop', name: 'cart' }), 'cart', 'uid-cart-0')
    const opened = reserve(emptyLedger({ namespace: 'shop', name: 'cart' }), request, { maxActionsPerHour: 9, maxConcurrent: 9 }, at(0))
    if ('refusal' in opened) throw new Error(opened.refusal.reason)
    const ledger = settle(opened.ledger, { action: request.action, outcome: 'Effective', rung: 0, ladder: 3, healthySince: at(1000) }, BREAKER, at(2000))
    const state = (blind: Snapshot['unseen']): (string | undefined)[] => evaluate(policy(spec), snapshot({ now, pods: [pod()], ledger, unseen: blind })).ledger.incidents.map((i) => i.state)
    expect(state(new Map())).to.deep.equal(['Ended'])
    expect(state(unseen)).to.deep.equal(['Open'])
  })
})
