/** What the door asks a real API server about rights and kinds: of authors, of healers, of what only discovery tells. */
import { expect } from 'chai'
import { stringify } from 'yaml'
import { API_VERSION, GROUP } from '../../shared/api/v1alpha1/fields.ts'
import { isObject } from '../../shared/lib/json.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { reviewOf } from '../../webhook/admission/test-review.ts'
import { consentObjects, healerObjects } from '../../cli/healer.ts'
import { openDoor, send, type Door } from './door.ts'

const RBAC = 'rbac.authorization.k8s.io'
const SCALE = { name: 'more', type: 'scale', scaleAction: { direction: 'up', maxReplicas: 5 } }
const OTHERS = Array.from({ length: 15 }, (_, index) => `team-${index}`)

const policy = (name: string, spec: object): object => ({
  apiVersion: API_VERSION,
  kind: 'HealingPolicy',
  metadata: { name, namespace: 'shop' },
  spec: {
    mode: 'automatic',
    triggers: [{ name: 'broken', type: 'condition', conditionTrigger: { type: 'Degraded', duration: '5m' } }],
    ...spec,
  },
})
const selecting = (kind: string, apiVersion = 'example.com/v1'): object => ({ selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ apiVersion, kind }] }, actions: [SCALE] })

const definition = (kind: string, plural: string, scope: 'Namespaced' | 'Cluster'): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope,
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { replicas: { type: 'integer' } } }, status: { type: 'object', properties: { replicas: { type: 'integer' } } } } } },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
      },
    ],
  },
})

