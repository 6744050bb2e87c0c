/** Two policies that would undo each other: refused at the door, and where two come at once, stopped by the controller. No pod has to run. */
import { expect } from 'chai'
import { stringify } from 'yaml'
import { CONTROLLER_USER, WEBHOOK_ACCOUNT } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { Finished } from '../cluster/exec.ts'
import { useFixture } from '../healing/fixture.ts'

interface Wish {
  readonly namespace?: string
  readonly direction: 'up' | 'down'
  readonly app?: string
  readonly tier?: string
  readonly suspend?: boolean
  readonly mode?: string
}

const policy = (name: string, { namespace = 'shop', direction, app = 'cart', tier, suspend, mode = 'automatic' }: Wish): object => ({
  apiVersion: 'kubeskippy.io/v1alpha1',
  kind: 'HealingPolicy',
  metadata: { name, namespace },
  spec: {
    mode,
    ...(suspend === undefined ? {} : { suspend }),
    selector: { labelSelector: { matchLabels: tier === undefined ? { app } : { tier } }, resources: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] },
    // No pod of a cluster without nodes is measured: nothing ever happens.
    triggers: [{ name: 'load', type: 'metric', metricTrigger: { query: 'cpu_usage_percent', operator: direction === 'up' ? '>' : '<', threshold: direction === 'up' ? 90 : 10, duration: '5m' } }],
    actions: [{ name: direction, type: 'scale', scaleAction: direction === 'up' ? { direction, maxReplicas: 5 } : { direction, minReplicas: 2 } }],
  },
})
const deployment = (name: string, labels: Record<string, string>): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', labels },
  spec: { replicas: 0, selector: { matchLabels: { name } }, template: { metadata: { labels: { name } }, spec: { containers: [{ name: 'main', image: 'none.invalid/none' }] } } },
})

