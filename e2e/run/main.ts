#!/usr/bin/env node
/** `make up` and `make down`: a cluster with KubeSkippy beside it. */
import { openCluster, startCluster, stopCluster } from '../cluster/cluster.ts'
import { assertKind, forShell, log, readArguments, runCommand } from '../cluster/command.ts'
import { ClusterError } from '../cluster/errors.ts'
import { keepsFailed } from '../cluster/paths.ts'
import { install } from '../installation/installation.ts'

const USAGE = `usage: node_modules/.bin/node e2e/run/main.ts COMMAND

  up    [--name dev] [--no-node]   starts a cluster with KubeSkippy beside it; its output is for a shell
  down  [--name dev]               ends both and removes every trace

or: make up NAME=dev, make down NAME=dev`

const OPTIONS = { name: { type: 'string', default: 'dev' }, node: { type: 'boolean', default: true } } as const

async function main(): Promise<void> {
  const { command, values } = readArguments(USAGE, OPTIONS)
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
  if (running !== undefined) {
    assertKind(running, node)
    log(`the cluster ${name} is up already`)
  }
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
  for (const line of forShell(cluster)) console.log(line)
}

await runCommand(main)
