/** etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of the host. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { toolDir } from './build.ts'
import { auditPolicy, kubeconfig } from './configs.ts'
import { assertPortFree, isPortFree } from './network.ts'
import { filesOf } from './paths.ts'
import type { KeyPair, Pki } from './pki.ts'
import { killAll, recorded, startProgram, untilReady } from './processes.ts'
import { nodePlans, type ClusterPlan } from './spec.ts'
import { waitFor } from './wait.ts'

/** Milliseconds; a busy machine with cold disks needs a good part of it. */
const READY_TIMEOUT = 90_000

export function localServer(plan: ClusterPlan): string {
  return `https://127.0.0.1:${plan.ports.apiServer}`
}

export function writePki(plan: ClusterPlan, pki: Pki): void {
  const { pki: own, kubeconfig: configFile } = filesOf(plan.dir)
  const put = (name: string, text: string, dir = own) => {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(join(dir, name), text, { mode: 0o600 })
  }
  const pairs = { ca: pki.ca, 'etcd-ca': pki.etcdCa, etcd: pki.etcd, apiserver: pki.apiServer, 'kubelet-client': pki.kubeletClient, 'front-proxy': pki.frontProxy, harness: pki.harness }
  for (const [name, pair] of Object.entries(pairs)) {
    put(`${name}.crt`, pair.certPem)
    put(`${name}.key`, pair.keyPem)
  }
  put('sa.key', pki.serviceAccountKeyPem)
  put('sa.pub', pki.serviceAccountPublicPem)
  const name = `kubeskippy-${plan.name}`
  const fromNode = `https://${plan.network.hostIp}:${plan.ports.apiServer}`
  for (const [user, server, pair] of [
    ['admin', localServer(plan), pki.admin],
    ['controller-manager', localServer(plan), pki.controllerManager],
    ['scheduler', localServer(plan), pki.scheduler],
  ] as const) writeFileSync(configFile(user), kubeconfig(server, name, pki.ca.certPem, pair), { mode: 0o600 })
  for (const [index, { dir, nodeName }] of nodePlans(plan).entries()) {
    const pair = pki.nodes[index]
    if (pair === undefined) throw new Error(`${nodeName} has no certificate`)
    const files = filesOf(dir)
    put('ca.crt', pki.ca.certPem, files.pki)
    put('node.crt', pair.certPem, files.pki)
    put('node.key', pair.keyPem, files.pki)
    for (const [user, credentials] of [[nodeName, pair], ['kube-proxy', pki.kubeProxy]] as const) writeFileSync(files.kubeconfig(user), kubeconfig(fromNode, name, pki.ca.certPem, credentials), { mode: 0o600 })
  }
  writeFileSync(filesOf(plan.dir).auditPolicy, auditPolicy())
}

export async function startEtcd(plan: ClusterPlan): Promise<void> {
  const files = filesOf(plan.dir)
  const [client, peer] = [`https://127.0.0.1:${plan.ports.etcd}`, `http://127.0.0.1:${plan.ports.etcdPeer}`]
  await startProgram(plan.dir, {
    name: 'etcd', file: join(toolDir('etcd'), 'etcd'),
    args: [
      '--data-dir', files.etcd, '--log-level', 'warn',
      // the data dies with the cluster: waiting for the disk buys nothing
      '--unsafe-no-fsync',
      '--listen-client-urls', client, '--advertise-client-urls', client,
      '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`,
      '--client-cert-auth', '--trusted-ca-file', `${files.pki}/etcd-ca.crt`, '--cert-file', `${files.pki}/etcd.crt`, '--key-file', `${files.pki}/etcd.key`,
    ],
  })
}

