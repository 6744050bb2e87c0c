import { expect } from 'chai'
import { APPS, type App, type AppName } from './scenario.ts'
import { action, deployment, ended, escalatedEvent, eviction, pod, podName, policy, scaling, story, world } from './testing.ts'
import { judge } from './verdict.ts'
import type { World } from './world.ts'

const app = (name: AppName): App => APPS.find((candidate) => candidate.name === name) ?? expect.fail(name)
const failing = (name: AppName, spoilt: Partial<World>): readonly string[] => judge(app(name), world(spoilt), story).failures.map(({ what }) => what)
const without = <T extends { readonly metadata: { readonly name: string } }>(objects: readonly T[], prefix: string): readonly T[] => objects.filter(({ metadata }) => !metadata.name.startsWith(prefix))

describe('the verdict of the demonstration', () => {
  it('is good when everything happened as expected', () => {
    for (const each of APPS) expect(judge(each, world(), story), each.name).to.deep.include({ ok: true, failures: [] })
  })

  const healthy = world()
  const others = (name: AppName) => healthy.audit.filter((entry) => !entry.name.startsWith(name))
  const firing = { trigger: 'cpu', object: { apiVersion: 'v1', kind: 'Pod', name: podName('swinging') }, since: '2030-01-01T00:00:00Z', restarts: 0, state: 'Firing' as const, message: 'busy' }
  const spoilt: readonly (readonly [title: string, AppName, Partial<World>, string])[] = [
    ['no action was made', 'stale-lock', { actions: without(healthy.actions, 'stale-lock') }, 'outcomes'],
    ['the action did not help', 'stale-lock', { actions: [...without(healthy.actions, 'stale-lock'), action('stale-lock', ended('Ineffective'))] }, 'outcomes'],
    ['there was a second action', 'leak', { actions: [...healthy.actions, action('leak', ended('Effective'))] }, 'outcomes'],
    ['the pod was evicted twice', 'leak', { audit: [...healthy.audit, eviction('leak')] }, 'audit log'],
    ['the pod was not evicted at all', 'orders', { audit: others('orders') }, 'audit log'],
    ['somebody else acted', 'leak', { audit: [...others('leak'), eviction('leak', { impersonated: 'somebody' })] }, 'audit log'],
    ['the operator acted as itself', 'leak', { audit: [...others('leak'), { ...eviction('leak'), impersonated: undefined } as never] }, 'audit log'],
    ['another Deployment has taken its place', 'stale-lock', { deployments: [deployment('stale-lock', { uid: 'another' })] }, 'Deployment'],
    ['the Deployment was written to', 'stale-lock', { deployments: [deployment('stale-lock', { generation: 2 })] }, 'Deployment'],
    ['the Deployment is not available', 'stale-lock', { deployments: [deployment('stale-lock', { available: 0 })] }, 'Deployment'],
    ['the pod is the old one', 'stale-lock', { pods: [pod('stale-lock')] }, 'pods'],
    ['there is no replica more', 'checkout', { deployments: [deployment('checkout')] }, 'Deployment'],
    ['there are two replicas more', 'checkout', { deployments: [deployment('checkout', { replicas: 3, generation: 2 })] }, 'Deployment'],
    ['it was scaled up and down and up again', 'checkout', { deployments: [deployment('checkout', { replicas: 2, generation: 4 })] }, 'Deployment'],
    ['it was scaled twice', 'checkout', { audit: [...healthy.audit, scaling('checkout')] }, 'audit log'],
    ['its pods were evicted beside', 'checkout', { audit: [...healthy.audit, eviction('checkout')] }, 'audit log'],
    ['what only swings was acted on', 'swinging', { actions: [...healthy.actions, action('swinging', ended('Effective'))] }, 'outcomes'],
    ['what only swings was tried', 'swinging', { audit: [...healthy.audit, eviction('swinging', { dryRun: true })] }, 'dry runs'],
    ['what only swings is said to fire', 'swinging', { policies: [policy('swinging', { findings: [firing] })] }, 'trigger'],
    ['one of a storm was evicted', 'quotes', { audit: [...healthy.audit, eviction('quotes')] }, 'audit log'],
    ['one of a storm is another one now', 'quotes', { pods: ['aaaaa', 'bbbbb', 'ddddd'].map((suffix) => pod('quotes', { suffix, ready: false, restarts: 1 })) }, 'pods'],
    ['one of a storm never broke', 'quotes', { pods: ['aaaaa', 'bbbbb', 'ccccc'].map((suffix) => pod('quotes', { suffix, ready: suffix === 'aaaaa' })) }, 'pods'],
    ['the storm was stopped by something else', 'quotes', { policies: [policy('quotes', { lastDecision: { kind: 'Blocked', reason: 'Cooldown', message: 'wait' } })] }, 'refusal'],
    ['the breaker is closed', 'broken', { policies: [policy('broken', { ...healthy.policies[2]?.status, breaker: { state: 'Closed' } })] }, 'breaker'],
    ['nobody was called', 'broken', { events: [] }, 'events Escalated'],
    ['somebody was called twice', 'broken', { events: [escalatedEvent(), escalatedEvent()] }, 'events Escalated'],
    ['somebody was called twice in one event', 'broken', { events: [escalatedEvent(2)] }, 'events Escalated'],
    ['it was evicted again and again', 'broken', { audit: [...healthy.audit, eviction('broken')] }, 'audit log'],
    ['a protected pod was evicted', 'bystander', { audit: [...healthy.audit, eviction('bystander')] }, 'audit log'],
    ['a protected pod was only tried', 'bystander', { audit: [...healthy.audit, eviction('bystander', { dryRun: true })] }, 'dry runs'],
    ['a protected pod is another one now', 'bystander', { pods: [pod('bystander', { suffix: 'ccccc', restarts: 1, ready: false })] }, 'pods'],
    ['a protected pod never broke', 'bystander', { pods: [pod('bystander')] }, 'pods'],
    ['nothing says why the protected pod is left alone', 'bystander', { policies: [policy('crash-loops')] }, 'refusal'],
    ['the dry run was real', 'observed', { audit: [...healthy.audit, eviction('observed')] }, 'audit log'],
    ['the dry run has no diff', 'observed', { actions: [action('observed', { phase: 'Succeeded' }, true)] }, 'actions'],
    ['the dry run claims an outcome', 'observed', { actions: [action('observed', ended('Effective'), true)] }, 'outcomes'],
    ['something else was written to it', 'observed', { audit: [...healthy.audit, eviction('observed', { verb: 'patch', resource: 'deployments', group: 'apps', name: 'observed' })] }, 'audit log'],
    ['something was written to all pods at once', 'observed', { audit: [...healthy.audit, eviction('observed', { verb: 'deletecollection', resource: 'pods', name: '' })] }, 'audit log'],
  ]
  for (const [title, name, change, what] of spoilt) {
    it(`is bad when ${title}`, () => {
      expect(failing(name, change)).to.include(what)
    })
  }

  it('is bad when nobody ever saw what swings', () => {
    expect(judge(app('swinging'), world(), { ...story, triggered: new Set() }).failures.map(({ what }) => what)).to.deep.equal(['trigger'])
  })

  it('tells what the audit log has, whatever was expected', () => {
    expect(judge(app('leak'), world(), story).audit).to.equal('1 create pods/eviction as kubeskippy-healer')
    expect(judge(app('bystander'), world({ audit: [eviction('bystander'), eviction('bystander'), scaling('bystander')] }), story).audit).to.equal('2 create pods/eviction as kubeskippy-healer, 1 patch deployments/scale as kubeskippy-healer')
  })

  it('tells how long after the fault the last verdict came, where there was one', () => {
    expect(judge(app('leak'), world(), story).after).to.equal(30)
    expect(judge(app('bystander'), world(), story)).not.to.have.property('after')
  })

  it('does not blame the operator for what others write', () => {
    const audit = [...healthy.audit, eviction('bystander', { user: 'system:kube-controller-manager', verb: 'delete', resource: 'pods' })]
    expect(failing('bystander', { audit })).to.be.empty
  })

  it('does not count our own objects and events as writes to an app', () => {
    const audit = [
      ...healthy.audit,
      eviction('observed', { resource: 'healingactions', group: 'kubeskippy.io', name: 'observed-restart-abc' }),
      eviction('observed', { resource: 'events', group: 'events.k8s.io', name: 'observed.1' }),
    ]
    expect(failing('observed', { audit })).to.be.empty
  })

  it('says in a few words what was seen instead', () => {
    const { seen, ok } = judge(app('leak'), world({ actions: [action('leak', ended('Ineffective'))] }), story)
    expect(ok).to.be.false
    expect(seen).to.equal('1 not as expected')
  })
})
