/** A webhook that keeps what it is sent: for tests of what sends. */
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { issueLeaf } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours } from '../../shared/lib/time.ts'
import type { Cluster } from '../cluster/cluster.ts'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

export interface Receiver {
  readonly url: string
  /** PEM of who signed its certificate. */
  readonly caPem: string
  readonly received: readonly Received[]
  stop(): Promise<void>
}

/** Over TLS, on loopback, with a certificate of the cluster's CA. */
export async function startReceiver(cluster: Cluster): Promise<Receiver> {
  const { cert, key } = await issueLeaf({ cert: cluster.ca.certPem, key: cluster.ca.keyPem }, { dns: [], ips: ['127.0.0.1'] }, systemClock.now(), hours(24))
  const received: Received[] = []
  const take = async (request: IncomingMessage): Promise<void> => { received.push({ headers: request.headers, body: JSON.parse(await text(request)) as unknown }) }
  const server = createServer({ cert, key }, (request, response) => {
    void take(request).then(() => response.end(), () => response.writeHead(400).end())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `https://127.0.0.1:${address.port}/`, caPem: cluster.ca.certPem, received,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
