/** What there is to be scaled, and what scales it already: for KS305, of a policy that is new or changed, in its own namespace. */
import { ACTS_ON, isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import { groupOf, isPod } from '../../api/v1alpha1/kinds.ts'
import type { ActionTemplate, HealingPolicy } from '../../api/v1alpha1/types.ts'
import { sameJson } from '../../lib/json.ts'
import { quoted } from '../../lib/text.ts'
import type { AccessQuestion } from '../access.ts'
import { rootOf, selectedObjects, type Autoscaler, type LiveObject, type LiveObjects } from '../across/live-objects.ts'
import { acts, selectedNamespaces, type Finding, type RuleContext } from '../rule.ts'
import { memberOf, scalingOf, type Scaling } from '../scaling.ts'

export interface ScalingPreview {
  readonly namespace: string
  /** Absent: nobody could look. */
  readonly live?: LiveObjects
}

interface ScalingAction {
  readonly index: number
  readonly action: ActionTemplate
  readonly scaling: Scaling
}

const scalingActions = (policy: HealingPolicy): readonly ScalingAction[] =>
  policy.spec.actions.flatMap((action, index) => {
    const scaling = action.target === 'Pod' ? undefined : scalingOf(action)
    return scaling === undefined ? [] : [{ index, action, scaling }]
  })

/** Whoever applies the same again has been told before. */
export function scalingPreviewOf(policy: HealingPolicy, old: HealingPolicy | undefined): ScalingPreview | undefined {
  const { namespace } = policy.metadata
  if (namespace === undefined || !acts(policy) || !selectedNamespaces(policy).includes(namespace) || scalingActions(policy).length === 0) return undefined
  return old !== undefined && sameJson(old.spec, policy.spec) ? undefined : { namespace }
}

const mayList = (namespace: string, apiGroup: string, resource: string): AccessQuestion => ({ who: 'Author', namespace, apiGroup, resource, verb: 'list', optional: true })
/** What is told names autoscalers and workloads, and how many replicas these have. */
export const questionsAboutScaling = ({ namespace }: ScalingPreview): readonly AccessQuestion[] => [
  mayList(namespace, 'autoscaling', 'horizontalpodautoscalers'),
  mayList(namespace, 'apps', 'deployments'),
  mayList(namespace, 'apps', 'statefulsets'),
]

export function liveScaling(policy: HealingPolicy, { scaling: preview, access }: Pick<RuleContext, 'scaling' | 'access'>): Finding[] {
  const { live } = preview ?? {}
  if (preview === undefined || live === undefined || questionsAboutScaling(preview).some((question) => access !== undefined && access(question) !== 'Allowed')) return []
  const targets = targetsOf(policy, preview.namespace, live)
  if (targets.length === 0) return []
  return scalingActions(policy).flatMap((one) => {
    const owned = ownedElsewhere(one, targets, live)
    // What is never carried out has no bound.
    return owned.some(({ severity }) => severity !== 'W') ? owned : [...owned, ...farAbove(one, targets, live)]
  })
}

function targetsOf(policy: HealingPolicy, namespace: string, live: LiveObjects): readonly LiveObject[] {
  const roots = selectedObjects(policy, live).flatMap((object) => (object.namespace === namespace ? [isPod(object) ? rootOf(object, live) : object] : []))
  return [...new Map(roots.filter((root) => isOneOf(ACTS_ON.scale, root)).map((root) => [root.uid, root])).values()]
}

const owns = ({ of }: Autoscaler, { apiVersion, kind, namespace, name }: LiveObject): boolean =>
  of.kind === kind && of.name === name && of.namespace === namespace && (of.group ?? groupOf(apiVersion)) === groupOf(apiVersion)

const told = ({ kind, name }: Pick<LiveObject, 'kind' | 'name'>): string => `${kind} ${quoted(name, 253)}`

/** Refused where nothing is left that it could scale. */
function ownedElsewhere({ index, action }: ScalingAction, targets: readonly LiveObject[], { autoscalers = [], complete }: LiveObjects): Finding[] {
  const owned = targets.flatMap((target) => {
    const by = autoscalers.find((autoscaler) => owns(autoscaler, target))
    return by === undefined ? [] : [{ target, by }]
  })
  const [first] = owned
  if (first === undefined) return []
  const path = `spec.actions[${index}].${action.patchAction === undefined ? 'type' : memberOf(action)}`
  const what = `${told(first.by)} scales ${told(first.target)}`
  const why = 'it would take the number back within seconds, so this action is never carried out there'
  if (owned.length === targets.length && complete) {
    return [{ path, what: owned.length === 1 ? `${what}, which is all that is selected` : `${what}, and others all else that is selected`, why, fix: 'raise minReplicas or maxReplicas of the autoscaler, or choose another action' }]
  }
  return [{ path, severity: 'W', what: `${what}: ${owned.length} of ${targets.length} selected workloads`, why, fix: 'leave those out by excludeNames' }]
}

/** A zero too many, and one more: what grows tenfold is not the same service. */
const FAR = 10

function farAbove({ index, action, scaling }: ScalingAction, targets: readonly LiveObject[], { complete }: LiveObjects): Finding[] {
  const [member, most] = scaling.direction === 'up' ? ['maxReplicas', scaling.maxReplicas] : ['replicas', scaling.direction === 'absolute' ? scaling.replicas : undefined]
  const counts = targets.flatMap(({ replicas }) => replicas ?? [])
  const now = Math.max(0, ...counts)
  if (most === undefined || now === 0 || counts.length < targets.length || !complete || most <= FAR * now) return []
  const path = `spec.actions[${index}].${action.patchAction === undefined ? `scaleAction.${member}` : memberOf(action)}`
  return [{ path, severity: 'W', what: `${member} ${most} is more than ${FAR} times today's ${now}${targets.length === 1 ? '' : ' of the largest'}`, why: 'nodes and quotas are full before such a bound stops anything, and what others run there is evicted', fix: 'write what the cluster has room for' }]
}
