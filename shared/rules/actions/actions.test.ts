import { expect } from 'chai'
import type { ActionTemplate } from '../../api/v1alpha1/types.ts'
import { judge } from '../judge.ts'
import { DEFAULT_INSTALLATION, type KindFacts, type KindsFound } from '../rule.ts'
import { ks403 } from '../safety/ks403-max-unhealthy.ts'
import { check, rawPolicy, testPolicy, type PolicyOverrides } from '../test-policy.ts'
import { ks301 } from './ks301-action-fits-kind.ts'
import { ks302 } from './ks302-dangerous-delete.ts'
import { ks303 } from './ks303-privileged-patch.ts'
import { ks304 } from './ks304-unreadable-patch.ts'
import { ks305 } from './ks305-scale-bounds.ts'
import { ks306 } from './ks306-concurrency.ts'
import { ks307 } from './ks307-opposites.ts'
import { ks309 } from './ks309-futile-action.ts'

const up = { direction: 'up', minReplicas: 1, maxReplicas: 5 } as const
const acting = (type: ActionTemplate['type'], body: Partial<ActionTemplate>, target?: ActionTemplate['target']): Pick<PolicyOverrides, 'action'> => ({
  action: { type, restartAction: undefined, ...(target === undefined ? {} : { target }), ...body } as NonNullable<PolicyOverrides['action']>,
})
const select = (apiVersion: string, kind: string) => ({ labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion, kind }] })

describe('KS301 action fits kind', () => {
  const podless: [string, string][] = [['v1', 'ConfigMap'], ['v1', 'Endpoints'], ['apps/v1', 'ReplicaSet'], ['autoscaling/v1', 'HorizontalPodAutoscaler']]
  for (const [apiVersion, kind] of podless) {
    it(`${kind} has no pods that policies heal`, () =>
      expect(check(ks301, { selector: select(apiVersion, kind), action: { target: 'Pod' } })).to.deep.equal([`spec.selector.resources[0].kind: no trigger or action fits ${apiVersion} ${kind}`]))
  }
  const observed: [string, string][] = [['v1', 'Service'], ['batch/v1', 'Job'], ['batch/v1', 'CronJob'], ['autoscaling/v2', 'HorizontalPodAutoscaler']]
  for (const [apiVersion, kind] of observed) {
    for (const mode of ['automatic', 'dryrun', 'manual'] as const) {
      it(`no action fits ${kind} in mode ${mode}`, () =>
        expect(check(ks301, { mode, selector: select(apiVersion, kind), event: { reason: 'Failed' } })).to.deep.equal([`spec.selector.resources[0].kind: no action fits ${apiVersion} ${kind}`]))
    }
    it(`${kind} may be watched for its events`, () => expect(check(ks301, { mode: 'monitor', selector: select(apiVersion, kind), event: { reason: 'Failed' } })).to.deep.equal([]))
  }
  it('of a custom resource the scale may be written, and nothing else', () => {
    const rollouts = { selector: select('argoproj.io/v1alpha1', 'Rollout'), condition: { type: 'Degraded' } }
    for (const mode of ['automatic', 'dryrun', 'manual'] as const) {
      expect(check(ks301, { mode, ...rollouts, ...acting('scale', { scaleAction: up }) })).to.deep.equal([])
      expect(check(ks301, { mode, ...rollouts })).to.deep.equal(['spec.actions[0].type: action "restart" of type restart is not for argoproj.io/v1alpha1 Rollout'])
    }
    expect(check(ks301, { mode: 'monitor', ...rollouts })).to.deep.equal([])
  })
  it('of which the API server tells that it has no scale nothing is written at all; where it is not known it passes', () => {
    const scaled = { selector: select('argoproj.io/v1alpha1', 'Rollout'), condition: { type: 'Degraded' }, ...acting('scale', { scaleAction: up }) }
    const facts = (scalable: boolean): KindFacts => ({ found: true, plural: 'rollouts', namespaced: true, scalable })
    const told = (kinds: KindsFound | undefined, mode: 'automatic' | 'monitor' = 'automatic') =>
      judge(rawPolicy({ mode, ...scaled }), { installation: DEFAULT_INSTALLATION, ...(kinds === undefined ? {} : { kinds }) }).violations.map(({ rule, path, what }) => `${rule} ${path}: ${what}`)
    expect(told(new Map([['argoproj.io/v1alpha1 Rollout', facts(false)]]))).to.deep.equal(['KS301 spec.selector.resources[0].kind: argoproj.io/v1alpha1 Rollout has no scale subresource'])
    expect(told(new Map([['argoproj.io/v1alpha1 Rollout', facts(false)]]), 'monitor')).to.deep.equal([])
    for (const kinds of [undefined, new Map(), new Map([['argoproj.io/v1alpha1 Rollout', facts(true)]]), new Map([['example.com/v1 Rollout', facts(false)]])]) expect(told(kinds)).to.deep.equal([])
  })
  it('a custom resource at which no trigger looks would be scaled for nothing', () =>
    expect(check(ks301, { selector: select('argoproj.io/v1alpha1', 'Rollout'), ...acting('scale', { scaleAction: up }) })).to.deep.equal(['spec.selector.resources[0].kind: no trigger looks at argoproj.io/v1alpha1 Rollout']))
  const watched: [string, string, string, boolean][] = [
    ['batch/v1', 'Job', 'Failed', true],
    ['batch/v1', 'Job', 'Ready', false],
    ['v1', 'PersistentVolumeClaim', 'FileSystemResizePending', true],
    ['v1', 'PersistentVolumeClaim', 'Available', false],
    ['autoscaling/v2', 'HorizontalPodAutoscaler', 'ScalingActive', true],
    ['argoproj.io/v1alpha1', 'Rollout', 'Degraded', true],
    ['argoproj.io/v1alpha1', 'Rollout', 'CrashLoopBackOff', false],
  ]
  for (const [apiVersion, kind, type, fits] of watched) {
    it(`${type} of ${kind} ${fits ? 'may be watched' : 'is looked at by nothing'}`, () =>
      expect(check(ks301, { mode: 'monitor', selector: select(apiVersion, kind), condition: { type } })).to.deep.equal(fits ? [] : [`spec.selector.resources[0].kind: no trigger looks at ${apiVersion} ${kind}`]))
  }
  it('a PersistentVolumeClaim that would be acted on is left to KS104', () => expect(check(ks301, { selector: select('v1', 'PersistentVolumeClaim'), condition: { type: 'Resizing' } })).to.deep.equal([]))
  for (const [apiVersion, kind] of [['v1', 'Secret'], ['v1', 'Node'], ['v1', 'Pods']] as const) {
    it(`${kind} is left to the rule that is about it`, () => expect(check(ks301, { selector: select(apiVersion, kind), action: { target: 'Pod' } })).to.deep.equal([]))
  }
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
    it(`restart of a selected ${kind} is restart of the whole, unless it says target: Pod`, () => {
      for (const action of [{}, { target: 'Pod' as const }, { target: 'Workload' as const }]) expect(check(ks301, { selector: select('apps/v1', kind), action })).to.deep.equal([])
    })
  }
  const both = { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'v1', kind: 'Pod' }, { apiVersion: 'apps/v1', kind: 'Deployment' }] }
  it('with pods and workloads selected the target must be said', () => {
    expect(check(ks301, { selector: both })).to.deep.equal(['spec.actions[0].target: action "restart" does not say what it is for while both v1 Pod and apps/v1 Deployment are selected'])
    expect(check(ks301, { selector: both, action: { target: 'Workload' } })).to.deep.equal([])
  })
  it('but not of what has one target only', () => {
    expect(check(ks301, { selector: both, ...acting('evict', { evictAction: { timeout: '10m' } }) })).to.deep.equal([])
    expect(check(ks301, { selector: both, ...acting('scale', { scaleAction: up }) })).to.deep.equal([])
  })
  it('of a pod only metadata can be patched', () => {
    const patch = (text: string, target?: ActionTemplate['target']): string[] => check(ks301, acting('patch', { patchAction: { type: 'strategic', patch: text } }, target))
    expect(patch('spec: {replicas: 2}')).to.deep.equal(['spec.actions[0].patchAction.patch: touches spec.replicas of a pod'])
    expect(patch('spec: {replicas: 2}', 'Workload')).to.deep.equal([])
    expect(patch('metadata: {annotations: {a: b}}')).to.deep.equal([])
    expect(patch('{')).to.deep.equal([])
  })
  it('a rollout does not read gracePeriodSeconds, and everything else does', () => {
    const grace = (target: 'Pod' | 'Workload', strategy: 'rolling' | 'graceful' | 'recreate', gracePeriodSeconds?: number): string[] =>
      check(ks301, { selector: select('apps/v1', 'Deployment'), ...acting('restart', { restartAction: { strategy, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) } }, target) })
    expect(grace('Workload', 'rolling', 1)).to.deep.equal(['spec.actions[0].restartAction.gracePeriodSeconds: gracePeriodSeconds would not be read by a rolling restart of a workload'])
    expect(grace('Workload', 'rolling')).to.deep.equal([])
    expect(grace('Workload', 'graceful', 1)).to.deep.equal([])
    expect(grace('Workload', 'recreate', 1)).to.deep.equal([])
    expect(grace('Pod', 'rolling', 1)).to.deep.equal([])
  })
  it('a workload cannot be evicted', () =>
    expect(check(ks301, { ...acting('evict', { evictAction: { timeout: '10m' } }, 'Workload') })).to.deep.equal(['spec.actions[0].target: action "restart" would evict a workload']))
  it('a DaemonSet cannot be scaled', () => {
    expect(check(ks301, { selector: select('apps/v1', 'DaemonSet'), ...acting('scale', { scaleAction: up }) })).to.deep.equal(['spec.actions[0].type: scale is not for apps/v1 DaemonSet'])
    expect(check(ks301, { selector: select('apps/v1', 'StatefulSet'), ...acting('scale', { scaleAction: up }) })).to.deep.equal([])
  })
  it('with pods selected the target is clear', () => expect(check(ks301)).to.deep.equal([]))
  it('monitor needs no target', () => expect(check(ks301, { mode: 'monitor', selector: select('apps/v1', 'Deployment') })).to.deep.equal([]))
})

