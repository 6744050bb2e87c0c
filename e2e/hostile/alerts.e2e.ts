/**
 * Thousands of alerts of somebody who means harm, at the receiver of a controller on a real API server. It keeps a bounded part of
 * them, they lead to nothing but what a policy selects, and what a person reads of them is clean.
 */
import { expect } from 'chai'
import { MOST_AT_ALL } from '../../controller/adapters/alerts/memory.ts'
import { CONTROLLER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { alertEndpoint, firing, type Alert, type AlertEndpoint } from '../alerts/endpoint.ts'
import { deployment, inNamespace, useFixture } from '../healing/fixture.ts'
import { kubeskippy } from '../cli/access.ts'
import { sparePort } from '../monitoring/ports.ts'

/** Clears a screen, rings, hides what comes next, and turns the order of what is read. */
const NASTY = '\u001b[2J\u0007\u200b\u202egnp.exe\u2066'
// oxlint-disable-next-line no-control-regex -- these characters are the subject
const UNCLEAN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069]/u
const CONTROLLER = serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)

describe('a flood of alerts that mean harm', function () {
  this.timeout(600_000)
  const fixture = useFixture({ controller: false, node: false })
  let endpoint: AlertEndpoint
  /** Names of pods by what they are. */
  const pods: Record<string, readonly string[]> = {}

  const policy = {
    apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', metadata: { name: 'heal', namespace: 'shop' },
    spec: {
      mode: 'automatic',
      selector: { labelSelector: { matchLabels: { team: 'shop' } } },
      triggers: [{ name: 'told', type: 'alert', cooldownPeriod: '0s', alertTrigger: { for: '0s', matchers: [{ name: 'severity', value: 'critical' }] } }],
      actions: [{ name: 'restart', type: 'restart', restartAction: {} }],
      // Nothing here ever becomes Ready, which is not to count.
      safetyRules: { maxActionsPerHour: 2, stabilizationWindow: '5s', healthCheckTimeout: '30m', protectedResources: [{ apiVersion: 'v1', kind: 'Pod', labelSelector: { matchLabels: { app: 'vault' } } }] },
    },
  }

  const podsOf = async (ns: string, app: string, count: number): Promise<readonly string[]> =>
    eventually(async () => {
      const names = (await fixture.pods(ns)).map(({ metadata }) => metadata.name).filter((name) => name.startsWith(`${app}-`))
      expect(names).to.have.length(count)
      return names
    }, seconds(60))

  before(async () => {
    endpoint = await alertEndpoint(fixture.cluster, await sparePort(fixture.cluster))
    for (const ns of ['shop', 'bank']) await fixture.namespace(ns)
    const team = { labels: { team: 'shop' } }
    await fixture.apply(
      inNamespace('shop', deployment('cart', 'always', { ...team, replicas: 3 })),
      inNamespace('shop', deployment('vault', 'always', team)),
      inNamespace('shop', deployment('stranger', 'always')),
      inNamespace('bank', deployment('cart', 'always', team)),
    )
    pods['cart'] = await podsOf('shop', 'cart', 3)
    pods['vault'] = await podsOf('shop', 'vault', 1)
    pods['stranger'] = await podsOf('shop', 'stranger', 1)
    pods['bank'] = await podsOf('bank', 'cart', 1)
    await fixture.apply(policy)
    await fixture.installation.startController({ flags: endpoint.flags })
    await fixture.decided('shop', 'Healthy')
  })

  const metric = async (result: string): Promise<number> => {
    const text = await (await fetch(fixture.installation.controller.metricsUrl)).text()
    return Number(new RegExp(`^kubeskippy_alerts_received_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  }
  const explain = async (): Promise<string> => {
    const { code, stdout, stderr } = await kubeskippy(fixture.cluster, 'explain', 'hp/heal', '-n', 'shop')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    return stdout
  }
  const critical = (labels: Readonly<Record<string, string>>): Alert => firing({ alertname: NASTY, severity: 'critical', ...labels })
  /** As Alertmanager does: busy, or a connection that was refused, is no last word. */
  const told = async (...alerts: readonly Alert[]): Promise<number> => {
    for (;;) {
      const code = await endpoint.tell(...alerts).then((answer) => answer.code, () => 503)
      if (code !== 503) return code
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  /** What the controller did anywhere but to our own objects, by its account or as any healer, for real. */
  const acts = (): string[] =>
    fixture.allWrites().filter(({ user, group, dryRun }) => user === CONTROLLER && !dryRun && !['kubeskippy.io', 'events.k8s.io', 'coordination.k8s.io', 'authorization.k8s.io'].includes(group)).map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${namespace}/${name}`)

  it('is kept within bounds, counted, and does not silence the receiver', async () => {
    const numbered = (namespace: string, count: number): Alert[] => Array.from({ length: count }, (_, i) => critical({ namespace, pod: `no-such-pod-${i}`, text: `${NASTY}${'x'.repeat(300)}` }))
    // Room for all of it there is not: ten namespaces take what there is.
    const floods = ['kube-system', 'kubeskippy-system', '../../etc', '__proto__', 'constructor', NASTY, 'a', 'b', 'c', 'd', 'e'].map((namespace) => numbered(namespace, 1500))
    // More at once than it takes connections.
    const answers = await Promise.all(floods.flatMap((alerts) => [alerts.slice(0, 750), alerts.slice(750)]).map(async (alerts) => told(...alerts)))
    expect(new Set(answers)).to.deep.equal(new Set([200]))
    expect(await metric('firing')).to.equal(MOST_AT_ALL)
    expect(await metric('refused')).to.equal(floods.length * 1500 - MOST_AT_ALL)
    const odd = [
      critical({ namespace: 'shop', pod: 'x', 'a-b': 'a name that no label has' }),
      critical({ namespace: 'shop', pod: 'x', long: 'y'.repeat(4096) }),
      critical({ pod: 'in no namespace' }),
      JSON.parse('{"status":"firing","startsAt":"2030-01-01T00:00:00Z","labels":{"__proto__":"x","namespace":"shop","pod":"y","severity":"critical"}}') as Alert,
      { ...critical({}), labels: 'none' as never },
    ]
    expect(await told(...odd)).to.equal(200)
    expect([await metric('malformed'), await metric('nameless')]).to.deep.equal([3, 1])
    expect(await told(...numbered('f', 2001))).to.equal(400)
    expect((await endpoint.post(Buffer.alloc(5 * 1024 * 1024, ' ')).catch(() => ({ code: 413 }))).code).to.equal(413)
    expect((await endpoint.post('{"version":"4","alerts":[')).code).to.equal(400)
    expect((await endpoint.post('{}', 'another-token-of-somebody')).code).to.equal(401)
    // What the flood was about is nothing that a policy selects.
    await fixture.decided('shop', 'Healthy')
    expect(acts()).to.deep.equal([])
  })

  it('leads to no object of others, and to none that is protected, which is told by name', async () => {
    const [vault = '', stranger = '', foreign = '', bank = ''] = [pods['vault']?.[0], pods['stranger']?.[0], pods['bank']?.[0], pods['bank']?.[0]]
    const code = await told(
      critical({ namespace: 'shop', pod: vault }),
      critical({ namespace: 'shop', pod: stranger }),
      critical({ namespace: 'shop', pod: foreign }),
      critical({ namespace: 'bank', pod: bank }),
      critical({ namespace: 'kube-system', pod: vault, exported_namespace: 'shop' }),
      critical({ namespace: 'shop', deployment: 'cart' }),
      critical({ exported_namespace: 'shop', exported_pod: pods['cart']?.[0] ?? '' }),
    )
    expect(code).to.equal(200)
    const { status } = await fixture.decided('shop', 'Protected')
    expect(status?.findings?.map(({ object }) => object.name)).to.deep.equal([vault])
    const text = await explain()
    expect(text).to.match(/decision +Protected: .*safetyRules\.protectedResources/).and.to.match(/to change +take it out of safetyRules\.protectedResources/)
    expect(text).to.include(`alert [2Jgnp.exe is firing`)
    expect(text).not.to.match(UNCLEAN)
    expect(acts()).to.deep.equal([])
    expect(await told({ ...critical({ namespace: 'shop', pod: vault }), status: 'resolved' })).to.equal(200)
    await fixture.decided('shop', 'Healthy')
  })

  it('is a storm when it names all that a policy selects: nothing is done, and it says why', async () => {
    const all = (pods['cart'] ?? []).map((pod) => critical({ namespace: 'shop', pod }))
    expect(await told(...all)).to.equal(200)
    await fixture.decided('shop', 'StormGate')
    const text = await explain()
    expect(text).to.match(/decision +StormGate: .*too many objects of the policy at once/).and.to.match(/told: Firing, 3 objects/)
    expect(text).not.to.match(UNCLEAN)
    await new Promise((resolve) => setTimeout(resolve, 5000))
    expect(acts()).to.deep.equal([])
    expect(await told(...all.map((alert) => ({ ...alert, status: 'resolved' as const })))).to.equal(200)
    await eventually(async () => expect((await fixture.policy('shop')).status?.triggers?.[0]?.state).to.equal('Quiet'), seconds(90))
  })

  it('does not hide the one alert that is true: its pod goes, and no other', async () => {
    const [broken = ''] = pods['cart'] ?? []
    // The gate opens again by itself.
    await fixture.decided('shop', 'Healthy', seconds(120))
    expect(await told(critical({ namespace: 'shop', pod: broken }))).to.equal(200)
    const [action] = await eventually(async () => {
      const found = await fixture.actions('shop')
      expect(found[0]?.status?.phase).to.equal('Verifying')
      return found
    }, seconds(120))
    expect(acts()).to.deep.equal([`create pods/eviction shop/${broken}`])
    expect(action?.spec.targetResource.name).to.equal(broken)
    expect(JSON.stringify(action)).not.to.match(UNCLEAN)
    expect(await fixture.actions('bank')).to.deep.equal([])
  })
})
