/**
 * `make bench`: how long both programs take until they are ready, and how much memory they keep, beside a bare HTTPS
 * server in the same run; and how long commands take to their end, beside a Node that does nothing. One after another, round
 * by round, so that whatever else the machine does meets all of them.
 *
 *     node bench/start-up.ts [ROUNDS]
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { issueAuthority } from '../certs/issue.ts'
import { startCluster, type Cluster } from '../e2e/cluster/cluster.ts'
import { plainEnv } from '../e2e/cluster/processes.ts'
import { install } from '../e2e/installation/installation.ts'
import { bundle } from '../hack/bundle.ts'
import { systemClock } from '../shared/adapters/system-clock.ts'
import { hours } from '../shared/lib/time.ts'
import { webhookConfigurations } from '../webhook/manifests.ts'
import { ratio, show, spread, table } from './statistics.ts'

interface Subject {
  readonly name: string
  readonly args: readonly string[]
  readonly readyUrl: string
}

interface Run {
  /** Milliseconds from the start of the process to the first 200. */
  readonly ready: number
  /** MiB, a while after that and without garbage. */
  readonly memory: number
}

const MEMORY = fileURLToPath(new URL('memory.mjs', import.meta.url))
const BARE = fileURLToPath(new URL('bare.mjs', import.meta.url))
const PATIENCE = 30_000
const SETTLE = 2_000

const isReady = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const get = url.startsWith('https:') ? httpsGet : httpGet
    get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on('error', () => resolve(false))
  })

async function untilReady(child: ChildProcess, { name, readyUrl }: Subject): Promise<void> {
  const end = performance.now() + PATIENCE
  while (!(await isReady(readyUrl))) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${name} did not become ready`)
    await sleep(5)
  }
}

async function measure(subject: Subject, cache: string): Promise<Run> {
  const begin = performance.now()
  const child = spawn(process.execPath, ['--expose-gc', '--import', MEMORY, ...subject.args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...plainEnv(), NODE_COMPILE_CACHE: cache },
  })
  try {
    await untilReady(child, subject)
    const ready = performance.now() - begin
    await sleep(SETTLE)
    const answer = once(child, 'message')
    child.send('how much?')
    const [rss] = (await answer) as [number]
    return { ready, memory: rss / 2 ** 20 }
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

interface Command {
  readonly name: string
  readonly args: readonly string[]
  readonly code: number
}

/** Milliseconds from the start of the process to its end. */
async function timeOf({ name, args, code }: Command, cache: string): Promise<number> {
  const begin = performance.now()
  const child = spawn(process.execPath, args, { stdio: 'ignore', env: { ...plainEnv(), NODE_COMPILE_CACHE: cache } })
  const [ended] = (await once(child, 'exit')) as [number]
  if (ended !== code) throw new Error(`${name} ended with ${ended}`)
  return performance.now() - begin
}

function commands(cluster: Cluster, folder: string): readonly Command[] {
  const nothing = join(folder, 'nothing.mjs')
  writeFileSync(nothing, '')
  const cli = (code: number, ...args: readonly string[]): Command => ({ name: `kubeskippy ${args[0]}`, args: [join(folder, 'kubeskippy.js'), ...args], code })
  // What is asked for is not there: one call of the API server, and the answer to it.
  const absent = ['nobody', '-n', 'default', `--kubeconfig=${cluster.kubeconfig}`] as const
  return [{ name: 'bare Node', args: [nothing], code: 0 }, cli(0, '--help'), cli(1, 'approve', ...absent), cli(1, 'pause', ...absent), cli(1, 'explain', ...absent)]
}

async function prepare(cluster: Cluster, folder: string): Promise<readonly Subject[]> {
  const { cert, key } = await issueAuthority(systemClock.now(), hours(24))
  writeFileSync(join(folder, 'tls.crt'), cert)
  writeFileSync(join(folder, 'tls.key'), key)
  const [door, bare, webhookHealth, controllerHealth, metrics] = cluster.sparePorts
  const installation = await install(cluster, { controller: false, webhook: false })
  const configurations = webhookConfigurations({ kind: 'url', url: `https://127.0.0.1:${door}` })
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input: configurations.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n') })
  if (code !== 0) throw new Error(stderr)
  await bundle(folder)
  const program = (name: string, health: number | undefined, ...flags: readonly string[]): Subject => ({
    name,
    args: [join(folder, 'kubeskippy.js'), name, `--health-probe-bind-address=127.0.0.1:${health}`, `--metrics-bind-address=127.0.0.1:${metrics}`, ...flags],
    readyUrl: `http://127.0.0.1:${health}/readyz`,
  })
  return [
    { name: 'bare HTTPS server', args: [BARE, folder, String(bare)], readyUrl: `https://127.0.0.1:${bare}/` },
    program('controller', controllerHealth, `--kubeconfig=${installation.controllerKubeconfig()}`),
    program('webhook', webhookHealth, `--kubeconfig=${cluster.kubeconfig}`, `--bind-address=127.0.0.1:${door}`),
  ]
}

const rounds = Number(process.argv[2] ?? 7)
const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-bench-'))
const cluster = await startCluster({ node: false })
try {
  const subjects = await prepare(cluster, folder)
  const cache = join(folder, 'compile-cache')
  const ends = commands(cluster, folder)
  const runs = new Map<Subject, Run[]>(subjects.map((subject) => [subject, []]))
  const times = new Map<Command, number[]>(ends.map((command) => [command, []]))
  // Round 0 fills the compile cache and the page cache, and is not counted.
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const subject of subjects) {
      const run = await measure(subject, cache)
      if (round > 0) runs.get(subject)?.push(run)
    }
    for (const command of ends) {
      const time = await timeOf(command, cache)
      if (round > 0) times.get(command)?.push(time)
    }
  }
  const results = [...runs].map(([{ name }, taken]) => ({ name, ready: spread(taken.map(({ ready }) => ready)), memory: spread(taken.map(({ memory }) => memory)) }))
  const [base] = results
  console.log(`${rounds} rounds, median (least..most), Node ${process.version}\n`)
  console.log(table(['', 'ready after', 'x bare', 'memory', 'x bare'], results.map(({ name, ready, memory }) => [name, show(ready, 'ms'), base === undefined ? '' : ratio(ready, base.ready), show(memory, 'MiB'), base === undefined ? '' : ratio(memory, base.memory)])))
  const took = [...times].map(([{ name }, taken]) => ({ name, end: spread(taken) }))
  const [bare] = took
  console.log(`\n${table(['', 'ended after', 'x bare'], took.map(({ name, end }) => [name, show(end, 'ms'), bare === undefined ? '' : ratio(end, bare.end)]))}`)
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}
