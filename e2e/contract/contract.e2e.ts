/** The contract suite on a real API server: what makes the fake cluster trustworthy. */
import { join } from 'node:path'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { millis } from '../../shared/lib/time.ts'
import { loadAccess } from '../../shared/kube/credentials.ts'
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { connect } from '../../shared/kube/transport.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { definition } from '../../shared/testing/builders/definitions.ts'
import { contractSuite } from '../../shared/testing/contract/contract.ts'
import type { Harness } from '../../shared/testing/contract/harness.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl } from '../cli/access.ts'
import { startCluster } from '../cluster/cluster.ts'
import { THROTTLED } from '../faults/kinds.ts'
import { startProxy } from '../installation/proxy.ts'
import { compactEtcd } from './compact.ts'

const common = { timers: systemTimers, log: silentLogger, userAgent: 'kubeskippy-contract' }

contractSuite('a real API server', async () => {
  const cluster = await startCluster({ node: false })
  await kubectl(cluster, ['apply', '--server-side', '-f', join(import.meta.dirname, '../../config/crd/bases')])
  const access = loadAccess({ kubeconfig: cluster.kubeconfig })
  const { tls: { cert = '', key = '' } } = await access.read()
  const proxy = await startProxy(cluster, {}, { credentials: { cert: cert.toString(), key: key.toString() } })
  const admin = connect({ ...common, access })
  const api = connect({ ...common, access: { ...access, origin: proxy.url } })
  let namespaces = 0
  const harness: Harness = {
    api,
    admin,
    timers: systemTimers,
    async namespace() {
      namespaces++
      const name = `contract-${namespaces}`
      await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      // Pods are refused until the controller has made it.
      await eventually(() => admin.get(SERVICE_ACCOUNTS, { namespace: name, name: 'default' }), millis(60_000))
      return name
    },
    async define(resource, scale) {
      await admin.create(CUSTOM_RESOURCE_DEFINITIONS, definition(resource, scale))
    },
    cut: () => {
      proxy.setHooks({ onRequest: () => 'reset' })
      proxy.cut()
      return Promise.resolve(() => Promise.resolve(proxy.setHooks({})))
    },
    truncate() {
      // Each watch once: what begins anew gets it whole.
      const cut = new Set<number>()
      const running = proxy.count
      proxy.setHooks({ onLine: ({ id }) => (id > running || cut.has(id) || cut.add(id).size === 0 ? 'forward' : 'truncate') })
      return Promise.resolve()
    },
    silence() {
      const running = proxy.count
      proxy.setHooks({ onLine: ({ id }) => (id > running ? 'forward' : 'drop') })
      return Promise.resolve()
    },
    throttle() {
      let left = 1
      proxy.setHooks({ onRequest: () => (left-- > 0 ? THROTTLED : 'forward') })
      return Promise.resolve()
    },
    async forgetHistory() {
      const { resourceVersion } = await admin.list(NAMESPACES)
      await compactEtcd(cluster, resourceVersion)
      // Its watch cache remembers more than etcd does.
      // The port of the one that was killed can be taken for a moment longer.
      await cluster.restartApiServer().catch(() => cluster.restartApiServer())
      await eventually(() => admin.list(NAMESPACES), millis(90_000))
    },
    eventually: (assertion) => eventually(assertion, millis(60_000)),
    async stop() {
      await Promise.all([api.close(), admin.close()])
      await proxy.stop()
      await cluster.stop()
    },
  }
  return harness
})
