/** A client that never waits for an answer before it asks again, and comes back as often as it is sent away. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Asker {
  readonly url: string
  /** Requests, so far. */
  sent(): number
  stop(): void
}

/** In one piece, as many as go through TLS at once. */
const AT_ONCE = 400

/** Reads all that it is told; resolves once it has asked. */
export async function startAsker(origin: string, path: string): Promise<Asker> {
  const { protocol, hostname: host, port } = new URL(origin)
  const requests = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(AT_ONCE))
  let sent = 0
  let stopped = false
  let socket: Socket | undefined
  const ask = (own: Socket): void => {
    if (stopped || !own.writable) return
    sent += AT_ONCE
    own.write(requests, () => ask(own))
  }
  const dial = (): Promise<void> =>
    new Promise((resolve) => {
      const options = { host, port: Number(port), rejectUnauthorized: false }
      const ready = (): void => {
        ask(own)
        resolve()
      }
      const own = protocol === 'https:' ? connectTls(options, ready) : connect(options, ready)
      own.resume().on('error', () => {})
      own.once('close', () => {
        if (!stopped) setTimeout(() => void dial(), 1)
      })
      socket = own
    })
  await dial()
  return {
    url: `${origin} ${path}`,
    sent: () => sent,
    stop: () => {
      stopped = true
      socket?.destroy()
    },
  }
}
