/** Which kinds each action can write to. The door refuses others, and so does the plan. */
import { isCustom, nameOf, type KindReference } from './kinds.ts'
import type { ActionTemplate } from './types.ts'

const apps = (kind: string): KindReference => ({ apiVersion: 'apps/v1', kind })

export const POD: KindReference = { apiVersion: 'v1', kind: 'Pod' }
const DEPLOYMENT = apps('Deployment')
export const STATEFUL_SET = apps('StatefulSet')
const DAEMON_SET = apps('DaemonSet')
const REPLICA_SET = apps('ReplicaSet')

/** Of Argo Rollouts: the one kind beyond Kubernetes' own whose plural is known without asking, so that the door asks for its author's right. */
export const ROLLOUT = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', plural: 'rollouts' } as const

/** Beside pods. */
export const ACTS_ON: Readonly<Record<ActionTemplate['type'], readonly KindReference[]>> = {
  // A new template replaces no pod of a ReplicaSet.
  restart: [DEPLOYMENT, STATEFUL_SET, DAEMON_SET],
  evict: [],
  // Not a StatefulSet: what it owns has names and data that do not come back by themselves.
  delete: [DEPLOYMENT, DAEMON_SET, REPLICA_SET],
  patch: [DEPLOYMENT, STATEFUL_SET, DAEMON_SET],
  // And what its own API server tells of.
  scale: [DEPLOYMENT, STATEFUL_SET, REPLICA_SET],
}

export const isOneOf = (kinds: readonly KindReference[], { apiVersion, kind }: KindReference): boolean => kinds.some((k) => k.apiVersion === apiVersion && k.kind === kind)

/** It is scaled if it has a `scale` subresource, which its API server knows; nothing else is written to it. */
export const isKnownByScale = (kind: KindReference): boolean => isCustom(kind) || nameOf(kind) === 'v1 ReplicationController'
