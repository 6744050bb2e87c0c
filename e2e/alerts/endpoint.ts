/** Where a controller receives alerts in a test: the flags that say so, and how to post there as Alertmanager does. */
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { issueLeaf } from '../../certs/issue.ts'
import { systemClock } from '../../shared/adapters/system-clock.ts'
import { hours } from '../../shared/lib/time.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Flags } from '../installation/program.ts'

export const TOKEN = 'what-only-alertmanager-knows'

export interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: string
}

export interface Answer {
  readonly code: number
  readonly body: string
}

export interface AlertEndpoint {
  readonly port: number
  readonly url: string
  /** Of the controller that listens there. */
  readonly flags: Flags
  /** Rejects when the connection fails. */
  post(body: string | Buffer, token?: string): Promise<Answer>
  tell(...alerts: readonly Alert[]): Promise<Answer>
}

export const firing = (labels: Readonly<Record<string, string>>): Alert => ({ status: 'firing', labels, startsAt: new Date().toISOString() })

/** Over TLS, on loopback, with a certificate of the cluster's CA. */
export async function alertEndpoint({ dir, ca }: Cluster, port: number): Promise<AlertEndpoint> {
  const { cert, key } = await issueLeaf({ cert: ca.certPem, key: ca.keyPem }, { dns: [], ips: ['127.0.0.1'] }, systemClock.now(), hours(24))
  const put = (end: string, content: string): string => {
    const file = join(dir, `alerts-${port}.${end}`)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  const url = `https://127.0.0.1:${port}/alerts`
  const flags = { 'alerts-bind-address': `127.0.0.1:${port}`, 'alerts-token-file': put('token', TOKEN), 'alerts-tls-cert-file': put('crt', cert), 'alerts-tls-key-file': put('key', key) }
  const post = (body: string | Buffer, token = TOKEN): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      const sent = request(url, { method: 'POST', ca: ca.certPem, agent: false, headers }, (answer) => {
        text(answer).then((said) => resolve({ code: answer.statusCode ?? 0, body: said }), reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return { port, url, flags, post, tell: (...alerts) => post(JSON.stringify({ version: '4', status: 'firing', alerts })) }
}
