import { expect } from 'chai'
import { minutes } from '../../shared/lib/time.ts'
import type { HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { evaluate } from './evaluate.ts'
import type { PodView, Snapshot } from './snapshot.ts'
import { at, broken, cart, cartSet, condition, container, crashing, pod, policy, rules, snapshot, T0 } from './testing/builders.ts'

const census = (view: Snapshot, spec: Partial<HealingPolicySpec> = {}): string =>
  [...evaluate(policy(spec), view).census].map(([uid, unhealthy]) => `${uid}${unhealthy ? ' unhealthy' : ''}`).sort().join(', ')

/** Not Ready for so long, with no trigger on it. */
const unready = (name: string, since: number, overrides: Partial<PodView> = {}): PodView =>
  pod(name, { containers: [container({ ready: false })], conditions: [condition('Ready', 'False', at(-since))], ...overrides })
const byDeployment: Partial<HealingPolicySpec> = { selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] } }

describe('the census', () => {
  it('counts a pod on which a trigger fires as unhealthy, one on which it is pending not', () => {
    expect(census(broken([crashing('cart-0')]))).to.equal('uid-cart-0 unhealthy')
    expect(census(snapshot({ pods: [crashing('cart-0', { conditions: [condition('Ready', 'False', at(-1000))] }), pod('cart-1')] }))).to.equal('uid-cart-0, uid-cart-1')
  })
  it('counts a pod as unhealthy when it is not Ready past its time to start, five minutes unless the policy says otherwise', () => {
    expect(census(snapshot({ pods: [unready('cart-0', minutes(5) - 1)] }))).to.equal('uid-cart-0')
    expect(census(snapshot({ pods: [unready('cart-0', minutes(5))] }))).to.equal('uid-cart-0 unhealthy')
    expect(census(snapshot({ pods: [unready('cart-0', minutes(5))] }), rules({ healthCheckTimeout: '5m1s' }))).to.equal('uid-cart-0')
  })
  it('gives a new pod its time to start from when it was made', () => {
    const made = unready('cart-0', minutes(60), { createdAt: at(-299_999) })
    expect(census(snapshot({ pods: [made] }))).to.equal('uid-cart-0')
    expect(census(snapshot({ pods: [made], now: at(1) }))).to.equal('uid-cart-0 unhealthy')
    expect(census(snapshot({ pods: [pod('cart-0', { conditions: [], createdAt: T0 })] }))).to.equal('uid-cart-0')
  })
  it('leaves out on both sides what is protected, opted out, going or finished', () => {
    const pods = [pod('cart-0'), crashing('cart-1', { ignored: true }), crashing('cart-2', { deleting: true }), crashing('cart-3', { phase: 'Failed' }), crashing('cart-4')]
    const protectedResources = [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-4'] }]
    expect(census(broken(pods), rules({ protectedResources }))).to.equal('uid-cart-0')
    expect(census(broken(pods, { workloads: [{ ...cart, ignored: true }, cartSet] }))).to.equal('')
    expect(census(broken(pods, { namespace: { name: 'shop', ignored: true, paused: undefined, deleting: false } }))).to.equal('')
  })
  it('counts a selected Deployment once, unhealthy when a trigger fires on one of its pods', () => {
    expect(census(broken([crashing('cart-0'), crashing('cart-1'), pod('cart-2')]), byDeployment)).to.equal('uid-deployment-cart unhealthy')
    expect(census(snapshot({ pods: [pod('cart-0')] }), byDeployment)).to.equal('uid-deployment-cart')
  })
  it('counts a selected Deployment as unhealthy when none of its pods is Ready past its time', () => {
    expect(census(snapshot({ pods: [unready('cart-0', minutes(5)), unready('cart-1', minutes(6))] }), byDeployment)).to.equal('uid-deployment-cart unhealthy')
    expect(census(snapshot({ pods: [unready('cart-0', minutes(5)), pod('cart-1')] }), byDeployment)).to.equal('uid-deployment-cart')
  })
})

describe('the storm gate of a policy', () => {
  const pods = (unhealthy: number, of: number): PodView[] => Array.from({ length: of }, (_, i) => (i < unhealthy ? crashing(`cart-${i}`) : pod(`cart-${i}`)))
  const decide = (unhealthy: number, of: number, maxUnhealthy?: string, overrides: Partial<Snapshot> = {}) => {
    const { maxUnhealthy: _, ...bare } = rules({}).safetyRules
    const { decision } = evaluate(policy({ safetyRules: { ...bare, ...(maxUnhealthy === undefined ? {} : { maxUnhealthy }) } }), broken(pods(unhealthy, of), overrides))
    return decision.kind === 'Blocked' ? decision.refusals[0].refusal : undefined
  }
  const cases: readonly [title: string, unhealthy: number, of: number, max: string | undefined, reason: string | undefined][] = [
    ['lets one through, however few there are', 1, 1, undefined, undefined],
    ['stops at two of five', 2, 5, undefined, 'StormGate'],
    ['lets a fifth through', 4, 20, undefined, undefined],
    ['stops above a fifth', 5, 20, undefined, 'StormGate'],
    ['goes by the share of the policy', 5, 20, '25%', undefined],
    ['goes by the count of the policy', 3, 20, '3', undefined],
    ['stops above the count of the policy', 4, 20, '3', 'StormGate'],
    ['lets nothing through at zero', 1, 20, '0', 'StormGate'],
    ['lets everything through at a hundred percent', 20, 20, '100%', undefined],
    ['lets nothing through when the share cannot be read', 1, 20, 'few', 'StormGate'],
  ]
  for (const [title, unhealthy, of, max, reason] of cases) it(title, () => expect(decide(unhealthy, of, max)?.reason).to.equal(reason))

  it('goes by the share of the installation where the policy says nothing', () => {
    const { installation } = snapshot()
    const strict = { installation: { ...installation, storm: { ...installation.storm, policyPercent: 10 } } }
    expect([decide(2, 20, undefined, strict)?.reason, decide(3, 20, undefined, strict)?.reason, decide(3, 20, '20%', strict)?.reason]).to.deep.equal([undefined, 'StormGate', undefined])
  })
  it('says since when, how many may be, and when it acts again', () => {
    expect(decide(5, 20)?.message).to.equal(
      'too many objects of the policy at once have been unhealthy since 2030-01-01T12:00:00.000Z: the cause is likely elsewhere (4 of 20 may be; acting again when no more than 2 have been for 1m)',
    )
  })
  it('stops a dry run too, and not the eyes of a policy that only watches', () => {
    const view = broken(pods(5, 20))
    const spec = (mode: HealingPolicySpec['mode']): Partial<HealingPolicySpec> => ({ mode, ...rules({ maxUnhealthy: '20%' }) })
    expect(evaluate(policy(spec('dryrun')), view).decision).to.have.nested.property('refusals[0].refusal.reason', 'StormGate')
    const monitor = evaluate(policy(spec('monitor')), view)
    expect([monitor.decision.kind, monitor.ledger.storm]).to.deep.equal(['NoOp', undefined])
  })
})