describe('KS302 dangerous delete', () => {
  const remove = (deleteAction: NonNullable<ActionTemplate['deleteAction']> = {}, kind = 'Deployment', target: ActionTemplate['target'] = 'Pod'): string[] =>
    check(ks302, { selector: select('apps/v1', kind), ...acting('delete', { deleteAction }, target) })

  it('by force is refused', () => expect(remove({ force: true })).to.deep.equal(['spec.actions[0].deleteAction.force: deletes by force']))
  it('force: false is no force', () => expect(remove({ force: false })).to.deep.equal(['W spec.actions[0].type: delete asks no disruption budget']))
  it('with a grace period of 0 is refused, and of 1 is not', () => {
    expect(remove({ gracePeriodSeconds: 0 })).to.deep.equal(['spec.actions[0].deleteAction.gracePeriodSeconds: a grace period of 0 deletes by force'])
    expect(remove({ gracePeriodSeconds: 5 })).to.have.length(1)
  })
  it('that orphans is refused, all other policies are not', () => {
    expect(remove({ propagationPolicy: 'Orphan' })).to.deep.equal(['spec.actions[0].deleteAction.propagationPolicy: Orphan leaves the pods without an owner'])
    for (const propagationPolicy of ['Background', 'Foreground'] as const) expect(remove({ propagationPolicy })[0]).to.match(/^W /)
  })
  it('of a StatefulSet is refused, of its pods warned about', () => {
    expect(remove({}, 'StatefulSet', 'Workload')).to.deep.equal(['spec.actions[0].type: deletes apps/v1 StatefulSet'])
    expect(remove({}, 'StatefulSet', 'Pod')).to.deep.equal(['W spec.actions[0].type: delete asks no disruption budget'])
  })
  it('of another workload is refused in automatic mode, unless a person approves', () => {
    const whole = (kind: string, overrides: PolicyOverrides = {}, action: Partial<ActionTemplate> = {}): string[] =>
      check(ks302, { selector: kind === 'Pod' ? select('v1', 'Pod') : select('apps/v1', kind), ...overrides, action: { ...acting('delete', { deleteAction: {} }, 'Workload').action, ...action } })
    const refused = 'spec.actions[0].type: deletes a workload, and nobody is asked'
    for (const kind of ['Deployment', 'DaemonSet', 'Pod']) {
      expect(whole(kind), kind).to.deep.equal([refused])
      expect(whole(kind, { mode: 'dryrun' })).to.deep.equal([`W ${refused}`])
      expect(whole(kind, { mode: 'automatic' }, { requiresApproval: false })).to.deep.equal([refused])
      expect(whole(kind, { mode: 'automatic' }, { requiresApproval: true })).to.deep.equal([])
      for (const mode of ['manual', 'monitor'] as const) expect(whole(kind, { mode })).to.deep.equal([])
    }
  })
  it('that a person approves is not warned about, and still refused by force', () => {
    const asked = (overrides: PolicyOverrides, deleteAction = {}): string[] => check(ks302, { ...overrides, action: { ...acting('delete', { deleteAction }, 'Pod').action, ...overrides.action } })
    expect(asked({ action: { requiresApproval: true } })).to.deep.equal([])
    expect(asked({ mode: 'manual' })).to.deep.equal([])
    expect(asked({ mode: 'dryrun' })).to.have.length(1)
    expect(asked({ mode: 'manual' }, { force: true })).to.deep.equal(['spec.actions[0].deleteAction.force: deletes by force'])
  })
  it('is of no interest to a policy that only looks', () => expect(check(ks302, { mode: 'monitor', ...acting('delete', { deleteAction: { force: true } }) })).to.deep.equal([]))
  it('other actions pass', () => expect(check(ks302)).to.deep.equal([]))
  it('any pod has time to answer: four seconds are warned about, five are not', () => {
    const at = { restart: 'restartAction', evict: 'evictAction' } as const
    for (const body of ['restart', 'evict'] as const) {
      const grace = (gracePeriodSeconds: number): string[] => check(ks302, { action: { type: body, target: 'Pod', [at[body]]: { gracePeriodSeconds } } })
      for (const seconds of [1, 4]) expect(grace(seconds)).to.deep.equal([`W spec.actions[0].${at[body]}.gracePeriodSeconds: a pod has ${seconds}s to stop`])
      for (const seconds of [5, 30]) expect(grace(seconds)).to.deep.equal([])
    }
    // A pod that hangs has nothing to lose, and whoever approves knows.
    for (const more of [{ mode: 'manual' }, { action: { requiresApproval: true, restartAction: { strategy: 'rolling', gracePeriodSeconds: 1 } } }] as const) expect(check(ks302, { action: { target: 'Pod', restartAction: { strategy: 'rolling', gracePeriodSeconds: 1 } }, ...more })).to.deep.equal([])
    // A rollout does not read it.
    expect(check(ks302, { selector: select('apps/v1', 'Deployment'), action: { target: 'Workload', restartAction: { strategy: 'rolling', gracePeriodSeconds: 1 } } })).to.deep.equal([])
  })
  it('a pod of a StatefulSet has time to stop: nine seconds are warned about, ten are not', () => {
    const grace = (body: 'restart' | 'evict', gracePeriodSeconds: number, kind = 'StatefulSet'): string[] => check(ks302, { selector: select('apps/v1', kind), action: { type: body, target: 'Pod', [`${body}Action`]: { gracePeriodSeconds } } })
    for (const body of ['restart', 'evict'] as const) {
      for (const seconds of [1, 9]) expect(grace(body, seconds)).to.deep.equal([`W spec.actions[0].${body}Action.gracePeriodSeconds: a pod of a StatefulSet has ${seconds}s to stop`])
      for (const seconds of [10, 30]) expect(grace(body, seconds)).to.deep.equal([])
      expect(grace(body, 5, 'Deployment')).to.deep.equal([])
    }
    expect(remove({ gracePeriodSeconds: 1 }, 'StatefulSet')).to.deep.equal(['W spec.actions[0].type: delete asks no disruption budget', 'W spec.actions[0].deleteAction.gracePeriodSeconds: a pod of a StatefulSet has 1s to stop'])
    expect(check(ks302, { mode: 'monitor', selector: select('apps/v1', 'StatefulSet'), action: { type: 'restart', target: 'Pod', restartAction: { gracePeriodSeconds: 1 } as never } })).to.deep.equal([])
  })
})

