/** The demonstration from the empty machine to the verdict. */
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { sleep, waitFor } from '../cluster/wait.ts'
import { install } from '../installation/installation.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { APPS, POLICIES, type App } from './scenario.ts'
import { isSettled, milestones } from './timeline.ts'
import { judge, type Verdict } from './verdict.ts'
import { verdictTable, type Paint, type View } from './view.ts'
import { readWorld, watchWorld } from './watch.ts'
import { actionsOf, isReady, NAMESPACE, type World } from './world.ts'

const E2E = join(import.meta.dirname, '..')

/** Milliseconds from the faults on; what takes longer has failed. */
const PATIENCE = 150_000
/** So long after everything has happened it is watched whether anything else does. */
const QUIET = 15_000
/** A kubelet has seen a changed ConfigMap by then. */
const PROPAGATION = 1_500

export interface Stage {
  readonly cluster: Cluster
  readonly api: KubeApi
  readonly view: View
  readonly paint: Paint
}

/** KubeSkippy and the apps, both at once. */
export async function setUp({ cluster, view }: Pick<Stage, 'cluster' | 'view'>): Promise<void> {
  const apps = async () => {
    await must(cluster, ['apply', '-k', join(E2E, 'apps')])
    await must(cluster, ['wait', '--for=condition=Available', '--timeout=90s', 'deployment', '--all'])
    view.progress(`the apps are up: ${APPS.map(({ name }) => name).join(', ')}`)
  }
  const kubeskippy = async () => {
    await install(cluster, { log: view.progress })
    view.progress('KubeSkippy is ready')
  }
  await Promise.all([kubeskippy(), apps()])
  view.title('A namespace consents to being healed')
  view.command(`kubeskippy enable -n ${NAMESPACE}`)
  const { code, stdout, stderr } = await exec(process.execPath, [join(E2E, '../cli/main.ts'), 'enable', '--kubeconfig', cluster.kubeconfig, '-n', NAMESPACE])
  for (const line of `${stdout}${stderr}`.trimEnd().split('\n')) view.line(`  ${line}`)
  if (code !== 0) throw new ClusterError(`kubeskippy enable failed with code ${code}.`)
}

export async function showPolicies(stage: Stage): Promise<readonly Verdict[]> {
  const { cluster, api, view } = stage
  view.title('An unsafe policy is refused')
  const refused = await apply(stage, 'demo/policies/unsafe.yaml')
  const reasons = new Set([...refused.stderr.matchAll(/\[(KS\d+)\]/g)].map(([, id]) => id))
  const unsafe: Verdict = {
    app: 'unsafe policy', expected: 'refused, with every reason', failures: [],
    ok: refused.code !== 0 && reasons.size > 0,
    seen: refused.code === 0 ? 'accepted' : reasons.size === 0 ? 'refused for no reason of ours' : `refused: ${[...reasons].join(', ')}`,
  }
  view.title('Safe ones are accepted')
  const accepted = await apply(stage, 'demo/policies/safe')
  const ready = await waitFor({ timeout: 20_000, every: 200 }, async () => {
    const { policies } = await readWorld(api, cluster)
    const names = policies.filter(({ status }) => status?.conditions?.some(({ type, status: yes }) => type === 'Ready' && yes === 'True')).map(({ metadata }) => metadata.name)
    return POLICIES.every((name) => names.includes(name))
  })
  const safe: Verdict = {
    app: 'safe policies', expected: 'accepted and watching', failures: [], ok: accepted.code === 0 && ready === true,
    seen: accepted.code !== 0 ? 'refused' : ready === true ? 'accepted and watching' : 'accepted, but not Ready',
  }
  return [unsafe, safe]
}

/** Breaks all apps at once, and tells what comes of it as it comes. */
export async function breakApps({ cluster, api, view }: Stage): Promise<readonly Verdict[]> {
  view.title('Real pods break, each for its own reason')
  const before = await readWorld(api, cluster)
  const unready = before.pods.filter((pod) => !isReady(pod))
  if (unready.length > 0) throw new ClusterError(`The apps are not healthy before the faults: ${unready.map(({ metadata }) => metadata.name).join(', ')}.`)
  await Promise.all(APPS.map(async ({ prepare }) => (prepare === undefined ? undefined : must(cluster, prepare))))
  await sleep(PROPAGATION)

  let faultAt = Date.now()
  const started = new Map<string, number>()
  const told = new Set<string>()
  const seconds = (app: App) => (performance.now() - (started.get(app.name) ?? performance.now())) / 1000
  const watch = await watchWorld(api, () => { tell() })
  const tell = () => {
    for (const app of APPS) {
      if (!started.has(app.name)) continue
      for (const { key, step, text } of milestones(app, watch.world())) {
        if (told.has(`${app.name} ${key}`)) continue
        told.add(`${app.name} ${key}`)
        view.moment(seconds(app), app.name, step, text)
      }
    }
  }
  try {
    faultAt = Date.now()
    await Promise.all(APPS.map(async (app) => {
      started.set(app.name, performance.now())
      view.moment(0, app.name, 'fault', app.fault)
      // What it does may end the container before kubectl has its answer.
      await kubectl(cluster, app.inject)
    }))
    const settled = await waitFor({ timeout: PATIENCE, every: 200 }, async () => APPS.every((app) => isSettled(app, watch.world())))
    if (settled === true) {
      view.progress(`everything expected has happened; is anything else done within ${QUIET / 1000} s?`)
      await sleep(QUIET)
    } else view.progress(`not everything expected has happened within ${PATIENCE / 1000} s`)
  } finally {
    await watch.stop()
  }
  const world = await readWorld(api, cluster)
  showDryRun(world, view)
  return APPS.map((app) => judge(app, world, { ...before, faultAt }))
}

function showDryRun(world: World, view: View): void {
  for (const { metadata, status, spec } of APPS.flatMap(({ name }) => actionsOf(world, name)).filter((action) => action.spec.dryRun)) {
    view.title(`What ${metadata.name} would have changed on Pod/${spec.targetResource.name}`)
    for (const { field, oldValue, newValue } of status?.result?.changes ?? []) {
      if (oldValue !== undefined) view.line(`  - ${field}: ${oldValue}`)
      if (newValue !== undefined) view.line(`  + ${field}: ${newValue}`)
    }
  }
}

export function showVerdicts({ view, paint }: Stage, verdicts: readonly Verdict[]): void {
  view.title("What came of it, from the cluster's objects and its audit log")
  for (const line of verdictTable(verdicts, paint)) view.line(line)
}

/** Shown as kubectl shows it. */
async function apply({ cluster, view }: Stage, path: string): Promise<Finished> {
  view.command(`kubectl apply -f e2e/${path}`)
  const done = await cluster.kubectl(['apply', '-f', join(E2E, path)])
  for (const line of `${done.stdout}${done.stderr}`.trimEnd().split('\n')) view.line(`  ${line}`)
  return done
}

const kubectl = async (cluster: Cluster, args: readonly string[]): Promise<Finished> => cluster.kubectl(['--namespace', NAMESPACE, ...args])

async function must(cluster: Cluster, args: readonly string[]): Promise<void> {
  const { code, stderr } = await kubectl(cluster, args)
  if (code !== 0) throw new ClusterError(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`)
}
