import { expect } from 'chai'
import { ACT_GUARDS, refuseAct, touchesOf, type Act, type Claim } from './act-guards.ts'
import type { RefusalReason } from './refusal.ts'
import type { WorkloadView } from './snapshot.ts'
import { cart, condition, T0, workload } from './testing/builders.ts'

const hpa: Claim = { by: 'HorizontalPodAutoscaler/cart', what: 'scales', of: { kind: 'Deployment', namespace: 'shop', name: 'cart' } }
const vpa: Claim = { by: 'VerticalPodAutoscaler/cart', what: 'sizes', of: { kind: 'Deployment', namespace: 'shop', name: 'cart' } }
const SCALE = touchesOf({ type: 'scale' })
const RESTART = touchesOf({ type: 'restart' })
const CPU = ['/spec/template/spec/containers/0/resources/limits/cpu']
const IMAGE = ['/spec/template/spec/containers/0/terminationGracePeriodSeconds']
const set = (overrides: Partial<WorkloadView>): WorkloadView => workload('StatefulSet', 'cart', overrides)
const argo = { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/cart' } }
const flux = { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }
const helm = { labels: { 'helm.toolkit.fluxcd.io/name': 'cart' } }

const byScale = { scale: { plural: 'deployments', replicas: 1 } }

interface Case extends Partial<Pick<Act, 'touches' | 'claims'>> {
  readonly title: string
  readonly target?: Partial<WorkloadView> | WorkloadView
  readonly reason: RefusalReason | undefined
}

const CASES: readonly Case[] = [
  { title: 'a workload that nobody else looks after may be scaled', touches: SCALE, reason: undefined },
  { title: 'a workload that nobody else looks after may be restarted', touches: RESTART, reason: undefined },
  { title: 'what an autoscaler scales is not scaled', touches: SCALE, claims: [hpa], reason: 'OwnedElsewhere' },
  { title: 'what an autoscaler scales may be restarted', touches: RESTART, claims: [hpa], reason: undefined },
  { title: 'an autoscaler of another workload does not matter', touches: SCALE, claims: [{ ...hpa, of: { kind: 'Deployment', namespace: 'shop', name: 'stock' } }], reason: undefined },
  { title: 'an autoscaler of another namespace does not matter', touches: SCALE, claims: [{ ...hpa, of: { ...hpa.of, namespace: 'bank' } }], reason: undefined },
  { title: 'an autoscaler of another kind does not matter', touches: SCALE, claims: [{ ...hpa, of: { kind: 'StatefulSet', namespace: 'shop', name: 'cart' } }], reason: undefined },
  { title: 'an autoscaler of a kind of that name in another group does not matter', touches: SCALE, claims: [{ ...hpa, of: { group: 'example.com', kind: 'Deployment', namespace: 'shop', name: 'cart' } }], reason: undefined },
  { title: 'an autoscaler of the same group does', touches: SCALE, claims: [{ ...hpa, of: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'cart' } }], reason: 'OwnedElsewhere' },
  { title: 'a custom resource that another object controls is not scaled', touches: SCALE, target: { ...byScale, owner: { apiVersion: 'example.com/v1', kind: 'Platform', name: 'shop', uid: 'u' } }, reason: 'OwnedElsewhere' },
  { title: 'a custom resource that nobody controls may be scaled, whatever its other numbers', touches: SCALE, target: { ...byScale, replicas: 3, updatedReplicas: 0 }, reason: undefined },
  { title: 'a change that the controller of a custom resource has not seen is a rollout', touches: SCALE, target: { ...byScale, generation: 2, observedGeneration: 1 }, reason: 'RolloutInProgress' },
  { title: 'what an autoscaler sizes is not sized', touches: CPU, claims: [vpa], reason: 'OwnedElsewhere' },
  { title: 'what an autoscaler sizes may be scaled', touches: SCALE, claims: [vpa], reason: undefined },
  { title: 'what an autoscaler scales may be sized', touches: CPU, claims: [hpa], reason: undefined },
  { title: 'what Argo CD keeps is not scaled', touches: SCALE, target: argo, reason: 'OwnedElsewhere' },
  { title: 'what Argo CD marks by label is not scaled', touches: SCALE, target: { labels: { 'argocd.argoproj.io/instance': 'shop' } }, reason: 'OwnedElsewhere' },
  { title: 'what Argo CD keeps may be restarted: the stamp is in no manifest', touches: RESTART, target: argo, reason: undefined },
  { title: 'what Argo CD keeps is not patched', touches: IMAGE, target: argo, reason: 'OwnedElsewhere' },
  { title: 'what Flux keeps is not scaled', touches: SCALE, target: flux, reason: 'OwnedElsewhere' },
  { title: 'what Flux keeps may be restarted', touches: RESTART, target: flux, reason: undefined },
  { title: 'what Flux was told to leave may be scaled', touches: SCALE, target: { ...flux, annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' } }, reason: undefined },
  { title: 'what a release of Flux keeps is not scaled', touches: SCALE, target: helm, reason: 'OwnedElsewhere' },
  { title: 'the label of an instance alone marks nothing', touches: SCALE, target: { labels: { 'app.kubernetes.io/instance': 'cart' } }, reason: undefined },
  { title: 'a change that its controller has not seen is a rollout', touches: SCALE, target: { generation: 2, observedGeneration: 1 }, reason: 'RolloutInProgress' },
  { title: 'pods of an old revision are a rollout', touches: RESTART, target: { replicas: 3, updatedReplicas: 2 }, reason: 'RolloutInProgress' },
  { title: 'a paused rollout is none', touches: SCALE, target: { paused: true, replicas: 3, updatedReplicas: 2 }, reason: undefined },
  { title: 'the last pod of a rollout ends it', touches: RESTART, target: { replicas: 3, updatedReplicas: 3 }, reason: undefined },
  { title: 'a rollout that missed its deadline is none', touches: RESTART, target: { replicas: 3, updatedReplicas: 2, conditions: [condition('Progressing', 'False', T0, 'ProgressDeadlineExceeded')] }, reason: undefined },
  { title: 'a rollout within its deadline is one', touches: RESTART, target: { replicas: 3, updatedReplicas: 2, conditions: [condition('Progressing', 'True')] }, reason: 'RolloutInProgress' },
  { title: 'pods of an old revision of a set are no rollout: it has no deadline', touches: RESTART, target: set({ replicas: 3, updatedReplicas: 2 }), reason: undefined },
  { title: 'an act that touches no field asks nobody', touches: [], claims: [hpa, vpa], target: { ...argo, paused: true, generation: 9 }, reason: undefined },
]

const actOf = ({ touches = [], claims = [], target = {} }: Case): Act => ({ touches, claims, target: { ...cart, ...target }, now: T0 })

describe('guards of an act on a workload', () => {
  for (const example of CASES) it(example.title, () => expect(refuseAct(actOf(example))?.reason).to.equal(example.reason))

  it('each of them is missed when it is taken out', () => {
    for (const guard of ACT_GUARDS) {
      const others = ACT_GUARDS.filter((other) => other !== guard)
      expect(CASES.filter((example) => refuseAct(actOf(example), others)?.reason !== example.reason), `guard ${ACT_GUARDS.indexOf(guard)}`).to.have.length.greaterThan(0)
    }
  })
  it('name the other side', () => {
    const say = (example: Omit<Case, 'title' | 'reason'>): string | undefined => refuseAct(actOf({ title: '', reason: undefined, ...example }))?.message
    expect(say({ touches: SCALE, claims: [hpa] })).to.equal('HorizontalPodAutoscaler/cart scales Deployment/cart')
    expect(say({ touches: CPU, claims: [vpa] })).to.equal('VerticalPodAutoscaler/cart sizes Deployment/cart')
    expect(say({ touches: SCALE, target: argo })).to.contain('Argo CD application shop keeps Deployment/cart')
    expect(say({ touches: SCALE, target: flux })).to.contain('Flux Kustomization/apps')
    expect(say({ touches: SCALE, target: helm })).to.contain('Flux HelmRelease/cart')
  })
})
