/** `kubeskippy simulate`: what a policy would do now, decided by the controller itself on a cluster that it cannot change. */
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { leadingReports } from '../../shared/api/v1alpha1/trigger-match.ts'
import type { HealingPolicy } from '../../shared/api/v1alpha1/types.ts'
import { HEALING_POLICIES, NAMESPACES } from '../../shared/kube/resources.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { ConfigError, messageOf } from '../../shared/lib/errors.ts'
import { isObject, sameJson } from '../../shared/lib/json.ts'
import { printable, quoted } from '../../shared/lib/text.ts'
import { between, formatInstant, millis, parseInstant, type Instant, type Millis } from '../../shared/lib/time.ts'
import { toInstallation } from '../../controller/limit-options.ts'
import { normalised } from '../../shared/rules/judge.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { decode } from '../../shared/schema/defaults.ts'
import type { KubeletSource } from '../../controller/adapters/metrics/kubelets.ts'
import { MetricSources } from '../../controller/adapters/metrics/sources.ts'
import { chosenNamespace, DONE, FAILED, isNamespace, NotPossible, withCluster, type ClusterFlags } from '../command.ts'
import { readControllerOptions } from '../controller-options.ts'
import type { CliEnvironment } from '../environment.ts'
import { toText } from '../layout.ts'
import { inFormat, type Output } from '../output.ts'
import { find } from '../reading.ts'
import { readDocuments } from './documents.ts'
import { replay } from './replay.ts'
import { namespacesOf } from './overlay.ts'
import { SharedLedgers } from './shared.ts'
import { simulate, type Simulation, type SimulationParts } from './run.ts'
import { simulationText, type Told } from './text.ts'
import { verdictOf } from './verdict.ts'

type Document = Readonly<Record<string, unknown>>

export interface SimulateFlags extends ClusterFlags {
  readonly namespace?: string
  readonly config?: string
  readonly last?: Millis
  readonly output: Output
}

/** Exit code: 1 when a policy would be refused, 2 when the file cannot be read. */
export const simulateFile = (env: CliEnvironment, file: string, flags: SimulateFlags): Promise<number> =>
  withCluster(env, flags, async (api) => {
    const [options, { policies, skipped, problems }] = await Promise.all([readControllerOptions(env, flags.config), readPolicies(env, file)])
    if (problems.length > 0) throw new ConfigError(problems)
    for (const what of skipped) env.stderr(`skipped: ${what} is no ${healingPolicy.kind}\n`)
    const metricSource = new MetricSources({ api, timers: env.timers, prometheus: options['prometheus.sources'], ...(options['metrics.kubelet.enabled'] ? { kubelets: UNASKED } : {}) })
    const parts = { api, installation: toInstallation(options), metricSource, clock: env.clock, timers: env.timers, random: env.random, syncInterval: options.syncInterval }
    try {
      // One after the other, in the order of the file: each finds what those before it have taken, and no more of them.
      const shared = new SharedLedgers()
      const told: Told[] = []
      for (const document of policies) told.push(await tell(parts, api, document, await namespaceOf(document, flags, () => chosenNamespace(env, flags)), shared, flags))
      env.stdout(inFormat(flags.output, () => told.map(asData), () => told.map((each) => toText(simulationText(each))).join('\n')))
      return told.some(({ verdict }) => verdict.refusals.length > 0) ? FAILED : DONE
    } finally {
      await metricSource.close()
    }
  })

async function readPolicies(env: CliEnvironment, file: string): Promise<ReturnType<typeof readDocuments>> {
  try {
    return readDocuments(file, await env.readFile(file))
  } catch (error) {
    throw new ConfigError([`${printable(file, 300)} cannot be read: ${messageOf(error)}`], { cause: error })
  }
}

/** As kubectl: two namespaces for one object are a mistake. @throws NotPossible, ConfigError */
async function namespaceOf({ metadata }: Document, { namespace: wanted }: SimulateFlags, otherwise: () => Promise<string>): Promise<string> {
  const own = isObject(metadata) ? metadata['namespace'] : undefined
  if (typeof own !== 'string' || own === '') return wanted ?? otherwise()
  if (!isNamespace(own)) throw new NotPossible(`${quoted(own)} is no name of a namespace`)
  if (wanted !== undefined && wanted !== own) throw new NotPossible(`the file says namespace ${own}, and -n says ${wanted}`)
  return own
}

