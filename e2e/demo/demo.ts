/** The demonstration from the empty machine to the verdict. */
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { sleep, waitFor } from '../cluster/wait.ts'
import type { ProductImage } from '../image/product.ts'
import { startProduct } from '../run/product.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { APPS, policiesOf, SCENARIO, type App, type AppName } from './scenario.ts'
import { isSettled, milestones } from './timeline.ts'
import { judge, type Verdict } from './verdict.ts'
import { verdictTable, type Paint, type View } from './view.ts'
import { readWorld, watchWorld } from './watch.ts'
import { actionsOf, isReady, NAMESPACE, podsOf, type World } from './world.ts'

const E2E = join(import.meta.dirname, '..')

/** Milliseconds from the faults on; what takes longer has failed. */
const PATIENCE = 600_000
/** So long after everything has happened it is watched whether anything else does. */
const QUIET = 15_000
/** A kubelet has seen a changed ConfigMap by then. */
const PROPAGATION = 5_000
/** Between two lines that say what is still waited for. */
const HEARTBEAT = 20_000

export interface Stage {
  readonly cluster: Cluster
  readonly api: KubeApi
  readonly view: View
  readonly paint: Paint
  /** In the order of the scenario. */
  readonly apps: readonly App[]
}

/** KubeSkippy and the apps, both at once. */
export async function setUp({ cluster, view, apps }: Stage, image: ProductImage): Promise<void> {
  const deployed = async () => {
    const names = apps.map(({ name }) => name)
    await must(cluster, ['apply', '-k', join(E2E, 'apps'), '--selector', `${SCENARIO} in (every,${names.join(',')})`])
    await must(cluster, ['wait', '--for=condition=Available', '--timeout=300s', 'deployment', '--all'])
    view.progress(`the apps are up: ${names.join(', ')}`)
  }
  await Promise.all([startProduct(cluster, image, { log: view.progress }), deployed()])
  view.title('A namespace consents to being healed')
  view.command(`kubeskippy enable -n ${NAMESPACE}`)
  const { code, stdout, stderr } = await exec(process.execPath, [join(E2E, '../cli/main.ts'), 'enable', '--kubeconfig', cluster.kubeconfig, '-n', NAMESPACE])
  for (const line of `${stdout}${stderr}`.trimEnd().split('\n')) view.line(`  ${line}`)
  if (code !== 0) throw new ClusterError(`kubeskippy enable failed with code ${code}.`)
}

export async function showPolicies(stage: Stage): Promise<readonly Verdict[]> {
  const { cluster, api, view, apps } = stage
  const names = policiesOf(apps)
  view.title('An unsafe policy is refused')
  const refused = await apply(stage, ['demo/policies/unsafe.yaml'])
  const reasons = new Set([...refused.stderr.matchAll(/\[(KS\d+)\]/g)].map(([, id]) => id))
  const unsafe: Verdict = {
    app: 'unsafe policy', title: 'the front door', expected: 'refused, with every reason', audit: '', failures: [],
    ok: refused.code !== 0 && reasons.size > 0,
    seen: refused.code === 0 ? 'accepted' : reasons.size === 0 ? 'refused for no reason of ours' : [...reasons].join(', '),
  }
  view.title('Safe ones are accepted')
  const accepted = await apply(stage, apps.length === APPS.length ? ['demo/policies/safe'] : names.map((name) => `demo/policies/safe/${name}.yaml`))
  const ready = await waitFor({ timeout: 180_000, every: 500 }, async () => {
    const { policies } = await readWorld(api, cluster)
    const ready = policies.filter(({ status }) => status?.conditions?.some(({ type, status: yes }) => type === 'Ready' && yes === 'True') && status.triggers?.every(({ state }) => state === 'Quiet') === true).map(({ metadata }) => metadata.name)
    return names.every((name) => ready.includes(name))
  })
  const safe: Verdict = {
    app: 'safe policies', title: 'the front door', expected: 'accepted and watching', audit: '', failures: [], ok: accepted.code === 0 && ready === true,
    seen: accepted.code !== 0 ? 'refused' : ready === true ? 'accepted and watching' : 'accepted, but not Ready and quiet',
  }
  return [unsafe, safe]
}

