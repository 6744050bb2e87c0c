/** Tells Prometheus by a file which pods want to be scraped: within the process that asks for it, or as a program beside the cluster. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ask } from '../cluster/control-plane.ts'
import { Guest } from '../cluster/guest.ts'
import { planOf } from '../cluster/state.ts'
import { sleep } from '../cluster/wait.ts'

/** Pods say by the customary annotations that they want to be scraped. */
export const SCRAPE = 'prometheus.io/scrape'
export const SCRAPE_PORT = 'prometheus.io/port'
export const SCRAPE_PATH = 'prometheus.io/path'

/** Milliseconds. From the API server's cache, in no audit log. */
const INTERVAL = 500

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }
  readonly status: { readonly phase?: string; readonly podIP?: string }
}

export interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

export interface Following {
  stop(): Promise<void>
}

/** Ends with `down`, at the latest. @param name of the Prometheus that reads the file */
export async function launchFollower(cluster: { readonly dir: string }, name: string, file: string): Promise<Following> {
  const guest = new Guest(cluster, { name: `${name}-pods`, file: process.execPath, isReady: async () => existsSync(file) })
  rmSync(file, { force: true })
  await guest.launch([fileURLToPath(new URL('follow.ts', import.meta.url)), cluster.dir, file])
  await guest.ready()
  return { stop: async () => { await guest.stop() } }
}

/** Until it is stopped, or this process ends. */
export async function followPods(cluster: { readonly dir: string }, file: string): Promise<Following> {
  const plan = planOf(cluster)
  const stopping = new AbortController()
  let last = ''
  const look = async (): Promise<void> => {
    // An API server that is down says nothing about the pods; nor does a cluster that is gone, with the key by which it is asked.
    const answer = await ask(plan, '/api/v1/pods?resourceVersion=0').catch(() => undefined)
    if (answer?.status !== 200) return
    const text = JSON.stringify(targetGroups((JSON.parse(answer.body) as { items: readonly Pod[] }).items))
    if (text === last || stopping.signal.aborted) return
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
    last = text
  }
  const follow = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(INTERVAL, undefined, { ref: false })
      await look()
    }
  }
  writeFileSync(file, '[]')
  await look()
  const following = follow()
  return {
    stop: async () => {
      stopping.abort()
      await following
    },
  }
}

/** With the labels that everybody's dashboards use: namespace, pod, and the pod's own labels. Pure. */
export function targetGroups(pods: readonly Pod[]): readonly TargetGroup[] {
  return pods.flatMap(({ metadata: { name, namespace, labels = {}, annotations = {} }, status: { phase, podIP } }) => {
    const port = annotations[SCRAPE_PORT]
    // A pod that has ended leaves its address to the next.
    if (annotations[SCRAPE] !== 'true' || port === undefined || phase !== 'Running' || podIP === undefined) return []
    const own = Object.entries(labels).map(([label, value]) => [label.replaceAll(/[^a-zA-Z0-9_]/g, '_'), value])
    const path = annotations[SCRAPE_PATH]
    return [{ targets: [`${podIP}:${port}`], labels: { ...Object.fromEntries(own), ...(path === undefined ? {} : { __metrics_path__: path }), namespace, pod: name } }]
  })
}
