/** The writer on a real API server, without nodes: what is written is looked at, not what comes of it. */
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SERVICE_ACCOUNTS } from '../../shared/kube/resources.ts'
import { connect } from '../../shared/kube/transport.ts'
import type { KubeObject } from '../../shared/lib/object.ts'
import { millis } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { definition } from '../../shared/testing/builders/definitions.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster } from '../cluster/cluster.ts'
import { writerSuite } from './writer-suite.ts'

type Deployment = KubeObject & {
  readonly metadata: { readonly generation?: number }
  readonly status?: { readonly observedGeneration?: number }
}

writerSuite('a real API server', async () => {
  const cluster = await startCluster({ node: false })
  const admin = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger })
  let namespaces = 0
  return {
    admin,
    pause: 1_500,
    isSeen(object) {
      const { metadata, status } = object as Deployment
      return status?.observedGeneration === metadata.generation
    },
    async namespace() {
      const name = `writer-${namespaces++}`
      await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      // Pods are refused until the controller has made it.
      await eventually(() => admin.get(SERVICE_ACCOUNTS, { namespace: name, name: 'default' }), millis(60_000))
      return name
    },
    async define(resource, scale) {
      await admin.create(CUSTOM_RESOURCE_DEFINITIONS, definition(resource, scale))
    },
    eventually: (assertion) => eventually(assertion, millis(60_000)),
    async stop() {
      await admin.close()
      await cluster.stop()
    },
  }
})
