/** Who has which shard: by what the controllers say, and by what the leases say. */
import { OPERATOR_NAMESPACE, shardLease } from '../../shared/api/v1alpha1/names.ts'
import type { KubeApi } from '../../shared/kube/api.ts'
import { holderOf, type Lease } from '../../shared/kube/lease.ts'
import { LEASES } from '../../shared/kube/resources.ts'

/** Shards that a controller says it leads; none when it does not answer within five seconds. */
export async function ledBy({ metricsUrl }: { readonly metricsUrl: string }): Promise<readonly number[]> {
  const text = await fetch(metricsUrl, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.text(), () => '')
  return [...text.matchAll(/^kubeskippy_shard_leader\{shard="(\d+)"\} 1$/gm)].map(([, shard]) => Number(shard))
}

/** The holder of each shard, in their order; undefined: nobody. */
export async function holdersOf(api: KubeApi, shards: number): Promise<readonly (string | undefined)[]> {
  const leases = await Promise.all(Array.from({ length: shards }, (_, shard) => api.get<Lease>(LEASES, { namespace: OPERATOR_NAMESPACE, name: shardLease(shard) })))
  return leases.map(holderOf)
}
