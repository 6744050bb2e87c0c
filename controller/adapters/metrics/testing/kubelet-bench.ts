/** A kubelet that a test plays, with TLS of its own, and the source that asks it. */
import { expect } from 'chai'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import { issueAuthority, issueLeaf, type Issued } from '../../../../certs/issue.ts'
import { systemClock, systemTimers } from '../../../../shared/adapters/system-clock.ts'
import type { KubeObject } from '../../../../shared/kube/api.ts'
import type { Credentials } from '../../../../shared/kube/credentials.ts'
import { ApiError } from '../../../../shared/kube/errors.ts'
import { hours, seconds, type Instant, type Millis } from '../../../../shared/lib/time.ts'
import type { MetricAnswer } from '../../../ports/metric-source.ts'
import { Kubelets, type KubeletsConfig } from '../kubelets.ts'

export const UID = '0a1b2c3d-0000-4111-8222-0123456789ab'
export const CGROUP = `/kubepods/pod${UID}/c0ffee`
export const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }

/** A page with one container. `time`: milliseconds, by the clock of the node. */
export function counters(namespace: string, time: number, [all, some]: readonly [number, number] = [100, 25]): string {
  const labels = `{container="app",id="${CGROUP}",image="i",name="c0ffee",namespace="${namespace}",pod="cart-0"}`
  return `container_cpu_cfs_periods_total${labels} ${all} ${time}\ncontainer_cpu_cfs_throttled_periods_total${labels} ${some} ${time}\n`
}

export interface Heard {
  readonly url: string | undefined
  readonly authorization: string | undefined
  /** There was a certificate of the client. */
  readonly certified: boolean
}

export class KubeletBench {
  readonly ca: Issued
  readonly #servers: Server[] = []
  answer: (response: ServerResponse) => void = () => {}
  heard: Heard[] = []
  connections = 0
  /** Status by name. */
  nodes: Record<string, unknown> = {}
  nodesRead: string[] = []
  refuseNodes: ApiError | undefined
  credentials: () => Promise<Credentials>
  #kubelets: Kubelets | undefined

  private constructor(ca: Issued) {
    this.ca = ca
    this.credentials = this.#ours
  }

  /** With one kubelet, of node worker-1. */
  static async start(): Promise<KubeletBench> {
    const bench = new KubeletBench(await issueAuthority(systemClock.now(), hours(1)))
    await bench.listen(await bench.issue(), { ca: bench.ca.cert, requestCert: true, rejectUnauthorized: false })
    return bench
  }

  /** Before each test. */
  reset(): void {
    Object.assign(this, { heard: [], connections: 0, nodes: { 'worker-1': this.node() }, nodesRead: [], refuseNodes: undefined, credentials: this.#ours })
    this.say(200, counters('shop', systemClock.now()))
    this.#open({})
  }

  /** Another one of the source. */
  async reopen(config: Partial<KubeletsConfig>): Promise<void> {
    await this.close()
    this.#open(config)
  }

  close = async (): Promise<void> => this.#kubelets?.close()

  stop(): void {
    for (const server of this.#servers) {
      server.closeAllConnections()
      server.close()
    }
  }

  issue = (authority = this.ca): Promise<Issued> => issueLeaf(authority, { dns: [], ips: ['127.0.0.1'] }, systemClock.now(), hours(1))

  /** Another kubelet. Its port. */
  async listen({ cert, key }: Issued, more: object = {}): Promise<number> {
    const server = createServer({ cert, key, ...more }, ({ url, headers, socket }, response) => {
      this.heard.push({ url, authorization: headers.authorization, certified: socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0 })
      this.answer(response)
    })
    server.on('secureConnection', () => void this.connections++)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    return portOf(server)
  }

  get port(): number {
    const [server] = this.#servers
    return server === undefined ? 0 : portOf(server)
  }

  node = (port = this.port): unknown => ({ addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } })

  say(code: number, body: string, headers: Readonly<Record<string, string>> = TEXT): void {
    this.answer = (response) => void response.writeHead(code, headers).end(body)
  }

  /** The node's clock is so far ahead of ours, and its sample ten seconds old. */
  sayAhead(by: Millis): void {
    const there = systemClock.now() + by
    this.say(200, counters('shop', there - 10_000), { ...TEXT, date: new Date(there).toUTCString() })
  }

  ask(node = 'worker-1', namespace = 'shop', now: Instant = systemClock.now()): Promise<MetricAnswer> {
    return this.#kubelets?.ask({ kind: 'kubelet', node, namespace }, now) ?? expect.fail('not open')
  }

  /** Why there is no data, without the words that reasons about worker-1 begin with. */
  async why(): Promise<string> {
    const given = await this.ask()
    if (given.kind !== 'NoData') throw new Error(`not without data: ${JSON.stringify(given)}`)
    return given.why.replace(/^the kubelet of node worker-1 \(127\.0\.0\.1:[0-9]+\) /, '')
  }

  readonly #ours = (): Promise<Credentials> => Promise.resolve({ tls: { ca: this.ca.cert, rejectUnauthorized: true }, authorization: 'Bearer sesame' })

  #open(config: Partial<KubeletsConfig>): void {
    const api = {
      get: <T extends KubeObject>(_: unknown, { name }: { readonly name: string }): Promise<T> => {
        this.nodesRead.push(name)
        const status = this.nodes[name]
        if (this.refuseNodes !== undefined) return Promise.reject(this.refuseNodes)
        if (status === undefined) return Promise.reject(new ApiError({ kind: 'NotFound', code: 404, request: 'GET' }))
        return Promise.resolve({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid: 'u', resourceVersion: '1', creationTimestamp: '' }, status } as unknown as T)
      },
      credentials: () => this.credentials(),
    }
    this.#kubelets = new Kubelets({ config: { timeout: seconds(10), caFile: undefined, insecureSkipVerify: false, ...config }, api, timers: systemTimers })
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** Counters by their kind, or why there are none. */
export const values = (given: MetricAnswer): unknown => (given.kind === 'NoData' ? given.why : given.series.map(({ labels, points }) => [labels['counter'], points[0]?.value]))