describe('rights and kinds at the door', function () {
  this.timeout(300_000)
  let door: Door
  const put = (...objects: readonly object[]): Promise<string> => door.must(['apply', '-f', '-'], { input: objects.map((object) => stringify(object, { version: '1.1', aliasDuplicateObjects: false })).join('---\n') })
  const dryRun = (object: object, ...flags: string[]) => door.kubectl(['apply', '--dry-run=server', '-f', '-', ...flags], { input: stringify(object, { version: '1.1' }) })
  before(async () => {
    door = await openDoor()
    await put(
      { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'author', namespace: 'shop' }, rules: [{ apiGroups: [GROUP], resources: ['healingpolicies'], verbs: ['get', 'create', 'patch'] }] },
      { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: 'author', namespace: 'shop' }, roleRef: { apiGroup: RBAC, kind: 'Role', name: 'author' }, subjects: [{ apiGroup: RBAC, kind: 'User', name: 'author' }] },
      // No plural that anybody could guess.
      definition('Cache', 'cachez', 'Namespaced'),
      definition('Pool', 'poolz', 'Cluster'),
    )
    await door.must(['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'])
  })
  after(async () => door?.stop())

  it('a namespace that has not consented is warned about with the command, and with consent no more', async () => {
    const restart = policy('restart', { selector: { labelSelector: { matchLabels: { app: 'cart' } } }, triggers: [{ name: 'loop', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }], actions: [{ name: 'restart', type: 'restart', restartAction: {} }] })
    const before = await dryRun(restart)
    expect([before.code, before.stderr.trim()]).to.deep.equal([0, 'Warning: KS108 shop/restart metadata.namespace: kubeskippy-healer may not create pods/eviction; kubeskippy enable -n shop'])
    await put(...healerObjects('shop').map(({ manifest }) => manifest))
    await eventually(async () => expect((await dryRun(restart)).stderr).to.equal(''), seconds(60))
  })

  it('of a custom resource the author is asked for its scale, by the name that discovery tells', async () => {
    const cache = policy('cache', selecting('Cache'))
    // What there is, and who may do what, API servers tell a moment after it was made.
    await eventually(async () => {
      const { code, stderr } = await dryRun(cache, '--as', 'author')
      expect([code, stderr]).to.satisfy(() => code === 1 && stderr.includes('[KS108] you may not patch cachez.example.com/scale in namespace "shop"'), stderr)
    }, seconds(60))
    // An administrator may; the healer may not yet.
    expect(await dryRun(cache)).to.include({ code: 0 }).and.to.have.property('stderr').that.contains('patch cachez.example.com/scale')
    await put(...healerObjects('shop', { scale: [{ group: 'example.com', plural: 'cachez' }] }).map(({ manifest }) => manifest))
    await eventually(async () => expect((await dryRun(cache)).stderr).to.equal(''), seconds(60))
  })

  it('a custom resource of the whole cluster is refused, and one that is not there (yet) is warned about', async () => {
    await eventually(async () => expect((await dryRun(policy('pool', selecting('Pool')))).stderr).to.contain('spec.selector.resources[0].kind: [KS107] example.com/v1 Pool is cluster-scoped'), seconds(60))
    const absent = await dryRun(policy('absent', selecting('Cahce')))
    expect([absent.code, absent.stderr]).to.satisfy(() => absent.code === 0 && absent.stderr.includes('KS107 shop/absent selector.resources[0].kind: the API server has no example.com/v1 Cahce; did you mean Cache?'), absent.stderr)
    expect((await dryRun(policy('nobody', selecting('Cache', 'nobody.example.com/v1')))).stderr).to.contain('the API server has no nobody.example.com/v1 Cache; install its definition')
  })

  it('an update that brings back what an entry excluded, or selects by labels for the first time, asks for rights; one that excludes more asks for none', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod' }
    const restart = { triggers: [{ name: 'loop', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }], actions: [{ name: 'restart', type: 'restart', restartAction: {} }] }
    const excluding = policy('excluding', { ...restart, selector: { labelSelector: { matchLabels: { app: 'cart' } }, resources: [{ ...pod, excludeNames: ['db-0'] }, pod] } })
    const named = policy('named', { ...restart, selector: { resources: [{ ...pod, names: ['cart-0'] }] } })
    await put(excluding, named)
    const patch = (name: string, selector: object) => door.kubectl(['-n', 'shop', 'patch', 'hp', name, '--type=merge', '-p', JSON.stringify({ spec: { selector } }), '--as', 'author', '--dry-run=server'])
    const held = await patch('excluding', { resources: [pod, { ...pod, excludeNames: ['db-0', 'db-1'] }] })
    expect([held.code, held.stderr]).to.deep.equal([0, ''])
    for (const [name, selector] of [['excluding', { resources: [pod, pod] }], ['named', { labelSelector: { matchLabels: { app: 'cart' } } }]] as const) {
      const { code, stderr } = await patch(name, selector)
      expect([code, stderr]).to.satisfy(() => code === 1 && stderr.includes('[KS108] you may not create pods/eviction in namespace "shop"'), stderr)
    }
    await door.must(['-n', 'shop', 'delete', 'hp', 'excluding', 'named'])
  })

  it('of sixteen namespaces and all actions every question is answered in time', async () => {
    await put(...OTHERS.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })))
    await put(...OTHERS.flatMap((name) => [...healerObjects(name), ...consentObjects(name, 'shop')].map(({ manifest }) => manifest)))
    const resources = [{ apiVersion: 'v1', kind: 'Pod' }, ...['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => ({ apiVersion: 'apps/v1', kind }))]
    const patchAction = { patch: 'metadata: {annotations: {note: x}}' }
    const actions = [
      { name: 'restart', type: 'restart', target: 'Pod', restartAction: {} },
      { name: 'rollout', type: 'restart', target: 'Workload', triggers: ['loop'], restartAction: {} },
      { name: 'away', type: 'delete', target: 'Pod', requiresApproval: true, deleteAction: {} },
      { name: 'note', type: 'patch', target: 'Workload', patchAction },
    ]
    const loop = [{ name: 'loop', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }]
    const wide = policy('wide', { selector: { namespaces: ['shop', ...OTHERS], labelSelector: { matchLabels: { app: 'cart' } }, resources }, triggers: loop, actions })
    const body = JSON.stringify(reviewOf(wide, { name: 'wide', userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] } }))
    const times: number[] = []
    const ask = async (): Promise<void> => {
      const started = performance.now()
      const answer: unknown = JSON.parse((await send(`${door.url}/validate`, { body })).body)
      times.push(performance.now() - started)
      const response = isObject(answer) && isObject(answer['response']) ? answer['response'] : {}
      expect([response['allowed'], response['warnings'] ?? []], JSON.stringify(response)).to.deep.equal([true, []])
    }
    // What was just granted API servers learn of by a watch.
    await eventually(ask, seconds(60))
    const first = times.splice(0).at(-1) ?? 0
    // A busy machine may be late now and then, a door that cannot do it in time always is.
    for (let review = 0; review < 20; review++) await eventually(ask, seconds(20))
    expect(times.length, 'with those that were asked again').to.be.below(25)
    const sorted = times.toSorted((a, b) => a - b)
    const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY
    console.log(`      ${middle.toFixed(0)} ms in the middle, ${(sorted.at(-1) ?? 0).toFixed(0)} ms at the most, the first ${first.toFixed(0)} ms`)
    // The API server waits for three seconds, and the door asks for two: whatever it did not hear by then it would have refused.
    expect(middle).to.be.below(2000)
  })

  it('what an autoscaler scales no policy scales beside it, and it is named to whoever may list it', async () => {
    const workload = (name: string, kind: string, replicas: number): object => ({
      apiVersion: 'apps/v1', kind, metadata: { name, namespace: 'shop', labels: { app: name } },
      spec: { replicas, ...(kind === 'StatefulSet' ? { serviceName: name } : {}), selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] } } },
    })
    const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'till', namespace: 'shop' }, spec: { maxReplicas: 4, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'till' } } }
    await put(workload('till', 'Deployment', 2), workload('ledger', 'StatefulSet', 2), ...healerObjects('shop').map(({ manifest }) => manifest))
    const scaling = (app: string, kind: string, maxReplicas: number): object =>
      policy(`scale-${app}`, { selector: { labelSelector: { matchLabels: { app } }, resources: [{ apiVersion: 'apps/v1', kind }] }, triggers: [{ name: 'loop', type: 'condition', conditionTrigger: { type: 'CrashLoopBackOff', duration: '2m' } }], actions: [{ ...SCALE, scaleAction: { direction: 'up', maxReplicas } }] })
    const told = async (object: object, ...flags: string[]): Promise<readonly [number, string]> => {
      const { code, stderr } = await dryRun(object, ...flags)
      return [code, stderr.split('\n').flatMap((line) => /\bKS305\b.*?((HorizontalPodAutoscaler|maxReplicas [0-9]).*?)( — |;|$)/.exec(line)?.[1] ?? []).join()]
    }
    // A door that has no time to look says nothing, and allows.
    const saying = (object: object, answer: readonly [number, string], ...flags: string[]) => eventually(async () => expect(await told(object, ...flags)).to.deep.equal(answer), seconds(60))
    await saying(scaling('till', 'Deployment', 20), [0, ''])
    await saying(scaling('till', 'Deployment', 21), [0, "maxReplicas 21 is more than 10 times today's 2"])
    await put(autoscaler)
    await saying(scaling('till', 'Deployment', 21), [1, 'HorizontalPodAutoscaler "till" scales Deployment "till", which is all that is selected'])
    await saying(scaling('ledger', 'StatefulSet', 21), [0, "maxReplicas 21 is more than 10 times today's 2"])
    // Who may scale, and may not list autoscalers, is not told of one.
    const grant = (...rules: object[]): object => ({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'scaler', namespace: 'shop' }, rules })
    const scale = { apiGroups: ['apps'], resources: ['deployments/scale', 'statefulsets/scale', 'replicasets/scale'], verbs: ['patch'] }
    const lists = { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['list'] }
    await put(grant(scale, lists), { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: 'scaler', namespace: 'shop' }, roleRef: { apiGroup: RBAC, kind: 'Role', name: 'scaler' }, subjects: [{ apiGroup: RBAC, kind: 'User', name: 'author' }] })
    await saying(scaling('till', 'Deployment', 5), [0, ''], '--as', 'author')
    await put(grant(scale, lists, { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] }))
    await saying(scaling('till', 'Deployment', 5), [1, 'HorizontalPodAutoscaler "till" scales Deployment "till", which is all that is selected'], '--as', 'author')
  })
})
