import { expect } from 'chai'
import { APPS, type App, type AppName } from './scenario.ts'
import { action, baseline, deployment, ended, escalatedEvent, eviction, pod, policy, world } from './testing.ts'
import { judge } from './verdict.ts'
import type { World } from './world.ts'

const app = (name: AppName): App => APPS.find((candidate) => candidate.name === name) ?? expect.fail(name)
const failing = (name: AppName, spoilt: Partial<World>): readonly string[] => judge(app(name), world(spoilt), baseline).failures.map(({ what }) => what)
const without = <T extends { readonly metadata: { readonly name: string } }>(objects: readonly T[], prefix: string): readonly T[] => objects.filter(({ metadata }) => !metadata.name.startsWith(prefix))

describe('the verdict of the demonstration', () => {
  it('is good when everything happened as expected', () => {
    for (const each of APPS) expect(judge(each, world(), baseline), each.name).to.deep.include({ ok: true, failures: [] })
  })

  const healthy = world()
  const spoilt: readonly (readonly [title: string, AppName, Partial<World>, string])[] = [
    ['no action was made', 'stale-lock', { actions: without(healthy.actions, 'stale-lock') }, 'outcomes'],
    ['the action did not help', 'stale-lock', { actions: [...without(healthy.actions, 'stale-lock'), action('stale-lock', ended('Ineffective'))] }, 'outcomes'],
    ['there was a second action', 'leak', { actions: [...healthy.actions, action('leak', ended('Effective'))] }, 'outcomes'],
    ['the pod was evicted twice', 'leak', { audit: [...healthy.audit, eviction('leak')] }, 'real evictions'],
    ['the operator acted under its own name', 'leak', { audit: [...healthy.audit.filter(({ name }) => !name.startsWith('leak')), { ...eviction('leak'), impersonated: 'somebody' }] }, 'by'],
    ['another Deployment has taken its place', 'stale-lock', { deployments: [deployment('stale-lock', 1, 'another')] }, 'Deployment'],
    ['the Deployment is not available', 'stale-lock', { deployments: [deployment('stale-lock', 0)] }, 'Deployment'],
    ['the pod is the old one', 'stale-lock', { pods: [pod('stale-lock')] }, 'pod'],
    ['the breaker is closed', 'broken', { policies: [policy('broken', { ...healthy.policies[2]?.status, breaker: { state: 'Closed' } })] }, 'breaker'],
    ['nobody was called', 'broken', { events: [] }, 'events Escalated'],
    ['somebody was called twice', 'broken', { events: [escalatedEvent(), escalatedEvent()] }, 'events Escalated'],
    ['somebody was called twice in one event', 'broken', { events: [escalatedEvent(2)] }, 'events Escalated'],
    ['it was evicted again and again', 'broken', { audit: [...healthy.audit, eviction('broken')] }, 'real evictions'],
    ['a protected pod was evicted', 'bystander', { audit: [...healthy.audit, eviction('bystander')] }, 'evictions, dry runs included'],
    ['a protected pod was only tried', 'bystander', { audit: [...healthy.audit, eviction('bystander', { dryRun: true })] }, 'evictions, dry runs included'],
    ['a protected pod is another one now', 'bystander', { pods: [pod('bystander', { suffix: 'ccccc', restarts: 1, ready: false })] }, 'pod'],
    ['a protected pod never broke', 'bystander', { pods: [pod('bystander')] }, 'pod'],
    ['nothing says why the protected pod is left alone', 'bystander', { policies: [policy('crash-loops')] }, 'refusal'],
    ['the dry run was real', 'observed', { audit: [...healthy.audit, eviction('observed')] }, 'real evictions'],
    ['the dry run has no diff', 'observed', { actions: [action('observed', { phase: 'Succeeded' }, true)] }, 'actions'],
    ['the dry run claims an outcome', 'observed', { actions: [action('observed', ended('Effective'), true)] }, 'outcomes'],
    ['something else was written to it', 'observed', { audit: [...healthy.audit, eviction('observed', { verb: 'patch', resource: 'deployments', group: 'apps', name: 'observed' })] }, 'other writes'],
    ['something was written to all pods at once', 'observed', { audit: [...healthy.audit, eviction('observed', { verb: 'deletecollection', resource: 'pods', name: '' })] }, 'other writes'],
  ]
  for (const [title, name, change, what] of spoilt) {
    it(`is bad when ${title}`, () => {
      expect(failing(name, change)).to.include(what)
    })
  }

  it('tells how long after the fault the last verdict came, where there was one', () => {
    expect(judge(app('leak'), world(), baseline).after).to.equal(30)
    expect(judge(app('bystander'), world(), baseline)).not.to.have.property('after')
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
    const { seen, ok } = judge(app('leak'), world({ actions: [action('leak', ended('Ineffective'))] }), baseline)
    expect(ok).to.be.false
    expect(seen).to.equal('Ineffective; 1 not as expected')
  })
})
