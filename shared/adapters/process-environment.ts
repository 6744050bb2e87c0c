/** The adapters of a real process, for the `main.ts` files. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProgramEnvironment } from '../kube/program.ts'
import { connect } from '../kube/transport.ts'
import { millis } from '../lib/time.ts'
import { coalesced } from '../runtime/coalesced.ts'
import { bunyanLogger } from './bunyan-logger.ts'
import { metricsServer, probeServer } from './plain-server.ts'
import { promMetrics } from './prom-metrics.ts'
import { systemClock, systemTimers } from './system-clock.ts'
import { yieldToMainThread } from './v8-threads.ts'

/** Between two scrapes, of whomever: making the text takes milliseconds, in which nothing else is done. */
const SCRAPE_PAUSE = millis(100)

/** @param stop aborts when the process is asked to end */
export function processEnvironment(program: string, version: string, stop: AbortSignal): ProgramEnvironment {
  yieldToMainThread()
  const metrics = promMetrics()
  const exposition = coalesced(systemTimers, SCRAPE_PAUSE, () => metrics.exposition())
  return {
    version,
    instance: hostname(),
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    metrics,
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

