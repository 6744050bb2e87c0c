/**
 * What a Service does for the door, as kube-proxy does it: a new connection goes to any replica that is known to be
 * ready, and stays with it. Readiness is learned by probes, a moment late, and a connection that is refused is refused.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { answers } from '../cluster/guest.ts'

export interface Replica {
  readonly port: number
  readonly readyUrl: string
}

export interface Service {
  readonly port: number
  /** Ports of those that new connections are passed on to. */
  readonly endpoints: readonly number[]
  /** How many connections met a replica that was gone. */
  readonly refused: number
  stop(): Promise<void>
}

/** Milliseconds: the shortest period that a kubelet knows. */
const PROBE_PERIOD = 1_000

export async function startService(replicas: readonly Replica[]): Promise<Service> {
  const ready = new Set<number>()
  const open = new Set<Socket>()
  const stopped = new AbortController()
  let refused = 0
  const server = createServer((client) => {
    const endpoints = [...ready]
    const port = endpoints[Math.floor(Math.random() * endpoints.length)]
    client.on('error', () => {})
    open.add(client.once('close', () => open.delete(client)))
    if (port === undefined) {
      refused += 1
      client.resetAndDestroy()
      return
    }
    const target = connect({ port, host: '127.0.0.1', noDelay: true })
    open.add(target.once('close', () => open.delete(target)))
    // What one side does, the other sees: an end as an end, a reset as a reset.
    client.setNoDelay(true).once('error', () => target.resetAndDestroy())
    target.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') refused += 1
      client.resetAndDestroy()
    })
    client.pipe(target).pipe(client)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const probing = replicas.map(async ({ port, readyUrl }) => {
    while (!stopped.signal.aborted) {
      // Asked again: that one was slow once on a busy machine tells nothing.
      if ((await answers(readyUrl)) || (await answers(readyUrl))) ready.add(port)
      else ready.delete(port)
      await delay(PROBE_PERIOD, undefined, { signal: stopped.signal }).catch(() => {})
    }
  })
  return {
    port: (server.address() as AddressInfo).port,
    get endpoints() {
      return [...ready]
    },
    get refused() {
      return refused
    },
    stop: async () => {
      stopped.abort()
      await Promise.all(probing)
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