export async function startApiServer(plan: ClusterPlan): Promise<void> {
  const files = filesOf(plan.dir)
  const pki = (name: string) => join(files.pki, name)
  await startProgram(plan.dir, {
    name: 'kube-apiserver', file: join(toolDir('kubernetes'), 'kube-apiserver'),
    args: [
      '--etcd-servers', `https://127.0.0.1:${plan.ports.etcd}`, '--etcd-cafile', pki('etcd-ca.crt'), '--etcd-certfile', pki('etcd.crt'), '--etcd-keyfile', pki('etcd.key'),
      '--secure-port', String(plan.ports.apiServer),
      // the host reaches it by loopback, the node by the host's end of the link: one address cannot be both
      '--bind-address', plan.node ? '0.0.0.0' : '127.0.0.1',
      // of the link, even when there is none: a loopback address is refused
      '--advertise-address', plan.network.hostIp,
      '--service-cluster-ip-range', plan.network.serviceCidr,
      '--authorization-mode', 'Node,RBAC', '--allow-privileged',
      '--client-ca-file', pki('ca.crt'), '--tls-cert-file', pki('apiserver.crt'), '--tls-private-key-file', pki('apiserver.key'),
      '--service-account-key-file', pki('sa.pub'), '--service-account-signing-key-file', pki('sa.key'), '--service-account-issuer', 'https://kubernetes.default.svc',
      '--kubelet-client-certificate', pki('kubelet-client.crt'), '--kubelet-client-key', pki('kubelet-client.key'),
      '--kubelet-certificate-authority', pki('ca.crt'), '--kubelet-preferred-address-types', 'InternalIP',
      // services are dialled by endpoint: the API server is no part of the service network
      '--enable-aggregator-routing',
      '--requestheader-client-ca-file', pki('ca.crt'), '--requestheader-allowed-names', 'front-proxy',
      '--requestheader-username-headers', 'X-Remote-User', '--requestheader-group-headers', 'X-Remote-Group', '--requestheader-extra-headers-prefix', 'X-Remote-Extra-',
      '--proxy-client-cert-file', pki('front-proxy.crt'), '--proxy-client-key-file', pki('front-proxy.key'),
      // blocking: an entry is in the file before the client has its answer; one file, never rotated
      '--audit-policy-file', files.auditPolicy, '--audit-log-path', files.auditLog, '--audit-log-mode', 'blocking', '--audit-log-maxsize', '0',
      ...plan.apiServerArgs,
    ],
  })
}

export async function apiServerReady(plan: ClusterPlan): Promise<void> {
  await untilReady(plan.dir, 'kube-apiserver', READY_TIMEOUT, async () => (await ask(plan, '/readyz'))?.status === 200)
}

export async function startControllers(plan: ClusterPlan): Promise<void> {
  const files = filesOf(plan.dir)
  const pki = (name: string) => join(files.pki, name)
  const common = (user: string, port: number) => [
    '--kubeconfig', files.kubeconfig(user), '--authentication-kubeconfig', files.kubeconfig(user), '--authorization-kubeconfig', files.kubeconfig(user),
    // with the usual 20 requests a second the controllers alone take 5 s to start
    '--kube-api-qps', '500', '--kube-api-burst', '1000',
    '--leader-elect=false', '--bind-address', '127.0.0.1', '--secure-port', String(port),
  ]
  await startProgram(plan.dir, {
    name: 'kube-controller-manager', file: join(toolDir('kubernetes'), 'kube-controller-manager'),
    args: [
      ...common('controller-manager', plan.ports.controllerManager),
      '--service-account-private-key-file', pki('sa.key'), '--root-ca-file', pki('ca.crt'),
      '--cluster-signing-cert-file', pki('ca.crt'), '--cluster-signing-key-file', pki('ca.key'), '--use-service-account-credentials',
      '--allocate-node-cidrs', '--cluster-cidr', plan.network.podCidr, '--node-cidr-mask-size', plan.nodes === undefined ? '24' : '25',
      // a lost node is to be noticed within seconds, not a minute
      ...(plan.nodes === undefined ? [] : ['--node-monitor-grace-period', '12s', '--node-monitor-period', '1s']),
    ],
  })
  await startProgram(plan.dir, {
    name: 'kube-scheduler', file: join(toolDir('kubernetes'), 'kube-scheduler'),
    args: common('scheduler', plan.ports.scheduler),
  })
}

