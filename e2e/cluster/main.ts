#!/usr/bin/env node
/** `node e2e/cluster/main.ts up|down|list|clean`: what `make up` and `make down` run. */
import { parseArgs } from 'node:util'
import { openCluster, startCluster, stopCluster, sweepClusters } from './cluster.ts'
import { ClusterError, messageOf } from './errors.ts'
import { filesOf } from './paths.ts'
import { listClusters } from './state.ts'

const USAGE = `usage: node e2e/cluster/main.ts COMMAND

  up    [--name dev] [--no-node] [--port N]  starts a cluster that stays; prints how to use it
  down  [--name dev]                         ends it and removes every trace
  list                                       clusters of this machine
  clean [--all]                              removes what crashed runs left behind; --all: running ones too`

const log = (line: string) => { console.error(line) }

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  const [command, ...rest] = positionals
  if (rest.length > 0) throw new ClusterError(USAGE)
  switch (command) {
    case 'up':
      return up(values.name, values.node, values.port)
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
    case undefined:
    default:
      throw new ClusterError(USAGE)
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true, allowNegative: true,
      options: { name: { type: 'string', default: 'dev' }, node: { type: 'boolean', default: true }, port: { type: 'string' }, all: { type: 'boolean', default: false } },
    })
  } catch (cause) {
    throw new ClusterError(`${messageOf(cause)}\n${USAGE}`, { cause })
  }
}

/** The last line can be given to a shell. */
async function up(name: string, node: boolean, portText: string | undefined): Promise<void> {
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) throw new ClusterError(`The port "${String(portText)}" does not do: use a number from 1 to 65535.`)
  const running = await openCluster(name)
  if (running !== undefined) {
    // The wish for another kind of cluster under this name would go unheard.
    if (node !== running.node) throw new ClusterError(`The cluster ${name} is up ${node ? 'without' : 'with'} a node: end it first (down --name ${name}), or choose another name.`)
    log(`the cluster ${name} is up already`)
  }
  const cluster = running ?? await startCluster({
    name, node, persistent: true, log,
    ...(port === undefined ? {} : { port }),
    ...(process.stderr.isTTY ? { terminal: process.stderr } : {}),
  })
  log(`kubectl of the same version: ${cluster.bin}/kubectl`)
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`)
}

try {
  await main()
} catch (cause) {
  if (!(cause instanceof ClusterError)) throw cause
  console.error(cause.message)
  process.exitCode = 1
}
