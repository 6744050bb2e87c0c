import { expect } from 'chai'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { hours, millis, minutes, seconds } from '../../shared/lib/time.ts'
import { KnownAlerts } from '../adapters/alerts/memory.ts'
import { buildPolicy, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { NAMESPACE, Town } from '../testing/town.ts'

const { conditionTrigger: _, ...bare } = buildTrigger()
const SPEC: Partial<HealingPolicySpec> = {
  triggers: [{ ...bare, name: 'stuck', type: 'alert', cooldownPeriod: '0s', alertTrigger: { alertname: 'PodStuck', for: '0s', duration: '0s' } }],
  safetyRules: { ...buildPolicy().spec.safetyRules, stabilizationWindow: '1m' },
}

describe('alerts in the whole controller', () => {
  let town: Town
  let heard: Map<string, KnownAlerts>
  afterEach(async () => {
    await town.stop()
  })

  const open = async (spec = SPEC): Promise<void> => {
    heard = new Map()
    town = new Town({
      spec,
      alerts: (name, clock) => {
        const known = new KnownAlerts(clock, hours(5))
        heard.set(name, known)
        return known
      },
    })
    await town.start()
  }
  const tell = (pod: string, ended = false, controller = 'controller-1', namespace = NAMESPACE): void =>
    void heard.get(controller)?.learn([{ labels: { alertname: 'PodStuck', namespace, pod }, startsAt: town.clock.now(), ended }])
  const state = () => town.policy.status?.triggers?.[0]?.state

  it('heal the pod that an alert names, once, and their end ends the incident', async () => {
    await open()
    await town.live(minutes(1))
    expect([state(), town.attempts]).to.deep.equal(['Quiet', 0])
    tell('cart-1-0')
    await town.live(seconds(20))
    expect(town.evictions).to.have.length(1)
    expect(town.actions[0]?.spec.trigger).to.include({ name: 'stuck', evidence: 'alert PodStuck is firing' })
    tell('cart-1-0', true)
    await town.live(minutes(4))
    expect(town.actions.map(({ status }) => status?.outcome)).to.deep.equal(['Effective'])
    expect(town.policy.status?.incidents).to.deep.equal([])
    expect(town.evictions).to.have.length(1)
  })

  it('must have had the time to come back before an act has helped', async () => {
    const { stabilizationWindow: __, ...safetyRules } = buildPolicy().spec.safetyRules
    await open({ triggers: [{ ...bare, name: 'stuck', type: 'alert', cooldownPeriod: '0s', alertTrigger: { alertname: 'PodStuck', for: '5m', duration: '0s' } }], safetyRules })
    tell('cart-1-0')
    await town.live(seconds(20))
    tell('cart-1-0', true)
    // Its "for", an evaluation and group_wait later.
    await town.live(minutes(6))
    expect(town.actions[0]?.status?.phase).to.equal('Verifying')
    tell('cart-1-1')
    await town.live(seconds(5))
    expect(town.actions[0]?.status?.outcome).to.equal('Ineffective')
  })

  it('have not stayed away where a controller has just begun to listen: it is told again what it missed', async () => {
    await open()
    tell('cart-1-0')
    await town.live(seconds(20))
    expect(town.evictions).to.have.length(1)
    town.crash('controller-1')
    await town.live(minutes(4))
    await town.start('controller-2')
    await town.live(seconds(50))
    expect(town.actions[0]?.status?.phase).to.equal('Verifying')
    tell('cart-1-1', false, 'controller-2')
    await town.live(seconds(5))
    expect(town.actions[0]?.status?.outcome).to.equal('Ineffective')
  })

  it('that nobody tells again within a minute have stayed away', async () => {
    await open()
    tell('cart-1-0')
    await town.live(seconds(20))
    town.crash('controller-1')
    await town.live(minutes(4))
    await town.start('controller-2')
    await town.live(seconds(70))
    expect(town.actions[0]?.status?.outcome).to.equal('Effective')
  })

  it('never reach what the policy does not select, or another namespace', async () => {
    await open()
    tell('cart-1-0', false, 'controller-1', 'bank')
    tell('stock-0')
    await town.live(minutes(1))
    expect([state(), town.attempts]).to.deep.equal(['Quiet', 0])
  })

  it('outlive the controller that heard them, and its successor hears their end', async () => {
    await open()
    town.editPolicy((spec) => ({ ...spec, mode: 'monitor' }))
    tell('cart-1-0')
    await town.live(seconds(20))
    expect(state()).to.equal('Firing')
    town.crash('controller-1')
    await town.live(minutes(2))
    await town.start('controller-2')
    await town.live(seconds(40))
    expect(heard.get('controller-2')?.readings().firing).to.deep.equal([])
    expect(state()).to.equal('Firing')
    tell('cart-1-0', true, 'controller-2')
    await town.live(seconds(5))
    expect(state()).to.equal('Quiet')
  })

  it('end when they are not repeated for too long', async () => {
    await open()
    town.editPolicy((spec) => ({ ...spec, mode: 'monitor' }))
    tell('cart-1-0')
    await town.clock.advance(millis(hours(5) - seconds(30)))
    expect(state()).to.equal('Firing')
    await town.clock.advance(minutes(1))
    expect(state()).to.equal('Quiet')
  })

  it('cannot be known where none are received, and the status says so', async () => {
    town = new Town({ spec: SPEC })
    await town.start()
    await town.live(seconds(20))
    expect(town.policy.status?.triggers?.[0]).to.include({ state: 'NoData' }).and.to.have.property('message').that.includes('--alerts-bind-address')
    expect(town.attempts).to.equal(0)
  })
})
