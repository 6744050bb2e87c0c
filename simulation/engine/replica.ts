/** One replica of the controller: the whole program below its adapters, in a process that can be killed and begun again. */
import { CONTROLLER_LEASE } from '../../shared/api/v1alpha1/names.ts'
import { EventRecorder } from '../../shared/kube/event-recorder.ts'
import { fenced, noFence } from '../../shared/kube/fence.ts'
import { LeaseElection } from '../../shared/kube/lease-election.ts'
import { millis, seconds } from '../../shared/lib/time.ts'
import { Lifecycle } from '../../shared/runtime/lifecycle.ts'
import type { Fields, Logger } from '../../shared/runtime/logger.ts'
import { noMetrics } from '../../shared/runtime/metrics.ts'
import { METRICS } from '../../shared/runtime/metric-table.ts'
import { ofOneLease } from '../../controller/adapters/leadership.ts'
import { createController } from '../../controller/program.ts'
import type { World } from '../world/world.ts'
import { chanceOf } from './chance.ts'
import { Process } from './process.ts'

export interface ReplicaOptions {
  readonly world: World
  readonly seed: number
  /** From 0. */
  readonly number: number
  readonly elected: boolean
  /** Told of each line that the program logs. */
  readonly heard: (process: string, level: string, message: string, fields: Fields) => void
}

export class Replica {
  readonly #options: ReplicaOptions
  /** How many processes of it there have been. */
  #generation = 0
  #process: Process | undefined
  /** Of its machine, so that a new process has it too. */
  #skew = millis(0)

  constructor(options: ReplicaOptions) {
    this.#options = options
  }

  get process(): Process | undefined {
    return this.#process
  }

  /** Begins a new process, with nothing in its memory. */
  start(): void {
    const { world, seed, number, elected, heard } = this.#options
    this.#generation++
    const process = new Process(`controller-${number}.${this.#generation}`, world.clock)
    process.skew = this.#skew
    this.#process = process
    const { name, timers } = process
    const api = process.api(world.cluster.client(name))
    const log = loggerOf((level, message, fields) => heard(name, level, message, fields))
    const common = { clock: process, timers, random: chanceOf(seed, name).next, log, metrics: noMetrics }
    const lease = { namespace: world.installation.operatorNamespace, name: CONTROLLER_LEASE }
    const election = elected ? new LeaseElection({ ...common, api, lease, identity: name, transitions: noMetrics.counter(METRICS.leaderTransitions) }) : undefined
    const events = new EventRecorder({ api: fenced(api, election ?? noFence), controller: 'kubeskippy.io/controller', instance: name, clock: process, timers, log })
    const { components } = createController({
      ...common,
      api,
      events,
      installation: world.installation,
      concurrency: 2,
      instance: name,
      audit: { emit: () => {} },
      version: 'test',
      metricSource: world.gauges.sourceFor(process),
      syncInterval: seconds(15),
      ...(election === undefined ? {} : { leadership: ofOneLease(election) }),
    })
    const lifecycle = new Lifecycle({ timers, log, stopTimeout: seconds(5) })
    for (const component of [events, ...components]) lifecycle.add(component)
    // Under faults its first lists fail, and are tried again; what it says of that is in its log.
    void lifecycle.start().catch((error: unknown) => heard(name, 'error', 'the program has not started', { error }))
  }

  /** Of the machine's clock, from here on. */
  jump(by: number): void {
    this.#skew = millis(this.#skew + by)
    if (this.#process !== undefined) this.#process.skew = this.#skew
  }

  get running(): boolean {
    return this.#process !== undefined && !this.#process.dead
  }

  kill(): void {
    const { world } = this.#options
    const { process } = this
    if (process === undefined) return
    process.kill()
    world.cluster.watches.drop(({ user }) => user === process.name)
  }
}

function loggerOf(write: (level: string, message: string, fields: Fields) => void, given: Fields = {}): Logger {
  const at = (level: string) => (message: string, fields: Fields = {}) => write(level, message, { ...given, ...fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: (fields) => loggerOf(write, { ...given, ...fields }) }
}
