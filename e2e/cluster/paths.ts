/** Where things live. The harness's variables of the environment are read here and nowhere else. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, normalize } from 'node:path'
import { ClusterError } from './errors.ts'

/** Go modules of the tools, committed. */
export const TOOLS_DIR = join(import.meta.dirname, 'tools')

/** Binaries, unpacked packages and the demo image; shared by all checkouts, safe to delete when no cluster runs. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return set(env, 'KUBESKIPPY_CACHE') ?? join(set(env, 'XDG_CACHE_HOME') ?? join(home(env), '.cache'), 'kubeskippy')
}

/** One directory per cluster. Short, for the unix sockets in it. */
export function stateDir(env: NodeJS.ProcessEnv = process.env, root: boolean = process.getuid?.() === 0): string {
  return set(env, 'KUBESKIPPY_STATE') ??
    (root ? '/var/lib/kubeskippy' : join(set(env, 'XDG_STATE_HOME') ?? join(home(env), '.local/state'), 'kubeskippy'))
}

/** An empty variable is none; a relative path would mean another place in every directory. */
function set(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]
  if (value === undefined || value === '') return undefined
  if (!isAbsolute(value)) throw new ClusterError(`${name} is "${value}": set it to an absolute path.`)
  return normalize(value).replace(/(.)\/$/, '$1')
}

function home(env: NodeJS.ProcessEnv): string {
  return set(env, 'HOME') ?? homedir()
}

/** True: what did not come up is left for a look (`down` still removes it). */
export function keepsFailed(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['KUBESKIPPY_KEEP'] !== undefined && env['KUBESKIPPY_KEEP'] !== ''
}

export function clusterDir(name: string): string {
  return join(stateDir(), name)
}

/** Inside a cluster's directory. */
export function filesOf(dir: string) {
  return {
    plan: join(dir, 'cluster.json'),
    /** Its presence says that nothing may be started here any more. */
    stopping: join(dir, 'stopping'),
    pids: join(dir, 'pids'),
    logs: join(dir, 'log'),
    pki: join(dir, 'pki'),
    etcd: join(dir, 'etcd'),
    auditPolicy: join(dir, 'audit-policy.yaml'),
    auditLog: join(dir, 'audit.log'),
    kubeconfig: (user: string) => join(dir, `${user}.kubeconfig`),
    kubectlCache: join(dir, 'kubectl-cache'),
    shimSockets: join(dir, 's'),
    containerd: join(dir, 'ctd'),
    containerdConfig: join(dir, 'containerd.toml'),
    containerdSocket: join(dir, 'ctd/containerd.sock'),
    cniConfig: join(dir, 'cni'),
    ipam: join(dir, 'ipam'),
    kubelet: join(dir, 'kubelet'),
    kubeletConfig: join(dir, 'kubelet.yaml'),
    podLogs: join(dir, 'pod-logs'),
    volumePlugins: join(dir, 'volume-plugins'),
    kubeProxyConfig: join(dir, 'kube-proxy.yaml'),
    resolvConf: join(dir, 'resolv.conf'),
    /** What the node sees in place of the host's directories of the same purpose. */
    hidden: join(dir, 'hidden'),
    nodeReady: join(dir, 'hidden/ready'),
  } as const
}

/** First file of that name on the search path, or undefined. */
export function findOnPath(program: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return searchPath(env).map((dir) => join(dir, program)).find((file) => existsSync(file))
}

/** Environment for programs of the machine: the caller's, with a search path on which findOnPath's findings are found. */
export function callerEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, PATH: searchPath(env).join(':') }
}

/** The caller's, with the directories of system programs that an ordinary user's lacks. */
function searchPath(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return [...(env['PATH'] ?? '').split(':').filter((dir) => dir !== ''), '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
}
