import { expect } from 'chai'
import { APPS, type App, type AppName } from './scenario.ts'
import { action, ended, pod, podName, policy, PROTECTED, world } from './testing.ts'
import { isSettled, milestones } from './timeline.ts'
import type { LiveWorld } from './world.ts'

const app = (name: AppName): App => APPS.find((candidate) => candidate.name === name) ?? expect.fail(name)
const steps = (name: AppName, live: LiveWorld): readonly string[] => milestones(app(name), live).map(({ step }) => step)
const nothing: LiveWorld = { policies: [], actions: [], pods: [] }
const finding = (name: string) => ({
  trigger: 'crash-loop', object: { apiVersion: 'v1', kind: 'Pod', name: podName(name) }, since: '2030-01-01T00:00:00Z', restarts: 1, state: 'Pending' as const, message: 'ended with exit code 1',
})

describe('the timeline', () => {
  it('is empty while all is well', () => {
    for (const each of APPS) expect(milestones(each, { ...nothing, pods: [pod(each.name)] }), each.name).to.be.empty
  })

  it('goes from the broken pod by finding, decision and act to the verified outcome', () => {
    const healthySince = '2030-01-01T00:00:12.000Z'
    const live: LiveWorld = {
      policies: [policy('leak', { findings: [finding('leak')] })],
      actions: [action('leak', { ...ended('Effective'), healthySince })],
      pods: [pod('leak', { ready: false, restarts: 1 }), pod('leak', { suffix: 'bbbbb' })],
    }
    expect(steps('leak', live)).to.deep.equal(['broke', 'seen', 'decision', 'act', 'recovered', 'verified'])
  })

  it('says what was seen before what was decided, also when the status tells it later', () => {
    const live = { ...nothing, policies: [policy('leak')], actions: [action('leak', undefined)] }
    expect(milestones(app('leak'), live).map(({ step, text }) => `${step} ${text}`)).to.deep.equal(['seen crash-loop: container server ended with exit code 1', `decision restart of Pod/${podName('leak')}`])
  })

  it('says how the container ended', () => {
    const [milestone] = milestones(app('leak'), { ...nothing, pods: [pod('leak', { ready: false, restarts: 1 })] })
    expect(milestone?.text).to.contain('ended with Error, exit code 1')
  })

  it('tells nothing of one app under the name of another that has the same policy', () => {
    const live = { ...nothing, policies: [policy('crash-loops', { findings: [finding('stale-lock')], lastDecision: PROTECTED })] }
    expect(steps('stale-lock', live)).to.deep.equal(['seen'])
    expect(steps('bystander', live)).to.deep.equal(['refusal'])
  })

  it('ends a ladder that did not help with the breaker and the call for a person', () => {
    expect(steps('broken', world()).slice(-3)).to.deep.equal(['verified', 'breaker', 'escalated'])
  })

  it('ends a dry run without an act', () => {
    expect(steps('observed', world())).to.deep.equal(['broke', 'seen', 'decision', 'dry run'])
  })

  it('keeps the key of a milestone while more becomes known', () => {
    const early = milestones(app('leak'), { ...nothing, actions: [action('leak', undefined)] })
    const late = milestones(app('leak'), { ...nothing, actions: [action('leak', ended('Effective'))] })
    expect(late.map(({ key }) => key)).to.include.members(early.map(({ key }) => key))
  })

  it('is settled when the last milestone is reached, good or bad', () => {
    for (const each of APPS) {
      expect(isSettled(each, nothing, false), each.name).to.be.false
      expect(isSettled(each, world(), true), each.name).to.be.true
    }
    expect(isSettled(app('leak'), { ...nothing, actions: [action('leak', ended('Ineffective'))] }, true)).to.be.true
  })

  it('tells of what comes and goes only when it has come', () => {
    const quiet = { ...nothing, policies: [policy('swinging')] }
    expect(milestones(app('swinging'), quiet, false)).to.be.empty
    expect(milestones(app('swinging'), quiet, true).map(({ step }) => step)).to.deep.equal(['gone'])
    expect(milestones(app('swinging'), { ...nothing, policies: [policy('swinging', { findings: [finding('swinging')] })] }, true).map(({ step }) => step)).to.deep.equal(['seen'])
  })

  it('ends a storm with the refusal of the whole policy', () => {
    expect(steps('quotes', world()).at(-1)).to.equal('refusal')
  })
})