describe('KS305 scale bounds', () => {
  const scale = (body: Partial<NonNullable<ActionTemplate['scaleAction']>>, kind = 'Deployment'): string[] =>
    check(ks305, { selector: select('apps/v1', kind), ...acting('scale', { scaleAction: { ...up, ...body } }) })

  it('bounds that leave one number pass', () => {
    expect(scale({ minReplicas: 5 })).to.deep.equal([])
    expect(scale({ direction: 'absolute', replicas: 5 })).to.deep.equal([])
    expect(scale({ direction: 'absolute', replicas: 2 })).to.deep.equal([])
  })
  it('bounds that leave none do not', () => {
    expect(scale({ minReplicas: 6 })).to.deep.equal(['spec.actions[0].scaleAction.maxReplicas: maxReplicas 5 is below minReplicas 6'])
    expect(scale({ direction: 'absolute', replicas: 6 })).to.deep.equal(['spec.actions[0].scaleAction.replicas: replicas 6 is above maxReplicas 5'])
    expect(scale({ direction: 'absolute', replicas: 1, minReplicas: 2 })).to.deep.equal(['spec.actions[0].scaleAction.replicas: replicas 1 is below minReplicas 2'])
  })
  it('0 is refused wherever it stands', () => {
    expect(scale({ minReplicas: 0, maxReplicas: 0 })).to.deep.equal([
      'spec.actions[0].scaleAction.minReplicas: minReplicas of 0 allows scaling to 0',
      'spec.actions[0].scaleAction.maxReplicas: maxReplicas of 0 allows scaling to 0',
    ])
    expect(scale({ direction: 'absolute', replicas: 0 })).to.deep.equal(['spec.actions[0].scaleAction.replicas: replicas of 0 allows scaling to 0'])
    expect(scale({ replicas: 0 })).to.deep.equal(['spec.actions[0].scaleAction.replicas: replicas of 0 changes nothing'])
  })
  describe('one act that takes most away', () => {
    const idle = { triggers: [{ name: 'idle', type: 'metric', metricTrigger: { query: 'cpu_usage_percent', operator: '<', threshold: 10, duration: '10m' } }] }
    const by = (scaleAction: object, more: PolicyOverrides = {}): string[] => check(ks305, { selector: select('apps/v1', 'Deployment'), ...idle, ...acting('scale', { scaleAction: scaleAction as typeof up }), ...more })
    const at = 'spec.actions[0].scaleAction'
    it('is warned about: to 1, and by more than it leaves', () => {
      expect(by({ direction: 'absolute', replicas: 1 })).to.deep.equal([`W ${at}.replicas: leaves a single replica of however many there are`])
      expect(by({ direction: 'down', replicas: 2 })).to.deep.equal([`W ${at}.direction: takes away 2 in one act, and 1 may be all that is left`])
      expect(by({ direction: 'down', replicas: 6, minReplicas: 5 })).to.deep.equal([`W ${at}.direction: takes away 6 in one act, and 5 may be all that is left`])
    })
    it('passes by as many as it leaves, one by one, to 2, and up', () => {
      for (const one of [{ direction: 'down' }, { direction: 'down', replicas: 5, minReplicas: 5 }, { direction: 'down', replicas: 1, minReplicas: 1 }, { direction: 'absolute', replicas: 2 }, { direction: 'up', replicas: 4, maxReplicas: 5 }]) expect(by(one), JSON.stringify(one)).to.deep.equal([])
    })
    it('is refused for trouble that fewer do not end, unless somebody is asked', () => {
      for (const type of ['CrashLoopBackOff', 'OOMKilled', 'RunContainerError']) {
        const triggers = [{ name: 'seen', type: 'condition', conditionTrigger: { type, duration: '5m' } }]
        const what = 'takes away 50 in one act, and 1 may be all that is left'
        expect(by({ direction: 'down', replicas: 50 }, { triggers })).to.deep.equal([`${at}.direction: ${what}, and "seen" is trouble that fewer do not end`])
        expect(by({ direction: 'absolute', replicas: 1 }, { triggers })).to.have.length(1)
        for (const mode of ['manual', 'dryrun'] as const) expect(by({ direction: 'down', replicas: 50 }, { triggers, mode })).to.deep.equal([`W ${at}.direction: ${what}`])
        expect(by({ direction: 'down', replicas: 1 }, { triggers })).to.deep.equal([])
        // Idle as well: that is a reason.
        expect(by({ direction: 'down', replicas: 50 }, { triggers: [...triggers, ...idle.triggers], triggerMatch: 'All' })).to.deep.equal([`W ${at}.direction: ${what}`])
        expect(by({ direction: 'down', replicas: 50 }, { triggers: [...idle.triggers, ...triggers] })).to.deep.equal([`${at}.direction: ${what}, and "seen" is trouble that fewer do not end`])
      }
      for (const trigger of [{ type: 'event', eventTrigger: { reason: 'BackOff' } }, { type: 'metric', metricTrigger: { query: 'restart_count', operator: '>=', threshold: 3 } }]) expect(by({ direction: 'absolute', replicas: 1 }, { triggers: [{ name: 'seen', ...trigger }] })[0]).to.contain('is trouble that fewer do not end')
    })
    it('by a patch is judged so too', () => {
      const patch = (type: 'merge' | 'json', text: string): string[] => check(ks305, { selector: select('apps/v1', 'Deployment'), ...idle, ...acting('patch', { patchAction: { type, patch: text } }, 'Workload') })
      expect(patch('merge', 'spec: {replicas: 1}')).to.deep.equal(['W spec.actions[0].patchAction.patch: leaves a single replica of however many there are'])
      const tested = (from: number): string[] => patch('json', JSON.stringify([{ op: 'test', path: '/spec/replicas', value: from }, { op: 'replace', path: '/spec/replicas', value: 1 }]))
      expect(tested(2)).to.deep.equal([])
      expect(tested(30)).to.deep.equal(['W spec.actions[0].patchAction.patch: takes away 29 in one act, and 1 may be all that is left'])
    })
  })
  it('a StatefulSet that goes down is warned about, one that goes up is not', () => {
    expect(scale({ direction: 'down' }, 'StatefulSet')).to.deep.equal(['W spec.actions[0].scaleAction.direction: scales a StatefulSet down'])
    expect(scale({}, 'StatefulSet')).to.deep.equal([])
    expect(scale({ direction: 'down' }, 'Deployment')).to.deep.equal([])
    expect(scale({ direction: 'down', minReplicas: 6 }, 'StatefulSet')).to.deep.equal(['spec.actions[0].scaleAction.maxReplicas: maxReplicas 5 is below minReplicas 6'])
  })
  it('a number for a StatefulSet is warned about, since it may have more; where a patch tests what it has, that counts', () => {
    const to = (replicas: number): string => `scales a StatefulSet to ${replicas}, which is down where it has more`
    expect(scale({ direction: 'absolute', replicas: 3 }, 'StatefulSet')).to.deep.equal([`W spec.actions[0].scaleAction.replicas: ${to(3)}`])
    expect(scale({ direction: 'absolute', replicas: 3 }, 'Deployment')).to.deep.equal([])
    const patch = (patchAction: NonNullable<ActionTemplate['patchAction']>, kind = 'StatefulSet'): string[] => check(ks305, { selector: select('apps/v1', kind), ...acting('patch', { patchAction }) })
    const at = 'W spec.actions[0].patchAction'
    expect(patch({ type: 'merge', patch: 'spec: {replicas: 3}' })).to.deep.equal([`${at}.patch: ${to(3)}`])
    expect(patch({ type: 'merge', patch: 'spec: {replicas: 3}' }, 'Deployment')).to.deep.equal([])
    expect(patch({ type: 'strategic', patches: [{ path: ['spec', 'replicas'], value: '3' }] })).to.deep.equal([`${at}.patches: ${to(3)}`])
    expect(patch({ type: 'merge', patch: 'metadata: {labels: {tier: x}}' })).to.deep.equal([])
    const tested = (from: number): string[] => patch({ type: 'json', patch: `[{op: test, path: /spec/replicas, value: ${from}}, {op: replace, path: /spec/replicas, value: 3}]` })
    expect([tested(2), tested(4)]).to.deep.equal([[], [`${at}.patch: scales a StatefulSet down`]])
    expect(patch({ type: 'json', patch: '[{op: replace, path: /spec/replicas, value: 9}, {op: test, path: /spec/replicas, value: 9}, {op: replace, path: /spec/replicas, value: 3}]' })).to.deep.equal([`${at}.patch: ${to(3)}`])
  })
  it('a patch of replicas is bounded too', () => {
    const patch = (text: string): string[] => check(ks305, { selector: select('apps/v1', 'Deployment'), ...acting('patch', { patchAction: { type: 'merge', patch: text } }) })
    const told = ['spec.actions[0].patchAction.patch: sets spec.replicas: replicas must be a whole number from 1 to 10000']
    expect(patch('spec: {replicas: 0}')).to.deep.equal(told)
    expect(patch('spec: {replicas: 10001}')).to.deep.equal(told)
    for (const good of [2, 1000]) expect(patch(`spec: {replicas: ${good}}`)).to.deep.equal([])
    for (const many of [1001, 10_000]) expect(patch(`spec: {replicas: ${many}}`)).to.deep.equal([`spec.actions[0].patchAction.patch: sets spec.replicas: ${many} is above the ceiling of this installation (1000)`])
  })
  it('nothing grows beyond the ceiling of the installation, and down is no matter', () => {
    const scaled = (scaleAction: object, replicas = 1000): string[] => check(ks305, acting('scale', { scaleAction: scaleAction as typeof up }), { ceiling: { maxActionsPerHour: 60, replicas } })
    const told = (member: string, most: number, ceiling = 1000): string[] => [`spec.actions[0].scaleAction.${member}: ${member} ${most} is above the ceiling of this installation (${ceiling})`]
    expect(scaled({ direction: 'up', maxReplicas: 1000 })).to.deep.equal([])
    expect(scaled({ direction: 'up', maxReplicas: 1001 })).to.deep.equal(told('maxReplicas', 1001))
    expect(scaled({ direction: 'absolute', replicas: 1000 })).to.deep.equal([])
    expect(scaled({ direction: 'absolute', replicas: 1001 })).to.deep.equal(told('replicas', 1001))
    expect(scaled({ direction: 'absolute', replicas: 9, maxReplicas: 5000 })).to.deep.equal([])
    expect(scaled({ direction: 'down', replicas: 2000, minReplicas: 2000 })).to.deep.equal([])
    expect(scaled({ direction: 'up', maxReplicas: 5 }, 5)).to.deep.equal([])
    expect(scaled({ direction: 'up', maxReplicas: 6 }, 5)).to.deep.equal(told('maxReplicas', 6, 5))
    expect(scaled({ direction: 'up', maxReplicas: 5000 }, 10_000)).to.deep.equal([])
  })
  it('a policy that only looks may say what it likes', () => expect(check(ks305, { mode: 'monitor', ...acting('scale', { scaleAction: { ...up, minReplicas: 9 } }) })).to.deep.equal([]))
})

