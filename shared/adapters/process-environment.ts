/** The adapters of a real process, for the `main.ts` files. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProgramEnvironment } from '../kube/program.ts'
import { connect } from '../kube/transport.ts'
import { bunyanLogger } from './bunyan-logger.ts'
import { metricsServer, probeServer } from './plain-server.ts'
import { promMetrics } from './prom-metrics.ts'
import { systemClock, systemTimers } from './system-clock.ts'

/** @param stop aborts when the process is asked to end */
export function processEnvironment(program: string, version: string, stop: AbortSignal): ProgramEnvironment {
  const metrics = promMetrics()
  const exposition = (): ReturnType<typeof metrics.exposition> => metrics.exposition()
  return {
    version,
    instance: hostname(),
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    metrics,
    exposition,
    stop,
    createLog: (level) => bunyanLogger({ name: `kubeskippy-${program}`, level }),
    connect,
    probeServer,
    metricsServer: (address) => metricsServer({ ...address, exposition }),
    readFile: (path) => readFileSync(path, 'utf8'),
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  }
}

