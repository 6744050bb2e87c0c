#!/usr/bin/env node
/** `make up` and `make down`: a cluster with KubeSkippy installed in it. */
import { openCluster, stopCluster, type Cluster } from '../cluster/cluster.ts'
import { forShell, log, readArguments, readNodes, runCommand } from '../cluster/command.ts'
import { ClusterError } from '../cluster/errors.ts'
import { programsFor, up } from './product.ts'

const USAGE = `usage: node_modules/.bin/node e2e/run/main.ts COMMAND

  up    [--name dev] [--nodes 1]   starts a cluster with KubeSkippy installed by its chart, and monitoring; its output is for a shell
  env   [--name dev]   the same output for one that is up
  down  [--name dev]   ends it and removes every trace

or: make up NAME=dev NODES=2, make down NAME=dev`

async function main(): Promise<void> {
  const { command, values: { name, nodes } } = readArguments(USAGE, { name: { type: 'string', default: 'dev' }, nodes: { type: 'string', default: '' } })
  switch (command) {
    case 'up':
      return start(name, readNodes(nodes))
    case 'env': {
      const cluster = await openCluster(name)
      if (cluster === undefined) throw new ClusterError(`There is no cluster ${name}: make up${name === 'dev' ? '' : ` NAME=${name}`}`)
      return printShell(cluster)
    }
    case 'down':
      log(await stopCluster(name) ? `removed the cluster ${name}` : `there is no cluster ${name}`)
      return
    case undefined:
    default:
      throw new ClusterError(USAGE)
  }
}

async function start(name: string, nodes: 1 | 2 | undefined): Promise<void> {
  const { cluster } = await up(name, nodes === undefined ? {} : { nodes }, { log, ...(process.stderr.isTTY ? { terminal: process.stderr } : {}) })
  log('Grafana is not part of it; dashboards for one of yours are in config/monitoring')
  printShell(cluster)
}

function printShell(cluster: Cluster): void {
  for (const line of forShell({ bin: programsFor(cluster), kubeconfig: cluster.kubeconfig })) console.log(line)
}

await runCommand(main)