describe('KS303 privileged patch', () => {
  const patch = (text: string): string[] => check(ks303, { selector: select('apps/v1', 'Deployment'), ...acting('patch', { patchAction: { type: 'strategic', patch: text } }) })

  it('names the field and the reason', () =>
    expect(patch('spec: {template: {spec: {hostNetwork: true, containers: [{name: app, image: x}]}}}')).to.deep.equal([
      'spec.actions[0].patchAction.patch: touches spec.template.spec.hostNetwork: it opens the network of the node',
      'spec.actions[0].patchAction.patch: touches spec.template.spec.containers[app].image: it decides which program runs',
    ]))
  it('lets listed fields pass', () => expect(patch('metadata: {annotations: {a: b}}')).to.deep.equal([]))
  it('goes by the list of the installation', () =>
    expect(check(ks303, acting('patch', { patchAction: { type: 'merge', patch: 'metadata: {annotations: {a: b}}' } }), { patchAllowList: ['spec.replicas'] })).to.have.length(1))
  const selected = (kind: [string, string], target: ActionTemplate['target'], text: string, labelSelector: NonNullable<PolicyOverrides['selector']>['labelSelector'] = { matchLabels: { app: 'cart' } }): string[] =>
    check(ks303, { selector: { ...select(...kind), labelSelector }, ...acting('patch', { patchAction: { type: 'strategic', patch: text } }, target) })
  const DEPLOYMENT: [string, string] = ['apps/v1', 'Deployment']
  const lost = 'spec.actions[0].patchAction.patch: touches metadata.labels.app: by it this policy selects'
  it('keeps the labels by which the policy selects', () => {
    expect(selected(DEPLOYMENT, 'Workload', 'metadata: {labels: {app: other}}')).to.deep.equal([lost])
    expect(selected(DEPLOYMENT, 'Workload', 'metadata: {labels: {app: null}}')).to.deep.equal([lost])
    expect(selected(DEPLOYMENT, 'Workload', 'metadata: {labels: {app: cart, tier: x}}')).to.deep.equal([])
    expect(selected(['v1', 'Pod'], 'Pod', 'metadata: {labels: {app: other}}')).to.deep.equal([lost])
    // Its pods are selected, and get that of the template; the label of their owner is not looked at.
    expect(selected(['v1', 'Pod'], 'Workload', 'spec: {template: {metadata: {labels: {app: other}}}}')).to.have.length(1)
    expect(selected(['v1', 'Pod'], 'Workload', 'metadata: {labels: {app: other}}')).to.deep.equal([])
    expect(selected(DEPLOYMENT, 'Pod', 'metadata: {labels: {app: other}}')).to.deep.equal(['W spec.actions[0].patchAction.patch: touches metadata.labels.app, by which Services usually find pods'])
  })
  describe('labels of pods by which Services find them', () => {
    const odd = (key: string, at = 'metadata.labels'): string[] => [`W spec.actions[0].patchAction.patch: touches ${at}.${key}, by which Services usually find pods`]
    const leads = (shown: string): string => `spec.actions[0].patchAction.patch: touches metadata.labels${shown}: by it a Service finds the pod that leads: writes would go to another one`
    const pod = (labels: string): string[] => selected(['v1', 'Pod'], 'Pod', `metadata: {labels: ${labels}}`)
    it('are warned about, be they removed', () => {
      for (const key of ['version', 'track', 'color', 'release']) expect(pod(`{${key}: x}`)).to.deep.equal(odd(key))
      expect(pod('{version: null}')).to.deep.equal(odd('version'))
      expect(selected(DEPLOYMENT, 'Workload', 'spec: {template: {metadata: {labels: {color: green}}}}')).to.deep.equal(odd('color', 'spec.template.metadata.labels'))
    })
    it('of a workload itself no Service looks at, nor at others', () => {
      expect(selected(DEPLOYMENT, 'Workload', 'metadata: {labels: {version: x}}')).to.deep.equal([])
      for (const labels of ['{quarantine: "true"}', '{tier: x}', '{app: cart}']) expect(pod(labels)).to.deep.equal([])
    })
    it('by which it finds the one that leads are refused', () => {
      for (const key of ['role', 'spilo-role', 'leader', 'primary', 'master']) expect(pod(`{${key}: master}`), key).to.deep.equal([leads(key.includes('-') ? `[${key}]` : `.${key}`)])
      expect(pod('{roles: x}')).to.deep.equal([])
      expect(pod('{rolex: x}')).to.deep.equal([])
    })
  })
  it('goes by what the expressions of the selector say', () => {
    const by = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', value: string, ...values: string[]): number =>
      selected(DEPLOYMENT, 'Workload', `metadata: {labels: {tier: ${value}}}`, { matchLabels: { app: 'cart' }, matchExpressions: [{ key: 'tier', operator, ...(values.length === 0 ? {} : { values }) }] }).length
    expect([by('In', 'a', 'a', 'b'), by('In', 'c', 'a', 'b'), by('In', 'null', 'a')]).to.deep.equal([0, 1, 1])
    expect([by('NotIn', 'a', 'a'), by('NotIn', 'c', 'a'), by('NotIn', 'null', 'a')]).to.deep.equal([1, 0, 0])
    expect([by('Exists', 'a'), by('Exists', 'null'), by('DoesNotExist', 'a'), by('DoesNotExist', 'null')]).to.deep.equal([0, 1, 1, 0])
  })
  it('leaves what cannot be read to the other rule', () => expect(patch('{')).to.deep.equal([]))
  it('a policy that only looks may say what it likes', () => expect(check(ks303, { mode: 'monitor', ...acting('patch', { patchAction: { type: 'merge', patch: 'kind: x' } }) })).to.deep.equal([]))
})

