/**
 * `make bench ONLY=image`: how long the programs of the image take until they are ready, as pods on a real node, from the start of their
 * process to the first 200 of `/readyz`. A pod is deleted and the next one is waited for, round by round.
 *
 *     node bench/image/main.ts [ROUNDS]
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { startCluster, type Cluster } from '../../e2e/cluster/cluster.ts'
import { installationManifests } from '../../e2e/installation/files.ts'
import { CONTROLLER, programs, WEBHOOK, type ProgramPod } from '../../e2e/image/pods.ts'
import { productImage } from '../../e2e/image/product.ts'
import { show, spread, table } from '../statistics.ts'

const WORDS: Readonly<Record<ProgramPod, string>> = { [CONTROLLER]: 'controller', [WEBHOOK]: 'webhook' }
/** Of the kernel, a second; so nothing here is more exact than 10 ms. */
const TICKS = 100
const PATIENCE = 60_000

const must = async (cluster: Cluster, ...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await cluster.kubectl(['-n', OPERATOR_NAMESPACE, ...args])
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
}

/** Numbers of the processes that run that program from the image. */
const running = (word: string): readonly number[] =>
  readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).map(Number).filter((pid) => read(`/proc/${pid}/cmdline`).startsWith(`/usr/local/bin/node\0/opt/kubeskippy/kubeskippy.js\0${word}\0`))

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Seconds since the machine started. */
const startOf = (pid: number): number => Number(read(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ')[19]) / TICKS
const now = (): number => Number(read('/proc/uptime').split(' ')[0])
/** The address of the process's own network. */
const addressOf = (pid: number): string | undefined => [...read(`/proc/${pid}/net/fib_trie`).matchAll(/\|-- ([0-9.]+)\n\s+\/32 host LOCAL/g)].map(([, address]) => address).find((address) => address?.startsWith('127.') === false)

const isReady = async (address: string): Promise<boolean> => {
  try {
    return (await fetch(`http://${address}:8081/readyz`, { headers: { connection: 'close' } })).status === 200
  } catch {
    return false
  }
}

/** Milliseconds. */
async function measure(cluster: Cluster, name: ProgramPod): Promise<number> {
  const word = WORDS[name]
  const before = new Set(running(word))
  const deleting = must(cluster, 'delete', 'pod', '-l', `app=${name}`, '--wait=false')
  const end = performance.now() + PATIENCE
  while (performance.now() < end) {
    const pid = running(word).find((each) => !before.has(each))
    const address = pid === undefined ? undefined : addressOf(pid)
    if (pid !== undefined && address !== undefined) {
      while (performance.now() < end) {
        if (await isReady(address)) {
          const took = (now() - startOf(pid)) * 1000
          await deleting
          await must(cluster, 'rollout', 'status', `deployment/${name}`, '--timeout=60s')
          return took
        }
        await sleep(5)
      }
    }
    await sleep(5)
  }
  throw new Error(`${name} did not become ready`)
}

const rounds = Number(process.argv[2] ?? 7)
const image = await productImage({ log: (line) => console.error(line) })
const cluster = await startCluster()
try {
  await cluster.loadImage(image.archive)
  await cluster.kubectl(['apply', '-f', '-'], { input: installationManifests(undefined) })
  await cluster.kubectl(['apply', '-f', 'config/webhook/manifests.yaml'])
  await cluster.kubectl(['apply', '-f', '-'], { input: programs().map((object) => stringify(object)).join('---\n') })
  for (const name of [CONTROLLER, WEBHOOK] as const) await must(cluster, 'rollout', 'status', `deployment/${name}`, '--timeout=120s')
  const times = new Map<ProgramPod, number[]>([[CONTROLLER, []], [WEBHOOK, []]])
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds}`)
    for (const [name, taken] of times) taken.push(await measure(cluster, name))
  }
  console.log(`${rounds} rounds, median (least..most), ${(image.size / 1e6).toFixed(1)} MB above the base\n`)
  console.log(table(['', 'ready after'], [...times].map(([name, taken]) => [name, show(spread(taken), 'ms')])))
} finally {
  await cluster.stop()
}
