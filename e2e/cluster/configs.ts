/** Configuration files of the components, as text. Pure. YAML readers read JSON too. */
import { filesOf } from './paths.ts'
import { BUSYBOX_IMAGE, type ClusterPlan, type NodePlan } from './spec.ts'
import { CONTROLLER_USER, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { HARNESS_USER, type KeyPair } from './pki.ts'

export function kubeconfig(server: string, name: string, caPem: string, pair: KeyPair): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name, user: { 'client-certificate-data': base64(pair.certPem), 'client-key-data': base64(pair.keyPem) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }, null, 2)
}

const SYSTEM_USERS = ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler', 'system:kube-proxy']
const SYSTEM_GROUPS = ['system:nodes', 'system:serviceaccounts:kube-system']

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection']

/** Tests read the audit log as the witness of who did what: writes that matter in full, the cluster's own hum left out. */
export function auditPolicy(): string {
  const events = [{ group: '', resources: ['events'] }, { group: 'events.k8s.io', resources: ['events'] }]
  const rules = [
    { level: 'None', users: [HARNESS_USER] },
    { level: 'None', namespaces: ['kube-system', 'kube-node-lease'], resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
    ...[{ users: SYSTEM_USERS }, { userGroups: SYSTEM_GROUPS }].flatMap((who) => [
      { level: 'None', ...who, verbs: ['get', 'list', 'watch'] },
      { level: 'None', ...who, resources: events },
    ]),
    { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version', '/openapi*', '/api', '/api/*', '/apis', '/apis/*'] },
    // All that our controller writes, and what says whether it may: the checkers of invariants judge by it. That it was asked
    // for stands in the log too: of a server that dies meanwhile nothing tells the end.
    { level: 'RequestResponse', users: [CONTROLLER_USER], verbs: WRITES, omitStages: [] },
    { level: 'RequestResponse', verbs: WRITES, resources: [{ group: '', resources: ['pods/eviction'] }, { group: 'kubeskippy.io' }] },
    { level: 'RequestResponse', verbs: ['create', 'update', 'patch', 'delete'], resources: [{ group: '', resources: ['namespaces'] }, { group: 'policy', resources: ['poddisruptionbudgets'] }] },
    // The kill switch.
    { level: 'RequestResponse', verbs: ['create', 'update', 'patch', 'delete'], namespaces: [OPERATOR_NAMESPACE], resources: [{ group: '', resources: ['configmaps'] }] },
    // Whose a pod is, what it is labelled with, and who has opted out. Status is of no interest.
    { level: 'RequestResponse', verbs: ['create', 'update', 'patch'], resources: [{ group: '', resources: ['pods'] }, { group: 'apps', resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'] }] },
    // Only the body tells a dry run of a delete.
    { level: 'Request', verbs: ['delete'], resources: [{ group: '', resources: ['pods'] }, { group: 'apps' }] },
    { level: 'Metadata' },
  ]
  return JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: rules.map((rule) => ({ omitStages: ['RequestReceived'], ...rule })) }, null, 2)
}

export function cniConfig(plan: ClusterPlan): string {
  return JSON.stringify({
    cniVersion: '1.0.0', name: 'kubeskippy',
    plugins: [
      {
        type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true,
        ipam: { type: 'host-local', dataDir: filesOf(plan.dir).ipam, ranges: [[{ subnet: plan.network.podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }, null, 2)
}

export interface NodePrograms {
  readonly runc: string
  readonly cniDir: string
  /** Overlays do not stack: below one, containers get full copies instead. */
  readonly snapshotter: 'overlayfs' | 'native'
}

/** Every path a default of which lies outside of the cluster's directory is named. */
export function containerdConfig(plan: ClusterPlan, programs: NodePrograms): string {
  const files = filesOf(plan.dir)
  const text = JSON.stringify
  return `version = 3
imports = []
root = ${text(`${files.containerd}/root`)}
state = ${text(`${files.containerd}/state`)}
# nri listens on a socket of the machine; the others look for devices and directories that are not there
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt", "io.containerd.image-verifier.v1.bindir", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = ${text(files.containerdSocket)}
[ttrpc]
  address = ${text(`${files.containerdSocket}.ttrpc`)}
[plugins."io.containerd.shim.v1.manager"]
  socket_dir = ${text(files.shimSockets)}
[plugins."io.containerd.cri.v1.images"]
  snapshotter = ${text(programs.snapshotter)}
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = ${text(BUSYBOX_IMAGE)}
[plugins."io.containerd.cri.v1.runtime"]
  # without CAP_SYS_RESOURCE a lower score is refused, and every sandbox would fail to start
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  enable_cdi = false
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = [${text(programs.cniDir)}]
  conf_dir = ${text(files.cniConfig)}
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
    BinaryName = ${text(programs.runc)}
    Root = ${text(`${files.containerd}/runc`)}
`
}

export interface KubeletSettings {
  /** Longest pause between two starts of a crashing container, seconds (Kubernetes: 300). */
  readonly crashLoopSeconds: number
}

/** Names of services and pods end in it. */
export const DNS_DOMAIN = 'cluster.local'

export function kubeletConfig(plan: ClusterPlan, settings: KubeletSettings): string {
  const files = filesOf(plan.dir)
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    // of its own: two kubelets under one root kill each other's sandboxes
    cgroupRoot: plan.cgroup,
    containerRuntimeEndpoint: `unix://${files.containerdSocket}`,
    clusterDNS: [plan.network.dnsIp],
    clusterDomain: DNS_DOMAIN,
    resolvConf: files.resolvConf,
    podLogsDir: files.podLogs,
    volumePluginDir: files.volumePlugins,
    authentication: { x509: { clientCAFile: `${files.pki}/ca.crt` }, webhook: { enabled: true }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${files.pki}/node.crt`,
    tlsPrivateKeyFile: `${files.pki}/node.key`,
    // a full disk of the machine is no reason to evict a test's pods
    evictionHard: { 'imagefs.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%' },
    imageGCHighThresholdPercent: 100,
    nodeStatusUpdateFrequency: '4s',
    // renewed each quarter of it: of two nodes the loss of one is to be noticed soon
    ...(plan.nodes === undefined ? {} : { nodeLeaseDurationSeconds: 8 }),
    crashLoopBackOff: { maxContainerRestartPeriod: `${settings.crashLoopSeconds}s` },
  }, null, 2)
}

export function kubeProxyConfig(plan: NodePlan): string {
  return JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: filesOf(plan.dir).kubeconfig('kube-proxy') },
    mode: 'iptables',
    clusterCIDR: plan.home.network.podCidr,
    hostnameOverride: plan.nodeName,
    healthzBindAddress: `${plan.network.nodeIp}:10256`,
    metricsBindAddress: '127.0.0.1:10249',
    // the limits belong to the machine, not to this network namespace
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  }, null, 2)
}
