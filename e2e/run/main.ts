#!/usr/bin/env node
/** `make up` and `make down`: a cluster with KubeSkippy beside it. */
import { parseArgs } from 'node:util'
import { openCluster, startCluster, stopCluster } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { keepsFailed } from '../cluster/paths.ts'
import { install } from '../installation/installation.ts'

const USAGE = `usage: node e2e/run/main.ts COMMAND

  up    [--name dev] [--no-node]   starts a cluster with KubeSkippy beside it; the last line is for a shell
  down  [--name dev]               ends both and removes every trace`

const log = (line: string) => { console.error(line) }

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true, allowNegative: true,
    options: { name: { type: 'string', default: 'dev' }, node: { type: 'boolean', default: true } },
  })
  const [command, ...rest] = positionals
  if (rest.length > 0) throw new ClusterError(USAGE)
  switch (command) {
    case 'up':
      return up(values.name, values.node)
    case 'down':
      log(await stopCluster(values.name) ? `removed the cluster ${values.name}` : `there is no cluster ${values.name}`)
      return
    case undefined:
    default:
      throw new ClusterError(USAGE)
  }
}

/** What is up already is left as it is; what is missing is added. */
async function up(name: string, node: boolean): Promise<void> {
  const running = await openCluster(name)
  if (running !== undefined && node !== running.node) throw new ClusterError(`The cluster ${name} is up ${node ? 'without' : 'with'} a node: end it first (down --name ${name}), or choose another name.`)
  if (running !== undefined) log(`the cluster ${name} is up already`)
  const cluster = running ?? await startCluster({ name, node, log, ...(process.stderr.isTTY ? { terminal: process.stderr } : {}) })
  try {
    const { webhook, controller } = await install(cluster, { log })
    log(`KubeSkippy is ready; its logs: ${webhook.logFile} and ${controller.logFile}`)
    log(`kubectl of the same version: ${cluster.bin}/kubectl`)
  } catch (cause) {
    if (running === undefined) await (keepsFailed() ? cluster.keep() : cluster.stop())
    throw cause
  }
  if (running === undefined) cluster.keep()
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`)
}

try {
  await main()
} catch (cause) {
  if (!(cause instanceof ClusterError)) throw cause
  console.error(cause.message)
  process.exitCode = 1
}
