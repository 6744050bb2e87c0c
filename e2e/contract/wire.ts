/** A wire between client and server that can be cut: plain TCP, so that TLS stays end to end. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'

export interface Wire {
  readonly port: number
  /** Breaks every connection and refuses new ones until the returned function is called. */
  cut(): () => void
  close(): Promise<void>
}

export async function openWire(target: { readonly host: string; readonly port: number }): Promise<Wire> {
  const sockets = new Set<Socket>()
  let cuts = 0
  const server = createServer((near) => {
    if (cuts > 0) {
      near.resetAndDestroy()
      return
    }
    const far = connect(target)
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      // The other side must see a reset as a reset, and an end as an end.
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      cuts++
      for (const socket of sockets) socket.resetAndDestroy()
      let restored = false
      return () => {
        if (!restored) cuts--
        restored = true
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
