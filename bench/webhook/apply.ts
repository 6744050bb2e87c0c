/**
 * What a user feels: server-side applies on a real API server with the real door, in pairs; one in a namespace that the webhooks
 * are told to leave out, one in a namespace where they are asked.
 */
import { Agent, request } from 'undici'
import { MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION } from '../../shared/api/v1alpha1/names.ts'
import { readKubeconfig } from '../../e2e/agreement/server.ts'
import { openDoor, type Door } from '../../e2e/door/door.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { intervalOfMedian, spread, table } from '../statistics.ts'
import type { Run } from './parts.ts'
import { policy } from './review.ts'

const PAIRS_PER_ROUND = 200
const WARM_UP = 50
/** The schema takes it, and KS401 does not. */
const ABOVE_CEILING = DEFAULT_INSTALLATION.ceiling.maxActionsPerHour + 1
/** Both are there in the harness; the second one is left out here. */
const [WITH, WITHOUT] = ['shop', 'bank'] as const

export async function measureApply({ rounds, say }: Run): Promise<string> {
  say('starting a cluster')
  const door = await openDoor()
  try {
    await leaveOut(door, WITHOUT)
    const apply = await applier(door)
    const differences: number[] = []
    const times: Record<typeof WITH | typeof WITHOUT, number[]> = { [WITH]: [], [WITHOUT]: [] }
    const pairs = rounds * PAIRS_PER_ROUND
    for (let pair = -WARM_UP; pair < pairs; pair++) {
      if (pair >= 0 && pair % PAIRS_PER_ROUND === 0) say(`round ${pair / PAIRS_PER_ROUND + 1} of ${rounds}`)
      // Who goes first changes, since the second finds the connection warm.
      const order = pair % 2 === 0 ? ([WITH, WITHOUT] as const) : ([WITHOUT, WITH] as const)
      const took = { [WITH]: 0, [WITHOUT]: 0 }
      for (const namespace of order) took[namespace] = await apply(namespace, pair)
      if (pair < 0) continue
      for (const namespace of order) times[namespace].push(took[namespace])
      differences.push(took[WITH] - took[WITHOUT])
    }
    const rows = [WITHOUT, WITH].map((namespace) => [namespace === WITH ? 'with the door' : 'without it', spread(times[namespace]).median.toFixed(2)])
    const [low, high] = intervalOfMedian(differences)
    return `${pairs} pairs of server-side applies, each changing the policy\n\n${table(['', 'median ms'], rows)}\n\nmedian of the differences: ${spread(differences).median.toFixed(2)} ms (95 % interval ${low.toFixed(2)}..${high.toFixed(2)})`
  } finally {
    await door.stop()
  }
}

/** The API server learns of it in a moment; a policy that the door refuses tells when. */
async function leaveOut(door: Door, namespace: string): Promise<void> {
  const namespaceSelector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [namespace] }] }
  for (const name of [MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION]) {
    const kind = name === MUTATING_CONFIGURATION ? 'mutatingwebhookconfiguration' : 'validatingwebhookconfiguration'
    const { webhooks } = JSON.parse(await door.must(['get', kind, name, '-o', 'json'])) as { readonly webhooks: readonly unknown[] }
    const patch = webhooks.map((_, index) => ({ op: 'add', path: `/webhooks/${index}/namespaceSelector`, value: namespaceSelector }))
    await door.must(['patch', kind, name, '--type=json', '-p', JSON.stringify(patch)])
  }
  const refused = policy('probe', namespace)
  const input = JSON.stringify({ ...refused, spec: { ...refused.spec, safetyRules: { maxActionsPerHour: ABOVE_CEILING } } })
  const end = performance.now() + 30_000
  while ((await door.kubectl(['apply', '--dry-run=server', '-f', '-'], { input })).code !== 0) {
    if (performance.now() > end) throw new Error(`the webhooks are still asked about ${namespace}`)
  }
  const asked = JSON.stringify({ ...refused, metadata: { ...refused.metadata, namespace: WITH }, spec: { ...refused.spec, safetyRules: { maxActionsPerHour: ABOVE_CEILING } } })
  if ((await door.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: asked })).code === 0) throw new Error(`the webhooks are not asked about ${WITH}`)
}

/** Milliseconds of one apply over a connection that is kept. */
async function applier({ cluster }: Door): Promise<(namespace: string, count: number) => Promise<number>> {
  const { origin, tls } = await readKubeconfig(cluster.kubeconfig)
  const agent = new Agent({ connections: 1, allowH2: false, connect: tls })
  return async (namespace, count) => {
    const object = policy('cart', namespace)
    const body = JSON.stringify({ ...object, metadata: { ...object.metadata, annotations: { 'example.com/count': String(count) } } })
    const begin = performance.now()
    const answer = await request(`${origin}/apis/kubeskippy.io/v1alpha1/namespaces/${namespace}/healingpolicies/cart?fieldManager=bench&force=true`, { method: 'PATCH', dispatcher: agent, body, headers: { 'content-type': 'application/apply-patch+yaml', accept: 'application/json' } })
    const text = await answer.body.text()
    const took = performance.now() - begin
    if (answer.statusCode > 201) throw new Error(`the API server answers ${answer.statusCode}: ${text}`)
    return took
  }
}
