/**
 * What every program of ours that talks to a cluster does around its own work: options, help, all problems at once,
 * a connection, an orderly stop. Everything of the process comes in; the exit code goes out.
 */
import { parse, YAMLParseError } from 'yaml'
import { ConfigError, messageOf, unreadable } from '../lib/errors.ts'
import type { Clock, Millis } from '../lib/time.ts'
import { ADDRESS_FORMAT, addressProblems, parseAddress, type Address } from '../runtime/address.ts'
import type { Health } from '../runtime/health.ts'
import { Lifecycle, type Component } from '../runtime/lifecycle.ts'
import type { Logger, LogLevel, ProgramLogger } from '../runtime/logger.ts'
import { METRICS } from '../runtime/metric-table.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { optionHelp } from '../runtime/option-help.ts'
import { readFlags, resolveOptions, type Flags, type OptionsOf, type OptionSpec } from '../runtime/options.ts'
import type { Random, Timers } from '../runtime/timers.ts'
import { ConfigWatch } from './config-watch.ts'
import { PROGRAM_SECTIONS, type PROGRAM_OPTIONS } from './program-options.ts'
import type { ConnectConfig, KubeConnection } from './transport.ts'

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
  /** Aborts when the process is asked to end. */
  readonly stop: AbortSignal
  readonly createLog: (level: LogLevel) => ProgramLogger
  readonly connect: (config: ConnectConfig) => KubeConnection
  /** Of OpenTelemetry's own variable, where nothing else is configured. */
  readonly defaultTracesEndpoint?: () => string | undefined
  /** Of the kubeconfig when no flag names one; absent or undefined: the pod's service account. */
  readonly defaultKubeconfig?: () => string | undefined
  readonly probeServer: (probes: Probes) => Component
  readonly metricsServer: (address: Address & { readonly log: Logger }) => Component
  /** @throws when it cannot be read */
  readonly readFile: (path: string) => string
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

/** Has the options of {@link PROGRAM_OPTIONS} among its own. */
export interface ProgramSpec<L extends readonly OptionSpec[]> {
  /** Also part of the User-Agent. */
  readonly name: keyof typeof PROGRAM_SECTIONS
  readonly options: L
  /** For all components together when it stops. */
  readonly stopTimeout: Millis
  /** The program's own parts, in the order in which they start; the probes answer before and after them. */
  readonly build: (options: OptionsOf<L>, api: KubeConnection, log: Logger) => ProgramParts
}

export interface ProgramParts {
  readonly livez: Health
  readonly readyz: Health
  readonly components: readonly Component[]
}

/** Runs until it is asked to stop. 0: stopped, or help was given; 1: a part could not start; 2: wrong configuration. */
export async function runProgram<const L extends readonly OptionSpec[]>(
  { name, options: specs, stopTimeout, build }: ProgramSpec<L>,
  argv: readonly string[],
  env: ProgramEnvironment,
): Promise<number> {
  const flags = readFlags(specs, argv)
  if (flags.help) {
    env.stdout(optionHelp(`kubeskippy ${name} [options]`, specs))
    return 0
  }
  const { config, problems } = readConfig(flags.values.get('config')?.[0], env.readFile)
  const others = Object.entries(PROGRAM_SECTIONS).flatMap(([program, sections]) => (program === name ? [] : sections))
  const options = attempt(problems, () => resolveOptions(specs, flags, config, others))
  if (options !== undefined) problems.push(...addressProblems(addressesOf(specs, options)))
  // What every program has, typed by their own literal.
  const common = options as OptionsOf<typeof PROGRAM_OPTIONS> | undefined
  const log = env.createLog(common?.['log.level'] ?? 'info')
  const userAgent = `kubeskippy/${env.version} (${name})`
  const api = attempt(problems, () => env.connect({ userAgent, timers: env.timers, log, ...access(flags, env) }))
  // What only fits together or not is found by whoever puts it together.
  const parts = options === undefined || api === undefined || problems.length > 0 ? undefined : attempt(problems, () => build(options, api, log))
  if (common === undefined || api === undefined || parts === undefined) {
    for (const problem of problems) env.stderr(`${problem}\n`)
    await api?.close()
    return 2
  }
  const { livez, readyz, components } = parts
  env.metrics.sampled(METRICS.ready, () => [{ labels: { program: name }, value: Number(readyz.ok) }])
  env.metrics.sampled(METRICS.build, () => [{ labels: { program: name, version: env.version }, value: 1 }])
  const program = new Lifecycle({ timers: env.timers, log, stopTimeout })
    .add({ name: 'api connection', start: () => {}, stop: () => api.close() })
    .add(env.metricsServer({ ...parseAddress(common.metricsBindAddress), log }))
    .add(env.probeServer({ ...parseAddress(common.healthProbeBindAddress), livez, readyz, log }))
  if (common.config !== undefined) {
    program.add(new ConfigWatch({ read: () => resolveOptions(specs, flags, readConfigFile(common.config ?? '', env.readFile), others), options: common, timers: env.timers, log }))
  }
  for (const component of components) program.add(component)
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

/** By flag, of those that are said or have a default. */
function addressesOf(specs: readonly OptionSpec[], options: Readonly<Record<string, unknown>>): readonly { readonly flag: string; readonly text: string }[] {
  return specs.flatMap((spec) => {
    const text = options[spec.key]
    return 'format' in spec && spec.format === ADDRESS_FORMAT && typeof text === 'string' ? [{ flag: spec.flag, text }] : []
  })
}

/** The file of `--config`, and what is wrong with it. */
export function readConfig(path: string | undefined, readFile: ProgramEnvironment['readFile']): { config?: unknown; problems: string[] } {
  const problems: string[] = []
  const config = path === undefined ? undefined : attempt(problems, () => readConfigFile(path, readFile))
  return { config, problems }
}

/** @throws ConfigError */
function readConfigFile(path: string, readFile: ProgramEnvironment['readFile']): unknown {
  try {
    return parse(readFile(path)) as unknown
  } catch (error) {
    const known = unreadable(error)
    throw new ConfigError([known === undefined ? `--config ${path}${explain(error)}` : `--config ${path} ${known}; give another, or leave it out: every key has a default`], { cause: error })
  }
}

/** `:3:7: what`; the library adds the place in its words, and the lines around it. */
function explain(error: unknown): string {
  const [start] = error instanceof YAMLParseError ? (error.linePos ?? []) : []
  const [first = ''] = messageOf(error).split('\n')
  return start === undefined ? `: ${first}` : `:${start.line}:${start.col}: ${first.replace(/ at line \d+, column \d+:?$/, '')}`
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

const access = ({ values }: Flags, { defaultKubeconfig }: ProgramEnvironment): Pick<ConnectConfig, 'kubeconfig' | 'context'> => {
  const [kubeconfig, context] = [values.get('kubeconfig')?.[0] ?? defaultKubeconfig?.(), values.get('context')?.[0]]
  return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) }
}
