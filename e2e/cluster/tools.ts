/** What is built from Go modules, and how. Versions come from the tools' go.mod files: they are written only there. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from './errors.ts'
import { TOOLS_DIR } from './paths.ts'

export type ToolName = 'kubernetes' | 'etcd' | 'containerd' | 'cni' | 'metrics-server' | 'coredns' | 'helm' | 'kubeconform' | 'actionlint' | 'kwok'

interface Recipe {
  /** Module whose version is the tool's. */
  readonly module: string
  /** Package below the module -> the file it becomes. */
  readonly programs: Readonly<Record<string, string>>
  /** Seconds from an empty Go cache on 2 cores, for the progress line; measured, and no promise. */
  readonly usualSeconds: number
  /** Version variables stamped into the programs, which otherwise call themselves v0.0.0 or unknown. */
  readonly stamp?: (version: string) => Readonly<Record<string, string>>
}

const RECIPES: Readonly<Record<ToolName, Recipe>> = {
  etcd: {
    module: 'go.etcd.io/etcd/server/v3',
    programs: { '': 'etcd' },
    usualSeconds: 27,
  },
  kubernetes: {
    module: 'k8s.io/kubernetes',
    programs: Object.fromEntries(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'].map((name) => [`cmd/${name}`, name])),
    usualSeconds: 270,
    stamp: (version) => {
      const [major = '', minor = ''] = version.split('.')
      return {
        'k8s.io/component-base/version.gitVersion': `v${version}`,
        'k8s.io/component-base/version.gitMajor': major,
        'k8s.io/component-base/version.gitMinor': minor,
      }
    },
  },
  containerd: {
    module: 'github.com/containerd/containerd/v2',
    programs: Object.fromEntries(['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => [`cmd/${name}`, name])),
    usualSeconds: 55,
    stamp: (version) => ({ 'github.com/containerd/containerd/v2/version.Version': `v${version}` }),
  },
  cni: {
    module: 'github.com/containernetworking/plugins',
    programs: { 'plugins/main/bridge': 'bridge', 'plugins/main/loopback': 'loopback', 'plugins/ipam/host-local': 'host-local', 'plugins/meta/portmap': 'portmap' },
    usualSeconds: 5,
  },
  'metrics-server': {
    module: 'sigs.k8s.io/metrics-server',
    programs: { 'cmd/metrics-server': 'metrics-server' },
    // After Kubernetes, with which it shares half of its packages; alone twice as long.
    usualSeconds: 50,
    stamp: (version) => ({ 'k8s.io/client-go/pkg/version.gitVersion': `v${version}` }),
  },
  coredns: {
    module: 'github.com/coredns/coredns',
    programs: { '': 'coredns' },
    usualSeconds: 99,
  },
  helm: {
    module: 'helm.sh/helm/v4',
    programs: { 'cmd/helm': 'helm' },
    usualSeconds: 91,
    stamp: (version) => ({ 'helm.sh/helm/v4/internal/version.version': `v${version}` }),
  },
  kubeconform: {
    module: 'github.com/yannh/kubeconform',
    programs: { 'cmd/kubeconform': 'kubeconform' },
    usualSeconds: 3,
    stamp: (version) => ({ 'main.version': `v${version}` }),
  },
  actionlint: {
    module: 'github.com/rhysd/actionlint',
    programs: { 'cmd/actionlint': 'actionlint' },
    usualSeconds: 4,
    stamp: (version) => ({ 'github.com/rhysd/actionlint.version': version }),
  },
  kwok: {
    module: 'sigs.k8s.io/kwok',
    programs: { 'cmd/kwok': 'kwok' },
    usualSeconds: 60,
    stamp: (version) => ({ 'sigs.k8s.io/kwok/pkg/consts.Version': `v${version}` }),
  },
}

/** The smallest control plane, and what a node needs on top. */
export const CONTROL_PLANE_TOOLS: readonly ToolName[] = ['etcd', 'kubernetes']
export const NODE_TOOLS: readonly ToolName[] = ['containerd', 'cni']
/** Beside a cluster, for those that ask for it. */
export const MONITORING_TOOLS: readonly ToolName[] = ['metrics-server']
/** Nodes and pods that nothing runs, by the thousand. */
export const SIMULATION_TOOLS: readonly ToolName[] = ['kwok']
export const DNS_TOOLS: readonly ToolName[] = ['coredns']
/** For the chart, and for what releases it. */
export const CHART_TOOLS: readonly ToolName[] = ['helm', 'kubeconform', 'actionlint']

export interface Tool {
  readonly name: ToolName
  readonly version: string
  /** Directory of its go.mod. */
  readonly dir: string
  /** Go version the module asks for. */
  readonly goVersion: string
  readonly packages: readonly string[]
  readonly files: readonly string[]
  readonly flags: readonly string[]
  readonly usualSeconds: number
  /** Name of its directory in the cache: another version, sum or flag is another directory. */
  readonly key: string
}

/** Flags of every build: no paths of this machine, no state of this checkout, nothing that go.sum does not vouch for. */
const COMMON_FLAGS = ['-mod=readonly', '-trimpath', '-buildvcs=false']

export function tool(name: ToolName): Tool {
  const dir = join(TOOLS_DIR, name)
  return describeTool(name, dir, readFileSync(join(dir, 'go.mod'), 'utf8'), readFileSync(join(dir, 'go.sum'), 'utf8'))
}

export function describeTool(name: ToolName, dir: string, goMod: string, goSum: string): Tool {
  const recipe = RECIPES[name]
  const version = requiredVersion(goMod, recipe.module)
  const goVersion = /^go (\S+)$/m.exec(goMod)?.[1]
  if (version === undefined || goVersion === undefined) throw new ClusterError(`${dir}/go.mod names no version of ${recipe.module} or of go: restore it from version control.`)
  const stamps = Object.entries(recipe.stamp?.(version) ?? {}).map(([variable, value]) => `-X ${variable}=${value}`)
  const flags = [...COMMON_FLAGS, '-ldflags', ['-s', '-w', ...stamps].join(' ')]
  const sum = createHash('sha256').update(JSON.stringify([goMod, goSum, flags, process.platform, process.arch])).digest('hex')
  return {
    name, version, dir, goVersion, flags,
    packages: Object.keys(recipe.programs).map((path) => path === '' ? recipe.module : `${recipe.module}/${path}`),
    files: Object.values(recipe.programs),
    usualSeconds: recipe.usualSeconds,
    key: `${name}-${version}-${sum.slice(0, 12)}`,
  }
}

/** The version go.mod requires of a module, without its `v`. */
export function requiredVersion(goMod: string, module: string): string | undefined {
  const line = goMod.split('\n').map((text) => text.replace(/^\s*(require\s+)?/, '')).find((text) => text.startsWith(`${module} v`))
  return line?.split(' ')[1]?.slice(1)
}
