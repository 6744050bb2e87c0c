import { expect } from 'chai'
import { buildActionTemplate } from '../../shared/testing/builders/objects.ts'
import { refuseForPods } from './spared-pods.ts'
import { cart, crashing, deployment, ownedBy, pod, policy, rules, snapshot } from './testing/builders.ts'

const [stock, stockSet] = deployment('stock')
const restart = buildActionTemplate({ target: 'Workload' })
const scale = (direction: 'up' | 'down') => buildActionTemplate({ type: 'scale', scaleAction: { direction, replicas: 1, minReplicas: 1 } })
const ofPod = (labels: Record<string, string>) => rules({ protectedResources: [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: labels } }] })

describe('an act on a workload', () => {
  const view = (...pods: ReturnType<typeof pod>[]) => snapshot({ pods, workloads: [cart, ...snapshot().workloads.slice(1), stock, stockSet] })
  for (const [title, of, action, pods, reason] of [
    ['is for all of its pods', policy(), restart, [crashing(), pod('cart-1')], undefined],
    ['is refused when one of its pods opted out', policy(), restart, [crashing(), pod('cart-1', { ignored: true })], 'OptedOut'],
    ['is refused when the policy protects one of its pods', policy(ofPod({ role: 'primary' })), restart, [crashing(), pod('cart-1', { labels: { role: 'primary' } })], 'Protected'],
    ['is not refused for what protects another one', policy(ofPod({ role: 'primary' })), restart, [crashing(), pod('cart-1')], undefined],
    ['is not refused for a pod of another workload', policy(), restart, [crashing(), pod('stock-0', { ignored: true, owner: ownedBy(stockSet) })], undefined],
    ['is not refused for a pod that is going', policy(), restart, [crashing(), pod('cart-1', { ignored: true, deleting: true })], undefined],
    ['may add replicas', policy(), scale('up'), [crashing(), pod('cart-1', { ignored: true })], undefined],
    ['may not take replicas away', policy(), scale('down'), [crashing(), pod('cart-1', { ignored: true })], 'OptedOut'],
  ] as const) {
    it(title, () => expect(refuseForPods(of, action, cart.ref, view(...pods))?.reason).to.equal(reason))
  }
  it('may not take replicas away where the scale of a custom resource names a pod that opted out', () => {
    const named = { ...cart, podSelector: { matchLabels: { part: 'cache' } }, scale: { plural: 'caches', replicas: 2 } }
    const free = pod('free', { owner: undefined, labels: { part: 'cache' }, ignored: true })
    expect(refuseForPods(policy(), scale('down'), cart.ref, snapshot({ pods: [free], workloads: [named] }))?.reason).to.equal('OptedOut')
    expect(refuseForPods(policy(), scale('down'), cart.ref, snapshot({ pods: [free], workloads: [{ ...named, podSelector: {} }] }))).to.equal(undefined)
  })
})
