/** An earlier version, installed and at work, is upgraded to what the checkout holds, and goes back: under reviews all the while. */
import { join } from 'node:path'
import { expect } from 'chai'
import { STANDARD_NAME } from '../../hack/delivery/configuration.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingLedger } from '../../shared/api/v1alpha1/types.ts'
import { seconds } from '../../shared/lib/time.ts'
import { rawPolicy } from '../../shared/rules/test-policy.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl, kubeskippy } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { tellPod } from '../cluster/tell.ts'
import { startLoad } from '../door/load.ts'
import { deployment, inNamespace, policy } from '../healing/fixture.ts'
import { EARLIER_IMAGE, earlierImage } from '../image/earlier.ts'
import { PRODUCT_IMAGE, productImage } from '../image/product.ts'
import { helmMust } from './helm.ts'
import { imageValues, release } from './release.ts'

const REPORT = { log: (line: string) => { console.log(line) } }
const EARLIER = join(import.meta.dirname, 'earlier')
const PER_SECOND = 50
/** Two cores run the control plane, a node, both versions of the programs and the load: with more at once each would wait for longer than a review may take. */
const MOST_OPEN = 8
/** Alone on two cores 40 of the 50 a second were answered in an upgrade and all 50 in a rollback, each by two webhooks; beside two other suites 14, some 600 in an upgrade. With a quarter of it one that fails would not be seen. */
const LEAST = 150
/** Of a field that the earlier version does not have. */
const PROMISE = JSON.stringify({ spec: { objectives: { timeToHeal: '5m' } } })
const body = (name: string, spec: Record<string, unknown> = {}): string => JSON.stringify({ ...rawPolicy(spec), metadata: { name, namespace: 'shop' } })
const SPECIMENS = [{ body: body('good') }, { body: body('bad', { safetyRules: { maxActionsPerHour: 99 } }), refusedWith: '[KS401]' }]