describe('KS304 unreadable patch', () => {
  const patch = (patchAction: NonNullable<ActionTemplate['patchAction']>, kind: [string, string] = ['apps/v1', 'Deployment']): string[] => check(ks304, { selector: select(...kind), ...acting('patch', { patchAction }) })

  it('says what cannot be read', () => expect(patch({ type: 'merge', patch: '{' })[0]).to.match(/^spec\.actions\[0\]\.patchAction\.patch: patch cannot be read: /))
  it('needs operations for json', () => expect(patch({ type: 'json', patch: 'a: b' })).to.deep.equal(['spec.actions[0].patchAction.patch: patch must be a list of operations']))
  it('takes one form', () => expect(patch({ type: 'merge', patch: 'a: b', patches: [{ path: ['a'], value: 'b' }] })).to.deep.equal(['spec.actions[0].patchAction.patches: patches is given beside patch: which of them counts?']))
  it('knows that custom resources take no strategic patch', () => {
    expect(patch({ type: 'strategic', patch: 'metadata: {annotations: {a: b}}' }, ['argoproj.io/v1alpha1', 'Rollout'])).to.deep.equal(['spec.actions[0].patchAction.type: argoproj.io/v1alpha1 Rollout takes no strategic patch'])
    expect(patch({ type: 'merge', patch: 'metadata: {annotations: {a: b}}' }, ['argoproj.io/v1alpha1', 'Rollout'])).to.deep.equal([])
  })
  it('knows that a DaemonSet has no replicas', () => {
    expect(patch({ type: 'merge', patch: 'spec: {replicas: 2}' }, ['apps/v1', 'DaemonSet'])).to.deep.equal(['spec.actions[0].patchAction.patch: sets spec.replicas, which apps/v1 DaemonSet does not have'])
    expect(patch({ type: 'merge', patch: 'spec: {replicas: 2}' }, ['apps/v1', 'StatefulSet'])).to.deep.equal([])
  })
  it('knows what fits no object', () =>
    expect(patch({ type: 'json', patch: '[{op: replace, path: /spec/template/spec/containers/app/resources/limits/cpu, value: 1}]' })).to.deep.equal([
      'spec.actions[0].patchAction.patch: patch has an operation that fits no object: /spec/template/spec/containers/app/resources/limits/cpu',
    ]))
  it('takes as many fields as are kept, and not one more', () => {
    const many = (count: number): string[] => patch({ type: 'merge', patch: JSON.stringify({ metadata: { annotations: Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'x'])) } }) })
    expect(many(32)).to.deep.equal([])
    expect(many(33)).to.deep.equal(['spec.actions[0].patchAction.patch: changes 33 fields, and 32 are the most that are kept'])
  })
  it('lets a readable one pass', () => expect(patch({ type: 'strategic', patch: 'metadata: {annotations: {a: b}}' })).to.deep.equal([]))
})

