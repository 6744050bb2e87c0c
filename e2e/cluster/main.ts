#!/usr/bin/env node
/** `e2e/cluster/main.ts up|down|list|clean|tools`: bare clusters. `make up` has KubeSkippy in one. */
import { openCluster, startCluster, stopCluster, sweepClusters } from './cluster.ts'
import { assertKind, forShell, log, readArguments, runCommand } from './command.ts'
import { ClusterError } from './errors.ts'
import { ensureChartParts, ensureDnsParts, ensureMonitoringParts, ensureParts, ensureSimulationParts } from './parts.ts'
import { filesOf } from './paths.ts'
import { assertMachine } from './preflight.ts'
import { readSimulated, simulateNodes } from './simulated.ts'
import { listClusters } from './state.ts'

const USAGE = `usage: node_modules/.bin/node e2e/cluster/main.ts COMMAND

  up    [--name dev] [--no-node] [--simulated-nodes N] [--port N]
                                             starts a cluster that stays; prints how to use it
  down  [--name dev]                         ends it and removes every trace
  list                                       clusters of this machine
  clean [--all]                              removes what crashed runs left behind; --all: running ones too
  tools [--no-node] [--monitoring] [--dns] [--chart] [--simulation]
                                             builds and fetches what clusters and the chart are tested with, and starts none`

const OPTIONS = {
  name: { type: 'string', default: 'dev' }, node: { type: 'boolean', default: true }, 'simulated-nodes': { type: 'string', default: '' }, port: { type: 'string' }, all: { type: 'boolean', default: false }, monitoring: { type: 'boolean', default: false }, dns: { type: 'boolean', default: false }, chart: { type: 'boolean', default: false }, simulation: { type: 'boolean', default: false },
} as const

async function main(): Promise<void> {
  const { command, values } = readArguments(USAGE, OPTIONS)
  switch (command) {
    case 'up':
      return up({ name: values.name, node: values.node && values['simulated-nodes'] === '', simulated: readSimulated(values['simulated-nodes']), portText: values.port })
    case 'down':
      log(await stopCluster(values.name) ? `removed the cluster ${values.name}` : `there is no cluster ${values.name}`)
      return
    case 'list':
      for (const { dir, plan } of listClusters()) console.log(plan === undefined ? `${dir}: half removed` : `${plan.name}: ${plan.owner === undefined ? 'stays' : `of process ${plan.owner.pid}`}, KUBECONFIG=${filesOf(dir).kubeconfig('admin')}`)
      return
    case 'clean':
      for (const name of await sweepClusters(log)) log(`removed ${name}`)
      if (values.all) for (const { plan } of listClusters()) if (plan !== undefined && await stopCluster(plan.name)) log(`removed ${plan.name}`)
      return
    case 'tools':
      return prepare(values)
    case undefined:
    default:
      throw new ClusterError(USAGE)
  }
}

/** So that what is started later starts at once. */
async function prepare({ node, monitoring, dns, chart, simulation }: Readonly<Record<'node' | 'monitoring' | 'dns' | 'chart' | 'simulation', boolean>>): Promise<void> {
  const report = { log, ...terminal() }
  await assertMachine({ node })
  await ensureParts(node, report)
  if (monitoring) await ensureMonitoringParts(report)
  if (dns) await ensureDnsParts(report)
  if (chart) await ensureChartParts(report)
  if (simulation) await ensureSimulationParts(report)
  log('everything is there')
}

const terminal = () => process.stderr.isTTY ? { terminal: process.stderr } : {}

interface Wish {
  readonly name: string
  readonly node: boolean
  /** 0: none. */
  readonly simulated: number
  readonly portText: string | undefined
}

/** Its output is for a shell. */
async function up({ name, node, simulated, portText }: Wish): Promise<void> {
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) throw new ClusterError(`The port "${String(portText)}" does not do: use a number from 1 to 65535.`)
  const running = await openCluster(name)
  if (running !== undefined) {
    assertKind(running, node)
    log(`the cluster ${name} is up already`)
  }
  const cluster = running ?? await startCluster({
    name, node, persistent: true, log,
    ...(port === undefined ? {} : { port }),
    ...terminal(),
  })
  if (simulated > 0) {
    await simulateNodes(cluster, simulated, { log, ...terminal() })
    log(`${simulated === 1 ? 'one simulated node is' : `${simulated} simulated nodes are`} Ready: no container runs on ${simulated === 1 ? 'it' : 'them'}`)
  }
  log(`kubectl of the same version: ${cluster.bin}/kubectl`)
  for (const line of forShell(cluster)) console.log(line)
}

await runCommand(main)
