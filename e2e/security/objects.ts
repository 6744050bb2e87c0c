/** What a tenant has, and what he writes about it. */
import { stringify } from 'yaml'

/** His own, which has consented to be healed. */
export const OWN = 'tenant'
/** Another one of his, which has not. */
export const SECOND = 'second'
/** Somebody else's, which has consented to its own policies. */
export const OTHER = 'victim'

export const text = (...objects: readonly object[]): string => objects.map((object) => stringify(object, { version: '1.1' })).join('---\n')

/** No node is there, so its pods are never scheduled: that is what is wrong with them. */
export const deployment = (namespace: string, name = 'web', more: object = {}): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels: { app: name }, ...more },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'none.invalid/none' }] } } },
})

export const pod = (name: string, metadata: object = {}, spec: object = {}): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: OWN, labels: { app: name }, ...metadata }, spec: { containers: [{ name: 'main', image: 'none.invalid/none' }], ...spec },
})

export interface PolicyParts {
  readonly name: string
  readonly namespace?: string
  readonly mode?: string
  readonly selector?: object
  readonly actions?: readonly object[]
  readonly triggers?: readonly object[]
  readonly metadata?: object
  readonly spec?: object
}

const RESTART = [{ name: 'restart', type: 'restart', restartAction: {} }]
export const UNSCHEDULED: readonly object[] = [{ name: 'unscheduled', type: 'condition', cooldownPeriod: '1m', conditionTrigger: { type: 'PodScheduled', status: 'False', duration: '2s' } }]

/** Of his namespace, about pods that cannot be scheduled. */
export const policy = ({ name, namespace = OWN, mode = 'automatic', selector = {}, actions = RESTART, triggers = UNSCHEDULED, metadata = {}, spec = {} }: PolicyParts): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name, namespace, ...metadata },
  spec: { mode, selector: { labelSelector: { matchLabels: { app: name } }, ...selector }, triggers, actions, safetyRules: { maxUnhealthy: '50%', stabilizationWindow: '10s', healthCheckTimeout: '30s' }, ...spec },
})

export const onKind = (apiVersion: string, kind: string, ...names: readonly string[]): object => ({ labelSelector: undefined, resources: [{ apiVersion, kind, ...(names.length === 0 ? {} : { names }) }] })
