/** `make run`: the programs of the working tree in place of those that run beside the cluster of `make up`; then their logs. */
import { spawn } from 'node:child_process'
import { openCluster } from '../e2e/cluster/cluster.ts'
import { ClusterError } from '../e2e/cluster/errors.ts'
import { install, openInstallation } from '../e2e/installation/installation.ts'

const [NAME = 'dev'] = process.argv.slice(2)

try {
  const cluster = await openCluster(NAME)
  if (cluster === undefined) throw new ClusterError(`There is no cluster ${NAME}: make up${NAME === 'dev' ? '' : ` NAME=${NAME}`}`)
  const running = openInstallation(cluster)
  await Promise.all([running.stopController(), running.stopWebhook()])
  const { controller, webhook } = await install(cluster, { log: (line) => { console.error(line) } })
  console.error('both run and stay, until `make down`; Ctrl-C ends only what follows: their logs')
  // Ctrl-C is for the child; this process ends when it does.
  process.on('SIGINT', () => {})
  spawn('tail', ['-n', '5', '-F', controller.logFile, webhook.logFile], { stdio: ['ignore', 'inherit', 'inherit'] })
} catch (cause) {
  if (!(cause instanceof ClusterError)) throw cause
  console.error(cause.message)
  process.exitCode = 1
}
