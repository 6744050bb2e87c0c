/** The contract suite on a real API server: what makes the fake cluster trustworthy. */
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
import { startCluster } from '../cluster/cluster.ts'
import { compactEtcd } from './compact.ts'
import { openWire } from './wire.ts'

const common = { timers: systemTimers, log: silentLogger, userAgent: 'kubeskippy-contract' }

contractSuite('a real API server', async () => {
  const cluster = await startCluster({ node: false })
  const access = loadAccess({ kubeconfig: cluster.kubeconfig })
  const { hostname, port } = new URL(access.origin)
  const wire = await openWire({ host: hostname, port: Number(port) })
  const admin = connect({ ...common, access })
  const api = connect({ ...common, access: { ...access, origin: `https://127.0.0.1:${wire.port}` } })
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
      await eventually(() => admin.get(SERVICE_ACCOUNTS, { namespace: name, name: 'default' }))
      return name
    },
    async define(resource, scale) {
      await admin.create(CUSTOM_RESOURCE_DEFINITIONS, definition(resource, scale))
    },
    cut: () => {
      const restore = wire.cut()
      return Promise.resolve(() => Promise.resolve(restore()))
    },
    async forgetHistory() {
      const { resourceVersion } = await admin.list(NAMESPACES)
      await compactEtcd(cluster, resourceVersion)
      // Its watch cache remembers more than etcd does.
      // The port of the one that was killed can be taken for a moment longer.
      await cluster.restartApiServer().catch(() => cluster.restartApiServer())
      await eventually(() => admin.list(NAMESPACES), millis(30_000))
    },
    eventually: (assertion) => eventually(assertion, millis(15_000)),
    async stop() {
      await Promise.all([api.close(), admin.close(), wire.close()])
      await cluster.stop()
    },
  }
  return harness
})