/** Breaks all apps at once, and tells what comes of it as it comes. */
export async function breakApps({ cluster, api, view, apps }: Stage): Promise<readonly Verdict[]> {
  view.title('Real pods break, each for its own reason')
  let before = await readWorld(api, cluster)
  const find = () => apps.flatMap(({ name }) => podsOf(before, name)).filter((pod) => !isReady(pod))
  // A probe may fail once where everything starts at the same time.
  await waitFor({ timeout: 60_000, every: 500 }, async () => {
    if (find().length > 0) before = await readWorld(api, cluster)
    return find().length === 0
  })
  const unready = find()
  if (unready.length > 0) throw new ClusterError(`The apps are not healthy before the faults: ${unready.map(({ metadata }) => metadata.name).join(', ')}.`)
  await Promise.all(apps.map(async ({ prepare }) => (prepare === undefined ? undefined : must(cluster, prepare))))
  await sleep(PROPAGATION)

  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1000
  const faultAt = Date.now()
  const told = new Set<string>()
  const triggered = new Set<AppName>()
  // What comes and goes does so again: it is waited for once.
  const settled = new Set<AppName>()
  const watch = await watchWorld(api, () => { tell() })
  const tell = () => {
    for (const app of apps) {
      for (const { key, step, text } of milestones(app, watch.world(), triggered.has(app.name))) {
        if (step === 'seen') triggered.add(app.name)
        if (told.has(`${app.name} ${key}`)) continue
        told.add(`${app.name} ${key}`)
        view.moment(seconds(), app.name, step, text)
      }
      if (isSettled(app, watch.world(), triggered.has(app.name))) settled.add(app.name)
    }
  }
  const open = () => apps.filter(({ name }) => !settled.has(name)).map(({ name }) => name)
  const heartbeat = setInterval(() => {
    if (open().length > 0) view.progress(`${Math.round(seconds())} s: waiting for ${open().join(', ')}`)
  }, HEARTBEAT)
  try {
    await Promise.all(apps.map(async (app) => {
      view.moment(seconds(), app.name, 'fault', app.fault)
      // What it does may end the container before kubectl has its answer.
      await kubectl(cluster, app.inject)
    }))
    const all = await waitFor({ timeout: PATIENCE, every: 200 }, async () => open().length === 0)
    if (all === true) {
      view.progress(`everything expected has happened; is anything else done within ${QUIET / 1000} s?`)
      await sleep(QUIET)
    } else view.progress(`not everything expected has happened within ${PATIENCE / 1000} s`)
  } finally {
    clearInterval(heartbeat)
    await watch.stop()
  }
  const world = await readWorld(api, cluster)
  showDryRun(apps, world, view)
  return apps.map((app) => judge(app, world, { ...before, faultAt, triggered }))
}

function showDryRun(apps: readonly App[], world: World, view: View): void {
  for (const { metadata, status, spec } of apps.flatMap(({ name }) => actionsOf(world, name)).filter((action) => action.spec.dryRun)) {
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
async function apply({ cluster, view }: Stage, paths: readonly string[]): Promise<Finished> {
  view.command(`kubectl apply${paths.map((path) => ` -f e2e/${path}`).join('')}`)
  const done = await cluster.kubectl(['apply', ...paths.flatMap((path) => ['-f', join(E2E, path)])])
  for (const line of `${done.stdout}${done.stderr}`.trimEnd().split('\n')) view.line(`  ${line}`)
  return done
}

const kubectl = async (cluster: Cluster, args: readonly string[]): Promise<Finished> => cluster.kubectl(['--namespace', NAMESPACE, ...args])

async function must(cluster: Cluster, args: readonly string[]): Promise<void> {
  const { code, stderr } = await kubectl(cluster, args)
  if (code !== 0) throw new ClusterError(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`)
}
