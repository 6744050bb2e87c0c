/** What the API server answers otherwise than one thinks, met by the whole program: what was written, what was kept of the answers, what a person can read. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { HealingAction } from '../../shared/api/v1alpha1/types.ts'
import { ApiError } from '../../shared/kube/errors.ts'
import { DEPLOYMENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES } from '../../shared/kube/resources.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubeskippy } from '../cli/access.ts'
import { breakPods, deployment, Fixture, inNamespace, policy } from '../healing/fixture.ts'

const CANARY = 'canary-of-a-password-7f3a'

type Deployment = KubeObject & { readonly spec: { readonly template: object } }

/** With more in its container. */
function deploymentWith(container: object): object {
  const made = deployment('web', 'inThisPod') as { readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [object] } } } }
  const { template } = made.spec
  const [first] = template.spec.containers
  return { ...made, spec: { ...made.spec, template: { ...template, spec: { ...template.spec, containers: [{ ...first, ...container }] } } } }
}

/** In the template, so that a change of them rolls out. */
function annotated(made: object, annotations: Readonly<Record<string, string>>): object {
  const { spec } = made as { readonly spec: { readonly template: { readonly metadata: object } } }
  const { template } = spec
  return { ...made, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } } }
}

describe('traps of the API server, on real pods', function () {
  this.timeout(600_000)
  let fixture: Fixture

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start()
  })
  // What crashes for ever takes its time from the tests that follow.
  afterEach(() => fixture.kubectl(['delete', 'deployments', '-l', 'app=web', '--all-namespaces', '--wait=false']))
  after(async () => {
    await fixture?.stop()
  })

  const patching = (ns: string, patchAction: object, more: object = {}): object => policy(ns, { app: 'web', actions: [{ name: 'change', type: 'patch', target: 'Workload', patchAction }], safetyRules: { maxUnhealthy: '100%', healthCheckTimeout: '10s' }, ...more })
  const written = (ns: string): string[] => fixture.writes(ns).filter(({ impersonated }) => impersonated !== undefined).map(({ verb, resource, dryRun }) => `${verb} ${resource}${dryRun ? ' (dry run)' : ''}`)
  const explain = async (ns: string, action: HealingAction | undefined): Promise<string> => {
    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'explain', '-n', ns, `ha/${action?.metadata.name}`)
    expect([code, stderr]).to.deep.equal([0, ''])
    return stdout
  }

  it('a refusal that holds the whole object, passwords too, leaves nothing of it: not in a status, an event, a log or an explanation', async () => {
    const ns = await fixture.namespace('canary')
    await fixture.apply(inNamespace(ns, deploymentWith({ resources: { limits: { memory: '64Mi' }, requests: { memory: '32Mi' } }, env: [{ name: 'PASSWORD', value: CANARY }] })))
    const limit = (value: string) => [{ op: 'replace', path: '/spec/template/spec/containers/0/resources/limits/memory', value }]
    const said = await fixture.api.patch(DEPLOYMENTS, { namespace: ns, name: 'web' }, { type: 'json', body: limit('nonsense') }, { dryRun: true }).then(() => '', (error: unknown) => (error instanceof ApiError ? (error.serverMessage ?? '') : ''))
    expect(said, 'what the API server says').to.include(CANARY)

    // That one does not get in; what the object alone makes wrong does.
    const refused = await fixture.apply(patching(ns, { type: 'json', patch: JSON.stringify(limit('nonsense')) })).then(() => '', String)
    expect(refused).to.include('[KS304]')
    await fixture.apply(patching(ns, { type: 'json', patch: JSON.stringify(limit('16Mi')) }))
    await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status?.result).to.deep.include({ reason: 'WriteRefused', message: 'the API server refused the write (422)' })
    expect(written(ns)).to.deep.equal([])
    const { controller, webhook } = fixture.installation
    const kept = {
      policies: JSON.stringify(await fixture.list(ns, HEALING_POLICIES)),
      actions: JSON.stringify(await fixture.list(ns, HEALING_ACTIONS)),
      ledgers: JSON.stringify(await fixture.list(OPERATOR_NAMESPACE, HEALING_LEDGERS)),
      events: await fixture.kubectl(['get', 'events', '-A', '-o', 'json']),
      logs: [controller, webhook].map(({ logFile }) => readFileSync(logFile, 'utf8')).join(''),
      metrics: await (await fetch(controller.metricsUrl)).text(),
      explained: await explain(ns, action),
    }
    expect(kept.logs).to.include(action?.metadata.name)
    expect(kept.explained).to.include('WriteRefused')
    for (const [where, text] of Object.entries(kept)) expect(text.includes(CANARY), where).to.equal(false)
  })

  it('an eviction is tried as a dry run first, and then made with the same preconditions', async () => {
    const ns = await fixture.namespace('dry-first')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), policy(ns, { app: 'web', safetyRules: { maxUnhealthy: '100%' } }))
    await breakPods(fixture, ns, 'web')
    await fixture.ended(ns, 1, seconds(180))
    // Where the pod has changed between the two, both are made anew; what was refused is not in here.
    expect(written(ns).join(', ')).to.match(/^(?:create pods\/eviction \(dry run\), )+create pods\/eviction$/)
  })

  it('two disruption budgets of one pod would be a bare 500: nothing is tried, and both are named', async () => {
    const ns = await fixture.namespace('two-budgets')
    const budget = (name: string): object => ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: ns }, spec: { minAvailable: 0, selector: { matchLabels: { app: 'web' } } } })
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), budget('one'), budget('two'), policy(ns, { app: 'web', safetyRules: { maxUnhealthy: '100%' } }))
    await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status?.result?.reason).to.equal('SeveralDisruptionBudgets')
    expect(action?.status?.result?.message).to.match(/^one and two both select Pod\/web-/)
    expect(written(ns)).to.deep.equal([])
    expect(await explain(ns, action)).to.match(/to change +let one PodDisruptionBudget select the pod/)
  })

  it('a graceful restart meets the same before it evicts anything', async () => {
    const ns = await fixture.namespace('two-graceful')
    const budget = (name: string): object => ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: ns }, spec: { minAvailable: 0, selector: { matchLabels: { app: 'web' } } } })
    const action = { name: 'each', type: 'restart', target: 'Workload', restartAction: { strategy: 'graceful' } }
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), budget('one'), budget('two'), policy(ns, { app: 'web', actions: [action], safetyRules: { maxUnhealthy: '100%' } }))
    await breakPods(fixture, ns, 'web')
    const [ended] = await fixture.ended(ns, 1, seconds(180))
    expect(ended?.status?.result?.reason).to.equal('SeveralDisruptionBudgets')
    expect(written(ns)).to.deep.equal([])
  })

  it('a JSON patch whose path is not there is judged anew once, and says what to do', async () => {
    const ns = await fixture.namespace('misfit')
    const patch = '[{op: test, path: /metadata/annotations/stage, value: blue}, {op: replace, path: /metadata/annotations/stage, value: green}]'
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), patching(ns, { type: 'json', patch }))
    await breakPods(fixture, ns, 'web')
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status).to.deep.include({ phase: 'Failed', attempts: 2 })
    expect(action?.status?.result).to.deep.include({ reason: 'PatchFailed', message: 'the patch does not fit Deployment/web as it is now: one of its tests fails, or one of its paths is not there' })
    expect(written(ns)).to.deep.equal([])
    expect(await explain(ns, action)).to.match(/result +PatchFailed: the patch does not fit/).and.to.match(/to change +the object has another shape than the patch expects/)
  })

  it('a container that was renamed since is not made anew out of the patch', async () => {
    const ns = await fixture.namespace('renamed')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')))
    await breakPods(fixture, ns, 'web')
    await fixture.apply(patching(ns, { patch: 'spec: {template: {spec: {containers: [{name: main, resources: {limits: {memory: 64Mi}}}]}}}' }))
    const [action] = await fixture.ended(ns, 1, seconds(180))
    expect(action?.status?.result).to.deep.include({ reason: 'TargetChanged', message: 'Deployment/web has no container main, which the patch is about' })
    expect(written(ns)).to.deep.equal([])
    expect(await explain(ns, action)).to.match(/result +TargetChanged: Deployment\/web has no container main/)
  })

  it('a workload that is deleted while a person thinks about it: nothing is written, and the reason is told', async () => {
    const ns = await fixture.namespace('vanished')
    await fixture.apply(inNamespace(ns, deployment('web', 'inThisPod')), patching(ns, { patch: 'metadata: {annotations: {note: x}}' }, { mode: 'manual' }))
    await breakPods(fixture, ns, 'web')
    const waiting = await eventually(async () => {
      const [action] = await fixture.actions(ns)
      expect(action?.status?.result?.reason).to.equal('PendingApproval')
      return action
    }, seconds(120))
    await fixture.kubectl(['delete', 'deployment', 'web', '-n', ns])
    await kubeskippy(fixture.cluster, 'approve', '-n', ns, waiting?.metadata.name ?? '')
    const [action] = await fixture.ended(ns, 1, seconds(120))
    expect(action?.status?.phase).to.equal('Cancelled')
    expect(action?.status?.result?.reason).to.equal('TargetGone')
    // What he was shown of it comes from a dry run, which is made again where it could not be noted.
    expect(new Set(written(ns))).to.deep.equal(new Set(['patch deployments (dry run)']))
    expect(await explain(ns, action)).to.match(/to change +nothing: what was broken is not there any more/)
  })

  it('what a patch has removed is there again after it did not help, with the map that went with it', async () => {
    const ns = await fixture.namespace('removed')
    await fixture.apply(inNamespace(ns, annotated(deployment('web', 'always'), { note: 'x' })))
    const key = { namespace: ns, name: 'web' }
    const before = await fixture.api.get<Deployment>(DEPLOYMENTS, key)
    await fixture.apply(patching(ns, { type: 'json', patch: JSON.stringify([{ op: 'remove', path: '/spec/template/metadata/annotations/note' }]) }))
    const [action] = await fixture.ended(ns, 1, seconds(240))
    expect(action?.status).to.include({ phase: 'Failed', outcome: 'Reverted' })
    expect(written(ns).filter((write) => !write.endsWith('(dry run)'))).to.deep.equal(['patch deployments', 'patch deployments'])
    expect((await fixture.api.get<Deployment>(DEPLOYMENTS, key)).spec.template).to.deep.equal(before.spec.template)
  })
})
