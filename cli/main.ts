#!/usr/bin/env node
/** The process of every command: the only file of the command line that knows the environment. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { processEnvironment } from '../shared/adapters/process-environment.ts'
import { systemTimers } from '../shared/adapters/system-clock.ts'
import { connect } from '../shared/kube/transport.ts'
import { VERSION } from '../shared/lib/version.ts'
import { silentLogger } from '../shared/runtime/logger.ts'
import { runCli } from './program.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())

/** As kubectl does, but for one thing: several files in KUBECONFIG are not merged, the first counts. */
function defaultKubeconfig(): string | undefined {
  const [named] = (process.env['KUBECONFIG'] ?? '').split(':')
  if (named !== undefined && named !== '') return named
  const home = join(homedir(), '.kube/config')
  return existsSync(home) || process.env['KUBERNETES_SERVICE_HOST'] === undefined ? home : undefined
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  timers: systemTimers,
  version: VERSION,
  defaultKubeconfig,
  connect: (access) => connect({ ...access, userAgent: `kubeskippy/${VERSION} (cli)`, timers: systemTimers, log: silentLogger }),
  programs: {
    controller: async (argv) => (await import('../controller/program.ts')).runController(argv, processEnvironment('controller', VERSION, stop.signal)),
    webhook: async (argv) => (await import('../webhook/program.ts')).runWebhook(argv, processEnvironment('webhook', VERSION, stop.signal)),
  },
})
