#!/usr/bin/env node
/** `make demo`. KEEP=1 leaves the cluster up, ONLY="leak storm" shows some. Exit code 0 only if all that was expected was seen. */
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { readArguments } from '../cluster/command.ts'
import { ClusterError } from '../cluster/errors.ts'
import type { ProductImage } from '../image/product.ts'
import { prepare, programsFor } from '../run/product.ts'
import { breakApps, setUp, showPolicies, showVerdicts } from './demo.ts'
import { APPS, type App } from './scenario.ts'
import { byHand, coloured, createView, plain } from './view.ts'
import { connectTo } from './watch.ts'

const USAGE = `usage: make demo, make demo ONLY="APP...", or node_modules/.bin/node e2e/demo/main.ts [--name demo] [--only "APP..."]

apps: ${APPS.map(({ name, title }) => `${name} (${title})`).join(', ')}`
const keep = !['', '0', 'false', undefined].includes(process.env['KEEP'])
const terminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb'
// The recording of the README is made without a terminal.
const paint = terminal || process.env['FORCE_COLOR'] !== undefined ? coloured : plain
const view = createView((line) => { console.log(line) }, paint)

/** Ctrl-C: the harness removes the cluster and ends this process; what fails because of that is no news. */
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true
    view.line('\ninterrupted: everything is being removed')
  })
}

async function run(cluster: Cluster, image: ProductImage, apps: readonly App[]): Promise<boolean> {
  const api = connectTo(cluster)
  const stage = { cluster, api, view, paint, apps }
  try {
    await setUp(stage, image)
    const verdicts = [...(await showPolicies(stage)), ...(await breakApps(stage))]
    showVerdicts(stage, verdicts)
    return verdicts.every(({ ok }) => ok)
  } finally {
    await api.close()
  }
}

/** All without words. @throws ClusterError for one that there is not */
function chosen(words: readonly string[]): readonly App[] {
  const unknown = words.find((word) => !APPS.some(({ name }) => name === word))
  if (unknown !== undefined) throw new ClusterError(`There is no app ${unknown}.\n${USAGE}`)
  return APPS.filter(({ name }) => words.length === 0 || words.includes(name))
}

async function main(): Promise<boolean> {
  const { command, values } = readArguments(USAGE, { name: { type: 'string', default: 'demo' }, only: { type: 'string', default: '' } })
  if (command !== undefined) throw new ClusterError(USAGE)
  const apps = chosen(values.only.split(/[\s,]+/).filter((word) => word !== ''))
  const begin = performance.now()
  view.title('A cluster, with KubeSkippy installed by its chart, and a Prometheus')
  const report = { log: view.progress, ...(terminal ? { terminal: process.stdout } : {}) }
  const image = await prepare(report)
  // Until `keep` it lives and dies with this process.
  const cluster = await startCluster({ name: values.name, ...report })
  let ok = false
  try {
    ok = await run(cluster, image, apps)
  } catch (cause) {
    if (keep && !interrupted) view.line(`\nThe cluster is left up: make down NAME=${cluster.name} removes it.`)
    throw cause
  } finally {
    if (!interrupted) await (keep ? cluster.keep() : cluster.stop())
  }
  view.title(keep ? 'It is left up. By hand:' : 'Nothing is left behind. With KEEP=1 it stays up, to go on by hand:')
  if (keep) for (const line of byHand({ kubeconfig: cluster.kubeconfig, bin: programsFor(cluster), cluster: cluster.name, apps })) view.line(`  ${line}`)
  else view.line('  KEEP=1 make demo')
  view.line(`\n${ok ? paint('green', 'All that was expected was seen') : paint('red', 'Not all that was expected was seen')}, in ${Math.round((performance.now() - begin) / 1000)} s.`)
  return ok
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (cause) {
  if (!interrupted) {
    if (!(cause instanceof ClusterError)) throw cause
    console.error(cause.message)
    process.exitCode = 1
  }
}