async function tell(parts: SimulationParts, api: KubeConnection, document: Document, namespace: string, shared: SharedLedgers, { config, last }: SimulateFlags): Promise<Told> {
  const metadata = isObject(document['metadata']) ? document['metadata'] : {}
  const placed = { ...document, metadata: { ...metadata, namespace } }
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : ''
  const old = name === '' ? undefined : await find<HealingPolicy>(api, HEALING_POLICIES, { namespace, name })
  const verdict = verdictOf(placed, old, parts.installation)
  const policy = asStored(placed, old)
  const stored = old === undefined ? 'none' : sameJson(normalised(policy)?.spec, normalised(old)?.spec) ? 'same' : 'other'
  const notes = new Set<string>()
  const base = { policy, stored, verdict } as const
  if (verdict.refusals.length > 0) return { ...base, now: undefined, later: undefined, past: undefined, notes: [] }
  await assertThere(api, namespace)
  if (namespacesOf(policy).length > 1) notes.add('whether you may do the same in every namespace yourself (KS108) is asked at the door')
  if (config === undefined && policy.spec.triggers.some(({ type }) => type === 'metric' || type === 'alert')) notes.add("without --config the controller's sources of metrics and alerts are not known here")
  const run = async (of: HealingPolicy, ahead: number): Promise<Simulation & { readonly at: Instant }> => {
    const found = await simulate(parts, of, millis(ahead), (note) => notes.add(note), shared)
    return { ...found, at: ((api.serverTime() ?? parts.clock.now()) + ahead) as Instant }
  }
  const now = await run(policy, 0)
  const next = now.acts.length > 0 ? undefined : firesNext(now.status)
  const later = next === undefined ? undefined : await run({ ...policy, status: now.status }, between(now.at, next) + 1000)
  const past = last === undefined ? undefined : await replay(parts, policy, last, (note) => notes.add(note))
  return { ...base, now, later, past, notes: [...notes] }
}

/** Their figures take two readings a while apart, and a person's credentials are not for every node. */
const UNASKED: KubeletSource = {
  ask: () => Promise.resolve({ kind: 'NoData', why: 'a simulation does not ask the kubelets: it takes two readings of them to know' }),
  close: () => Promise.resolve(),
}

/** What is pending fires then, if it stays so. */
const firesNext = (status: Simulation['status']): Instant | undefined =>
  leadingReports(status)
    .map(({ firesAt }) => parseInstant(firesAt))
    .filter((at) => at !== undefined)
    .sort((a, b) => a - b)[0]

/** As the API server would hold it. */
function asStored(document: Document, old: HealingPolicy | undefined): HealingPolicy {
  const decoded = decode(healingPolicy, document) as unknown as HealingPolicy
  const { metadata, spec } = decoded
  if (old === undefined) return { ...decoded, metadata: { ...metadata, uid: 'simulated', resourceVersion: '1', generation: 1 } }
  const same = sameJson(normalised({ ...decoded, metadata: old.metadata })?.spec, normalised(old)?.spec)
  const { annotations, labels } = metadata
  return {
    ...old,
    apiVersion: decoded.apiVersion,
    kind: decoded.kind,
    spec,
    metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, ...annotations }, labels: { ...old.metadata.labels, ...labels }, generation: (old.metadata.generation ?? 1) + (same ? 0 : 1) },
  }
}

/** @throws NotPossible */
async function assertThere(api: KubeConnection, namespace: string): Promise<void> {
  try {
    if ((await find(api, NAMESPACES, { name: namespace })) === undefined) throw new NotPossible(`namespace ${namespace} does not exist`)
  } catch (error) {
    // Whoever may not see it may still read what is in it.
    if (!isApiError(error, 'Forbidden')) throw error
  }
}

function asData({ policy, stored, verdict, now, later, past, notes }: Told): unknown {
  const data = (found: Told['now']): unknown => (found === undefined ? undefined : { at: formatInstant(found.at), status: found.status, actions: found.acts })
  return { policy: { namespace: policy.metadata.namespace, name: policy.metadata.name, stored }, ...verdict, now: data(now), later: data(later), past, notes }
}