describe('an earlier version', function () {
  this.timeout(900_000)
  let cluster: Cluster
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  const pods = async (): Promise<readonly string[]> => (await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={range .items[*]}{.spec.containers[0].image}{"\\n"}{end}')).trim().split('\n')
  const ledger = async (): Promise<HealingLedger> => {
    const { items } = JSON.parse(await k('get', 'healingledgers', '-n', OPERATOR_NAMESPACE, '-o', 'json')) as { readonly items: readonly HealingLedger[] }
    const found = items.find(({ spec }) => spec.policy?.namespace === 'shop')
    if (found === undefined) throw new Error('there is no ledger')
    return found
  }
  const actions = async (): Promise<readonly string[]> => (await k('get', 'ha', '-n', 'shop', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.phase} {.status.outcome}{"\\n"}{end}')).trim().split('\n')
  const breakPod = async (): Promise<void> => {
    await k('rollout', 'status', '-n', 'shop', 'deployment/app', '--timeout=150s')
    await tellPod(cluster, 'shop', 'deployment/app', 'broken')
  }
  const isLimited = (): Promise<unknown> => eventually(async () => expect(await k('get', 'hp', 'heal', '-n', 'shop', '-o', 'jsonpath={.status.lastDecision.reason}')).to.equal('RateLimited'), seconds(120))

  /** No review fails or is judged otherwise than it should be while something is done, and there are enough of them to tell. */
  async function reviewedMeanwhile(what: string, work: () => Promise<unknown>): Promise<void> {
    const begin = performance.now()
    const load = await startLoad(cluster.kubeconfig, 'shop', SPECIMENS, PER_SECOND, MOST_OPEN)
    try {
      await work()
    } finally {
      await load.stop()
    }
    const elapsed = (performance.now() - begin) / 1000
    const answered = load.outcomes.length
    const problems = load.outcomes.flatMap(({ problem }) => problem ?? [])
    console.log(`${what}: ${answered} reviews in ${Math.round(elapsed)} s, ${(answered / elapsed).toFixed(1)} of the ${PER_SECOND} a second that were asked for, ${problems.length} failed`)
    expect(problems.length, problems.slice(0, 5).join('\n')).to.equal(0)
    expect(answered).to.be.at.least(LEAST)
  }
  /** Fields of a spec, as the API server knows the kind now. */
  const fields = async (plural: string): Promise<readonly string[]> => {
    const { spec } = JSON.parse(await k('get', 'crd', `${plural}.kubeskippy.io`, '-o', 'json')) as { readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: { readonly properties: object } } } } }[] } }
    return Object.keys(spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {})
  }
  /** As they are stored: what would be lost if a definition were made anew. */
  const stored = async (): Promise<readonly unknown[]> => {
    const { items } = JSON.parse(await k('get', 'hp,ha', '-n', 'shop', '-o', 'json')) as { readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string }; readonly spec: object }[] }
    return items.map(({ metadata: { name, uid }, spec }) => ({ name, uid, spec }))
  }
  const objective = async (): Promise<string> => k('get', 'hp', 'heal', '-n', 'shop', '-o', 'jsonpath={.spec.objectives.timeToHeal}')
  const configurations = async (): Promise<readonly string[]> => (await k('get', 'configmap', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=kubeskippy', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ')
  /** The one that was there before, and nothing was forgotten. */
  async function kept(before: HealingLedger): Promise<void> {
    const now = await ledger()
    expect(now.metadata.uid).to.equal(before.metadata.uid)
    expect(now.spec.entries).to.deep.equal(before.spec.entries)
    expect(now.spec.nextOrdinal).to.be.at.least(before.spec.nextOrdinal ?? 0)
  }

  let acted: HealingLedger
  let written: readonly unknown[]
  before(async () => {
    await ensureChartParts(REPORT)
    const archives = [(await productImage(REPORT)).archive, await earlierImage(join(EARLIER, 'program.tar.br'), REPORT)]
    cluster = await startCluster({ log: REPORT.log, crashLoopSeconds: 3 })
    for (const archive of archives) await cluster.loadImage(archive)
    for (const namespace of [OPERATOR_NAMESPACE, 'shop']) await k('create', 'namespace', namespace)
    await release(cluster, 'install', { ...imageValues(EARLIER_IMAGE), healers: { namespaces: ['shop'] } }, join(EARLIER, 'chart.tgz'))
  })
  after(async () => cluster?.stop())

  it('heals once, which is all that its policy allows in an hour', async () => {
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: [policy('shop', { app: 'app', safetyRules: { maxActionsPerHour: 1, healthCheckTimeout: '3m' } }), inNamespace('shop', deployment('app', 'inThisPod'))] })
    await breakPod()
    await eventually(async () => expect((await actions()).map((action) => action.replace(/^\S+ /, ''))).to.deep.equal(['Succeeded Effective']), seconds(180))
    acted = await eventually(async () => {
      const found = await ledger()
      expect(found.spec.entries?.map(({ state }) => state)).to.deep.equal(['Settled'])
      return found
    }, seconds(60))
    written = await stored()
    expect(written).to.have.length(2)
  })

  it('knows fields less, and whatever else it has is the same kind', async () => {
    expect(await fields('healingpolicies')).to.not.include('objectives')
    expect(await fields('healingledgers')).to.not.include('timeToHeal')
    const { code, stderr } = await cluster.kubectl(['patch', 'hp', 'heal', '-n', 'shop', '--type=merge', '-p', PROMISE, '--dry-run=server'])
    expect(`${code} ${stderr}`).to.contain('unknown field "spec.objectives"')
  })

  it('is upgraded, and no review fails', async () => {
    await reviewedMeanwhile('upgrade', async () => {
      await release(cluster, 'upgrade', { healers: { namespaces: ['shop'] } })
      await eventually(async () => expect(await pods()).to.deep.equal(Array<string>(4).fill(PRODUCT_IMAGE)), seconds(180))
    })
  })

  it('with what is stored as it was, and the fields that are new', async () => {
    expect(await fields('healingpolicies')).to.include('objectives')
    expect(await stored()).to.deep.equal(written)
    await k('patch', 'hp', 'heal', '-n', 'shop', '--type=merge', '-p', PROMISE)
    expect(await objective()).to.equal('5m')
  })

  it('beside the configuration of the one before, which its pods would start by', async () => {
    expect(await configurations()).to.have.members(['kubeskippy-config', STANDARD_NAME])
  })

  it('and what it had done still counts', async () => {
    await kept(acted)
    await breakPod()
    await isLimited()
    expect(await actions()).to.have.length(1)
    await eventually(async () => {
      const { code, stdout } = await kubeskippy(cluster, 'check')
      expect(code, stdout).to.equal(0)
    }, seconds(60))
  })

  it('comes back by helm rollback, and no review fails', async () => {
    await reviewedMeanwhile('rollback', async () => {
      await helmMust(['rollback', 'kubeskippy', '1', '--wait', '--timeout', '6m'], { kubeconfig: cluster.kubeconfig })
      await eventually(async () => expect(await pods()).to.deep.equal(Array<string>(4).fill(EARLIER_IMAGE)), seconds(180))
    })
    await kept(acted)
    await isLimited()
    expect(await actions()).to.have.length(1)
  })

  it('with what is stored as it was at first, since it knows no more', async () => {
    expect(await objective()).to.equal('')
    expect(await stored()).to.deep.equal(written)
    expect(await configurations()).to.deep.equal(['kubeskippy-config'])
  })
})
