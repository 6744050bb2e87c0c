/**
 * What a user feels: server-side applies on a real API server with the real door, in pairs; one in a namespace that the webhooks
 * are told to leave out, one in a namespace where they are asked.
 */
import { Agent, request } from 'undici'
import { MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION } from '../../shared/api/v1alpha1/names.ts'
import { readKubeconfig } from '../../e2e/agreement/server.ts'
import { openDoor, type Door } from '../../e2e/door/door.ts'
import { healerManifests } from '../../e2e/installation/files.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import { intervalOfMedian, spread, table } from '../statistics.ts'
import type { Run } from './parts.ts'
import { policy } from './review.ts'

const PAIRS_PER_ROUND = 200
const WARM_UP = 50
type Policy = ReturnType<typeof policy>

/** The schema takes it, and KS401 does not. */
const ABOVE_CEILING = DEFAULT_INSTALLATION.ceiling.maxActionsPerHour + 1
/** Both are there in the harness; the second one is left out here. */
const [WITH, WITHOUT] = ['shop', 'bank'] as const

const [APPLY, MERGE] = ['application/apply-patch+yaml', 'application/merge-patch+json'] as const
const annotated = (object: Policy, count: number) => ({ ...object, metadata: { ...object.metadata, annotations: { 'example.com/count': String(count) } } })

/** What is changed, and how it is sent: as GitOps does it all day, as `kubectl apply` does (it replaces whole lists, without the defaults in them), and as somebody who is judged in full. */
const CHANGES = {
  'an annotation, by server-side apply': { type: APPLY, of: annotated },
  'an annotation, by kubectl apply': { type: MERGE, of: annotated },
  'a limit, upwards': { type: APPLY, of: (object, count) => ({ ...object, spec: { ...object.spec, safetyRules: { ...object.spec.safetyRules, maxActionsPerHour: 1 + (count % DEFAULT_INSTALLATION.ceiling.maxActionsPerHour) } } }) },
} as const satisfies Record<string, { readonly type: string; readonly of: (object: Policy, count: number) => object }>
type Change = keyof typeof CHANGES

export async function measureApply({ rounds, say }: Run): Promise<string> {
  say('starting a cluster')
  const door = await openDoor()
  try {
    // As where policies act: both consent.
    for (const namespace of [WITH, WITHOUT]) await door.must(['apply', '-f', '-'], { input: healerManifests(namespace) })
    await leaveOut(door, WITHOUT)
    const apply = await applier(door)
    const rows: string[][] = []
    for (const change of Object.keys(CHANGES) as Change[]) {
      const { times, differences } = await inPairs((namespace, count) => apply(namespace, CHANGES[change].type, CHANGES[change].of(policy('cart', namespace), count)), rounds, (round) => say(`${change}: round ${round} of ${rounds}`))
      const [low, high] = intervalOfMedian(differences)
      rows.push([change, ...[WITHOUT, WITH].map((namespace) => spread(times[namespace]).median.toFixed(2)), `${spread(differences).median.toFixed(2)} (${low.toFixed(2)}..${high.toFixed(2)})`])
    }
    return `${rounds * PAIRS_PER_ROUND} pairs of applies of each; medians, with the 95 % interval of the last one\n\n${table(['what changes', 'ms without it', 'ms with the door', 'difference'], rows)}`
  } finally {
    await door.stop()
  }
}

interface Pairs {
  readonly times: Readonly<Record<typeof WITH | typeof WITHOUT, number[]>>
  readonly differences: number[]
}

async function inPairs(apply: (namespace: string, count: number) => Promise<number>, rounds: number, say: (round: number) => void): Promise<Pairs> {
  const found: Pairs = { times: { [WITH]: [], [WITHOUT]: [] }, differences: [] }
  for (let pair = -WARM_UP; pair < rounds * PAIRS_PER_ROUND; pair++) {
    if (pair >= 0 && pair % PAIRS_PER_ROUND === 0) say(pair / PAIRS_PER_ROUND + 1)
    // Who goes first changes, since the second finds the connection warm.
    const order = pair % 2 === 0 ? ([WITH, WITHOUT] as const) : ([WITHOUT, WITH] as const)
    const took = { [WITH]: 0, [WITHOUT]: 0 }
    for (const namespace of order) took[namespace] = await apply(namespace, pair + WARM_UP)
    if (pair < 0) continue
    for (const namespace of order) found.times[namespace].push(took[namespace])
    found.differences.push(took[WITH] - took[WITHOUT])
  }
  return found
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
async function applier({ cluster }: Door): Promise<(namespace: string, type: string, object: object) => Promise<number>> {
  const { origin, tls } = await readKubeconfig(cluster.kubeconfig)
  const agent = new Agent({ connections: 1, allowH2: false, connect: tls })
  return async (namespace, type, object) => {
    const body = JSON.stringify(object)
    const begin = performance.now()
    const answer = await request(`${origin}/apis/kubeskippy.io/v1alpha1/namespaces/${namespace}/healingpolicies/cart?fieldManager=bench${type === APPLY ? '&force=true' : ''}`, { method: 'PATCH', dispatcher: agent, body, headers: { 'content-type': type, accept: 'application/json' } })
    const text = await answer.body.text()
    const took = performance.now() - begin
    if (answer.statusCode > 201) throw new Error(`the API server answers ${answer.statusCode}: ${text}`)
    return took
  }
}
