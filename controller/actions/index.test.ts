import { expect } from 'chai'
import * as fc from 'fast-check'
import { knownKind } from '../../shared/api/v1alpha1/kinds.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { DEFAULT_PATCH_ALLOW_LIST } from '../../shared/rules/patches/allowed.ts'
import { minutes } from '../../shared/lib/time.ts'
import { compileSchema } from '../../shared/schema/validate.ts'
import { actionSpec } from '../../shared/testing/arbitraries/resources.ts'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import { pod, T0, workload } from '../healing/testing/builders.ts'
import { healerPermissions, permissionsFor, plan } from './index.ts'
import { nameOfPermission, permissionOf, scalerPermissions } from '../../shared/rules/action-writes.ts'

const rollout = workload('Rollout', 'cart', { ref: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace: 'shop', name: 'cart', uid: 'uid-rollout' }, scale: { plural: 'rollouts', replicas: 1 } })
const TARGETS = [rollout, pod(), pod('bare', { owner: undefined }), ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => workload(kind, 'cart'))]

/** What the ClusterRole `edit` of Kubernetes holds, of what actions write. Every editor may become the healer: it must not hold more. */
const EDIT = new Set([
  'create pods/eviction',
  ...['pods', 'deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'replicasets.apps'].flatMap((resource) => [`delete ${resource}`, `patch ${resource}`]),
  ...['deployments', 'statefulsets', 'replicasets'].map((resource) => `patch ${resource}.apps/scale`),
])

describe('every action', () => {
  const valid = compileSchema(healingAction.status)

  it('needs for its plan no right that it does not declare, and carries both preconditions', () => {
    fc.assert(
      fc.property(actionSpec, fc.constantFrom(...TARGETS), ({ action }, target) => {
        const planned = plan(action, target, { now: T0, action: 'act-1', pods: [], object: {}, allowList: DEFAULT_PATCH_ALLOW_LIST, selectorKeys: new Set(), begunAt: undefined, stepsDone: 0, healthCheckTimeout: minutes(5) })
        if (planned === undefined || 'refusal' in planned) return
        const may = target === rollout ? ['patch rollouts.argoproj.io/scale'] : permissionsFor(action, target.ref).map(nameOfPermission)
        for (const operation of planned.operations) {
          const { kind, target: on, preconditions } = operation
          const needed = permissionOf({ kind, on }, 'plural' in operation ? operation.plural : undefined)
          expect(needed && may).to.include(needed && nameOfPermission(needed))
          expect(preconditions.uid).to.not.equal('')
          expect(preconditions.resourceVersion).to.match(/^[1-9][0-9]*$/)
        }
        const changes = planned.changes.map((change) => ({ resource: target.ref, ...change }))
        expect(changes).to.not.deep.equal([])
        expect(valid({ result: { success: true, reason: 'Executed', message: '', changes } })).to.deep.equal([])
      }),
    )
  })

  it('without a body is no plan', () => {
    const { restartAction: _, ...template } = buildActionTemplate()
    for (const type of ['restart', 'evict', 'delete', 'scale', 'patch'] as const) expect(plan({ ...template, type }, pod(), { now: T0, action: 'a', pods: [], object: {}, allowList: DEFAULT_PATCH_ALLOW_LIST, selectorKeys: new Set(), begunAt: undefined, stepsDone: 0, healthCheckTimeout: minutes(5) })).to.equal(undefined)
  })

  it('has rights on known kinds only, and never more than the role edit', () => {
    expect(healerPermissions.map(nameOfPermission).filter((name) => !EDIT.has(name))).to.deep.equal([])
    expect(permissionOf({ kind: 'delete', on: { apiVersion: 'example.com/v1', kind: 'Widget' } })).to.equal(undefined)
    expect(knownKind({ apiVersion: 'apps/v1', kind: 'Deployment' })?.plural).to.equal('deployments')
  })

  it('has no rights of its own on kinds that only an API server knows, and asks of them for their scale alone', () => {
    const { restartAction: _, ...bare } = buildActionTemplate()
    const scale = { ...bare, type: 'scale', scaleAction: { direction: 'up', minReplicas: 1, maxReplicas: 3 } } as const
    expect(permissionsFor(scale, { apiVersion: 'example.com/v1', kind: 'Cache' })).to.deep.equal([])
    expect(permissionsFor(scale, rollout.ref).map(nameOfPermission)).to.deep.equal(['patch rollouts.argoproj.io/scale'])
    expect(scalerPermissions({ group: 'argoproj.io', plural: 'rollouts' }).map(nameOfPermission)).to.deep.equal([
      'get rollouts.argoproj.io',
      'get rollouts.argoproj.io/scale',
      'impersonate-on:serviceaccount:patch rollouts.argoproj.io/scale',
    ])
  })

  it('asks for the rights of this act and no other', () => {
    expect(permissionsFor(buildActionTemplate(), pod().ref).map(nameOfPermission)).to.deep.equal(['create pods/eviction'])
    expect(permissionsFor(buildActionTemplate(), workload('Deployment', 'cart').ref).map(nameOfPermission)).to.deep.equal(['patch deployments.apps'])
  })
})
