/**
 * The kubelets themselves, asked as metrics-server asks them: at the address of the node, as the controller's own account,
 * which needs `get` on nodes/metrics. Not through the API server: nodes/proxy lets one run commands in every pod.
 */
import { readFile } from 'node:fs/promises'
import { Agent } from 'undici'
import type { KubeApi } from '../../../shared/kube/api.ts'
import type { Credentials } from '../../../shared/kube/credentials.ts'
import { isApiError } from '../../../shared/kube/errors.ts'
import { NODES } from '../../../shared/kube/resources.ts'
import type { KubeCredentials } from '../../../shared/kube/transport.ts'
import { formatDuration } from '../../../shared/lib/duration.ts'
import { printable } from '../../../shared/lib/text.ts'
import { after, between, instant, millis, minutes, seconds, type Instant, type Millis } from '../../../shared/lib/time.ts'
import type { Timers } from '../../../shared/runtime/timers.ts'
import { OLDEST_SAMPLE, type MetricQuestion, type Series } from '../../healing/metrics.ts'
import type { MetricAnswer } from '../../ports/metric-source.ts'
import { kubeletAddress } from './kubelet-address.ts'
import { timeOf, type CounterSample } from './kubelet-page.ts'
import { scrape, type Scraped } from './kubelet-scrape.ts'
import { Lanes } from './lanes.ts'
import { API_TIMEOUT } from './why-not.ts'

export interface KubeletsConfig {
  /** For a whole page. */
  readonly timeout: Millis
  /** PEM; undefined: the CA of the API server. */
  readonly caFile: string | undefined
  readonly insecureSkipVerify: boolean
}

export interface KubeletsOptions {
  readonly config: KubeletsConfig
  readonly api: Pick<KubeApi, 'get'> & KubeCredentials
  readonly timers: Timers
}

/** Who asks the kubelets. */
export interface KubeletSource {
  ask(question: Extract<MetricQuestion, { kind: 'kubelet' }>, now: Instant): Promise<MetricAnswer>
  close(): Promise<void>
}

/** Kubelets asked at the same time. */
const AT_ONCE = 16
/** An address may pass to another node; a page of that one names none of our pods. */
const ADDRESS_KEPT = minutes(5)
/** Files that rotate are read again after this. */
const REREAD = seconds(60)
/** Of clocks apart: `Date` has whole seconds, and a time that wavers would make a second sample of one. */
const WAVER = seconds(2)
/** As many as a cluster may have. */
const MOST_NODES = 5_000

interface Known {
  readonly origin: string
  readonly at: number
}

interface NodeState {
  address: Known | undefined
  /** To be added to the times of the node to get ours. */
  apart: Millis
  /** On its way, for all who want to know. */
  asked: Promise<Told> | undefined
}

type Told = { readonly kind: 'Told'; readonly samples: readonly CounterSample[]; readonly apart: Millis; readonly at: Instant } | Extract<MetricAnswer, { kind: 'NoData' }>

interface Connections {
  readonly agent: Agent
  readonly ca: string | undefined
  readonly tls: Credentials['tls']
}

const noData = (why: string): Extract<MetricAnswer, { kind: 'NoData' }> => ({ kind: 'NoData', why })

export class Kubelets implements KubeletSource {
  readonly #options: KubeletsOptions
  readonly #lanes = new Lanes(AT_ONCE)
  readonly #nodes = new Map<string, NodeState>()
  #connections: Connections | undefined
  #ca: { readonly pem: string; readonly at: number } | undefined

  constructor(options: KubeletsOptions) {
    this.#options = options
  }

  /** Of a node that is asked already the answer is shared. */
  async ask({ node, namespace }: Extract<MetricQuestion, { kind: 'kubelet' }>, now: Instant): Promise<MetricAnswer> {
    const state = this.#stateOf(node)
    state.asked ??= this.#inTurn(node, state, now).finally(() => (state.asked = undefined))
    const told = await state.asked
    if (told.kind === 'NoData') return told
    return { kind: 'Series', series: told.samples.filter((sample) => sample.namespace === namespace).map((sample) => seriesOf(sample, told.apart, told.at)) }
  }

  async close(): Promise<void> {
    await this.#connections?.agent.destroy()
  }

  #stateOf(node: string): NodeState {
    const state = this.#nodes.get(node) ?? { address: undefined, apart: millis(0), asked: undefined }
    // Those that were not asked for longest come first, and go first.
    this.#nodes.delete(node)
    this.#nodes.set(node, state)
    for (const other of this.#nodes.keys()) {
      if (this.#nodes.size <= MOST_NODES) break
      this.#nodes.delete(other)
    }
    return state
  }

