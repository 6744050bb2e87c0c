/** A whole controller heals a workload that is full of secrets: where they turn up again. */
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { setUpCli } from '../../cli/testing/bench.ts'
import { redactedJson } from '../../cli/bundle/redacted.ts'
import { spansOf } from '../../controller/healing/trace.ts'
import type { MetricSource } from '../../controller/ports/metric-source.ts'
import { NAMESPACE, Town } from '../../controller/testing/town.ts'
import { HEALER_ACCOUNT, LOGS_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject, Resource } from '../../shared/kube/api.ts'
import { CONFIG_MAPS, DEPLOYMENTS, EVENTS, HEALING_ACTIONS, HEALING_LEDGERS, HEALING_POLICIES, PODS, SECRETS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { minutes } from '../../shared/lib/time.ts'
import { buildActionTemplate, buildTrigger } from '../../shared/testing/builders/objects.ts'
import { PLACES, SINKS, type Place, type Sink } from './places.ts'

/** What does not look like a secret. */
const wordOf = (index: number): string => `weasel${index}stoat`
/** 40 characters by chance, the same in every run. */
const secretOf = (index: number): string => createHash('sha512').update(`place ${index}`).digest('base64').replaceAll(/[+/=]/g, '').slice(0, 40)
/** Of each place both, the second as it stands in text. */
const FORMS: readonly ((secret: string) => string)[] = [(s) => s, (s) => `DB_PASSWORD=${s}`, (s) => `postgres://shop:${s}@db:5432/shop`, (s) => `Authorization: Bearer ${s}`]

const RESOURCES: Readonly<Partial<Record<Place['of'], Resource>>> = { pod: PODS, Deployment: DEPLOYMENTS, policy: HEALING_POLICIES, event: EVENTS, ConfigMap: CONFIG_MAPS, Secret: SECRETS }

/** @param text what stands at each place */
async function told(text: (index: number) => string): Promise<Readonly<Record<Sink, string>>> {
  const planted = PLACES.map((place, index) => ({ ...place, text: text(index) }))
  const of = (kind: Place['of']): typeof planted => planted.filter((place) => place.of === kind)
  const labels = Object.fromEntries(of('series').map(({ text: said }, index) => [`note${index}`, said]))
  const series: MetricSource = {
    lane: () => '', recall: () => undefined,
    ask: async (_, now) => ({ kind: 'Series', series: town.cluster.all(PODS).map(({ metadata: { name } }) => ({ labels: { namespace: NAMESPACE, pod: name, ...labels }, points: [{ at: now, value: 7 }] })) }),
  }
  const town: Town = new Town({
    replacement: 'broken', log: of('log').map((place) => `begin\n${place.text}\nend\n`).join(''), metrics: series,
    spec: {
      triggers: [
        buildTrigger({ cooldownPeriod: '0s', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '5s' } }),
        buildTrigger({ name: 'noted', type: 'event', cooldownPeriod: '0s', eventTrigger: { reason: 'Unhealthy', count: 1, window: '5m' } } as never),
        buildTrigger({ name: 'measured', type: 'metric', cooldownPeriod: '0s', metricTrigger: { query: 'max by (namespace, pod) (leak{})', operator: '>', threshold: 1, duration: '1s' } } as never),
      ],
      actions: [
        buildActionTemplate({ name: 'restart', priority: 1 }),
        { name: 'patch', type: 'patch', priority: 2, target: 'Workload', patchAction: { type: 'strategic', patches: [{ path: ['metadata', 'annotations', 'note'], value: '' }] } } as never,
      ],
    },
  })
  town.cluster.change(SERVICE_ACCOUNTS, { namespace: NAMESPACE, name: HEALER_ACCOUNT }, (account) => ({ ...account, metadata: { ...account.metadata, annotations: { [LOGS_ANNOTATION]: 'true' } } }))
  const [pod] = town.cluster.all(PODS)
  if (pod === undefined) throw new Error('no pod')
  for (const place of planted) {
    const resource = RESOURCES[place.of]
    if (resource === undefined) continue
    if (place.of === 'pod' || place.of === 'Deployment' || place.of === 'policy') {
      const name = place.of === 'pod' ? pod.metadata.name : 'cart'
      town.cluster.change(resource, { namespace: NAMESPACE, name }, (object) => place.edit(object, place.text) as typeof object)
      continue
    }
    const made: KubeObject = { apiVersion: 'v1', kind: resource.kind, metadata: { name: `note-${planted.indexOf(place)}`, namespace: NAMESPACE, uid: '', resourceVersion: '', creationTimestamp: '' } }
    const event = place.of === 'event' ? { apiVersion: 'events.k8s.io/v1', regarding: { kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid, namespace: NAMESPACE }, type: 'Warning', reason: 'Unhealthy', eventTime: '2030-01-01T00:00:00.500000Z' } : {}
    town.cluster.seed(resource, place.edit({ ...made, ...event }, place.text) as never)
  }
  await town.start()
  await town.live(minutes(6))
  const { actions, policy, events, logged, audit, counts, cluster } = town
  expect(actions.length, JSON.stringify([policy.status?.lastDecision, policy.status?.conditions, policy.status?.triggers])).to.be.greaterThan(0)
  expect(actions.some(({ status }) => status?.evidence?.logs !== undefined && status.evidence.events !== undefined), 'there is evidence').to.equal(true)
  const objects = [HEALING_POLICIES, HEALING_ACTIONS, HEALING_LEDGERS].flatMap((resource) => cluster.all(resource))
  const person = setUpCli()
  for (const [resource, all] of [[HEALING_POLICIES, cluster.all(HEALING_POLICIES)], [HEALING_ACTIONS, cluster.all(HEALING_ACTIONS)], [HEALING_LEDGERS, cluster.all(HEALING_LEDGERS)]] as const) for (const object of all) person.cluster.seed(resource, object)
  const explained = await Promise.all(['hp/cart', ...actions.map(({ metadata }) => `ha/${metadata.name}`)].map((name) => person.run(`explain ${name}`)))
  expect(explained.map(({ code, err }) => [code, err])).to.deep.equal(explained.map(() => [0, '']))
  await town.stop()
  return {
    log: logged.join('\n'), 'audit trail': JSON.stringify(audit), events: JSON.stringify(events), HealingAction: JSON.stringify(actions), 'policy status': JSON.stringify(policy.status),
    ledger: JSON.stringify(cluster.all(HEALING_LEDGERS)), metrics: JSON.stringify([...counts]), traces: JSON.stringify(actions.flatMap(spansOf)), bundle: JSON.stringify(redactedJson(objects)), explain: explained.map(({ out }) => out).join('\n'),
  }
}

describe('what the owner of a workload writes', () => {
  it('turns up where the table says, as a word that does not look like a secret', async () => {
    const said = await told(wordOf)
    for (const [where, text] of Object.entries(said)) expect(text.length, where).to.be.greaterThan(10)
    const seen = PLACES.map(({ what }, index) => [what, SINKS.filter((sink) => said[sink].includes(wordOf(index)))])
    expect(seen).to.deep.equal(PLACES.map(({ what, shown }) => [what, shown]))
  })
  for (const [form, write] of FORMS.entries()) {
    it(`turns up nowhere where it looks like a secret: ${write('...')}`, async () => {
      const said = await told((index) => write(secretOf(index + 100 * form)))
      const seen = PLACES.flatMap(({ what, kept = [] }, index) => SINKS.filter((sink) => !kept.includes(sink) && said[sink].includes(secretOf(index + 100 * form))).map((sink) => `${what}: ${sink}`))
      expect(seen).to.deep.equal([])
    })
  }
})