describe('KS306 concurrency', () => {
  const of = (maxConcurrent: number, maxActionsPerHour = 5, mode: 'automatic' | 'monitor' = 'automatic'): string[] => check(ks306, { mode, safetyRules: { maxConcurrent, maxActionsPerHour } })
  it('below the hourly limit passes, at it and above it is warned about', () => {
    expect(of(2)).to.deep.equal([])
    expect(of(5)).to.deep.equal(['spec.safetyRules.maxConcurrent: 5 at once is all that maxActionsPerHour (5) lets through in an hour'])
    expect(of(6)).to.have.length(1)
  })
  it('one at a time passes, whatever the hour allows', () => expect(of(1, 1)).to.deep.equal([]))
  it('so many that the whole hour has begun before the breaker can open are warned about', () => {
    const late = (most: number, hour: number, outcomes = 3): string => `spec.safetyRules.maxConcurrent: with ${most} at once all ${hour} of an hour have begun before ${outcomes} have told that they do not help`
    expect(of(3)).to.deep.equal([late(3, 5)])
    expect(of(28, 60)).to.deep.equal([])
    for (const most of [29, 57]) expect(of(most, 60)).to.deep.equal([`spec.safetyRules.maxConcurrent: with ${most} at once ${most + 2} of the 60 of an hour have begun before 3 have told that they do not help`])
    expect(of(58, 60)).to.deep.equal([late(58, 60)])
    expect(of(59, 60)).to.deep.equal([late(59, 60)])
    // With three in an hour one at a time does so too.
    expect(of(2, 3)).to.deep.equal([])
    const after = (failureThreshold: number, maxConcurrent: number): string[] => check(ks306, { safetyRules: { maxConcurrent, maxActionsPerHour: 10, circuitBreaker: { failureThreshold, openDuration: '10m' } } })
    expect(after(1, 9)).to.deep.equal([])
    expect(after(6, 4)).to.deep.equal([])
    expect(after(6, 5)).to.deep.equal([late(5, 10, 6)])
    // Of six it opens whatever is written.
    expect(after(100, 4)).to.deep.equal([])
  })
  it('nine at once may be more than half of an hour, ten may not', () => {
    expect(of(9, 20)).to.deep.equal([])
    expect(of(10, 20)).to.have.length(1)
    expect(of(10, 24)).to.deep.equal([])
    expect(of(10, 23)).to.have.length(1)
  })
  it('what it offers instead is minded neither by it nor by KS403', () => {
    for (const maxUnhealthy of ['20%', '51%', '90%', 100]) {
      for (const failureThreshold of [1, 3, 6, 100]) {
        for (const [hour, most] of [[2, 2], [3, 3], [5, 3], [5, 9], [11, 10], [12, 12], [20, 18], [25, 20], [60, 29], [60, 57], [60, 100]] as const) {
          const safetyRules = { maxActionsPerHour: hour, maxConcurrent: most, maxUnhealthy, circuitBreaker: { failureThreshold, openDuration: '10m' } }
          const findings = ks306.check(testPolicy({ safetyRules }), { installation: DEFAULT_INSTALLATION })
          for (const { fix = '' } of findings) {
            const offered = { safetyRules: { ...safetyRules, maxConcurrent: Number(/[0-9]+$/.exec(fix)?.[0]) } }
            expect([...check(ks306, offered), ...check(ks403, offered)], `${hour} ${most} ${failureThreshold} ${maxUnhealthy}: ${fix}`).to.deep.equal([])
          }
        }
      }
    }
  })
  it('is of no interest to a policy that only looks', () => expect(of(6, 5, 'monitor')).to.deep.equal([]))
  it('ten pods of a workload at once are warned about where nobody is asked, nine are not', () => {
    const graceful = (maxConcurrent: number | undefined, more: object = {}, mode: 'automatic' | 'dryrun' | 'manual' | 'monitor' = 'automatic'): string[] =>
      check(ks306, { mode, selector: select('apps/v1', 'Deployment'), actions: [{ name: 'a', type: 'restart', restartAction: { strategy: 'graceful', ...(maxConcurrent === undefined ? {} : { maxConcurrent }) }, ...more }] })
    for (const few of [undefined, 1, 9]) expect(graceful(few)).to.deep.equal([])
    expect(graceful(10)).to.deep.equal(['spec.actions[0].restartAction.maxConcurrent: 10 pods of a workload may be away at once, and nobody is asked'])
    expect(graceful(100, {}, 'dryrun')).to.have.length(1)
    expect(graceful(100, { requiresApproval: true })).to.deep.equal([])
    for (const mode of ['manual', 'monitor'] as const) expect(graceful(100, {}, mode)).to.deep.equal([])
  })
})