  async #inTurn(node: string, state: NodeState, now: Instant): Promise<Told> {
    const begun = this.#options.timers.monotonic()
    let told: Told = noData(`the kubelet of node ${printable(node)} is being asked`)
    await this.#lanes.run('', node, async () => {
      told = await this.#ask(node, state, (at) => instant(now + (at - begun)))
    })
    return told
  }

  async #ask(node: string, state: NodeState, timeAt: (monotonic: Millis) => Instant): Promise<Told> {
    const { config, timers } = this.#options
    const address = await this.#addressOf(node, state)
    if (typeof address === 'object') return address
    const wrong = (what: string): Told => {
      // It may have moved.
      state.address = undefined
      return noData(`the kubelet of node ${printable(node)} (${new URL(address).host}) ${what}`)
    }
    let scraped: Scraped
    try {
      const { tls, authorization } = await this.#options.api.credentials()
      // A name and a password are for the API server alone.
      const bearer = authorization?.startsWith('Bearer ') === true ? authorization : undefined
      scraped = await scrape((await this.#connectionsFor(tls)).agent, timers, { origin: address, authorization: bearer, timeout: config.timeout })
    } catch (error) {
      const { code } = error as { code?: unknown }
      return wrong(`cannot be asked: the credentials or metrics.kubelet.caFile cannot be read (${typeof code === 'string' ? printable(code, 40) : 'unreadable'})`)
    }
    if (scraped.kind === 'Wrong') return wrong(scraped.what)
    const at = timeAt(scraped.headedAt)
    const date = Date.parse(scraped.date)
    const apart = Number.isNaN(date) ? state.apart : between(instant(date), at)
    if (Math.abs(apart - state.apart) > WAVER) state.apart = apart
    if (Math.abs(state.apart) > OLDEST_SAMPLE) return wrong(`has a clock that is ${formatDuration(seconds(Math.round(Math.abs(state.apart) / 1000)))} away from ours`)
    if (scraped.samples.some((sample) => timeOf(sample, state.apart, at) > after(at, OLDEST_SAMPLE))) return wrong('tells samples of the future')
    return { kind: 'Told', samples: scraped.samples, apart: state.apart, at }
  }

  /** Scheme, host and port; or why there is none. */
  async #addressOf(node: string, state: NodeState): Promise<string | Extract<MetricAnswer, { kind: 'NoData' }>> {
    const { api, timers } = this.#options
    if (state.address !== undefined && timers.monotonic() - state.address.at < ADDRESS_KEPT) return state.address.origin
    try {
      const found = kubeletAddress(await api.get(NODES, { name: node }, { timeout: API_TIMEOUT }))
      if (found.kind === 'None') return noData(found.why)
      state.address = { origin: found.origin, at: timers.monotonic() }
      return found.origin
    } catch (error) {
      if (isApiError(error, 'NotFound')) return noData(`node ${printable(node)} is gone`)
      if (isApiError(error, 'Forbidden')) return noData('the controller may not read nodes: apply config/rbac/optional/kubelet-metrics.yaml')
      if (isApiError(error)) return noData(`node ${printable(node)} cannot be read (${error.code === 0 ? error.kind : error.code})`)
      throw error
    }
  }

  /** A CA or a certificate of ours that was renewed gets connections of its own. */
  async #connectionsFor(tls: Credentials['tls']): Promise<Connections> {
    const { config } = this.#options
    const ca = await this.#authority(tls)
    const old = this.#connections
    if (old !== undefined && old.ca === ca && same(old.tls.cert, tls.cert) && same(old.tls.key, tls.key)) return old
    void old?.agent.close()
    const { cert, key } = tls
    const agent = new Agent({
      connections: 1,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      // Until the next tick, most often: a handshake is dearer than the page.
      keepAliveTimeout: REREAD,
      connect: { timeout: config.timeout, rejectUnauthorized: !config.insecureSkipVerify, ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) },
    })
    this.#connections = { agent, ca, tls }
    return this.#connections
  }

  async #authority({ ca }: Credentials['tls']): Promise<string | undefined> {
    const { config, timers } = this.#options
    if (config.caFile === undefined) return ca?.toString()
    if (this.#ca === undefined || timers.monotonic() - this.#ca.at >= REREAD) this.#ca = { pem: await readFile(config.caFile, 'utf8'), at: timers.monotonic() }
    return this.#ca.pem
  }
}

const same = (a: string | Buffer | undefined, b: string | Buffer | undefined): boolean => a?.toString() === b?.toString()

const seriesOf = (sample: CounterSample, apart: Millis, now: Instant): Series => {
  const { namespace, pod, uid, container, cgroup, counter, value } = sample
  return { labels: { namespace, pod, uid, container, cgroup, counter }, points: [{ at: timeOf(sample, apart, now), value }] }
}
