#!/usr/bin/env node
/** The process of every command: the only file of the command line that knows the environment. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { systemClock, systemTimers } from '../shared/adapters/system-clock.ts'
import type { ProgramEnvironment } from '../shared/kube/program.ts'
import { VERSION } from '../shared/lib/version.ts'
import { silentLogger } from '../shared/runtime/logger.ts'
import { diskFolders, readText } from './disk.ts'
import { kubeconfigOfPerson, kubeconfigOfProgram, type Surroundings } from './kubeconfig.ts'
import type { ProgramName } from './environment.ts'
import { runCli } from './program.ts'

let stopping: AbortController | undefined
/** Whoever looks at it ends what it has begun. A signal ends the others at once, as nobody would hear of it in the midst of a calculation. */
function stop(): AbortSignal {
  if (stopping === undefined) {
    const asked = (stopping = new AbortController())
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.abort())
  }
  return stopping.signal
}

// `| head`: the reader has gone. What was begun is finished, what would go on for ever is asked to end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    stopping?.abort()
  })
}

const surroundings: Surroundings = { env: process.env, home: homedir(), exists: existsSync }

const environment = async (program: ProgramName): Promise<ProgramEnvironment> => {
  const { processEnvironment } = await import('../shared/adapters/process-environment.ts')
  return { ...processEnvironment(program, VERSION, stop()), defaultKubeconfig: () => kubeconfigOfProgram(surroundings), defaultTracesEndpoint: () => process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] }
}

const code = runCli(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  terminal: process.stdout.isTTY
    ? { size: () => ({ columns: process.stdout.columns, rows: process.stdout.rows }), colour: process.stdout.hasColors() && (process.env['NO_COLOR'] ?? '') === '' }
    : undefined,
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask: async (question: string) => (await import('./question.ts')).ask(question, process.stdin, process.stderr, stop()) } : {}),
  readFile: (path) => readText(path, process.stdin),
  folders: diskFolders(process.cwd()),
  clock: systemClock,
  timers: systemTimers,
  random: Math.random,
  get stop() {
    return stop()
  },
  version: VERSION,
  defaultKubeconfig: () => kubeconfigOfPerson(surroundings),
  defaultNamespace: async (access) => (await import('../shared/kube/credentials.ts')).namespaceOf(access) ?? 'default',
  nameOfCluster: async (access) => (await import('../shared/kube/credentials.ts')).nameOfCluster(access),
  connect: async (access) => (await import('../shared/kube/transport.ts')).connect({ ...access, userAgent: `kubeskippy/${VERSION} (cli)`, timers: systemTimers, log: silentLogger }),
  programs: {
    controller: async (argv) => {
      const { runController } = await import('../controller/program.ts')
      // What fills the caches is garbage at once, and V8 would keep its pages: docs/design/0039-memory-at-rest.md. After the import, or the bytecode that was kept of it is not taken.
      setFlagsFromString('--optimize-for-size')
      // Collected when it has doubled, or most of the time goes into collecting.
      setFlagsFromString('--heap-growing-percent=100')
      return runController(argv, await environment('controller'))
    },
    webhook: async (argv) => (await import('../webhook/program.ts')).runWebhook(argv, await environment('webhook')),
  },
})

// Awaited here it could be no CommonJS, which a single executable has to be.
void code.then((value) => (process.exitCode = value))
