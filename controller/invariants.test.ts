/** One test for each invariant: a run that would break it, judged by the history of the API server. */
import { expect } from 'chai'
import type { HealingPolicySpec } from '../shared/api/v1alpha1/types.ts'
import { IGNORE_ANNOTATION, KILL_SWITCH, OPERATOR_NAMESPACE } from '../shared/api/v1alpha1/names.ts'
import { CONFIG_MAPS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, PODS } from '../shared/kube/resources.ts'
import { after, hours, millis, minutes, seconds, type Millis } from '../shared/lib/time.ts'
import { buildActionTemplate, buildTrigger } from '../shared/testing/builders/objects.ts'
import { seededRandom } from '../shared/testing/fake-clock.ts'
import { randomFaults, SERVER_ERROR } from '../shared/testing/fake-cluster/faults.ts'
import { isAct, isEffective } from '../shared/testing/oracle/acts.ts'
import { judge, tell } from '../shared/testing/oracle/checker.ts'
import { historyOfJournal } from '../shared/testing/oracle/from-journal.ts'
import type { History, Mark, Output, Setting } from '../shared/testing/oracle/history.ts'
import { INVARIANTS } from '../shared/testing/oracle/invariants/index.ts'
import { NAMESPACE, Town, type TownOptions } from './testing/town.ts'

const SAFETY = { maxActionsPerHour: 5, maxConcurrent: 1, requireHealthCheck: true, healthCheckTimeout: '1m', approvalTimeout: '1h', stabilizationWindow: '10s', circuitBreaker: { failureThreshold: 3, openDuration: '10m' } }

