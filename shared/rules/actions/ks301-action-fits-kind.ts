import { ACTS_ON, isOneOf } from '../../api/v1alpha1/action-kinds.ts'
import type { ActionTemplate, HealingPolicy, Trigger } from '../../api/v1alpha1/types.ts'
import { isCustom, knownKind, nameOf, type KindReference } from '../../api/v1alpha1/kinds.ts'
import { printable, quoted } from '../../lib/text.ts'
import { parsePatch, type PatchBody } from '../patches/parse.ts'
import { shown } from '../patches/paths.ts'
import { acts, selectedResources, type Finding, type Rule, type KindFacts } from '../rule.ts'
import { canHave } from '../triggers/kind-conditions.ts'

/** What to select instead, where there is something better than the general advice. */
const INSTEAD: Readonly<Record<string, string>> = {
  'apps/v1 ReplicaSet': 'select the Deployment that owns it, or v1 Pod',
  'batch/v1 Job': 'leave retries to backoffLimit of the Job, and watch it with mode: monitor',
  'batch/v1 CronJob': 'leave retries to backoffLimit of its jobTemplate, and watch it with mode: monitor',
}

export const ks301: Rule = {
  id: 'KS301',
  severity: 'E',
  title: 'Triggers and actions must fit the selected kinds.',
  why: 'condition triggers look at pods, and each action writes to some kinds only: on anything else the policy does nothing, or not what it says',
  fix: 'select v1 Pod, or apps/v1 Deployment, StatefulSet or DaemonSet',
  partlyNeeds: 'cluster',
  check(policy, { kinds }) {
    const podless = selectedResources(policy).flatMap((resource, index): Finding[] => [...podlessFinding(policy, resource, index), ...withoutScale(policy, resource, index, kinds?.get(nameOf(resource)))])
    return [...podless, ...unclearTargets(policy), ...unfitting(policy), ...unreadGrace(policy)]
  },
}

/** Unknown, cluster-scoped and forbidden kinds have rules of their own. */
const isOthers = (kind: KindReference): boolean => {
  const known = knownKind(kind)
  return known === undefined ? !isCustom(kind) : known.pods !== undefined || !known.namespaced || (known.forbidden !== undefined && known.observed !== true)
}

/** What is neither a pod nor owns any may be watched, where it is watched at all; of custom resources the scale may be written. */
function podlessFinding(policy: HealingPolicy, kind: KindReference, index: number): Finding[] {
  if (isOthers(kind)) return []
  const path = `spec.selector.resources[${index}].kind`
  const known = knownKind(kind)
  if (known !== undefined && known.observed !== true) {
    const fix = INSTEAD[nameOf(kind)]
    return [{ path, what: `no trigger or action fits ${printable(nameOf(kind), 80)}`, ...(fix === undefined ? {} : { fix }) }]
  }
  if (acts(policy) && !isCustom(kind)) {
    const fix = INSTEAD[nameOf(kind)] ?? 'watch it in a policy of its own with mode: monitor'
    // KS104 is about what must never be acted on.
    return known?.forbidden === undefined ? [{ path, what: `no action fits ${printable(nameOf(kind), 80)}`, why: 'what is found there could not be acted on', fix }] : []
  }
  const beyond = acts(policy) ? policy.spec.actions.flatMap((action, at): Finding[] => beyondScale(action, at, kind)) : []
  if (policy.spec.triggers.some((trigger) => looksAt(trigger, kind))) return beyond
  return [...beyond, { path, what: `no trigger looks at ${printable(nameOf(kind), 80)}`, why: 'it would be watched for nothing', fix: 'add a condition that it has, or an event trigger' }]
}

/** Whether there is a scale to write only its API server knows: offline nobody can tell, and the controller looks again. */
const withoutScale = (policy: HealingPolicy, kind: KindReference, index: number, facts: KindFacts | undefined): Finding[] =>
  acts(policy) && facts?.found === true && !facts.scalable
    ? [
        {
          path: `spec.selector.resources[${index}].kind`,
          what: `${printable(nameOf(kind), 80)} has no scale subresource`,
          why: 'there is no number of replicas that an action could change',
          fix: 'select a kind whose definition has subresources.scale, or watch it with mode: monitor',
        },
      ]
    : []


