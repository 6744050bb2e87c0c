/** Tries faults in batches: each in a place of its own, all places of a batch at once, one controller for all of them. */
import { existsSync, readFileSync } from 'node:fs'
import { systemClock, systemTimers } from '../../shared/adapters/system-clock.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { HEALING_LEDGERS } from '../../shared/kube/resources.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { minutes, seconds, type Millis } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { Collection, History, Mark, Outside, Output } from '../../shared/testing/oracle/history.ts'
import { historyOfAudit } from '../../shared/testing/oracle/from-audit.ts'
import { ACTIONS as OF_ACTIONS, LEDGERS } from '../../shared/testing/oracle/world.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { install, type Installation } from '../installation/installation.ts'
import type { Flags } from '../installation/program.ts'
import { startProxy, type FaultProxy, type ProxyHooks } from '../installation/proxy.ts'
import { ACTIONS, ALL, CANARY, LADDER } from './actions.ts'
import { APPROVER, Approver } from './approver.ts'
import { Aim, hooksOf } from './aim.ts'
import { behind } from './behind.ts'
import { PlayedKubelet } from './kubelet.ts'
import { isLonely, type Cell } from './pairs.ts'
import { Place } from './place.ts'
import { POINTS } from './points.ts'
import { Traffic } from './traffic.ts'

/** Much fails at once here, and that is not what is tried; and what a batch holds must not keep others from going on. */
const FLAGS: Flags = { 'storm-cluster-percent': '100', 'storm-minimum': '100000', 'cluster-actions-per-hour': '200', concurrency: '64' }
/** Places at once. Of those that are killed fewer: each write is held until the last of them has come, and no longer than a request may take. */
const MANY = 30
const TOGETHER = 12
const HELD_AT_MOST = seconds(8)
/** Until the first of them: a breaker is open for a minute before it is half-open. */
const COMES_WITHIN = minutes(4)
/** On a busy machine the writes of a batch do not come within that time of each other. */
const KILL_TRIES = 6
/** Until all of a batch has ended: many times what it takes, for a busy machine. */
const ENDS_WITHIN = minutes(5)
/** What a write that landed, or the one after it, may take until it is with the proxy. */
const STILL_ON_ITS_WAY = seconds(60)

export interface Trial {
  readonly what: string
  readonly action: string
  readonly namespace: string
  /** Whether the fault came about. */
  readonly fired: boolean
  /** What did not end in its time. */
  readonly stuck?: string
  /** Whether it must end as without the fault. */
  readonly comparable: boolean
  /** Whether the log may lack the ends of writes: its server dies. */
  readonly untold?: true
}

/** Asked when all has ended: whether a fault has hit anything. */
export type CameAbout = () => boolean

export interface DuringOptions {
  /** Until all of it has ended. Default five minutes. */
  readonly within?: Millis
  /** False: what was written may have been undone by the fault itself. Default true. */
  readonly comparable?: boolean
  /** The log may lack the ends of writes: its server dies. */
  readonly untold?: true
}

export class Trials {
  readonly cluster: Cluster
  readonly installation: Installation
  readonly api: KubeConnection
  readonly proxy: FaultProxy
  readonly kubelet: PlayedKubelet
  readonly approver: Approver
  readonly done: Trial[] = []
  readonly marks: Mark[] = []
  readonly #seen: Outside[] = []
  /** By action: the place that it was tried in without a fault. */
  readonly baseline = new Map<string, string>()
  #count = 0
  #acts = 0
  #running = false
  readonly #traffic = new Traffic()
  readonly #say: (line: string) => void

  private constructor(parts: Pick<Trials, 'cluster' | 'installation' | 'api' | 'proxy' | 'kubelet'>, say: (line: string) => void) {
    this.#say = say
    this.cluster = parts.cluster
    this.installation = parts.installation
    this.api = parts.api
    this.proxy = parts.proxy
    this.kubelet = parts.kubelet
    this.approver = new Approver(parts.api)
    this.approver.start()
  }

