/** What the controller's account can do on a real API server: nothing to workloads but as a healer, and then only what the actions need. */
import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { healerObjects } from '../../cli/healer.ts'
import { CONTROLLER_ACCOUNT, CONTROLLER_USER, DISCOVERY_ROLE, HEALER_ACCOUNT, KILL_SWITCH, OPERATOR_NAMESPACE, serviceAccountUser } from '../../shared/api/v1alpha1/names.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { CONFIG_MAPS, DEPLOYMENTS, HEALING_LEDGERS, HEALING_POLICIES, PODS, SECRETS, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { connectAs, kubectl, may, rightsOf, type Question } from './access.ts'

const CONFIG = fileURLToPath(new URL('../../config', import.meta.url))
const POD = { namespace: 'shop', name: 'cart-1' }
const HEALER = serviceAccountUser('shop', HEALER_ACCOUNT)

describe("the controller's account", function () {
  this.timeout(300_000)
  let cluster: Cluster
  let controller: KubeConnection
  let pod: KubeObject

  before(async () => {
    cluster = await startCluster({ node: false })
    await kubectl(cluster, ['apply', '--server-side', '-f', `${CONFIG}/crd/bases`, '-f', `${CONFIG}/rbac/controller.yaml`])
    await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=120s', '-f', `${CONFIG}/crd/bases`])
    await kubectl(cluster, ['create', 'namespace', 'shop'])
    await kubectl(cluster, ['create', 'serviceaccount', 'default', '-n', 'shop']).catch(() => {})
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Pod', metadata: POD, spec: { containers: [{ name: 'main', image: 'none.invalid/none' }] } })
    controller = await connectAs(cluster, OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)
    // For a moment after a CRD is there, its API answers 429.
    await eventually(() => Promise.all([HEALING_POLICIES, HEALING_LEDGERS].map((resource) => kubectl(cluster, ['get', `${resource.plural}.${resource.group}`, '-A']))), seconds(60))
    // The scheduler says once that there is no node for it: from then on it stays as it is.
    pod = await eventually(async () => {
      const found = await controller.get<KubeObject & { readonly status?: { readonly conditions?: readonly { readonly type: string }[] } }>(PODS, POD)
      expect(found.status?.conditions?.map(({ type }) => type)).to.include('PodScheduled')
      return found
    }, seconds(60))
  })

  after(async () => {
    await controller?.close()
    await cluster?.stop()
  })

  /** Judged by the server, carried out by nobody. */
  const evict = (impersonate?: string): Promise<unknown> => {
    const { uid, resourceVersion } = pod.metadata
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: POD, deleteOptions: { preconditions: { uid, resourceVersion } } }
    return controller.post(PODS, POD, 'eviction', body, { dryRun: true, ...(impersonate === undefined ? {} : { impersonate }) })
  }
  const remove = (impersonate?: string): Promise<void> => controller.delete(PODS, POD, { dryRun: true, ...(impersonate === undefined ? {} : { impersonate }) })
  const label = (impersonate?: string): Promise<unknown> =>
    controller.patch(PODS, POD, { type: 'merge', body: { metadata: { labels: { touched: 'yes' } } } }, { dryRun: true, ...(impersonate === undefined ? {} : { impersonate }) })

  /** No action makes anything. */
  const make = (impersonate: string): Promise<unknown> =>
    controller.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'made' } }, { dryRun: true, impersonate })

  const verdict = async (call: Promise<unknown>): Promise<'done' | 'forbidden'> => {
    try {
      await call
      return 'done'
    } catch (error) {
      if (isApiError(error, 'Forbidden')) return 'forbidden'
      throw error
    }
  }

  const setHealer = (rules?: readonly unknown[]): Promise<string> =>
    kubectl(
      cluster,
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      healerObjects('shop').map(({ manifest }) => stringify(rules !== undefined && manifest.kind === 'Role' ? { ...manifest, rules } : manifest, { version: '1.1', aliasDuplicateObjects: false })).join('---\n'),
    )

  it('cannot evict, delete or change a pod itself', async () => {
    expect(await Promise.all([verdict(evict()), verdict(remove()), verdict(label())])).to.deep.equal(['forbidden', 'forbidden', 'forbidden'])
  })

  const refused: readonly Question[] = [
    { verb: 'create', resource: 'pods/eviction' },
    ...['create', 'update', 'patch', 'delete', 'deletecollection'].map((verb) => ({ verb, resource: 'pods' })),
    ...['create', 'update', 'patch', 'delete'].map((verb) => ({ verb, group: 'apps', resource: 'deployments' })),
    { verb: 'patch', group: 'apps', resource: 'deployments/scale' },
    { verb: 'create', resource: 'pods/exec' },
    { verb: 'create', resource: 'serviceaccounts/token', name: HEALER_ACCOUNT },
    { verb: 'get', resource: 'secrets' },
    { verb: 'create', resource: 'configmaps' },
    { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'rolebindings' },
    { verb: 'update', group: 'kubeskippy.io', resource: 'healingpolicies' },
    // History goes one by one, and never all at once.
    { verb: 'deletecollection', group: 'kubeskippy.io', resource: 'healingactions' },
    { verb: 'update', group: 'kubeskippy.io', resource: 'healingactions' },
    // A ledger of a tenant would be no ledger.
    { verb: 'create', group: 'kubeskippy.io', resource: 'healingledgers' },
    { verb: 'impersonate', resource: 'users' },
    { verb: 'impersonate', resource: 'groups' },
    { verb: 'impersonate', resource: 'serviceaccounts', name: HEALER_ACCOUNT },
    { verb: 'impersonate:user-info', group: 'authentication.k8s.io', resource: 'users', name: 'admin' },
    { verb: 'impersonate:arbitrary-node', group: 'authentication.k8s.io', resource: 'nodes' },
    { verb: 'impersonate:associated-node', group: 'authentication.k8s.io', resource: 'nodes' },
    { verb: 'impersonate:serviceaccount', group: 'authentication.k8s.io', resource: 'serviceaccounts', name: 'default' },
  ]
  for (const question of refused) {
    const { verb, group = '', resource, name } = question
    it(`may not ${verb} ${[group, resource, name].filter(Boolean).join(' ')}`, async () => {
      expect(await may(cluster, CONTROLLER_USER, { namespace: 'shop', ...question })).to.equal(false)
    })
  }

  it('has no wildcard right, and no write to another group than ours, events, leases and reviews', async () => {
    const reading = new Set(['get', 'list', 'watch'])
    const rights = [...(await rightsOf(cluster, CONTROLLER_USER, 'shop')), ...(await rightsOf(cluster, CONTROLLER_USER, OPERATOR_NAMESPACE))]
    expect(rights.flatMap(({ verbs, apiGroups }) => [...verbs, ...apiGroups])).not.to.include('*')
    expect(rights.flatMap(({ resources }) => resources)).not.to.include('*')
    const writes = rights.filter(({ verbs }) => verbs.some((verb) => !reading.has(verb) && !verb.startsWith('impersonate')))
    expect([...new Set(writes.flatMap(({ apiGroups }) => apiGroups))].sort()).to.deep.equal(['authorization.k8s.io', 'coordination.k8s.io', 'events.k8s.io', 'kubeskippy.io'])
  })

  it('may read which kinds there are, though nobody else may', async () => {
    await kubectl(cluster, ['delete', 'clusterrolebinding', DISCOVERY_ROLE, 'system:public-info-viewer'])
    const stranger = await connectAs(cluster, 'shop', 'default')
    try {
      await eventually(async () => expect(await verdict(stranger.discover('apps', 'v1'))).to.equal('forbidden'), seconds(60))
      expect((await controller.discover('apps', 'v1')).map(({ plural }) => plural)).to.include('deployments')
      expect([...(await controller.schemasOf('kubeskippy.io', 'v1alpha1')).keys()]).to.include('HealingLedger')
      expect((await controller.serverVersion()).name).to.match(/^v1\./)
    } finally {
      await stranger.close()
    }
  })

  it('can act as no account but a healer', async () => {
    expect(await verdict(evict(serviceAccountUser('shop', 'default')))).to.equal('forbidden')
    expect(await verdict(evict(serviceAccountUser(OPERATOR_NAMESPACE, CONTROLLER_ACCOUNT)))).to.equal('forbidden')
    expect(await verdict(evict(serviceAccountUser('kube-system', 'namespace-controller')))).to.equal('forbidden')
  })

  it('cannot evict as the healer of a namespace that has not consented', async () => {
    expect(await verdict(evict(HEALER))).to.equal('forbidden')
  })

  it('evicts and deletes as the healer of a namespace that has, and does nothing that no action does', async () => {
    await setHealer()
    // What the API server goes by follows what is stored.
    await eventually(async () => expect(await Promise.all([verdict(evict(HEALER)), verdict(remove(HEALER)), verdict(make(HEALER))])).to.deep.equal(['done', 'done', 'forbidden']), seconds(30))
  })

  it('does no more even where a namespace lets its healer do everything', async () => {
    await setHealer([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])
    await eventually(async () => expect(await may(cluster, HEALER, { namespace: 'shop', verb: 'create', resource: 'configmaps' })).to.equal(true), seconds(30))
    expect(await Promise.all([verdict(evict(HEALER)), verdict(remove(HEALER)), verdict(make(HEALER))])).to.deep.equal(['done', 'done', 'forbidden'])
    expect(await verdict(controller.list(SECRETS, { namespace: 'shop', impersonate: HEALER }))).to.equal('forbidden')
  })

  it('cannot evict any more as soon as the binding is gone', async () => {
    await kubectl(cluster, ['delete', 'rolebinding', HEALER_ACCOUNT, '-n', 'shop'])
    await eventually(async () => expect(await verdict(evict(HEALER))).to.equal('forbidden'), seconds(30))
  })

  it('reads what decisions are made of', async () => {
    const everywhere = [PODS, DEPLOYMENTS, HEALING_POLICIES].map((resource) => verdict(controller.list(resource)))
    const healers = verdict(controller.list(SERVICE_ACCOUNTS, { fieldSelector: `metadata.name=${HEALER_ACCOUNT}` }))
    const killSwitch = verdict(controller.list(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE, fieldSelector: `metadata.name=${KILL_SWITCH}` }))
    const ledgers = verdict(controller.list(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE }))
    expect(await Promise.all([...everywhere, healers, killSwitch, ledgers])).to.deep.equal(['done', 'done', 'done', 'done', 'done', 'done'])
  })

  it('watches healers and the kill switch by name, and no other account or ConfigMap', async () => {
    const watch = async (resource: typeof CONFIG_MAPS, fieldSelector: string, namespace?: string): Promise<void> => {
      const { resourceVersion } = await controller.list(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE })
      for await (const event of controller.watch(resource, { resourceVersion, timeoutSeconds: 1, fieldSelector, ...(namespace === undefined ? {} : { namespace }) })) void event
    }
    expect(await verdict(watch(SERVICE_ACCOUNTS, `metadata.name=${HEALER_ACCOUNT}`))).to.equal('done')
    expect(await verdict(watch(CONFIG_MAPS, `metadata.name=${KILL_SWITCH}`, OPERATOR_NAMESPACE))).to.equal('done')
    expect(await verdict(watch(SERVICE_ACCOUNTS, 'metadata.name=default'))).to.equal('forbidden')
    expect(await Promise.all([verdict(controller.list(SERVICE_ACCOUNTS)), verdict(controller.list(CONFIG_MAPS, { namespace: OPERATOR_NAMESPACE }))])).to.deep.equal(['forbidden', 'forbidden'])
  })
})