const beyondScale = ({ name, type }: ActionTemplate, at: number, kind: KindReference): Finding[] =>
  type === 'scale'
    ? []
    : [
        {
          path: `spec.actions[${at}].type`,
          what: `action ${quoted(name, 63)} of type ${type} is not for ${printable(nameOf(kind), 80)}`,
          why: 'what its fields mean only its own controller knows; of a custom resource nothing is written but its scale',
          fix: 'write type: scale, or select the kind in a policy of its own with mode: monitor',
        },
      ]

const looksAt = ({ alertTrigger, conditionTrigger, eventTrigger, metricTrigger }: Trigger, kind: KindReference): boolean =>
  alertTrigger !== undefined || eventTrigger !== undefined || metricTrigger !== undefined || (conditionTrigger !== undefined && canHave(kind, conditionTrigger.type))

const selectedWorkloads = (policy: HealingPolicy) => selectedResources(policy).filter((resource) => knownKind(resource)?.pods === 'owned')

/** With pods and workloads selected the context default says nothing: "restart" could mean one pod or all of them. */
function unclearTargets(policy: HealingPolicy): Finding[] {
  const [workload] = selectedWorkloads(policy)
  if (!acts(policy) || workload === undefined) return []
  return policy.spec.actions.flatMap(({ name, type, target }, index): Finding[] =>
    target === undefined
      ? [
          {
            path: `spec.actions[${index}].target`,
            what: `action ${quoted(name, 63)} does not say what it is for while both v1 Pod and ${printable(nameOf(workload), 80)} are selected`,
            why: `${type} of one pod and of a whole workload are not the same`,
            fix: 'write target: Pod, or target: Workload',
          },
        ]
      : [],
  )
}

/** Of pods the owner is not known at the door: the plan tells then. */
function unfitting(policy: HealingPolicy): Finding[] {
  if (!acts(policy)) return []
  const workloads = selectedWorkloads(policy)
  return policy.spec.actions.flatMap(({ name, type, target, patchAction }, index): Finding[] => {
    if (type === 'patch' && target === 'Pod') return podFields(patchAction, index)
    if (type === 'evict') {
      return target === 'Workload'
        ? [{ path: `spec.actions[${index}].target`, what: `action ${quoted(name, 63)} would evict a workload`, why: 'only pods are evicted', fix: 'write target: Pod, or type: restart' }]
        : []
    }
    // KS302 is about deleting.
    if (type === 'delete' || (type !== 'scale' && target !== 'Workload')) return []
    const unfit = workloads.find((workload) => !isOneOf(ACTS_ON[type], workload))
    return unfit === undefined
      ? []
      : [{ path: `spec.actions[${index}].type`, what: `${type} is not for ${printable(nameOf(unfit), 80)}`, why: `${printable(nameOf(unfit), 80)} has nothing that ${type} could change`, fix: 'use restart, or select another kind' }]
  })
}

/** How long the pods of a rollout have to stop is in their own spec. */
const unreadGrace = (policy: HealingPolicy): Finding[] =>
  policy.spec.actions.flatMap(({ target, restartAction }, index): Finding[] =>
    target === 'Workload' && restartAction?.strategy === 'rolling' && restartAction.gracePeriodSeconds !== undefined && acts(policy)
      ? [
          {
            path: `spec.actions[${index}].restartAction.gracePeriodSeconds`,
            what: 'gracePeriodSeconds would not be read by a rolling restart of a workload',
            why: 'the workload replaces its pods itself, and each has the terminationGracePeriodSeconds of its own to stop',
            fix: 'leave it out, or write strategy: graceful, which evicts the pods one by one',
          },
        ]
      : [],
  )

/** Nearly all of a pod's spec is immutable, and what is not is lost with the pod. */
function podFields(body: PatchBody | undefined, index: number): Finding[] {
  const parsed = body === undefined ? { problems: [] } : parsePatch(body)
  const beyond = 'problems' in parsed ? undefined : parsed.touches.find(({ path }) => path[0]?.key !== 'metadata')
  return beyond === undefined
    ? []
    : [
        {
          path: `spec.actions[${index}].patchAction.${body?.patches === undefined ? 'patch' : 'patches'}`,
          what: `touches ${shown(beyond.path)} of a pod`,
          why: 'nearly all of a pod is immutable, and what is not is lost with the pod',
          fix: 'write target: Workload, or touch annotations and labels only',
        },
      ]
}
