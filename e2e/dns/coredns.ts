/** Names for a cluster: CoreDNS, a process of this machine behind the Service at the address that kubelets write into `/etc/resolv.conf` of their pods. */
import { Resolver } from 'node:dns/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureTools, toolDir, type Reporter } from '../cluster/build.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { DNS_DOMAIN } from '../cluster/configs.ts'
import { Guest } from '../cluster/guest.ts'
import { DNS_TOOLS } from '../cluster/tools.ts'
import { apply, makeAccount, SYSTEM_NAMESPACE } from '../monitoring/account.ts'
import { sparePort } from '../monitoring/ports.ts'

const NAME = 'coredns'
/** What installers call it, whoever serves it. */
const SERVICE = 'kube-dns'
const PROTOCOLS = ['UDP', 'TCP'] as const

/** Of everything that it lists and watches. */
const RULES = [
  { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
]

/** Of the cluster alone: pods do not reach beyond this machine, so what is elsewhere has no name either. In a block of its own, since `template` answers before `kubernetes` does. */
const corefile = (host: string, port: number, kubeconfig: string): string => `${DNS_DOMAIN}:${port} in-addr.arpa:${port} {
  bind ${host}
  errors
  kubernetes {
    kubeconfig ${kubeconfig}
    ttl 5
  }
}
.:${port} {
  bind ${host}
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`

/** Returns when it knows the API server's Service. What runs already is taken as it is. */
export async function startDns(cluster: Cluster, report: Reporter): Promise<void> {
  await ensureTools(DNS_TOOLS, report)
  const port = await sparePort(cluster)
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  resolver.setServers([`${cluster.hostIp}:${port}`])
  const isReady = async (): Promise<boolean> => resolver.resolve4(`kubernetes.default.svc.${DNS_DOMAIN}`).then(() => true, () => false)
  const guest = new Guest(cluster, { name: NAME, file: join(toolDir(NAME), NAME), isReady })
  if (guest.process !== undefined) return
  const { kubeconfig } = await makeAccount(cluster, NAME, RULES)
  const file = join(cluster.dir, 'Corefile')
  writeFileSync(file, corefile(cluster.hostIp, port, kubeconfig))
  await apply(cluster, ...manifests(cluster, port))
  await guest.launch(['-conf', file])
  await guest.ready()
}

function manifests({ dnsIp, hostIp }: Cluster, port: number): readonly object[] {
  const metadata = { name: SERVICE, namespace: SYSTEM_NAMESPACE }
  const ports = (number: number): readonly object[] => PROTOCOLS.map((protocol) => ({ name: `dns-${protocol.toLowerCase()}`, protocol, port: number }))
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: dnsIp, ports: ports(53) } },
    {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...metadata, labels: { 'kubernetes.io/service-name': SERVICE } },
      addressType: 'IPv4', ports: ports(port), endpoints: [{ addresses: [hostIp], conditions: { ready: true } }],
    },
  ]
}