/** Without its service account no pod can be made in the default namespace: the last thing tests wait for. */
export async function controllersReady(plan: ClusterPlan): Promise<void> {
  await Promise.all([
    untilReady(plan.dir, 'kube-controller-manager', READY_TIMEOUT, async () =>
      (await ask(plan, '/api/v1/namespaces/default/serviceaccounts/default'))?.status === 200),
    untilReady(plan.dir, 'kube-scheduler', READY_TIMEOUT, async () =>
      (await get({ port: plan.ports.scheduler, path: '/readyz', rejectUnauthorized: false }))?.status === 200),
  ])
}

/** Ends the API server as a crash would, and starts it again on the same port. */
export async function restartApiServer(plan: ClusterPlan): Promise<void> {
  await kill(plan, ['kube-apiserver'], [plan.ports.apiServer])
  await startApiServer(plan)
  await apiServerReady(plan)
}

/** Ends etcd as a crash would, and starts it again; the API server goes on. What is done `between` sees its files at rest. */
export async function restartEtcd(plan: ClusterPlan, between: () => void = () => {}): Promise<void> {
  await kill(plan, ['etcd'], [plan.ports.etcd, plan.ports.etcdPeer])
  between()
  await startEtcd(plan)
  await apiServerReady(plan)
}

const backupOf = (plan: ClusterPlan): string => `${filesOf(plan.dir).etcd}-backup`

/** Etcd restarts for it: its files are copied while nobody writes to them. Returns when that was, in milliseconds of the epoch. */
export async function backUpEtcd(plan: ClusterPlan): Promise<number> {
  let asOf = 0
  await restartEtcd(plan, () => {
    asOf = Date.now()
    cpSync(filesOf(plan.dir).etcd, backupOf(plan), { recursive: true })
  })
  return asOf
}

/** The store is as it was at the backup, and versions go on from there. The cluster's own programs begin anew, as its operator would have them do. */
export async function restoreEtcd(plan: ClusterPlan): Promise<void> {
  const { ports } = plan
  await kill(plan, ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'], [ports.apiServer, ports.controllerManager, ports.scheduler])
  await kill(plan, ['etcd'], [ports.etcd, ports.etcdPeer])
  rmSync(filesOf(plan.dir).etcd, { recursive: true })
  cpSync(backupOf(plan), filesOf(plan.dir).etcd, { recursive: true })
  await startEtcd(plan)
  await startApiServer(plan)
  await apiServerReady(plan)
  await startControllers(plan)
  await controllersReady(plan)
}

async function kill(plan: ClusterPlan, names: readonly string[], ports: readonly number[]): Promise<void> {
  await killAll(recorded(plan.dir).filter(({ name }) => names.includes(name)).map(({ id }) => id))
  // A port is let go by the kernel a moment after its holder, and a program that finds it taken ends at once.
  for (const port of ports) if (await waitFor({ timeout: READY_TIMEOUT, every: 20 }, async () => isPortFree(port)) === undefined) await assertPortFree(port)
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** The API server's answer to a GET of the harness; undefined while nobody answers. */
export async function ask(plan: ClusterPlan, path: string): Promise<Answer | undefined> {
  const { certPem: cert, keyPem: key } = readPair(plan, 'harness')
  return get({ port: plan.ports.apiServer, path, ca: readPair(plan, 'ca').certPem, cert, key })
}

export function readPair(plan: ClusterPlan, name: 'ca' | 'harness'): KeyPair {
  const { pki } = filesOf(plan.dir)
  return { certPem: readFileSync(join(pki, `${name}.crt`), 'utf8'), keyPem: readFileSync(join(pki, `${name}.key`), 'utf8') }
}

async function get(options: { port: number; path: string; ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean }): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const req = request({ host: '127.0.0.1', agent: false, timeout: 5_000, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text })
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, body }) })
      response.on('error', () => { resolve(undefined) })
    })
    req.on('timeout', () => req.destroy())
    req.on('error', () => { resolve(undefined) })
    req.end()
  })
}
