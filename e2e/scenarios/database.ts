/** What pods need to go on, which can be taken away from all of them at once. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cluster } from '../cluster/cluster.ts'

export interface Database {
  /** A shell command that succeeds in a pod while it is there. */
  readonly needed: string
  close(): void
  /** Again, on the same port. */
  reopen(): Promise<unknown>
}

export async function openDatabase({ hostIp }: Cluster): Promise<Database> {
  const server = createServer((_, response) => response.end('here'))
  const listen = async (port: number): Promise<number> => {
    await once(server.listen(port, hostIp), 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { close, reopen: () => listen(port), needed: `timeout 10 wget -q -O /dev/null http://${hostIp}:${port}/` }
}
