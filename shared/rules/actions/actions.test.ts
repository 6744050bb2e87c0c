import { expect } from 'chai'
import { check } from '../test-policy.ts'
import { ks301 } from './ks301-action-fits-kind.ts'

const select = (apiVersion: string, kind: string) => ({ labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion, kind }] })

describe('KS301 action fits kind', () => {
  const podless: [string, string][] = [['v1', 'Service'], ['v1', 'ConfigMap'], ['batch/v1', 'Job'], ['batch/v1', 'CronJob'], ['apps/v1', 'ReplicaSet'], ['autoscaling/v2', 'HorizontalPodAutoscaler']]
  for (const [apiVersion, kind] of podless) {
    it(`${kind} has no pods that policies heal`, () =>
      expect(check(ks301, { selector: select(apiVersion, kind), action: { target: 'Pod' } })).to.deep.equal([`spec.selector.resources[0].kind: no trigger or action fits ${apiVersion} ${kind}`]))
  }
  for (const [apiVersion, kind] of [['v1', 'Secret'], ['v1', 'Node'], ['v1', 'Pods']] as const) {
    it(`${kind} is left to the rule that is about it`, () => expect(check(ks301, { selector: select(apiVersion, kind), action: { target: 'Pod' } })).to.deep.equal([]))
  }
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
    it(`restart of a selected ${kind} must say target: Pod`, () => {
      expect(check(ks301, { selector: select('apps/v1', kind) })).to.deep.equal([
        `spec.actions[0].target: action "restart" does not say what it restarts while apps/v1 ${kind} is selected`,
      ])
      expect(check(ks301, { selector: select('apps/v1', kind), action: { target: 'Pod' } })).to.deep.equal([])
    })
  }
  it('with pods selected the target is clear', () => expect(check(ks301)).to.deep.equal([]))
  it('monitor needs no target', () => expect(check(ks301, { mode: 'monitor', selector: select('apps/v1', 'Deployment') })).to.deep.equal([]))
})
