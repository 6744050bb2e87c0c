/**
 * `make run`: the programs of the working tree beside the cluster, without an image; then their logs. They take the place
 * of those that run already, and of the release of `make up`; where there is no cluster, one is started.
 */
import { spawn } from 'node:child_process'
import { openCluster, startCluster } from '../e2e/cluster/cluster.ts'
import { log, runCommand } from '../e2e/cluster/command.ts'
import { install, openInstallation } from '../e2e/installation/installation.ts'
import { hasRelease, removeRelease } from '../e2e/installation/release.ts'
import { prometheusOf } from '../e2e/run/monitoring.ts'

const [NAME = 'dev'] = process.argv.slice(2)

await runCommand(async () => {
  const cluster = await openCluster(NAME) ?? await startCluster({ name: NAME, persistent: true, log })
  if (await hasRelease(cluster)) {
    log('uninstalling the release: the CRDs and every policy stay; make up brings it back')
    await removeRelease(cluster)
  }
  const running = openInstallation(cluster)
  await Promise.all([running.stopController(), running.stopWebhook()])
  const { controller, webhook, ...installation } = await install(cluster, { log, controller: false })
  const prometheus = prometheusOf(cluster)
  await installation.startController(prometheus === undefined ? {} : { flags: { 'prometheus-source': `name=default,url=${prometheus}`, 'sync-interval': '5s' } })
  log('both run and stay, until `make down`; Ctrl-C ends only what follows: their logs')
  // Ctrl-C is for the child; this process ends when it does.
  process.on('SIGINT', () => {})
  spawn('tail', ['-n', '5', '-F', controller.logFile, webhook.logFile], { stdio: ['ignore', 'inherit', 'inherit'] })
})
