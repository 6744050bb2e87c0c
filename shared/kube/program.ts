/**
 * What every program of ours that talks to a cluster does around its own work: options, help, all problems at once,
 * a connection, an orderly stop. Everything of the process comes in; the exit code goes out.
 */
import { parse } from 'yaml'
import { ConfigError, messageOf } from '../lib/errors.ts'
import type { Clock } from '../lib/time.ts'
import type { Address } from '../runtime/address.ts'
import type { Health } from '../runtime/health.ts'
import type { Component, Lifecycle } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { optionHelp } from '../runtime/option-help.ts'
import { readFlags, type Flags, type OptionSpec } from '../runtime/options.ts'
import type { Random, Timers } from '../runtime/timers.ts'
import type { ConnectConfig, KubeConnection } from './transport.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface Probes extends Address {
  readonly livez: Health
  readonly readyz: Health
  readonly log: Logger
}

/** What `main.ts` takes from the process and the adapters. */
export interface ProgramEnvironment {
  readonly version: string
  /** Which process: the pod's name in a cluster. */
  readonly instance: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly metrics: Metrics
  /** The text that a scrape gets. */
  readonly exposition: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** Aborts when the process is asked to end. */
  readonly stop: AbortSignal
  readonly createLog: (level: LogLevel) => Logger
  readonly connect: (config: ConnectConfig) => KubeConnection
  readonly probeServer: (probes: Probes) => Component
  /** @throws when it cannot be read */
  readonly readFile: (path: string) => string
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

export interface ProgramSpec<O extends { readonly 'log.level': LogLevel }> {
  /** `controller`; part of the User-Agent. */
  readonly name: string
  /** Must have `config`, `kubeconfig` and `context`. */
  readonly options: readonly OptionSpec[]
  /** @throws ConfigError with every problem */
  readonly read: (flags: Flags, config: unknown) => O
  readonly build: (options: O, api: KubeConnection, log: Logger) => Lifecycle
}

/** Runs until it is asked to stop. 0: stopped, or help was given; 1: wrong configuration, or a part could not start. */
export async function runProgram<O extends { readonly 'log.level': LogLevel }>(
  { name, options: specs, read, build }: ProgramSpec<O>,
  argv: readonly string[],
  env: ProgramEnvironment,
): Promise<number> {
  const flags = readFlags(specs, argv)
  if (flags.help) {
    env.stdout(optionHelp(`kubeskippy ${name} [options]`, specs))
    return 0
  }
  const { config, problems } = readConfig(flags.values.get('config')?.[0], env.readFile)
  const options = attempt(problems, () => read(flags, config))
  const log = env.createLog(options?.['log.level'] ?? 'info')
  const userAgent = `kubeskippy/${env.version} (${name})`
  const api = attempt(problems, () => env.connect({ userAgent, timers: env.timers, log, ...access(flags) }))
  if (options === undefined || api === undefined || problems.length > 0) {
    for (const problem of problems) env.stderr(`${problem}\n`)
    await api?.close()
    return 1
  }
  const program = build(options, api, log)
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      log.info('stopping')
      void program.stop().then(resolve)
    }
    if (env.stop.aborted) stop()
    else env.stop.addEventListener('abort', stop, { once: true })
  })
  try {
    await program.start()
  } catch {
    // Logged by the lifecycle, which has stopped the parts before it.
    return env.stop.aborted ? 0 : 1
  }
  await stopped
  log.info('stopped')
  return 0
}

function readConfig(path: string | undefined, readFile: ProgramEnvironment['readFile']): { config?: unknown; problems: string[] } {
  if (path === undefined) return { problems: [] }
  try {
    return { config: parse(readFile(path)) as unknown, problems: [] }
  } catch (error) {
    return { problems: [`--config: ${messageOf(error)}`] }
  }
}

/** The result, or undefined and its problems beside the others: a person corrects all of them at once. */
function attempt<T>(problems: string[], run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}

const access = ({ values }: Flags): Pick<ConnectConfig, 'kubeconfig' | 'context'> => {
  const [kubeconfig, context] = [values.get('kubeconfig')?.[0], values.get('context')?.[0]]
  return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) }
}
