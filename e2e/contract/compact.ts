import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'

/** Lets etcd forget its history up to a version, as it does by itself every five minutes. */
export async function compactEtcd(cluster: Cluster, revision: string): Promise<void> {
  const plan = JSON.parse(readFileSync(join(cluster.dir, 'cluster.json'), 'utf8')) as { readonly ports: { readonly etcd: number } }
  const pki = (name: string): Buffer => readFileSync(join(cluster.dir, 'pki', name))
  const code = await new Promise<number | undefined>((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: plan.ports.etcd,
        path: '/v3/kv/compaction',
        method: 'POST',
        cert: pki('etcd.crt'),
        key: pki('etcd.key'),
        // The certificate has the name of its issuer, which OpenSSL takes for self-signed. Loopback, and no secret is sent.
        rejectUnauthorized: false,
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode))
      },
    )
    call.on('error', reject)
    call.end(JSON.stringify({ revision, physical: true }))
  })
  if (code !== 200) throw new Error(`etcd answered ${code} to the compaction`)
}