describe('KS307 opposites', () => {
  const scale = (name: string, direction: 'up' | 'down', more: object = {}): object => ({ name, type: 'scale', scaleAction: { direction, maxReplicas: 5 }, ...more })
  const triggers = ['a', 'b'].map((name) => ({ name, type: 'condition', conditionTrigger: { type: name === 'a' ? 'OOMKilled' : 'CrashLoopBackOff', duration: '1m' } }))
  const of = (actions: readonly object[], overrides: PolicyOverrides = {}): string[] => check(ks307, { selector: select('apps/v1', 'Deployment'), triggers, actions, ...overrides })
  it('up and down for one trigger is refused, also at priorities of their own', () => {
    expect(of([scale('more', 'up'), scale('fewer', 'down')])).to.deep.equal(['spec.actions[1].scaleAction.direction: down is the opposite of action "more", for trigger "a", at the same priority (50)'])
    expect(of([scale('fewer', 'down', { priority: 2 }), scale('more', 'up', { priority: 1 })])).to.deep.equal(['spec.actions[1].scaleAction.direction: up is the opposite of action "fewer", for trigger "a"'])
  })
  describe('two triggers on one metric', () => {
    const at = (name: string, operator: string, threshold: number, query = 'cpu_usage_percent'): object => ({ name, type: 'metric', metricTrigger: { query, operator, threshold, duration: '2m' } })
    const drives = [scale('more', 'up', { triggers: ['high'] }), scale('fewer', 'down', { triggers: ['low'] })]
    const both = (high: object, low: object, more: PolicyOverrides = {}): string[] => of(drives, { triggers: [high, low], ...more })
    it('are refused where some value meets both, at the limit too', () => {
      const what = (x: string, y: string): string[] => [`spec.triggers[1].metricTrigger.threshold: scaling down at ${y} what is scaled up at ${x}: some value meets both`]
      const queue = 'sum by (namespace, deployment) (queue_length)'
      expect(both(at('high', '>', 50, queue), at('low', '<', 60, queue))).to.deep.equal(what('> 50', '< 60'))
      expect(both(at('high', '>=', 50, queue), at('low', '<=', 50, queue))).to.deep.equal(what('>= 50', '<= 50'))
      expect(both(at('high', '>', 50, queue), at('low', '<=', 50, queue))).to.deep.equal([])
      expect(both(at('high', '>', 50, queue), at('low', '<', 10, queue))).to.deep.equal([])
      expect(both(at('high', '>', 50, queue), at('low', '<', 60, 'sum by (namespace, deployment) (other)'))).to.deep.equal([])
    })
    it('are warned about where one step up leads to the other', () => {
      expect(both(at('high', '>', 80), at('low', '<', 41))).to.deep.equal(['W spec.triggers[1].metricTrigger.threshold: scaling down at < 41 what is scaled up at > 80: one step up leads to the other'])
      expect(both(at('high', '>', 80), at('low', '<', 40))).to.deep.equal([])
    })
    it('are another matter where both have to hold', () => expect(both(at('high', '>', 80), at('low', '<', 90), { triggerMatch: 'All' }).filter((line) => line.includes('metricTrigger'))).to.deep.equal([]))
  })
  const to = (name: string, replicas: number, more: object = {}): object => ({ name, type: 'scale', scaleAction: { direction: 'absolute', replicas }, ...more })
  const setting = (name: string, replicas: number): object => ({ name, type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch: `spec: {replicas: ${replicas}}` } })
  const bounded = (direction: 'up' | 'down', bounds: object): object => ({ name: direction, type: 'scale', scaleAction: { direction, ...bounds } })
  it('two numbers are opposites, by scale or by patch, and one number twice is none', () => {
    expect(of([to('a', 3), to('b', 5)])).to.deep.equal(['spec.actions[1].scaleAction.replicas: scaling to 5 can undo action "a", which scales to 3, for trigger "a", at the same priority (50)'])
    expect(of([to('a', 3), to('b', 5, { priority: 1 })])).to.deep.equal(['spec.actions[1].scaleAction.replicas: scaling to 5 can undo action "a", which scales to 3, for trigger "a"'])
    expect(of([to('a', 3), setting('b', 5)])[0]).to.contain('spec.actions[1].patchAction.patch: scaling to 5 can undo action "a"')
    expect(of([setting('a', 3), setting('b', 5)])).to.have.length(1)
    expect(of([to('a', 3), to('b', 3)])).to.deep.equal([])
    expect(of([to('a', 3), setting('b', 3)])).to.deep.equal([])
    expect(of([to('a', 3, { triggers: ['a'] }), to('b', 5, { triggers: ['b'] })])).to.deep.equal([])
  })
  it('a number and a way are opposites where the way leads beyond the number', () => {
    expect(of([bounded('up', { maxReplicas: 4 }), to('b', 3)])).to.deep.equal(['spec.actions[1].scaleAction.replicas: scaling to 3 can undo action "up", which scales up, for trigger "a", at the same priority (50)'])
    expect(of([to('b', 3), bounded('up', { maxReplicas: 4 })])[0]).to.contain('spec.actions[1].scaleAction.direction: scaling up can undo action "b", which scales to 3')
    expect(of([bounded('up', { maxReplicas: 3 }), to('b', 3)])).to.deep.equal([])
    expect(of([bounded('up', {}), to('b', 3)])).to.have.length(1)
    expect(of([bounded('down', { minReplicas: 2 }), to('b', 3)])).to.have.length(1)
    for (const minReplicas of [3, 4]) expect(of([bounded('down', { minReplicas }), to('b', 3)])).to.deep.equal([])
    expect(of([bounded('up', { maxReplicas: 4 }), setting('b', 3)])).to.have.length(1)
    expect(of([bounded('up', { maxReplicas: 3 }), setting('b', 3)])).to.deep.equal([])
  })
  it('a patch that tests the number before it writes goes one way', () => {
    const step = (name: string, from: number, replicas: number): object => ({ name, type: 'patch', target: 'Workload', patchAction: { type: 'json', patch: JSON.stringify([{ op: 'test', path: '/spec/replicas', value: from }, { op: 'replace', path: '/spec/replicas', value: replicas }]) } })
    expect(of([step('a', 1, 2), step('b', 2, 3)])).to.deep.equal([])
    expect(of([step('a', 1, 2), step('b', 2, 1)])).to.deep.equal(['spec.actions[1].patchAction.patch: down is the opposite of action "a", for trigger "a", at the same priority (50)'])
  })
  it('what writes something else is no opposite', () => expect(of([to('a', 3), { name: 'b', type: 'patch', target: 'Workload', patchAction: { patch: 'metadata: {labels: {tier: x}}' } }])).to.deep.equal([]))
  it('for triggers of their own it passes', () => expect(of([scale('more', 'up', { triggers: ['a'] }), scale('fewer', 'down', { triggers: ['b'] })])).to.deep.equal([]))
  it('one trigger in common is enough', () => expect(of([scale('more', 'up', { triggers: ['a', 'b'] }), scale('fewer', 'down', { triggers: ['b'] })])[0]).to.contain('for trigger "b"'))
  it('where all have to meet every action is for the same', () => expect(of([scale('more', 'up'), scale('fewer', 'down')], { triggerMatch: 'All' })[0]).to.contain('for the same triggers'))
  it('twice the same way passes, and a policy that only looks', () => {
    expect(of([scale('more', 'up'), scale('most', 'up')])).to.deep.equal([])
    expect(of([scale('more', 'up'), scale('fewer', 'down')], { mode: 'monitor' })).to.deep.equal([])
  })
})

