/** What is kept of how things were before an act: read from a real kubelet, as the healer, without secrets. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { healerObjects } from '../../cli/healer.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { deployment, inNamespace, policy, useFixture } from './fixture.ts'

const SECRET = 'hunter2-and-more'
const SCRIPT = `echo "connecting to postgres://shop:${SECRET}@db:5432/shop"; echo "DB_PASSWORD=${SECRET}"; echo "panic: no route to host"; exit 7`

/** Its container writes that and crashes. */
function talking(name: string): object {
  const object = deployment(name, 'always') as { spec: { template: { spec: { containers: [object] } } } }
  const { spec } = object
  const [container] = spec.template.spec.containers
  return { ...object, spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers: [{ ...container, command: ['sh', '-c', SCRIPT] }] } } } }
}

describe('evidence', function () {
  this.timeout(300_000)
  // Long enough to be read before the container starts anew, whose log is still empty.
  const fixture = useFixture({ crashLoopSeconds: 20 })

  const captured = (ns: string) =>
    eventually(async () => {
      const [action] = await fixture.actions(ns)
      const evidence = action?.status?.evidence
      if (evidence === undefined) throw new Error('nothing captured yet')
      return evidence
    }, seconds(120))

  /** Reads of logs that the API server allowed, and as whom. */
  const logReads = (ns: string): readonly string[] =>
    readFileSync(fixture.cluster.auditLog, 'utf8').split('\n').flatMap((line) => {
      if (!line.includes('"subresource":"log"')) return []
      const event = JSON.parse(line) as { readonly objectRef?: { readonly namespace?: string }; readonly impersonatedUser?: { readonly username?: string }; readonly responseStatus?: { readonly code?: number } }
      return event.objectRef?.namespace === ns && event.responseStatus?.code === 200 ? [event.impersonatedUser?.username ?? 'itself'] : []
    })

  it('holds states, events and, where the namespace allows it, the end of the log, with its secrets taken out', async () => {
    const ns = await fixture.namespace('talks', { healer: false })
    await fixture.kubectl(['apply', '-f', '-'], healerObjects(ns, { logs: true }).map(({ manifest }) => stringify(manifest, { version: '1.1', aliasDuplicateObjects: false })).join('---\n'))
    await fixture.apply(inNamespace(ns, talking('web')), policy(ns, { app: 'web', safetyRules: { healthCheckTimeout: '5s' } }))
    const evidence = await captured(ns)
    expect(evidence.missing).to.equal(undefined)
    expect(evidence.containers?.map(({ name, ready }) => [name, ready])).to.deep.equal([['app', false]])
    expect(evidence.containers?.[0]?.lastTermination ?? evidence.containers?.[0]?.state).to.include('exit code 7')
    expect(evidence.events?.map(({ reason }) => reason)).to.include('BackOff')
    const [log] = evidence.logs ?? []
    expect(log?.tail).to.include('panic: no route to host').and.to.include('[redacted]@db:5432').and.not.include(SECRET)
    const [action] = await fixture.actions(ns)
    expect(JSON.stringify(action)).not.to.include(SECRET)
    expect(await fixture.kubectl(['get', 'events', '-n', ns, '-o', 'json'])).not.to.include(SECRET)
    expect(new Set(logReads(ns))).to.deep.equal(new Set([`system:serviceaccount:${ns}:kubeskippy-healer`]))
  })

  it('of a workload holds what its broken pod said, which the rollout takes away', async () => {
    const ns = await fixture.namespace('whole', { healer: false })
    await fixture.kubectl(['apply', '-f', '-'], healerObjects(ns, { logs: true }).map(({ manifest }) => stringify(manifest, { version: '1.1', aliasDuplicateObjects: false })).join('---\n'))
    await fixture.apply(inNamespace(ns, talking('web')), policy(ns, { app: 'web', actions: [{ name: 'roll', type: 'restart', target: 'Workload', restartAction: {} }], safetyRules: { healthCheckTimeout: '5s' } }))
    const evidence = await captured(ns)
    const [action] = await fixture.actions(ns)
    expect(action?.spec.targetResource).to.include({ kind: 'Deployment', name: 'web' })
    expect(evidence.missing).to.equal(undefined)
    const [pod] = evidence.containers ?? []
    expect(pod).to.include({ name: 'app', ready: false })
    expect(pod?.pod).to.match(/^web-/)
    expect(evidence.events?.map((event) => `${event.reason} ${event.pod}`)).to.include(`BackOff ${pod?.pod}`)
    expect(evidence.logs?.map((log) => log.pod)).to.deep.equal([pod?.pod])
    expect(evidence.logs?.[0]?.tail).to.include('panic: no route to host').and.not.include(SECRET)
    expect(new Set(logReads(ns))).to.deep.equal(new Set([`system:serviceaccount:${ns}:kubeskippy-healer`]))
  })

  it('holds no log where the namespace has not allowed it, though its healer might read it', async () => {
    const ns = await fixture.namespace('silent')
    await fixture.kubectl(['create', 'rolebinding', 'more', '-n', ns, '--clusterrole=edit', `--serviceaccount=${ns}:kubeskippy-healer`])
    await fixture.apply(inNamespace(ns, talking('web')), policy(ns, { app: 'web', safetyRules: { healthCheckTimeout: '5s' } }))
    const evidence = await captured(ns)
    expect(evidence).not.to.have.property('logs')
    expect(evidence.events?.length).to.be.greaterThan(0)
    expect(logReads(ns)).to.deep.equal([])
  })
})
