/** An adapter of the custom and external metrics APIs, as those of Datadog or KEDA, behind the API server's aggregation. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import { issueLeaf } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours } from '../../shared/lib/time.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { apply, SYSTEM_NAMESPACE } from '../monitoring/account.ts'
import { sparePort } from '../monitoring/ports.ts'

const NAME = 'metrics-adapter'
const GROUPS = [['custom.metrics.k8s.io', 'v1beta2'], ['external.metrics.k8s.io', 'v1beta1']] as const

export interface Adapter {
  /** Paths that were asked for, but for discovery. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

/** `answer`: the items of a path; undefined: not found. */
export async function startAdapter(cluster: Cluster, answer: (path: string) => readonly object[] | undefined): Promise<Adapter> {
  const { cert, key } = await issueLeaf({ cert: cluster.ca.certPem, key: cluster.ca.keyPem }, { dns: [`${NAME}.${SYSTEM_NAMESPACE}.svc`], ips: [cluster.hostIp] }, systemClock.now(), hours(24))
  const asked: string[] = []
  const server = createServer({ cert, key }, (request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'https://adapter')
    const group = GROUPS.find(([name, version]) => pathname === `/apis/${name}/${version}`)
    const say = (code: number, body: object): void => void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (group !== undefined) return say(200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group.join('/'), resources: [] })
    if (GROUPS.every(([name]) => !pathname.startsWith(`/apis/${name}/`))) return say(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 })
    asked.push(`${pathname}${search}`)
    const items = answer(decodeURIComponent(pathname))
    return items === undefined
      ? say(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404, message: 'no such metric' })
      : say(200, { kind: 'MetricValueList', apiVersion: pathname.split('/').slice(2, 4).join('/'), metadata: {}, items })
  })
  const port = await sparePort(cluster)
  await once(server.listen(port, cluster.hostIp), 'listening')
  const metadata = { name: NAME, namespace: SYSTEM_NAMESPACE }
  await apply(
    cluster,
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'https', port: 443, targetPort: port }] } },
    {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...metadata, labels: { 'kubernetes.io/service-name': NAME } },
      addressType: 'IPv4', ports: [{ name: 'https', port }], endpoints: [{ addresses: [cluster.hostIp], conditions: { ready: true } }],
    },
    ...GROUPS.map(([group, version]) => ({
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}` },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, service: metadata, caBundle: Buffer.from(cluster.ca.certPem).toString('base64') },
    })),
  )
  return {
    asked,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
