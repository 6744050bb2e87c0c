/** What a Service does: takes connections and passes each on to one of several, here in turn. Their bytes are not looked at. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Balancer {
  readonly port: number
  /** Ports in the order in which connections were passed on. */
  readonly chosen: readonly number[]
  stop(): Promise<void>
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const chosen: number[] = []
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const port = ports[chosen.length % ports.length] ?? 0
    chosen.push(port)
    const target = connect(port, '127.0.0.1')
    for (const socket of [client, target]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
    }
    client.on('error', () => target.destroy())
    target.on('error', () => client.destroy())
    client.pipe(target).pipe(client)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    chosen,
    stop: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
