import { expect } from 'chai'
import type { HealingPolicy } from '../../api/v1alpha1/types.ts'
import type { Access } from '../access.ts'
import type { LiveObject } from '../across/live-objects.ts'
import { normalised } from '../judge.ts'
import { DEFAULT_INSTALLATION } from '../rule.ts'
import { rawPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks106, previewOf } from './ks106-impact.ts'

const policy = (overrides: PolicyOverrides = {}): HealingPolicy => {
  const made = normalised(rawPolicy(overrides))
  if (made === undefined) throw new Error('the overrides do not have the shape of the schema')
  return made
}

/** A Deployment with a ReplicaSet and pods, all with its label. */
function workload(app: string, pods = 2, namespace = 'shop'): readonly LiveObject[] {
  const labels = { app }
  const one = (apiVersion: string, kind: string, name: string, owner?: string): LiveObject => ({ apiVersion, kind, namespace, name, uid: `${namespace}/${kind}/${name}`, labels, owner })
  const deployment = one('apps/v1', 'Deployment', app)
  const set = one('apps/v1', 'ReplicaSet', `${app}-1`, deployment.uid)
  return [deployment, set, ...Array.from({ length: pods }, (_, index) => one('v1', 'Pod', `${app}-1-${index}`, set.uid))]
}
const others = (count: number): readonly LiveObject[] => Array.from({ length: count }, (_, index) => workload(`other-${index}`)).flat()

const told = (mine: HealingPolicy, objects: readonly LiveObject[], { complete = true, access }: { readonly complete?: boolean; readonly access?: Access } = {}): string[] =>
  ks106.check(mine, { installation: DEFAULT_INSTALLATION, preview: { namespace: 'shop', live: { objects, complete } }, ...(access === undefined ? {} : { access: () => access }) }).map(({ path, what }) => `${path}: ${what}`)

const deployments = { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }
const half = { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In' as const, values: ['cart', 'till'] }] } }

describe('KS106, what a selector matches now', () => {
  const cases: readonly [string, HealingPolicy, readonly LiveObject[], readonly string[]][] = [
    ['nothing, beside pods of others', policy(), others(1), ['spec.selector: selects nothing now']],
    ['nothing, beside Deployments of others', policy({ selector: deployments }), others(1), ['spec.selector: selects nothing now']],
    ['everything, as KS101 has it', policy({ selector: {} }), others(1), []],
    ['nothing by an empty selector that only watches', policy({ mode: 'monitor', selector: {} }), others(1), ['spec.selector: selects nothing now']],
    ['nothing by a name', policy({ selector: { resources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-0'] }] } }), others(1), ['spec.selector: selects nothing now']],
    ['something', policy(), [...workload('cart'), ...others(3)], []],
    ['nothing, in a namespace where nothing is yet', policy(), [], []],
    ['nothing of its kinds there', policy(), others(1).filter(({ kind }) => kind !== 'Pod'), []],
    ['nothing, in a namespace beside its own', policy(), workload('till', 2, 'bank'), []],
    ['half of four', policy({ selector: half }), [...workload('cart'), ...workload('till'), ...others(2)], []],
    ['more than half of four', policy({ selector: { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart', 'till', 'other-0'] }] } } }), [...workload('cart'), ...workload('till'), ...others(2)], ['spec.selector: selects 3 of 4 workloads now']],
    ['two of three, which says nothing', policy({ selector: half }), [...workload('cart'), ...workload('till'), ...others(1)], []],
    ['many pods of one workload', policy(), [...workload('cart', 50), ...others(3)], []],
    ['a pod without an owner is a workload', policy({ selector: half }), [...workload('cart'), ...workload('till').slice(2).map((pod) => ({ ...pod, owner: undefined })), ...others(1)], ['spec.selector: selects 3 of 4 workloads now']],
    ['a kind that is not listed', policy({ mode: 'monitor', selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'batch/v1', kind: 'Job' }] } }), others(4), []],
  ]
  for (const [title, mine, objects, expected] of cases) it(title, () => expect(told(mine, objects)).to.deep.equal(expected))

  it('is not said where not all could be seen', () => {
    expect(told(policy(), others(1), { complete: false })).to.deep.equal([])
    const most = [...workload('cart'), ...workload('till'), ...workload('desk'), ...others(1)]
    const three = policy({ selector: { labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart', 'till', 'desk'] }] } } })
    expect([true, false].map((complete) => told(three, most, { complete }).length)).to.deep.equal([1, 0])
  })

  it('is not told to whoever may not list pods there', () => {
    expect(told(policy(), others(1), { access: 'Allowed' })).to.have.length(1)
    for (const access of ['Denied', 'Unknown'] as const) expect(told(policy(), others(1), { access }), access).to.deep.equal([])
  })

  it('is looked at for a new selection, in the own namespace', () => {
    expect(previewOf(policy(), undefined)).to.deep.equal({ namespace: 'shop' })
    expect(previewOf(policy(), policy({ mode: 'monitor' }))).to.equal(undefined)
    expect(previewOf(policy(), policy({ selector: half }))).to.deep.equal({ namespace: 'shop' })
    expect(previewOf(policy({ selector: { ...half, namespaces: ['bank'] } }), undefined)).to.equal(undefined)
  })
})
