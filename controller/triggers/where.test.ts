/** What KS205 believes of where triggers look is where they look. */
import { expect } from 'chai'
import type { HealingPolicySpec, Trigger } from '../../shared/api/v1alpha1/types.ts'
import { nameOf } from '../../shared/api/v1alpha1/kinds.ts'
import { BUILT_IN_METRICS } from '../../shared/rules/triggers/built-in-metrics.ts'
import { CONDITIONS_OF_KINDS } from '../../shared/rules/triggers/kind-conditions.ts'
import { DERIVED_STATES } from '../../shared/rules/triggers/pod-conditions.ts'
import { kindsOf } from '../../shared/rules/triggers/ks205-never-together.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { select } from '../healing/select.ts'
import { at, cart, cartSet, NAMESPACE, pod, policy, snapshot } from '../healing/testing/builders.ts'
import { candidates } from './index.ts'

const observed = ['batch/v1 Job', 'v1 Service', 'v1 PersistentVolumeClaim', 'cert-manager.io/v1 Certificate']
const objects = observed.map((name) => {
  const [apiVersion = '', kind = ''] = name.split(' ')
  return { shape: 'Object' as const, ref: { apiVersion, kind, namespace: NAMESPACE, name: 'cart', uid: `uid-${kind}` }, resourceVersion: '1', labels: { app: 'cart' }, ignored: false, deleting: false, createdAt: at(0), owner: undefined, conditions: [] }
})
const world = snapshot({ pods: [pod()], workloads: [cart, cartSet], objects })

const conditions = [...new Set([...Object.values(CONDITIONS_OF_KINDS).flatMap((of) => Object.keys(of)), ...DERIVED_STATES, 'example.com/gate'])]
const triggers: readonly Trigger[] = [
  ...conditions.map((type): Trigger => ({ name: 'held', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type, status: 'True', duration: '1m' } })),
  ...BUILT_IN_METRICS.map((query): Trigger => ({ name: 'measured', type: 'metric', cooldownPeriod: '5m', metricTrigger: { query, operator: '>', threshold: 1, duration: '1m', window: '5m' } })),
]
const selections: readonly (readonly string[])[] = [['v1 Pod'], ['apps/v1 Deployment'], ['v1 Pod', 'apps/v1 Deployment'], ...observed.map((kind) => [kind]), ['v1 Pod', 'v1 Service'], ['apps/v1 Deployment', 'cert-manager.io/v1 Certificate']]

describe('where triggers look', () => {
  for (const names of selections) {
    it(`is where the rule says, with ${names.join(' and ')} selected`, () => {
      const resources = names.map((name) => ({ apiVersion: name.split(' ')[0] ?? '', kind: name.split(' ')[1] ?? '' }))
      const selector: HealingPolicySpec['selector'] = { namespaces: [NAMESPACE], labelSelector: { matchLabels: { app: 'cart' } }, resources }
      for (const trigger of triggers) {
        const of = policy({ mode: 'monitor', selector, triggers: [trigger] })
        const [compiled] = of.triggers
        const believed = kindsOf(trigger, buildPolicy({ spec: { selector, triggers: [trigger] } }))
        // What nothing can have is another rule's.
        if (compiled === undefined || believed === undefined || believed.size === 0) continue
        const looked = new Set(candidates(compiled, select(of, world), world).map(({ object }) => nameOf(object.ref)))
        const what = trigger.conditionTrigger?.type ?? trigger.metricTrigger?.query
        expect([...believed], what).to.include.members([...looked])
        // A pod whose workload is selected too may be told by its workload.
        expect([...looked, ...(names.length > 1 ? ['v1 Pod'] : [])], what).to.include.members([...believed])
      }
    })
  }
})