describe('policies in conflict', function () {
  this.timeout(600_000)
  const fixture = useFixture({ node: false })
  before(async () => {
    await fixture.kubectl(['create', 'namespace', 'shop'])
    await fixture.apply(deployment('cart-web', { app: 'cart', tier: 'web' }), deployment('till-web', { app: 'cart', tier: 'web' }), deployment('cart-db', { app: 'cart', tier: 'db' }))
  })
  afterEach(async () => {
    await fixture.kubectl(['delete', 'hp', '--all', '-n', 'shop'])
    // Until the door has forgotten them, too: the next test refers to its own.
    for (const direction of ['up', 'down'] as const) {
      await eventually(async () => {
        const { code, stderr } = await apply(policy('probe', { direction }), '--dry-run=server')
        expect([code, stderr.includes('KS501')], stderr).to.deep.equal([0, false])
      }, seconds(60))
    }
  })

  const apply = (object: object, ...flags: string[]): Promise<Finished> => fixture.cluster.kubectl(['apply', '-f', '-', ...flags], { input: stringify(object, { version: '1.1' }) })
  const patch = (name: string, spec: object, ...flags: string[]): Promise<Finished> => fixture.cluster.kubectl(['-n', 'shop', 'patch', 'hp', name, '--type=merge', '-p', JSON.stringify({ spec }), ...flags])
  /** Once the door knows of what was there before, and has had the time to count. */
  const refused = (object: object, words = '[KS501]'): Promise<void> =>
    eventually(async () => {
      const { code, stderr } = await apply(object, '--dry-run=server')
      expect(code, stderr).to.equal(1)
      expect(stderr).to.contain(words)
    }, seconds(60))
  const must = async (object: object): Promise<void> => {
    await eventually(async () => {
      const { code, stderr } = await apply(object)
      expect(code, stderr).to.equal(0)
    }, seconds(60))
  }
  const condition = async (name: string) => (await fixture.policy('shop', name)).status?.conditions?.find(({ type }) => type === 'Accepted')
  const accepted = async (...names: string[]): Promise<readonly (string | undefined)[]> =>
    Promise.all(names.map(async (name) => {
      const found = await condition(name)
      return found === undefined ? undefined : `${found.status} ${found.reason}`
    }))

  describe('at the door', () => {
    it('the second is refused with both names and the number of workloads that both select', async () => {
      await must(policy('up', { direction: 'up' }))
      await refused(policy('down', { direction: 'down', tier: 'web' }), 'The HealingPolicy "down" is invalid: spec.actions[0]: [KS501] policy "shop/up" scales up what "down" scales down: both select 2 workloads now — ')
      expect((await apply(policy('down', { direction: 'down', tier: 'web' }))).code).to.equal(1)
      await refused(policy('down', { direction: 'down' }), 'both select 3 workloads now')
      await refused(policy('down', { direction: 'down', tier: 'db' }), 'both select 1 workload now')
    })

    it('it is only warned about while nothing is shared', async () => {
      await must(policy('up', { direction: 'up' }))
      await refused(policy('down', { direction: 'down' }))
      const { code, stderr } = await apply(policy('down', { direction: 'down', tier: 'cache' }))
      expect(code, stderr).to.equal(0)
      expect(stderr).to.contain('Warning: KS501 shop/down actions[0]: policy "shop/up" scales up what "down" scales down: both can select the same objects')
    })

    it('suspended, it always gets through, and so does suspending either', async () => {
      await must(policy('up', { direction: 'up' }))
      await refused(policy('down', { direction: 'down' }))
      const created = await apply(policy('down', { direction: 'down', suspend: true }))
      expect([created.code, created.stderr.includes('KS501')], created.stderr).to.deep.equal([0, false])
      expect((await patch('down', { suspend: false })).stderr).to.contain('[KS501]')
      expect((await patch('up', { suspend: true })).code).to.equal(0)
      await eventually(async () => expect((await patch('down', { suspend: false })).code).to.equal(0), seconds(60))
      // Not for real before the door knows of it: one that got through would be no change from then on.
      await eventually(async () => expect((await patch('up', { suspend: false }, '--dry-run=server')).stderr).to.contain('[KS501]'), seconds(60))
      expect((await patch('up', { suspend: false })).stderr).to.contain('[KS501]')
      expect((await patch('down', { suspend: true })).code).to.equal(0)
    })

    it('without its rights it lets policies in, and says so nowhere but in the log: the controller stops one', async () => {
      const role = JSON.parse(await fixture.kubectl(['get', 'clusterrole', WEBHOOK_ACCOUNT, '-o', 'json'])) as { readonly rules: readonly { readonly resources: readonly string[] }[] }
      await must(policy('up', { direction: 'up' }))
      await refused(policy('down', { direction: 'down', tier: 'web' }))
      // Which one is stopped goes by which one was accepted first.
      await eventually(async () => expect(await accepted('up')).to.deep.equal(['True Accepted']), seconds(60))
      const without = (...resources: string[]): object[] => [{ op: 'replace', path: '/rules', value: role.rules.filter((rule) => !rule.resources.some((one) => resources.includes(one))) }]
      await fixture.kubectl(['patch', 'clusterrole', WEBHOOK_ACCOUNT, '--type=json', '-p', JSON.stringify(without('pods', 'deployments'))])
      try {
        // What is there cannot be counted, so that both could select the same is all that is known.
        await eventually(async () => expect((await apply(policy('down', { direction: 'down', tier: 'web' }), '--dry-run=server')).stderr).to.contain('Warning: KS501 shop/down'), seconds(90))
        expect((await apply(policy('down', { direction: 'down' }))).stderr).to.contain('one selects whatever the other selects')
        expect((await apply(policy('down', { direction: 'down', tier: 'web' }))).code).to.equal(0)
        await eventually(async () => expect(await accepted('up', 'down')).to.deep.equal(['True Accepted', 'False Conflict']), seconds(60))
      } finally {
        await fixture.kubectl(['patch', 'clusterrole', WEBHOOK_ACCOUNT, '--type=json', '-p', JSON.stringify(without())])
      }
    })
  })

  describe('at once', () => {
    it('the controller stops exactly one, names both, and keeps so over a restart', async () => {
      // As the door would let both in when neither has reached its cache: it is not asked.
      await fixture.installation.stopController()
      const one = policy('one', { direction: 'up' })
      const two = policy('two', { direction: 'down' })
      const unasked = ['--as', CONTROLLER_USER, '--as-group', 'system:masters']
      const results = await Promise.all([apply(one, ...unasked), apply(two, ...unasked)])
      expect(results.map(({ code }) => code), results.map(({ stderr }) => stderr).join('')).to.deep.equal([0, 0])
      await fixture.installation.startController()
      const verdict = async (): Promise<string> => {
        const states = await accepted('one', 'two')
        expect(states).to.have.members(['False Conflict', 'True Accepted'])
        return states[0] === 'True Accepted' ? 'two' : 'one'
      }
      const stopped = await eventually(verdict, seconds(90))
      const other = stopped === 'one' ? 'two' : 'one'
      await eventually(async () => expect((await condition(stopped))?.message).to.contain(`[KS501] spec.actions[0]: policy "shop/${other}" scales`).and.to.contain(`"${stopped}"`).and.to.contain('both select 3 workloads now'), seconds(60))
      await eventually(async () => expect((await fixture.policy('shop', stopped)).status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ status: 'False', reason: 'NotAccepted' }), seconds(60))
      const versions = async (): Promise<readonly string[]> => Promise.all(['one', 'two'].map(async (name) => (await fixture.policy('shop', name)).metadata.resourceVersion))
      // Once all is written that there is to say of either.
      const before = await eventually(async () => {
        const first = await versions()
        await new Promise((resolve) => setTimeout(resolve, 3000))
        expect(await versions()).to.deep.equal(first)
        return first
      }, seconds(60))
      await fixture.installation.stopController()
      await fixture.installation.startController()
      await new Promise((resolve) => setTimeout(resolve, 5000))
      expect(await verdict()).to.equal(stopped)
      expect(await versions()).to.deep.equal(before)
      // The one that acts may be edited while the other one stands beside it.
      expect((await patch(other, { safetyRules: { maxActionsPerHour: 7 } })).code).to.equal(0)
      await eventually(async () => expect((await condition(other))?.observedGeneration).to.equal(2), seconds(60))
      expect(await verdict()).to.equal(stopped)
      expect((await patch(stopped, { suspend: true })).code).to.equal(0)
      expect((await patch(other, { suspend: true })).code).to.equal(0)
      await eventually(async () => expect(await accepted('one', 'two')).to.deep.equal(['True Accepted', 'True Accepted']), seconds(60))
    })

    it('of three of which the middle one is in the way of both, it alone is stopped', async () => {
      await fixture.installation.stopController()
      const unasked = ['--as', CONTROLLER_USER, '--as-group', 'system:masters']
      const made = await apply({ apiVersion: 'v1', kind: 'List', items: [policy('a-up', { direction: 'up' }), policy('b-down', { direction: 'down' }), policy('c-up', { direction: 'up', tier: 'web' })] }, ...unasked)
      expect(made.code, made.stderr).to.equal(0)
      await fixture.installation.startController()
      await eventually(async () => expect(await accepted('a-up', 'b-down', 'c-up')).to.deep.equal(['True Accepted', 'False Conflict', 'True Accepted']), seconds(90))
      // It acts, so it goes before the one that would come back.
      expect((await patch('a-up', { suspend: true })).code).to.equal(0)
      await eventually(async () => expect((await condition('b-down'))?.message).to.contain('policy "shop/c-up" scales up').and.to.not.contain('a-up'), seconds(60))
      expect((await patch('c-up', { suspend: true })).code).to.equal(0)
      await eventually(async () => expect(await accepted('b-down')).to.deep.equal(['True Accepted']), seconds(60))
    })

    it('many at once through the door: never more than one acts', async () => {
      const names = Array.from({ length: 6 }, (_, index) => `p${index}`)
      const answers = await Promise.all(names.map((name, index) => apply(policy(name, { direction: index % 2 === 0 ? 'up' : 'down' }))))
      const stored = names.filter((_, index) => answers[index]?.code === 0)
      expect(stored.length, answers.map(({ stderr }) => stderr).join('')).to.be.at.least(1)
      await eventually(async () => {
        const states = await accepted(...stored)
        const acting = stored.filter((_, index) => states[index] === 'True Accepted').map((name) => Number(name.slice(1)) % 2)
        expect(states).to.not.include(undefined)
        // Those that do the same may stand beside each other.
        expect(new Set(acting).size).to.equal(1)
      }, seconds(90))
    })
  })
})