  /** @param say progress, a line at a time */
  static async start(say: (line: string) => void = () => {}): Promise<Trials> {
    const cluster = await startCluster({ node: false })
    try {
      const installation = await install(cluster, { controller: false, webhook: false })
      const api = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger })
      const kubelet = new PlayedKubelet(api)
      kubelet.start()
      return new Trials({ cluster, installation, api, kubelet, proxy: await startProxy(cluster) }, say)
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    try {
      this.proxy.setHooks({})
      await this.installation.stopController()
      await this.installation.secondController.stop()
      await this.kubelet.stop()
      await this.approver.stop()
      await this.proxy.stop()
      await this.api.close()
    } finally {
      await this.cluster.stop()
    }
  }

  /** @param preload a module that is loaded before it */
  async startController(flags: Flags = {}, preload?: string): Promise<void> {
    if (this.#running) return
    await this.installation.renewToken()
    await this.installation.startController({ server: this.proxy.url, flags: { ...FLAGS, ...flags }, ...(preload === undefined ? {} : { preload }) })
    this.#running = true
  }

  /** Beside the first one, without the proxy. */
  async startSecond(flags: Flags = {}): Promise<void> {
    const { secondController } = this.installation
    await this.installation.renewToken()
    await secondController.start({ kubeconfig: this.installation.controllerKubeconfig(), ...FLAGS, ...flags })
    await secondController.ready()
  }

  async stopController(): Promise<void> {
    this.#running = false
    await this.installation.stopController()
  }

  /**
   * As by a crash, while what is aimed at is held and nothing else is being written. The next one begins at once.
   * @param next what it meets
   */
  async #crash(next: ProxyHooks): Promise<void> {
    await this.#traffic.stop()
    this.#running = false
    await this.installation.killController('SIGKILL')
    this.#traffic.resume()
    this.proxy.setHooks(next)
    await this.startController()
  }

  /** Places for these actions, all healthy. */
  async places(actions: readonly string[], prefix: string): Promise<readonly Place[]> {
    await this.#makeRoom(actions.length)
    await this.startController()
    const places = actions.map((name) => {
      const under = [...ALL, LADDER].find((action) => action.name === name)
      if (under === undefined) throw new Error(`no action ${name}`)
      return new Place(this.api, this.kubelet, under, `${prefix}-${name}-${(this.#count += 1)}`)
    })
    await Promise.all(places.map((place) => place.settle()))
    await Promise.all(places.map((place) => place.calm()))
    return places
  }

  /** The hour of the whole cluster is not what is tried here: it begins anew while nobody acts. */
  async #makeRoom(acts: number): Promise<void> {
    this.#acts += acts
    if (this.#acts < 150) return
    this.#acts = acts
    await this.stopController()
    await this.api.delete(HEALING_LEDGERS, { namespace: OPERATOR_NAMESPACE, name: 'shared-cluster' }).catch((error: unknown) => { if (!isApiError(error, 'NotFound')) throw error })
  }

  /** Every action without a fault: what the others are compared with. */
  async takeBaseline(): Promise<void> {
    const places = await this.places(ALL.map(({ name }) => name), 'base')
    await Promise.all(places.map((place) => place.break()))
    await Promise.all(places.map((place) => this.#endOf(place, ENDS_WITHIN)))
    for (const { under, namespace } of places) this.baseline.set(under.name, namespace)
  }

  /** One fault at one write in each place. */
  async atWrites(cells: readonly Cell[]): Promise<void> {
    let tried = 0
    for (const batch of inBatches(cells, MANY)) {
      const aims = await this.#aimed(batch, 'write')
      this.proxy.setHooks(hooksOf(aims))
      await this.#end(aims)
      this.#say(`writes: ${tried += batch.length} of ${cells.length}`)
    }
  }

  /** The controller dies when every write of the batch that is aimed at is held. What did not come in time is tried again, with fewer beside it. */
  async byKilling(cells: readonly Cell[], tries = KILL_TRIES, together = TOGETHER): Promise<void> {
    const missed: Cell[] = []
    let tried = 0
    const inOrder = cells.toSorted((a, b) => POINTS.indexOf(a.point) - POINTS.indexOf(b.point))
    for (const batch of [...inBatches(inOrder.filter((cell) => !isLonely(cell)), together), ...inBatches(inOrder.filter(isLonely), 1)]) {
      const aims = await this.#aimed(batch, 'kill')
      this.proxy.setHooks(this.#traffic.around(hooksOf(aims)))
      await Promise.all(aims.map(({ place }) => place.break()))
      await untilFired(aims)
      await this.#crash({})
      const late = tries > 1 ? aims.filter(({ fired }) => !fired) : []
      missed.push(...late.map(({ cell }) => cell))
      await this.#ended(aims.filter((aim) => !late.includes(aim)))
      this.#say(`kills: ${tried += batch.length} of ${cells.length}${missed.length === 0 ? '' : `, ${missed.length} to be tried again`}`)
    }
    if (missed.length > 0) await this.byKilling(missed, tries - 1, Math.ceil(together / 2))
  }

  /**
   * All of them at the same time, and the controller dies whenever those that are to be killed at a write have come to it:
   * what takes minutes takes them once.
   * @param along without a fault of its own
   * @param acts that each comes to
   */
  async together(cells: readonly Cell[], along: string, acts: number): Promise<void> {
    const [beside] = await this.places([along], 'together')
    const aims = await this.#aimed(cells, 'together')
    if (beside !== undefined) this.baseline.set(along, beside.namespace)
    const hooks = this.#traffic.around(hooksOf(aims))
    this.proxy.setHooks(hooks)
    await Promise.all([...(beside === undefined ? [] : [beside]), ...aims.map(({ place }) => place)].map((place) => place.break()))
    for (const point of POINTS) {
      let left = aims.filter(({ cell }) => cell.fault.when === 'kill' && cell.point === point)
      for (let tries = 0; left.length > 0 && tries < KILL_TRIES; tries++) {
        await untilFired(left)
        await this.#crash(hooks)
        left = left.filter(({ fired }) => !fired)
      }
    }
    await this.#ended(aims, minutes(10), acts)
    if (beside !== undefined) await this.#endOf(beside, ENDS_WITHIN, acts)
    this.proxy.setHooks({})
  }

  /**
   * Something happens to the whole controller while every action is on its way.
   * @param happens says how it is known that it came about
   */
  async during(what: string, happens: () => Promise<CameAbout>, { within = ENDS_WITHIN, comparable = true, untold }: DuringOptions = {}): Promise<void> {
    this.#say(what)
    const places = await this.places(ALL.map(({ name }) => name), 'all')
    await Promise.all(places.map((place) => place.break()))
    const cameAbout = await happens()
    const ends = await Promise.all(places.map(async (place) => ({ place, stuck: await this.#stuckIn(place, within, comparable ? 1 : 0) })))
    const fired = cameAbout()
    for (const { place, stuck } of ends) {
      this.done.push({ what, action: place.under.name, namespace: place.namespace, fired, comparable, ...(untold === undefined ? {} : { untold }), ...(stuck === undefined ? {} : { stuck }) })
    }
    this.proxy.setHooks({})
  }

  /** The author of each policy says at the last moment that it only watches from now on. */
  async forbidden(): Promise<readonly Place[]> {
    const what = 'the policy changes between the dry run and the write'
    const places = await this.places(ACTIONS.map(({ name }) => name), 'forbidden')
    const said = new Set<Place>()
    this.proxy.setHooks(behind(places, async (place) => {
      await place.say({ mode: 'monitor' })
      said.add(place)
    }))
    await Promise.all(places.map((place) => place.break()))
    for (const place of places) {
      const stuck = await this.#stuckIn(place, ENDS_WITHIN)
      this.done.push({ what, action: place.under.name, namespace: place.namespace, fired: said.has(place), comparable: false, ...(stuck === undefined ? {} : { stuck }) })
    }
    this.proxy.setHooks({})
    return places
  }

  async #aimed(cells: readonly Cell[], prefix: string): Promise<readonly Aim[]> {
    this.proxy.setHooks({})
    const places = await this.places(cells.map(({ action }) => action), prefix)
    return places.flatMap((place, index) => (cells[index] === undefined ? [] : [new Aim(cells[index], place)]))
  }

  async #end(aims: readonly Aim[]): Promise<void> {
    await Promise.all(aims.map(({ place }) => place.break()))
    await this.#ended(aims)
    this.proxy.setHooks({})
  }

  async #ended(aims: readonly Aim[], within = ENDS_WITHIN, acts = 1): Promise<void> {
    const ends = await Promise.all(aims.map(async (aim) => ({ aim, stuck: await this.#stuckIn(aim.place, within, acts) })))
    // What has landed is seen before its answer has come by the proxy.
    await eventually(() => { if (aims.some(({ fired }) => !fired)) throw new Error('not all writes were harmed') }, STILL_ON_ITS_WAY).catch(() => {})
    for (const { aim: { cell, place, fired }, stuck } of ends) {
      this.done.push({ what: `${cell.fault.name} at ${cell.point}`, action: cell.action, namespace: place.namespace, fired, comparable: true, ...(stuck === undefined ? {} : { stuck }) })
    }
  }

  /** What is there then counts as seen: what an API server was cut off from stands in no answer of its log. */
  async #endOf(place: Place, within: Millis, acts?: number): Promise<void> {
    const { actions, ledgers } = await place.ended(within, acts)
    const at = systemClock.now()
    const see = (collection: Collection) => (after: KubeObject): Outside => ({ kind: 'outside', at, change: { collection, after } })
    this.#seen.push(...actions.map(see(OF_ACTIONS)), ...ledgers.map(see(LEDGERS)))
  }

  /** undefined: it has ended. */
  #stuckIn(place: Place, within: Millis, acts?: number): Promise<string | undefined> {
    return this.#endOf(place, within, acts).then(() => undefined, (error: Error) => error.message)
  }

  mark(mark: Mark['mark'], more: Partial<Mark> = {}): void {
    this.marks.push({ kind: 'mark', at: systemClock.now(), mark, ...more })
  }

  history(): History {
    const log = readFileSync(this.cluster.auditLog, 'utf8')
    // The server goes on meanwhile: its last line may be on its way.
    return historyOfAudit(log.slice(0, log.lastIndexOf('\n') + 1), { until: systemClock.now(), notes: [...this.marks, ...this.#said(), ...this.#seen], secrets: [CANARY], mayApprove: (user) => user === APPROVER, limits: { ceiling: 60, namespace: 60, cluster: Number.POSITIVE_INFINITY } })
  }

  /** All that the controllers have logged. */
  #said(): readonly Output[] {
    const { controller, secondController } = this.installation
    return [controller, secondController].flatMap(({ name, logFile }) => (existsSync(logFile) ? [{ kind: 'output' as const, at: systemClock.now(), stream: `log of ${name}`, text: readFileSync(logFile, 'utf8') }] : []))
  }

  hooks(hooks: ProxyHooks): void {
    this.proxy.setHooks(hooks)
  }
}

function inBatches<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))
}

/** All of them, or as long as the first one may be held. */
async function untilFired(aims: readonly Aim[]): Promise<void> {
  let first: number | undefined
  const begun = performance.now()
  while (!aims.every(({ fired }) => fired)) {
    const now = performance.now()
    if (first === undefined && aims.some(({ fired }) => fired)) first = now
    if (now - (first ?? begun + COMES_WITHIN) > HELD_AT_MOST) return
    await new Promise((resolve) => void setTimeout(resolve, 20))
  }
}
