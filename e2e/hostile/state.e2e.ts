/**
 * Own state that somebody has changed by hand, on a real API server: acting stops, `kubeskippy explain` says why, and what it says to
 * do mends it. What the schema keeps out is written while the schema is away, as a restored backup or an older version would leave it.
 */
import { expect } from 'chai'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { budgetSlot, policySlot } from '../../controller/adapters/ledger-slots.ts'
import { emptyLedger } from '../../controller/healing/ledger.ts'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import { EVENTS, HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubeskippy } from '../cli/access.ts'
import { exec } from '../cluster/exec.ts'
import { deployment, inNamespace, useFixture } from '../healing/fixture.ts'

const CRDS = fileURLToPath(new URL('../../config/crd/bases', import.meta.url))
/** Nobody else may write ledgers. */
const AS_CONTROLLER = [`--as=${serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)}`, '--as-group=system:masters']

describe('own state that was changed by hand', function () {
  this.timeout(800_000)
  const fixture = useFixture({ node: false })

  const policy = (namespace: string, mode: string): object => ({
    apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'heal', namespace },
    spec: {
      mode,
      selector: { labelSelector: { matchLabels: { app: 'web' } } },
      // Without a node nothing is ever scheduled.
      triggers: [{ name: 'waiting', type: 'condition', cooldownPeriod: '0s', conditionTrigger: { type: 'PodScheduled', status: 'False', duration: '2s' } }],
      actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
      safetyRules: { stabilizationWindow: '5s', healthCheckTimeout: '10s' },
    },
  })
  const ledgerOf = async (ns: string): Promise<HealingLedger> =>
    eventually(async () => {
      const found = (await fixture.ledgers()).find(({ spec }) => spec.policy?.namespace === ns)
      if (found === undefined) throw new Error('no ledger')
      return found
    }, seconds(60))
  /** A policy that sees what is broken, but may not act yet. */
  const watched = async (name: string): Promise<string> => {
    const ns = await fixture.namespace(name)
    await fixture.apply(inNamespace(ns, deployment('web', 'always')), policy(ns, 'monitor'))
    await fixture.decided(ns, 'Monitoring', seconds(120))
    return ns
  }
  const explain = async (ns: string): Promise<string> => {
    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'explain', 'hp/heal', '-n', ns)
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    return stdout
  }
  /** As a person would who copies the line. */
  const copied = async (text: string, line: RegExp): Promise<void> => {
    const [, command = ''] = line.exec(text) ?? []
    expect(command, text).to.match(/^kubectl /)
    const { cluster } = fixture
    const { code, stderr } = await exec('sh', ['-c', command], { env: { ...process.env, KUBECONFIG: cluster.kubeconfig, PATH: `${cluster.bin}${delimiter}${process.env['PATH'] ?? ''}` }, timeout: 60_000 })
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  }
  const acts = async (ns: string): Promise<void> => {
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.status?.actedAt).to.be.a('string')
    expect(fixture.evictions(ns)).to.have.length(1)
  }
  /** Nobody looks at what is written meanwhile. */
  const withoutSchema = async (plural: string, write: () => Promise<unknown>): Promise<void> => {
    const anything = [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } }]
    await fixture.kubectl(['patch', 'crd', `${plural}.kubeskippy.io`, '--type=json', '-p', JSON.stringify(anything)])
    try {
      await eventually(write, seconds(60))
    } finally {
      await fixture.kubectl(['apply', '--server-side', '--force-conflicts', '-f', `${CRDS}/kubeskippy.io_${plural}.yaml`])
    }
  }
  const patched = (args: readonly string[], patch: object): Promise<string> => fixture.kubectl(['patch', ...args, '--type=merge', '-p', JSON.stringify(patch)])
  const made = (name: string, spec: object): Promise<string> =>
    fixture.kubectl(['create', '-f', '-', ...AS_CONTROLLER], JSON.stringify({ apiVersion: API_VERSION, kind: 'HealingLedger', metadata: { namespace: OPERATOR_NAMESPACE, name }, spec }))
  const ledger = (name: string): readonly string[] => ['healingledger', name, '-n', OPERATOR_NAMESPACE, ...AS_CONTROLLER]

  /** From here on it would act, if it could read. */
  const refuses = async (ns: string): Promise<void> => {
    await fixture.apply(policy(ns, 'automatic'))
    await eventually(async () => expect((await fixture.policy(ns)).status?.conditions?.find(({ type }) => type === 'Ready')).to.include({ status: 'False', reason: 'LedgerUnreadable' }), seconds(120))
    await new Promise((resolve) => setTimeout(resolve, 4000))
    expect(await fixture.actions(ns)).to.deep.equal([])
    expect(await explain(ns)).to.match(/not ready +LedgerUnreadable: ledger \S+ is malformed at /).and.to.match(/to change +kubeskippy check says which ledger, what is wrong with it, and how to begin anew/)
  }
  const mended = async (ns: string, name: string): Promise<void> => {
    const { code, stdout } = await kubeskippy(fixture.cluster, 'check', '-n', ns)
    expect(code).to.equal(1)
    expect(stdout).to.include(`${name} cannot be read: `)
    await copied(stdout, new RegExp(`(kubectl delete healingledger ${name} -n \\S+)`))
    await acts(ns)
  }

  it('a ledger that says to be of another policy', async () => {
    const ns = await watched('renamed')
    const { name } = policySlot({ namespace: ns, name: 'heal' })
    await made(name, emptyLedger({ namespace: ns, name: 'another' }))
    await refuses(ns)
    await mended(ns, name)
  })

  it('a ledger that its schema would have refused', async () => {
    const ns = await watched('garbage')
    const policyKey = { namespace: ns, name: 'heal' }
    const { name } = policySlot(policyKey)
    await withoutSchema('healingledgers', () => made(name, { ...emptyLedger(policyKey), entries: 'none', breaker: null }))
    await refuses(ns)
    await mended(ns, name)
  })

  it('the budget that all policies share', async () => {
    const ns = await watched('shared')
    const { name } = budgetSlot({ scope: 'Cluster' })
    // An act of the tests before has begun it.
    await withoutSchema('healingledgers', () => patched(ledger(name), { spec: { budget: { acts: { many: true } } } }))
    await refuses(ns)
    await mended(ns, name)
  })

  it('the status of a policy: nothing is written over it until somebody takes it away', async () => {
    const ns = await watched('status')
    await fixture.installation.stopController()
    await withoutSchema('healingpolicies', () => patched(['healingpolicy', 'heal', '-n', ns, '--subresource=status'], { status: { findings: 'none' } }))
    await fixture.apply(policy(ns, 'automatic'))
    await fixture.installation.startController()
    await eventually(async () => {
      const events = await fixture.list<KubeObject & { readonly reason: string; readonly note: string }>(ns, EVENTS)
      expect(events.find(({ reason }) => reason === 'StatusUnreadable')?.note).to.match(/^status\.findings: .*kubeskippy explain heal says how$/)
    }, seconds(120))
    await new Promise((resolve) => setTimeout(resolve, 4000))
    expect(await fixture.actions(ns)).to.deep.equal([])
    expect((await fixture.policy(ns)).status?.findings).to.equal('none')
    const text = await explain(ns)
    expect(text).to.match(/Cannot be read\n +status\.findings: /).and.to.match(/unknown +the controller does not act on what it cannot read/)
    await copied(text, /to change +let the controller write it anew: (kubectl .*)/)
    await acts(ns)
  })

  it('a status that lies lifts nothing: what counts is in the ledger, and it is corrected', async () => {
    const ns = 'renamed'
    await fixture.decided(ns, 'Escalated', seconds(120))
    await patched(['healingpolicy', 'heal', '-n', ns, '--subresource=status'], { status: { incidents: [], findings: [], budget: { used: 0, limit: 20 }, breaker: { state: 'Closed', failures: 0 }, outcomes: { effective: 9 }, lastDecision: { kind: 'NoOp', reason: 'Healthy', message: 'all is well' } } })
    await fixture.kubectl(['annotate', 'healingpolicy', 'heal', '-n', ns, 'looked=at'])
    const { status } = await fixture.decided(ns, 'Escalated', seconds(120))
    expect(status?.incidents).to.have.length(1)
    expect(status?.budget).to.include({ used: 1 })
    expect(status?.outcomes).to.include({ effective: 0, ineffective: 1 })
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('a ledger that somebody deletes is made again, and lifts nothing', async () => {
    const ns = 'renamed'
    const { metadata: { name, uid }, spec } = await ledgerOf(ns)
    await fixture.api.delete(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name })
    await eventually(async () => {
      const again = await ledgerOf(ns)
      expect(again.metadata.uid).not.to.equal(uid)
      expect(again.spec).to.deep.equal(spec)
    }, seconds(120))
    await fixture.decided(ns, 'Escalated', seconds(120))
    expect(fixture.evictions(ns)).to.have.length(1)
  })
})
