/** What KubeSkippy tells of itself while it heals on real pods: logs, the audit stream, traces, a bundle. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { parseTarGzip } from 'nanotar'
import { stringify } from 'yaml'
import { healerObjects } from '../../cli/healer.ts'
import { CORRELATION_LABEL, HEALER_ACCOUNT, KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { EVENTS, PODS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { alertEndpoint } from '../alerts/endpoint.ts'
import { kubeskippy } from '../cli/access.ts'
import { breakPods, deployment, inNamespace, policy, useFixture } from '../healing/fixture.ts'
import type { Flags } from '../installation/program.ts'
import { startProxy, type ProxiedRequest } from '../installation/proxy.ts'
import { sparePort } from '../monitoring/ports.ts'
import { account, auditEventsOf, linesOf, type CloudEvent } from './accounting.ts'
import { Canaries, leakyProgram, leakyWorkload } from './canaries.ts'

interface Restarting extends KubeObject {
  readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] }
}

describe('a controller that is looked at', function () {
  this.timeout(600_000)
  const fixture = useFixture({ controller: false })
  const canaries = new Canaries()
  const traces: string[] = []
  const spans: { readonly traceId: string; readonly name: string }[] = []
  let flags: Flags
  let alerts: Awaited<ReturnType<typeof alertEndpoint>>

  const output = (): string => readFileSync(fixture.installation.controller.logFile, 'utf8')
  const audit = (): readonly CloudEvent[] => auditEventsOf(output())
  const configure = (level: string): void => writeFileSync(join(fixture.cluster.dir, 'config.yaml'), stringify({ log: { level } }))
  const ofHealers = () => fixture.allWrites().filter(({ impersonated, dryRun }) => !dryRun && impersonated?.endsWith(`:${HEALER_ACCOUNT}`) === true)

  before(async () => {
    // A Prometheus whose series are full of secrets.
    const labels = canaries.record(20, 'l', canaries.bare(20))
    const prometheus = createServer((request, response) => {
      request.resume().on('end', () => {
        const result = [{ metric: { namespace: 'leaky', pod: 'web', ...labels }, value: [Date.now() / 1000, '1'] }]
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
      })
    })
    await once(prometheus.listen(0, '127.0.0.1'), 'listening')
    fixture.own({ stop: async () => void (prometheus.closeAllConnections(), prometheus.close()) })
    alerts = await alertEndpoint(fixture.cluster, await sparePort(fixture.cluster))
    const collector = createServer((request, response) => {
      void (async () => {
        const body = await text(request)
        traces.push(body)
        for (const { scopeSpans } of (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: { traceId: string; name: string }[] }[] }[] }).resourceSpans) spans.push(...scopeSpans.flatMap((scope) => scope.spans))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })()
    })
    await once(collector.listen(0, '127.0.0.1'), 'listening')
    fixture.own({ stop: async () => void (collector.closeAllConnections(), collector.close()) })
    configure('info')
    flags = { config: join(fixture.cluster.dir, 'config.yaml'), 'sync-interval': '2s', 'prometheus-source': `name=main,url=http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`, 'tracing-endpoint': `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, ...alerts.flags }
    await fixture.installation.startController({ flags })
  })

  it('takes its log level from the file while it runs', async () => {
    expect(linesOf(output()).some(({ level }) => level === 20)).to.equal(false)
    configure('debug')
    await eventually(() => expect(linesOf(output()).find(({ msg }) => msg === 'log level changed')).to.include({ before: 'info', now: 'debug' }), seconds(90))
  })

  it('names what keeps it from healing in /readyz, and stays ready', async () => {
    const { controller, webhook } = fixture.installation
    const said = async (): Promise<string> => {
      const answer = await fetch(`${controller.readyUrl}?verbose`)
      expect(answer.status).to.equal(200)
      return answer.text()
    }
    for (const name of ['working', 'watch pods', 'kill switch', 'ledgers', 'metrics', 'traces', 'alerts']) await eventually(async () => expect(await said()).to.include(`[+]${name} ok`), seconds(60))
    await fixture.kubectl(['create', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE])
    await eventually(async () => expect(await said()).to.include('[!]kill switch: is on'), seconds(60))
    await fixture.kubectl(['delete', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE])
    await eventually(async () => expect(await said()).to.include('[+]kill switch ok'), seconds(60))
    for (const name of ['validating configuration', 'mutating configuration', 'policies', 'admission server', 'shutdown']) expect(await (await fetch(`${webhook.readyUrl}?verbose`)).text()).to.include(`[+]${name} ok`)
  })

  it('tells none of 200 secrets that the owner of a workload has put wherever he can, at the level debug', async () => {
    const ns = await fixture.namespace('leaky', { healer: false })
    await fixture.kubectl(['apply', '-f', '-'], healerObjects(ns, { logs: true }).map(({ manifest }) => stringify(manifest, { version: '1.1', aliasDuplicateObjects: false })).join('---\n'))
    const made = policy(ns, { app: 'web', safetyRules: { healthCheckTimeout: '5s', stabilizationWindow: '10s' } }) as { spec: { triggers: object[] } }
    const others = [
      { name: 'measured', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query: 'leaks', threshold: 100, duration: '0s' } },
      { name: 'told', type: 'alert', cooldownPeriod: '0s', alertTrigger: { alertname: 'Leak', for: '0s' } },
      { name: 'noted', type: 'event', cooldownPeriod: '0s', eventTrigger: { reason: 'Leak', type: 'Warning', count: 1000, window: '10s', messagePattern: 'postgres' } },
    ]
    await fixture.apply(leakyProgram(canaries), ...leakyWorkload(ns, 'web', canaries))
    const [pod] = await eventually(async () => {
      const pods = await fixture.list<Restarting>(ns, PODS)
      expect(pods).to.have.length(1)
      // Whichever trigger is the first to fire, it finds the log of a container that has ended.
      expect(pods[0]?.status.containerStatuses?.[0]?.restartCount).to.be.greaterThan(0)
      return pods
    }, seconds(120))
    if (pod === undefined) throw new Error('no pod')
    const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: ns, name: pod.metadata.name, uid: pod.metadata.uid }
    const now = new Date().toISOString().replace('Z', '000Z')
    await fixture.apply(...canaries.lines(20).map((note, i) => ({ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: `leak-${i}`, namespace: ns }, regarding, reason: 'Leak', type: 'Warning', action: 'Leaking', note, eventTime: now, reportingController: 'example.com/leak', reportingInstance: 'test' })))
    await fixture.apply({ ...made, spec: { ...made.spec, triggers: [...made.spec.triggers, ...others] } })
    const { code } = await alerts.post(JSON.stringify({ version: '4', status: 'firing', commonAnnotations: canaries.record(5, 'a'), alerts: [{ status: 'firing', startsAt: new Date().toISOString(), labels: { alertname: 'Leak', namespace: ns, pod: pod.metadata.name, ...canaries.record(10, 'label_') }, annotations: canaries.record(5, 'summary_') }] }))
    expect(code).to.equal(200)
    await alerts.post(`{"alerts": "${canaries.bare(5).join(' ')}`)
    expect(canaries.count).to.be.at.least(200)

    // One that is acted on, and fails, and is escalated.
    await fixture.ended(ns, 1, seconds(180))
    await fixture.decided(ns, 'Escalated', seconds(120))
    await eventually(() => expect(spans.length).to.be.greaterThan(3), seconds(60))
    // Two triggers make two incidents, of which the first is about the pod that was told of.
    await eventually(async () => {
      const evidence = (await fixture.actions(ns)).map(({ status }) => status?.evidence)
      expect(evidence.flatMap((seen) => seen?.logs ?? [])).to.have.length.greaterThan(0)
      expect(evidence.flatMap((seen) => seen?.events ?? []).map(({ reason }) => reason)).to.include('Leak')
    }, seconds(120))
    // The bundle has what it has said by then.
    await eventually(async () => expect(await fixture.kubectl(['logs', 'talker', '-n', OPERATOR_NAMESPACE])).to.include('listening'), seconds(120))
    const { controller, webhook } = fixture.installation
    const events = await fixture.list<KubeObject & { reportingController?: string }>(ns, EVENTS)
    const told: Readonly<Record<string, string>> = {
      'log and audit stream': output(),
      'log of the webhook': readFileSync(webhook.logFile, 'utf8'),
      events: JSON.stringify(events.filter(({ reportingController = '' }) => reportingController.startsWith('kubeskippy.io/'))),
      objects: await fixture.kubectl(['get', 'healingpolicies,healingactions,healingledgers', '-A', '-o', 'json']),
      metrics: await (await fetch(controller.metricsUrl)).text(),
      'metrics of the webhook': await (await fetch(webhook.metricsUrl)).text(),
      traces: traces.join('\n'),
      bundle: [...(await bundled()).values()].join('\n'),
      'audit log of the API server': readFileSync(fixture.cluster.auditLog, 'utf8').split('\n').filter((line) => line.includes(`"username":"system:serviceaccount:${OPERATOR_NAMESPACE}:`)).join('\n'),
    }
    for (const [where, said] of Object.entries(told)) {
      expect(said.length, where).to.be.greaterThan(100)
      expect(canaries.foundIn(said), where).to.deep.equal([])
    }
  })

  /** By path in the archive. */
  const bundled = async (): Promise<ReadonlyMap<string, string>> => {
    const file = join(fixture.cluster.dir, 'bundle.tar.gz')
    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'bundle', '-f', file)
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    const files = new Map((await parseTarGzip(readFileSync(file))).map(({ name, text: content }) => [name.replace(/^[^/]+\//, ''), content]))
    // What is not there is no part, and said.
    expect(JSON.parse(files.get('contents.json') ?? '')).to.have.property('missing').that.deep.equals([], stdout)
    expect(files.get('events.json')).to.include('kubeskippy.io/controller')
    expect(files.get('programs/talker/talker.log')).to.include('[redacted]').and.to.include('connected to the database').and.to.include('listening')
    for (const part of ['policies.json', 'actions.json', 'ledgers.json', 'check.json', 'versions.json', 'webhooks/validating.json', 'definitions/healingpolicies.json']) expect(files.get(part)?.length, part).to.be.greaterThan(50)
    return files
  }

  const isEviction = ({ method, url, body }: ProxiedRequest): boolean => method === 'POST' && /\/pods\/[^/]+\/eviction/.test(url) && !url.includes('dryRun=All') && !body.includes('"dryRun"')
  const isIn = ({ url }: ProxiedRequest, ns: string): boolean => url.includes(`/namespaces/${ns}/`)

  it('accounts for every write of its healers in the audit stream, and for no other, over a kill -9 before one write and after another', async () => {
    const proxy = fixture.own(await startProxy(fixture.cluster))
    await fixture.installation.stopController()
    await fixture.installation.startController({ server: proxy.url, flags })
    const [before = '', after = '', manual = '', undone = ''] = await Promise.all(['unsent', 'unheard', 'asked', 'undone'].map(async (name) => fixture.namespace(name)))
    const breaking = [before, after, manual]
    await fixture.apply(...breaking.map((ns) => inNamespace(ns, deployment('web', 'inThisPod'))), inNamespace(undone, deployment('web', 'always')))
    await Promise.all(breaking.map((ns) => breakPods(fixture, ns, 'web')))
    for (const ns of breaking) await eventually(async () => expect((await fixture.list<Restarting>(ns, PODS))[0]?.status.containerStatuses?.[0]?.restartCount).to.be.greaterThan(1), seconds(120))
    proxy.setHooks({
      onRequest: (request) => (isEviction(request) && isIn(request, before) ? 'hold' : 'forward'),
      onResponse: (request) => (isEviction(request) && isIn(request, after) ? 'hold' : 'forward'),
    })
    // At the same time: whoever waits for its answer for ten seconds looks for itself what became of it. Whoever comes after the crash has long to see that it helped.
    await fixture.apply(...breaking.map((ns) => policy(ns, { app: 'web', mode: ns === manual ? 'manual' : 'automatic', safetyRules: { healthCheckTimeout: '3m' } })))
    await eventually(() => expect(proxy.held).to.have.length(2), seconds(90))
    await fixture.installation.killController('SIGKILL')
    proxy.setHooks({})
    await fixture.installation.startController({ flags })

    const asked = await eventually(async () => {
      const [action] = await fixture.actions(manual)
      expect(action?.status?.result?.reason).to.equal('PendingApproval')
      return action
    }, seconds(120))
    const { code, stderr } = await kubeskippy(fixture.cluster, 'approve', asked?.metadata.name ?? '', '-n', manual, '--reason', 'seen')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    // Does not help, and is taken back.
    await fixture.apply(policy(undone, { app: 'web', actions: [{ name: 'more', type: 'scale', target: 'Workload', scaleAction: { direction: 'up', replicas: 1, maxReplicas: 3 } }], safetyRules: { healthCheckTimeout: '5s' } }))
    const ended = (await Promise.all([before, after, manual, undone].map((ns) => fixture.ended(ns, 1, seconds(240))))).flat()
    expect(ended.map(({ status }) => status?.outcome)).to.deep.equal(['Effective', 'Effective', 'Effective', 'Reverted'])

    const uids = ended.map(({ metadata }) => metadata.uid)
    const ends = await eventually(() => {
      const found = audit().filter(({ type }) => type === 'io.kubeskippy.healingaction.ended')
      expect(found.map(({ id }) => id)).to.include.members(uids.map((uid) => `${uid}/ended`))
      return found
    }, seconds(60))
    // Asked to stop within the second for which traces wait.
    await fixture.installation.stopController()
    expect(ends.find(({ id }) => id === `${uids[3]}/ended`)?.data).to.include({ phase: 'Failed', outcome: 'Reverted' })
    const writes = ofHealers()
    const { unanswered, ...account_ } = account(audit(), writes)
    expect(account_).to.deep.equal({ untold: [], unseen: [], unresolved: [] })
    // What was held in both places when it was killed.
    expect(unanswered.map((key) => key.split('/')[0])).to.have.members([after, before])
    expect(writes.filter(({ namespace }) => namespace === undone).map(({ resource }) => resource)).to.deep.equal(['deployments/scale', 'deployments/scale'])
    expect(ids(audit())).to.deep.equal([])

    const approved = audit().find(({ type, id }) => type === 'io.kubeskippy.healingaction.approved' && id.startsWith(asked?.metadata.uid ?? '?'))
    expect(approved?.data['decidedBy']).to.deep.equal({ kind: 'user', name: asked === undefined ? '' : (await fixture.actions(manual))[0]?.spec.approval?.decidedBy })
    expect(approved?.data).to.include({ reason: 'seen' })
    for (const { metadata } of ended) expect(new Set(audit().filter(({ id }) => id.startsWith(metadata.uid)).map(({ correlationid }) => correlationid))).to.deep.equal(new Set([metadata.labels?.[CORRELATION_LABEL]]))
    // By it the events are found too, and the traces.
    const events = await fixture.kubectl(['get', 'events', '-n', manual, '-l', `${CORRELATION_LABEL}=${asked?.metadata.labels?.[CORRELATION_LABEL]}`])
    for (const reason of ['ApprovalRequested', 'Approved', 'Acted', 'Effective']) expect(events).to.include(reason)
    const whole = ['restart Pod', 'detect', 'decide', 'act', 'verify']
    const expected = [whole, whole, ['restart Pod', 'detect', 'await approval', 'act', 'verify'], ['scale Deployment', 'detect', 'decide', 'act', 'verify', 'undo']]
    const found = ended.map(({ metadata }) => [...new Set(spans.filter(({ traceId }) => traceId === metadata.labels?.[CORRELATION_LABEL]).map(({ name }) => name))])
    expect(found).to.deep.equal(expected)
  })

  /** Ids that stand for different things. */
  const ids = (events: readonly CloudEvent[]): readonly string[] => {
    const byId = Map.groupBy(events, ({ id }) => id)
    return [...byId].filter(([, same]) => new Set(same.map(({ type, data }) => JSON.stringify([type, data]))).size > 1).map(([id]) => id)
  }
})