describe('KS309 actions that cannot help', () => {
  const condition = (type: string, status = 'True'): object => ({ name: 'told', type: 'condition', conditionTrigger: { type, status, duration: '1m' } })
  const metric = (query: string, operator: string): object => ({ name: 'told', type: 'metric', metricTrigger: { query, operator, threshold: 42 } })
  const event = (reason: string): object => ({ name: 'told', type: 'event', eventTrigger: { reason } })
  const restart = { name: 'it', type: 'restart', restartAction: {} }
  const evict = { name: 'it', type: 'evict', evictAction: {} }
  const scale = (direction: string): object => ({ name: 'it', type: 'scale', scaleAction: { direction, replicas: 2, maxReplicas: 5 } })
  const to = (replicas: number): object => ({ name: 'it', type: 'scale', scaleAction: { direction: 'absolute', replicas } })
  const set = (patch: string): object => ({ name: 'it', type: 'patch', target: 'Workload', patchAction: { type: 'merge', patch } })
  const patch = set('metadata: {labels: {tier: b}}')
  const cases: readonly [trigger: object, action: object, helps: boolean][] = [
    [condition('OOMKilled'), scale('down'), false], [condition('OOMKilled'), scale('up'), true], [condition('OOMKilled'), restart, true], [condition('OOMKilled'), patch, true],
    [condition('OOMKilled'), to(1), false], [condition('OOMKilled'), to(2), true], [condition('OOMKilled'), set('spec: {replicas: 1}'), false], [condition('OOMKilled'), set('spec: {replicas: 2}'), true],
    [condition('OOMKilled'), set('{metadata: {labels: {tier: x}}, spec: {replicas: 1}}'), true], [condition('ImagePullBackOff'), to(1), true],
    [condition('Available', 'False'), scale('down'), false], [condition('Ready', 'False'), to(1), false], [condition('ContainersReady', 'False'), set('spec: {replicas: 1}'), false], [condition('Available', 'False'), scale('up'), true], [condition('Ready', 'False'), restart, true], [condition('Ready', 'Unknown'), scale('down'), true],
    [condition('CrashLoopBackOff'), restart, true], [condition('CrashLoopBackOff'), scale('down'), true],
    [condition('ImagePullBackOff'), restart, false], [condition('ImagePullBackOff'), patch, true],
    [condition('InvalidImageName'), evict, false], [condition('CreateContainerConfigError'), scale('up'), false], [condition('CreateContainerError'), restart, true],
    [condition('PodScheduled', 'False'), evict, false], [condition('PodScheduled', 'False'), scale('up'), false], [condition('PodScheduled', 'False'), scale('down'), true],
    [condition('ReplicaFailure'), restart, false], [condition('DisruptionTarget'), evict, false], [condition('DisruptionTarget', 'False'), evict, true], [condition('constructor'), restart, true],
    [event('FailedScheduling'), restart, false], [event('FailedScheduling'), scale('down'), true], [event('FailedCreate'), restart, false], [event('BackOff'), restart, true], [event('toString'), restart, true],
    [metric('memory_usage_percent', '>'), scale('down'), false], [metric('memory_usage_percent', '>'), scale('up'), true], [metric('memory_usage_percent', '>'), restart, true],
    [metric('cpu_usage_percent', '<'), scale('up'), false], [metric('cpu_usage_percent', '<'), scale('down'), true],
    [metric('latency_p99_seconds', '>='), scale('down'), false], [metric('latency_p99_seconds', '<'), scale('down'), true],
    [metric('ready_percent', '<'), scale('down'), false], [metric('ready_percent', '<'), scale('absolute'), true], [metric('queue_length', '>'), scale('down'), true],
  ]
  for (const [trigger, action, helps] of cases) {
    it(`${JSON.stringify(action)} ${helps ? 'may help' : 'does not help'} against ${JSON.stringify(trigger)}`, () =>
      expect(check(ks309, { selector: select('apps/v1', 'Deployment'), triggers: [trigger], actions: [action] })).to.have.length(helps ? 0 : 1))
  }
  it('says which trigger, and only of triggers that lead to it', () => {
    const two = [condition('InvalidImageName'), { ...condition('CrashLoopBackOff'), name: 'loop' }]
    expect(check(ks309, { triggers: two })).to.deep.equal(['spec.actions[0].type: restart does not help against "told"'])
    expect(check(ks309, { triggers: two, action: { triggers: ['loop'] } })).to.deep.equal([])
    expect(check(ks309, { triggers: two, triggerMatch: 'All' })).to.deep.equal(['spec.actions[0].type: restart does not help against "told", which has to hold too'])
    expect(check(ks309, { mode: 'monitor', triggers: two })).to.deep.equal([])
    const oom = { selector: select('apps/v1', 'Deployment'), triggers: [condition('OOMKilled')] }
    for (const action of [to(1), set('spec: {replicas: 1}')]) expect(check(ks309, { ...oom, actions: [action] })).to.deep.equal(['spec.actions[0].type: scaling to 1 does not help against "told"'])
  })
})