describe('the invariants over a whole controller', () => {
  let town: Town
  let notes: (Mark | Output)[]
  beforeEach(() => { notes = [] })
  afterEach(() => town.stop())

  const note = (mark: Mark['mark'], of?: string): void => void notes.push({ kind: 'mark', at: after(town.clock.now(), millis(1)), mark, ...(of === undefined ? {} : { of }) })
  const run = async (options: TownOptions = {}, span: Millis = minutes(6)): Promise<void> => {
    town = new Town(options)
    await town.start()
    await town.live(span)
  }
  const spec = (more: Partial<HealingPolicySpec>, rules: object = {}): TownOptions => ({ spec: { ...more, safetyRules: { ...SAFETY, ...rules } } })
  /** Nothing was broken, and nothing is left open. Returns how often something was written to what is healed. */
  const held = (setting: Partial<Setting> = {}): number => {
    const history: History = historyOfJournal(town.cluster.journal, { until: town.clock.now(), notes, ...setting })
    const { broken, undecided } = judge(history, INVARIANTS)
    expect(tell(broken)).to.equal('')
    expect(tell(undecided)).to.equal('')
    return history.entries.filter((entry) => isAct(entry, history.setting) && isEffective(entry)).length
  }
  /** The replacement breaks again. */
  const breakAgain = (): void => {
    for (const { metadata } of town.cluster.all(PODS)) town.cluster.drop(PODS, metadata)
    town.pod('broken')
  }

  it('I1: one write, whatever becomes of its answer and with two controllers', async () => {
    town = new Town()
    let lost = 0
    town.cluster.faults.add(({ subresource, dryRun }) => (subresource === 'eviction' && !dryRun && (lost += 1) === 1 ? { when: 'after', answer: 'reset' } : undefined))
    await town.start('controller-1')
    await town.start('controller-2')
    await town.live(minutes(6))
    expect(lost).to.be.greaterThan(0)
    expect(held()).to.equal(1)
  })

  it('I2: no more than the limit in an hour, and again when it is over', async () => {
    await run(spec({}, { maxActionsPerHour: 1 }), minutes(5))
    breakAgain()
    await town.live(minutes(20))
    expect(held()).to.equal(1)
    await town.live(minutes(50))
    expect(held()).to.equal(2)
  })

  it('I3: nothing that is protected by name, or has opted out', async () => {
    await run(spec({}, { protectedResources: [{ apiVersion: 'v1', kind: 'Pod', names: ['cart-1-0'] }] }))
    expect(held()).to.equal(0)
    await town.stop()
    town = new Town()
    town.cluster.change(PODS, { namespace: NAMESPACE, name: 'cart-1-0' }, (pod) => ({ ...pod, metadata: { ...pod.metadata, annotations: { [IGNORE_ANNOTATION]: 'true' } } }))
    await town.start()
    await town.live(minutes(3))
    expect(held()).to.equal(0)
  })

  it('I4: nothing in a namespace that the installation protects', async () => {
    await run({ installation: { protectedNamespaces: [NAMESPACE] } })
    expect(held({ protectedNamespaces: [NAMESPACE] })).to.equal(0)
  })

  it('I5: the version that was judged, or nothing', async () => {
    town = new Town()
    let changes = 0
    town.cluster.faults.add(({ subresource, dryRun }) => {
      // It changes between the look and the write: of the dry run, then of the real one.
      if (subresource === 'eviction' && (dryRun ? changes === 0 : changes === 1) && (changes += 1) > 0) town.cluster.change(PODS, { namespace: NAMESPACE, name: 'cart-1-0' }, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, seen: `${changes}` } } }))
      return undefined
    })
    await town.start()
    await town.live(minutes(6))
    expect(changes).to.equal(2)
    expect(held()).to.equal(1)
  })

  it('I6: not the pod that came back under the name', async () => {
    town = new Town({ workload: 'StatefulSet' })
    let came = false
    town.cluster.faults.add(({ subresource, dryRun }) => {
      if (subresource !== 'eviction' || dryRun || came) return undefined
      came = true
      town.cluster.drop(PODS, { namespace: NAMESPACE, name: 'cart-0' })
      town.pod('healthy')
      return undefined
    })
    await town.start()
    await town.live(minutes(6))
    expect(came).to.equal(true)
    expect(held()).to.equal(0)
  })

  it('I7: by what is read and not by what a silent watch shows; the cooldown of the owner outlives the pod', async () => {
    await run({ spec: { safetyRules: SAFETY, triggers: [buildTrigger({ cooldownPeriod: '30m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } })] } }, minutes(5))
    breakAgain()
    town.cluster.watches.hold(({ resource }) => resource.plural === PODS.plural)
    await town.live(minutes(10))
    expect(held()).to.equal(1)
  })

  it('I8: nothing is selected by what is empty', async () => {
    await run({ spec: { selector: { labelSelector: {} } } }, minutes(3))
    expect(held()).to.equal(0)
  })

  it('I9: one act opens the breaker, and one probe follows', async () => {
    await run({ ...spec({ actions: [1, 2, 3, 4].map((n) => buildActionTemplate({ name: `a${n}`, priority: n })) }, { circuitBreaker: { failureThreshold: 1, openDuration: '10m' } }), replacement: 'broken' }, minutes(8))
    expect(held()).to.equal(1)
    await town.live(minutes(8))
    expect(held()).to.equal(2)
  })

  it('I10: nothing after the kill switch, whatever waits', async () => {
    town = new Town()
    town.budget('none')
    await town.start()
    await town.live(seconds(20))
    town.cluster.seed(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: KILL_SWITCH, namespace: OPERATOR_NAMESPACE } })
    town.cluster.drop({ group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', namespaced: true }, { namespace: NAMESPACE, name: 'none' })
    await town.live(minutes(5))
    expect(town.attempts).to.be.greaterThan(0)
    expect(held()).to.equal(0)
  })

  it('I11: the healer writes, and every line names the decision', async () => {
    await run()
    expect(held()).to.equal(1)
    expect(town.told.filter((event) => event.startsWith('Acted'))).to.have.length(1)
  })

  it('I12: nothing but the dry run, or nothing at all', async () => {
    for (const mode of ['dryrun', 'monitor'] as const) {
      await run({ spec: { mode } }, minutes(3))
      expect(held()).to.equal(0)
      expect(town.attempts, mode).to.equal(mode === 'dryrun' ? 1 : 0)
      await town.stop()
    }
  })

  it('I13: nothing before somebody has approved it in his own name', async () => {
    await run({ spec: { mode: 'manual' }, allow: ({ user }) => user === 'alice' }, minutes(3))
    expect(town.attempts).to.equal(0)
    const [action] = town.actions
    const approval = { decision: 'Approved', decidedBy: 'alice' }
    await town.cluster.client('alice').patch(HEALING_ACTIONS, { namespace: NAMESPACE, name: action?.metadata.name ?? '' }, { type: 'merge', body: { spec: { approval } } })
    await town.live(minutes(6))
    expect(held({ mayApprove: (user) => user === 'alice' })).to.equal(1)
  })

  it('I14: what the ladder names, in its order', async () => {
    await run({ ...spec({ actions: [buildActionTemplate({ name: 'first', priority: 1 }), buildActionTemplate({ name: 'second', priority: 2 })] }), replacement: 'broken' }, minutes(12))
    expect(town.actions.map(({ spec: { action } }) => action.name)).to.deep.equal(['first', 'second'])
    expect(held()).to.equal(2)
  })

  it('I15: no secret of a log in any object, event or line', async () => {
    const secret = 'hunter22-is-not-a-word'
    await run({ log: `begin\npassword=${secret}\n` })
    notes.push({ kind: 'output', at: town.clock.now(), stream: 'log', text: town.logged.join('\n') }, { kind: 'output', at: town.clock.now(), stream: 'events', text: JSON.stringify(town.events) }, { kind: 'output', at: town.clock.now(), stream: 'audit', text: JSON.stringify(town.audit) })
    expect(held({ secrets: [secret] })).to.equal(1)
  })

  it('I16: everything ends when faults end', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      town = new Town({ seed })
      const removed = town.cluster.faults.add(randomFaults(seededRandom(seed), 0.3))
      await town.start()
      await town.live(minutes(3))
      removed()
      notes = []
      note('FaultsEnd')
      await town.live(minutes(25))
      expect(held(), `seed ${seed}`).to.be.at.most(1)
      expect(town.actions.every(({ status }) => ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase ?? '')), `seed ${seed}`).to.equal(true)
      await town.stop()
    }
  })

  it('I17: a healed cluster is left in peace', async () => {
    await run({}, minutes(10))
    note('Quiet')
    await town.clock.advance(minutes(30))
    expect(held()).to.equal(1)
  })

  it('I18: a write of which nobody knows is looked after, not repeated', async () => {
    town = new Town()
    let broken = 0
    town.cluster.faults.add(({ subresource, dryRun }) => (subresource === 'eviction' && !dryRun && (broken += 1) <= 2 ? { when: broken === 1 ? 'before' : 'after', answer: SERVER_ERROR } : undefined))
    await town.start()
    await town.live(minutes(8))
    expect(broken).to.be.greaterThan(1)
    expect(held()).to.equal(1)
  })

  it('I19: a ledger or a status that cannot be read stops everything, and is left as it is', async () => {
    for (const what of ['ledger', 'status'] as const) {
      await run({}, minutes(5))
      if (what === 'ledger') for (const { metadata } of town.cluster.all(HEALING_LEDGERS)) town.cluster.change(HEALING_LEDGERS, metadata, (ledger) => ({ ...ledger, spec: { ...(ledger['spec'] as object), entries: 'none', budget: undefined } }))
      else town.cluster.change(HEALING_POLICIES, { namespace: NAMESPACE, name: 'cart' }, (policy) => ({ ...policy, status: { findings: 'none' } }))
      breakAgain()
      await town.live(minutes(5))
      expect(held(), what).to.equal(1)
      await town.stop()
    }
  })

  it('I20: nothing without data', async () => {
    town = new Town({ spec: { triggers: [buildTrigger({ name: 'errors', type: 'metric', metricTrigger: { query: 'errors', operator: '<', threshold: 1, duration: '1m' } } as never)] } })
    note('NoData', `${NAMESPACE}/cart/errors`)
    await town.start()
    await town.live(hours(0.2))
    expect(held()).to.equal(0)
    expect(town.policy.status?.triggers?.[0]?.state).to.equal('NoData')
  })
})
