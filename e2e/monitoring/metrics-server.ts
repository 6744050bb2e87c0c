/**
 * metrics-server beside the cluster: a process of this machine behind a Service without selector. The API server dials
 * its EndpointSlice, the host's end of the node's link.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueLeaf } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours } from '../../shared/lib/time.ts'
import { ensureTools, toolDir } from '../cluster/build.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { Guest } from '../cluster/guest.ts'
import { MONITORING_TOOLS } from '../cluster/tools.ts'
import { apply, clusterRoleBinding, makeAccount, subject, SYSTEM_NAMESPACE } from './account.ts'
import { sparePort } from './ports.ts'

const NAME = 'metrics-server'
const API = '/apis/metrics.k8s.io/v1beta1'

/** Of everything it reads and serves: those of its own manifests. */
const RULES = [
  { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
]

export interface MetricsServer {
  /** As by a crash or an outage: the API group is there and does not answer. */
  stop(): Promise<void>
  /** Again, on the same port. Returns when it has figures. */
  start(): Promise<void>
}

/** Returns when it has figures of the node, which takes two scrapes of 10 s each; of a new pod it has none for as long. */
export async function startMetricsServer(cluster: Cluster, log: (line: string) => void = () => {}): Promise<MetricsServer> {
  await ensureTools(MONITORING_TOOLS, { log })
  const guest = new Guest(cluster, { name: NAME, file: join(toolDir(NAME), NAME), isReady: async () => hasFigures(cluster) })
  // Before anything of the first is written over.
  if (guest.process !== undefined) throw new ClusterError(`${NAME} runs already: stop it first.`)
  const port = await sparePort(cluster)
  const account = await makeAccount(cluster, NAME, RULES)
  const { cert, key } = await issueLeaf(
    { cert: cluster.ca.certPem, key: cluster.ca.keyPem },
    { dns: [`${NAME}.${SYSTEM_NAMESPACE}.svc`], ips: [cluster.hostIp] }, systemClock.now(), hours(24 * 365))
  const [certFile, keyFile] = [join(cluster.dir, `${NAME}.crt`), join(cluster.dir, `${NAME}.key`)]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key, { mode: 0o600 })
  await apply(cluster, ...manifests(cluster, port))
  const start = async (): Promise<void> => {
    await guest.launch([
      '--kubeconfig', account.kubeconfig, '--authentication-kubeconfig', account.kubeconfig, '--authorization-kubeconfig', account.kubeconfig,
      '--bind-address', cluster.hostIp, '--secure-port', String(port), '--tls-cert-file', certFile, '--tls-private-key-file', keyFile,
      '--kubelet-certificate-authority', cluster.caFile, '--kubelet-preferred-address-types', 'InternalIP',
      // the shortest it takes; it insists on a timeout below that
      '--metric-resolution', '10s', '--kubelet-request-timeout', '5s',
    ])
    // Two scrapes, and on a busy machine one that fails takes ten seconds more.
    await guest.ready(180_000)
  }
  await start()
  return { start, stop: async () => { await guest.stop() } }
}

async function hasFigures(cluster: Cluster): Promise<boolean> {
  const { code, stdout } = await cluster.kubectl(['get', '--raw', `${API}/nodes`])
  return code === 0 && (JSON.parse(stdout) as { items: readonly object[] }).items.length > 0
}

function manifests(cluster: Cluster, port: number): readonly object[] {
  const metadata = { name: NAME, namespace: SYSTEM_NAMESPACE }
  return [
    clusterRoleBinding(`${NAME}:system:auth-delegator`, 'system:auth-delegator', NAME),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: `${NAME}-auth-reader`, namespace: SYSTEM_NAMESPACE },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'extension-apiserver-authentication-reader' }, subjects: [subject(NAME)],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole',
      metadata: { name: 'system:aggregated-metrics-reader', labels: Object.fromEntries(['view', 'edit', 'admin'].map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true'])) },
      rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'https', port: 443, targetPort: port }] } },
    {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...metadata, labels: { 'kubernetes.io/service-name': NAME } },
      addressType: 'IPv4', ports: [{ name: 'https', port }], endpoints: [{ addresses: [cluster.hostIp], conditions: { ready: true } }],
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100,
        service: metadata, caBundle: Buffer.from(cluster.ca.certPem).toString('base64'),
      },
    },
  ]
}
