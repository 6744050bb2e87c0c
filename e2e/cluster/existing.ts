/**
 * A cluster that somebody else runs, chosen by name: `KUBESKIPPY_CONTEXT` is a context of the caller's kubeconfig, `KUBESKIPPY_IMAGE` the image of
 * the product where its nodes can pull it, or have it already. For suites that say so (`anywhere`): the others end programs, take rights away and
 * read what only the harness's own clusters have.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toolDir } from './build.ts'
import type { Cluster, ClusterOptions, KubectlOptions } from './cluster.ts'
import { ClusterError } from './errors.ts'
import { exec } from './exec.ts'
import { callerEnv } from './paths.ts'

export interface Existing {
  readonly context: string
  readonly image: string
}

/** Undefined: the harness makes its clusters. @throws ClusterError where one of the two variables is missing */
export function existing(env: NodeJS.ProcessEnv = process.env): Existing | undefined {
  const [context = '', image = ''] = [env['KUBESKIPPY_CONTEXT'], env['KUBESKIPPY_IMAGE']]
  if (context === '') return undefined
  if (!/^[^@\s]+:[^:/@\s]+$/.test(image)) throw new ClusterError(`KUBESKIPPY_CONTEXT is ${context}, and KUBESKIPPY_IMAGE is "${image}": set it to an image of KubeSkippy that this cluster can run, such as registry.example.com/kubeskippy:0.1.0.`)
  return { context, image }
}

interface Kubeconfig {
  readonly clusters?: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string } }[]
}

/** @throws ClusterError where it is not there, or the suite needs one of its own */
export async function openExisting({ context }: Existing, { anywhere, node = true, nodes = 1, port, apiServerArgs, log = (line) => { console.error(line) } }: ClusterOptions, caller: NodeJS.ProcessEnv = process.env): Promise<Cluster> {
  if (anywhere !== true || !node || nodes !== 1 || port !== undefined || apiServerArgs !== undefined) {
    throw new ClusterError(`This suite needs a cluster of its own, not the context ${context}: unset KUBESKIPPY_CONTEXT. make test says which suites run there.`)
  }
  const program = join(toolDir('kubernetes'), 'kubectl')
  const chosen = await exec(program, ['config', 'view', '--minify', '--flatten', '--raw', '--context', context, '-o', 'json'], { env: callerEnv(caller) })
  if (chosen.code !== 0) throw new ClusterError(`There is no context ${context} in your kubeconfig (KUBECONFIG, else ~/.kube/config): ${chosen.stderr.trim()}`)
  const { clusters: [{ cluster } = { cluster: { server: '' } }] = [] } = JSON.parse(chosen.stdout) as Kubeconfig
  const dir = mkdtempSync(join(tmpdir(), 'kubeskippy-context-'))
  const [kubeconfig, caFile] = [join(dir, 'kubeconfig'), join(dir, 'ca.crt')]
  // Of this context alone, so that nobody who changes the current one meanwhile changes what is tested.
  writeFileSync(kubeconfig, chosen.stdout, { mode: 0o600 })
  writeFileSync(caFile, Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64'))
  const kubectl = (args: readonly string[], { as, env, ...rest }: KubectlOptions = {}) =>
    exec(program, ['--kubeconfig', kubeconfig, ...(as === undefined ? [] : ['--as', as]), ...args], { ...rest, env: { ...callerEnv(caller), ...env } })
  const { code, stderr } = await kubectl(['get', '--raw', '/readyz', '--request-timeout=10s'])
  if (code !== 0) {
    rmSync(dir, { recursive: true })
    throw new ClusterError(`The API server of the context ${context} (${cluster.server}) does not answer: ${stderr.trim()}`)
  }
  log(`KUBESKIPPY_CONTEXT: ${context}, ${cluster.server}`)
  const lacks = (what: string): never => {
    throw new ClusterError(`The context ${context} is no cluster of the harness: it has no ${what}.`)
  }
  return {
    name: context, node: true, nodes: (await kubectl(['get', 'nodes', '-o', 'name'])).stdout.trim().split('\n').length, isOwn: false, kubeconfig, server: cluster.server, caFile, dir, bin: toolDir('kubernetes'), sparePorts: [],
    get ca() { return lacks('key of its CA') },
    get auditLog() { return lacks('audit log in reach') },
    get hostIp() { return lacks('address of this machine') },
    get dnsIp() { return lacks('address for DNS of its own') },
    kubectl,
    loadImage: () => lacks('way to load images: KUBESKIPPY_IMAGE is what is run'),
    loseNode: () => lacks('node to lose'),
    restartApiServer: () => lacks('API server to end'),
    restartEtcd: () => lacks('etcd to end'),
    backUpEtcd: () => lacks('etcd in reach'),
    restoreEtcd: () => lacks('etcd in reach'),
    keep: () => {},
    stop: () => {
      rmSync(dir, { recursive: true, force: true })
      return Promise.resolve()
    },
  }
}

/** Whoever has put text into a file that names it may run there; the runner of the suites has no other way to know. */
const ANYWHERE = 'startCluster({ anywhere: true'
export const runsAnywhere = (file: string): boolean => readFileSync(file, 'utf8').includes(ANYWHERE)
