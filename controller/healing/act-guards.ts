/**
 * Whether a workload may be written now, given which of its fields an act touches. Ordered as the other guards: the first
 * refusal wins. An act that only lets pods go touches no field of the workload. What would be without effect (paused,
 * OnDelete, a partition) is the plan's to refuse: then the next rung follows.
 */
import { groupOf } from '../../shared/api/v1alpha1/kinds.ts'
import type { ActionTemplate } from '../../shared/api/v1alpha1/types.ts'
import { printable } from '../../shared/lib/text.ts'
import { after, seconds, type Instant } from '../../shared/lib/time.ts'
import { REPLICAS } from '../actions/fields.ts'
import { describe } from './owners.ts'
import type { Refusal } from './refusal.ts'
import type { WorkloadView } from './snapshot.ts'

/** Another object that decides about fields of a workload: an autoscaler. */
export interface Claim {
  /** `HorizontalPodAutoscaler/cart`, or `ScaledObject/cart` where that one made it. */
  readonly by: string
  readonly what: 'scales' | 'sizes'
  /** `group` is absent where it does not say. */
  readonly of: { readonly group?: string; readonly kind: string; readonly namespace: string; readonly name: string }
}

export interface Act {
  /** JSON pointers. */
  readonly touches: readonly string[]
  readonly target: WorkloadView
  readonly claims: readonly Claim[]
  readonly now: Instant
}

type ActGuard = (act: Act) => Refusal | undefined

const touchesReplicas = ({ touches }: Act): boolean => touches.some((path) => path === REPLICAS || path === '/spec' || path === '')
const touchesTemplate = ({ touches }: Act): boolean => touches.some((path) => path.startsWith('/spec/template') || path === '/spec' || path === '')
/** Annotations that only we know are in nobody's manifest, and nobody takes them away. */
const touchesManifest = ({ touches }: Act): boolean => touches.some((path) => !path.startsWith('/spec/template/metadata/annotations') && !path.startsWith('/metadata/annotations'))

const ownedBy = (act: Act, what: Claim['what']): Refusal | undefined => {
  const { ref } = act.target
  const { kind, namespace, name, apiVersion } = ref
  const claim = act.claims.find(({ what: does, of }) => does === what && of.kind === kind && of.namespace === namespace && of.name === name && (of.group ?? groupOf(apiVersion)) === groupOf(apiVersion))
  return claim === undefined ? undefined : { reason: 'OwnedElsewhere', message: `${claim.by} ${what} ${describe(ref)}` }
}

export const ACT_GUARDS: readonly ActGuard[] = [
  // An autoscaler would take the number back within seconds, and both would go on.
  (act) => (touchesReplicas(act) ? ownedBy(act, 'scales') : undefined),
  // So would whoever made the object itself, and keeps it.
  ({ target: { ref, scale, owner } }) => (scale === undefined || owner === undefined ? undefined : { reason: 'OwnedElsewhere', message: `${describe(owner)} controls ${describe(ref)}` }),
  // So would one that sizes the pods.
  (act) => (act.touches.some((path) => path.includes('/resources')) ? ownedBy(act, 'sizes') : undefined),
  // What a repository says is written back; whether it does so by itself cannot be seen from here.
  (act) => {
    const by = touchesManifest(act) ? trackedBy(act.target) : undefined
    return by === undefined ? undefined : { reason: 'OwnedElsewhere', message: `${by} keeps ${describe(act.target.ref)} as a repository says: change it there` }
  },
  // Somebody is changing it right now, and may be mending it.
  (act) =>
    (touchesTemplate(act) || touchesReplicas(act)) && isRollingOut(act.target)
      ? { reason: 'RolloutInProgress', message: `${describe(act.target.ref)} is in the middle of a rollout`, recheckAt: after(act.now, seconds(15)) }
      : undefined,
]

export function refuseAct(act: Act, guards: readonly ActGuard[] = ACT_GUARDS): Refusal | undefined {
  if (act.touches.length === 0) return undefined
  for (const guard of guards) {
    const refusal = guard(act)
    if (refusal !== undefined) return { ...refusal, message: printable(refusal.message, 400) }
  }
  return undefined
}

/** What an action of this type will touch, before it is planned: a patch says so only in its plan. */
export function touchesOf({ type }: Pick<ActionTemplate, 'type'>): readonly string[] {
  if (type === 'scale') return [REPLICAS]
  return type === 'restart' ? ['/spec/template/metadata/annotations'] : []
}

/**
 * A rollout that has missed its deadline (progressDeadlineSeconds, ten minutes by default) is not in progress any more,
 * or one that is stuck would never be healed. StatefulSets and DaemonSets have no deadline: of them only what their controller
 * has not seen yet counts.
 */
function isRollingOut({ ref, paused, generation, observedGeneration, replicas, updatedReplicas, conditions, scale }: WorkloadView): boolean {
  // Nothing moves, for as long as a person wants.
  if (paused) return false
  if (observedGeneration < generation) return true
  if (ref.kind !== 'Deployment' || scale !== undefined) return false
  return updatedReplicas < replicas && conditions.find(({ type }) => type === 'Progressing')?.status !== 'False'
}

/** Argo CD and Flux mark what they keep. `app.kubernetes.io/instance` alone says nothing: Helm writes it too. */
function trackedBy({ annotations, labels }: WorkloadView): string | undefined {
  const tracking = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0]
  const application = tracking ?? labels['argocd.argoproj.io/instance']
  if (application !== undefined) return `Argo CD application ${application}`
  const kustomization = labels['kustomize.toolkit.fluxcd.io/name']
  if (kustomization !== undefined && annotations['kustomize.toolkit.fluxcd.io/reconcile'] !== 'disabled') return `Flux Kustomization/${kustomization}`
  const release = labels['helm.toolkit.fluxcd.io/name']
  return release === undefined || annotations['helm.toolkit.fluxcd.io/driftDetection'] === 'disabled' ? undefined : `Flux HelmRelease/${release}`
}
