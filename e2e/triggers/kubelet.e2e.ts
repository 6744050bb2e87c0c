/** cpu_throttled_percent from a real kubelet, with no Prometheus anywhere. */
import { expect } from 'chai'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { issueAuthority } from '../../certs/issue.ts'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import { AGGREGATE_LABEL, CONTROLLER_USER, KUBELET_METRICS_ROLE } from '../../shared/api/v1alpha1/names.ts'
import { hours, seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { Kubelets } from '../../controller/adapters/metrics/kubelets.ts'
import { kubeskippy, may } from '../cli/access.ts'
import { recorded } from '../cluster/processes.ts'
import { NODE_NAME } from '../cluster/spec.ts'
import { Fixture, inNamespace } from '../healing/fixture.ts'
import type { Flags } from '../installation/program.ts'
import { app, podName, policy, ready, spin, SPINNING, untilBlind, untilState } from './measured.ts'

const ROLE = fileURLToPath(new URL('../../config/rbac/optional/kubelet-metrics.yaml', import.meta.url))
const THROTTLED = { query: 'cpu_throttled_percent', threshold: 50, duration: '5s', window: '1m' }
const LIMITED = { limits: { cpu: '200m', memory: '64Mi' } }
const KUBELET = new RegExp(`^the kubelet of node ${NODE_NAME} \\([0-9.]+:10250\\) `)

describe('throttling, as a real kubelet tells it', function () {
  this.timeout(600_000)
  let fixture: Fixture

  before(async function () {
    this.timeout(900_000)
    fixture = await Fixture.start({ controller: false })
    await startController()
  })
  after(() => fixture?.stop())

  const startController = (more: Flags = {}): Promise<void> => fixture.installation.startController({ flags: { 'sync-interval': '1s', 'kubelet-metrics': 'true', 'kubelet-timeout': '5s', ...more } })
  const restartController = async (more: Flags = {}): Promise<void> => {
    await fixture.installation.stopController()
    await startController(more)
  }
  const deploy = async (namespace: string, resources: object): Promise<void> => {
    await fixture.apply(inNamespace(namespace, app('web', { script: SPINNING, resources })))
    await ready(fixture, namespace)
  }
  const right = (rules: readonly object[]): object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: KUBELET_METRICS_ROLE, labels: { [AGGREGATE_LABEL]: 'true' } }, rules })

  it('without the rights to it is no data, which names what to apply', async () => {
    const ns = await fixture.namespace('rights')
    await deploy(ns, LIMITED)
    await fixture.apply(policy(ns, { metric: THROTTLED }))
    await untilBlind(fixture, ns, 'the controller may not read nodes: apply config/rbac/optional/kubelet-metrics.yaml')
    await fixture.apply(right([{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]))
    await untilBlind(fixture, ns, new RegExp(`${KUBELET.source}does not let us in \\(403\\): apply config/rbac/optional/kubelet-metrics\\.yaml$`))
    const { stdout } = await kubeskippy(fixture.cluster, 'explain', 'heal', '-n', ns)
    expect(stdout).to.match(/does not let us in \(403\)/)
    await fixture.kubectl(['apply', '-f', ROLE])
    // A kubelet remembers for half a minute who was refused.
    await untilState(fixture, ns, 'Quiet')
    expect(await fixture.actions(ns)).to.have.length(0)
  })

  it('needs no more than to read where a node is and its metrics', async () => {
    const can = (verb: string, resource: string): Promise<boolean> => may(fixture.cluster, CONTROLLER_USER, { verb, resource })
    expect(await Promise.all([can('get', 'nodes'), can('get', 'nodes/metrics')])).to.deep.equal([true, true])
    for (const verb of ['get', 'create']) expect(await can(verb, 'nodes/proxy'), verb).to.equal(false)
    for (const resource of ['nodes/stats', 'nodes/log', 'nodes/status']) expect(await can('get', resource), resource).to.equal(false)
    for (const verb of ['list', 'watch', 'update', 'patch', 'delete']) expect(await can(verb, 'nodes'), verb).to.equal(false)
  })

  it('leads to the eviction of the pod that spins at its limit, and says that it helped', async () => {
    const ns = await fixture.namespace('spinning')
    await deploy(ns, LIMITED)
    await fixture.apply(policy(ns, { metric: THROTTLED }))
    await untilState(fixture, ns, 'Quiet')
    const pod = await podName(fixture, ns)
    await spin(fixture, ns, pod)
    const [action] = await fixture.ended(ns, 1, seconds(400))
    expect(action?.spec.targetResource.name).to.equal(pod)
    expect(action?.spec.trigger.evidence).to.match(/^cpu_throttled_percent of container app is \d+(\.\d+)? \(> 50\)$/)
    expect(action?.status).to.include({ phase: 'Succeeded', outcome: 'Effective' })
    expect(fixture.evictions(ns)).to.have.length(1)
  })

  it('of a pod without a limit is no data, however much it spins', async () => {
    const ns = await fixture.namespace('unlimited')
    await deploy(ns, { requests: { cpu: '50m' } })
    const pod = await podName(fixture, ns)
    await fixture.apply(policy(ns, { metric: THROTTLED }))
    await untilBlind(fixture, ns, `no container of pod ${pod} has a CPU limit: there is nothing that holds it back`)
    expect(await fixture.actions(ns)).to.have.length(0)
  })

  it('is told of each container by the uid of its pod, and of none without a limit', async () => {
    const ns = await fixture.namespace('contract', { healer: false })
    await deploy(ns, LIMITED)
    await fixture.apply(inNamespace(ns, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'free', labels: { app: 'free' } }, spec: { containers: [{ name: 'app', image: 'kubeskippy.local/busybox:1', imagePullPolicy: 'Never', command: ['sh', '-c', 'while :; do sleep 0.1; done'] }] } }))
    const [pod] = (await fixture.pods(ns)).filter(({ metadata }) => metadata.name !== 'free')
    const kubelets = new Kubelets({ config: { timeout: seconds(10), caFile: undefined, insecureSkipVerify: false }, api: fixture.api, timers: systemTimers })
    try {
      await eventually(async () => {
        const answer = await kubelets.ask({ kind: 'kubelet', node: NODE_NAME, namespace: ns }, systemClock.now())
        if (answer.kind === 'NoData') throw new Error(answer.why)
        const of = (counter: string) => answer.series.filter(({ labels }) => labels['counter'] === counter && labels['container'] !== '')
        const [periods, throttled] = [of('periods'), of('throttled')]
        expect([...periods, ...throttled].map(({ labels: { pod: name, uid, container } }) => [name, uid, container])).to.deep.equal([0, 1].map(() => [pod?.metadata.name, pod?.metadata.uid, 'app']))
        const [all, some] = [periods[0]?.points[0], throttled[0]?.points[0]]
        expect(all?.value).to.be.greaterThan(0)
        expect(some?.value).to.be.within(0, all?.value ?? 0)
        expect(Math.abs(systemClock.now() - (all?.at ?? 0))).to.be.below(60_000)
      }, seconds(150))
    } finally {
      await kubelets.close()
    }
  })

  describe('when the kubelet cannot be asked', () => {
    let ns: string
    before(async () => {
      ns = await fixture.namespace('silent')
      await deploy(ns, LIMITED)
      await spin(fixture, ns, await podName(fixture, ns))
    })

    it('since its certificate is of another CA is no data', async () => {
      const file = join(fixture.cluster.dir, 'other-ca.crt')
      writeFileSync(file, (await issueAuthority(systemClock.now(), hours(1))).cert)
      await restartController({ 'kubelet-ca-file': file })
      await fixture.apply(policy(ns, { metric: THROTTLED }))
      await untilBlind(fixture, ns, new RegExp(`${KUBELET.source}has a certificate that cannot be trusted \\([A-Z_]+\\): `))
      await restartController({ 'kubelet-ca-file': fixture.cluster.caFile })
    })

    it('since it hangs is no data, and nothing is done', async () => {
      const id = recorded(fixture.cluster.dir).find(({ name }) => name === 'kubelet')?.id
      if (id === undefined) throw new Error('no kubelet')
      process.kill(id.pid, 'SIGSTOP')
      try {
        await untilBlind(fixture, ns, new RegExp(`${KUBELET.source}did not answer within 5s$`))
        expect(await fixture.actions(ns)).to.have.length(0)
      } finally {
        process.kill(id.pid, 'SIGCONT')
      }
      // The trouble has gone on meanwhile.
      await fixture.ended(ns, 1, seconds(400))
    })
  })
})
