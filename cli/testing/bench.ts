/** The command line on a fake cluster, and everything that it printed. */
import { NAMESPACES } from '../../shared/kube/resources.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { millis } from '../../shared/lib/time.ts'
import type { Timers } from '../../shared/runtime/timers.ts'
import { FakeClock } from '../../shared/testing/fake-clock.ts'
import type { Call } from '../../shared/testing/fake-cluster/calls.ts'
import { FakeCluster, type FakeClusterOptions } from '../../shared/testing/fake-cluster/fake-cluster.ts'
import type { CliEnvironment, Folders } from '../environment.ts'
import { runCli } from '../program.ts'

/** Waits end at once. */
const impatient: Timers = { monotonic: () => millis(0), after: (_, run) => (queueMicrotask(run), () => {}) }

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface BenchOptions {
  /** What SubjectAccessReviews answer. */
  readonly may?: (call: Call, body: unknown) => boolean
  /** Why a call of the person is forbidden. */
  readonly deny?: (call: Call) => string | undefined
  /** What CRDs and webhooks do. */
  readonly admit?: FakeClusterOptions['admit']
  /** What containers have written. */
  readonly log?: FakeClusterOptions['log']
  /** Of the API server. */
  readonly version?: string
  readonly files?: Readonly<Record<string, string>>
}

export interface Bench {
  /** What there is, and what was written. By path from the working folder, which is /here. */
  readonly files: Record<string, string>
  readonly folders: Folders
  readonly clock: FakeClock
  readonly cluster: FakeCluster
  /** Words are parted by blanks, unless they are given; `overrides` are of this run only. */
  readonly run: (line: string, overrides?: Partial<CliEnvironment>, words?: readonly string[]) => Promise<Ran>
}

/** The context's namespace is shop. */
export function setUpCli({ may = () => false, deny, admit, log, version, files: given = {} }: BenchOptions = {}): Bench {
  const files: Record<string, string> = { ...given }
  const folders = foldersOf(files)
  const clock = new FakeClock()
  const cluster = new FakeCluster({
    clock,
    timers: clock,
    post: (call, body) => (call.resource.plural.endsWith('accessreviews') ? { status: { allowed: may(call, body) } } : undefined),
    deny: (call) => (call.user === 'person' ? deny?.(call) : undefined),
    ...(admit === undefined ? {} : { admit }),
    ...(log === undefined ? {} : { log }),
    ...(version === undefined ? {} : { version }),
  })
  cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const run = async (line: string, overrides: Partial<CliEnvironment> = {}, words: readonly string[] = line.split(' ').filter((word) => word !== '')): Promise<Ran> => {
    let [out, err] = ['', '']
    const code = await runCli(words, {
      stdout: (text) => void (out += text),
      stderr: (text) => void (err += text),
      terminal: undefined,
      readFile: (path) => {
        const text = files[plainly(path)]
        return text === undefined ? Promise.reject(new Error(`ENOENT: no such file or directory, open '${path}'`)) : Promise.resolve(text)
      },
      folders,
      clock,
      timers: impatient,
      random: () => 0.5,
      stop: new AbortController().signal,
      version: '1.2.3',
      defaultKubeconfig: () => undefined,
      defaultNamespace: () => Promise.resolve('shop'),
      nameOfCluster: () => Promise.resolve('https://shop.invalid (context shop)'),
      connect: (): Promise<KubeConnection> => Promise.resolve(Object.assign(cluster.client('person'), { close: () => Promise.resolve() })),
      programs: { controller: () => Promise.resolve(0), webhook: () => Promise.resolve(0) },
      ...overrides,
    })
    return { code, out, err }
  }
  return { clock, cluster, files, folders, run }
}

const plainly = (path: string): string => path.replace(/^\/here\/?/, '').replace(/^\.(?:\/|$)/, '').replace(/\/$/, '')

/** Of files in memory. */
export function foldersOf(files: Record<string, string>): Folders {
  const below = (path: string): readonly string[] => Object.keys(files).filter((file) => plainly(path) === '' || file.startsWith(`${plainly(path)}/`))
  return {
    kindOf: (path) => Promise.resolve(files[plainly(path)] !== undefined ? 'file' : below(path).length > 0 ? 'folder' : undefined),
    list: (path) => Promise.resolve([...new Set(below(path).map((file) => file.slice(plainly(path) === '' ? 0 : plainly(path).length + 1).replace(/\/.*$/, '/')))]),
    realPath: (path) => Promise.resolve(plainly(path)),
    create: (path, bytes) => (files[plainly(path)] === undefined ? Promise.resolve(void (files[plainly(path)] = Buffer.from(bytes).toString('base64'))) : Promise.reject(new Error('it is there'))),
    write: (path, text) => Promise.resolve(void (files[plainly(path)] = text)),
    replace: (path, _before, after) => Promise.resolve(void (files[plainly(path)] = after)),
    here: '/here',
  }
}

/** For what must be done without a cluster. */
export const noCluster: Partial<CliEnvironment> = {
  connect: () => {
    throw new Error('connected')
  },
}
