/**
 * Several controllers that share the work of thousands of pods: what each of them takes at rest, and what becomes of many
 * failures when one of the controllers is killed amid them.
 *
 *     node bench/shards/main.ts [--pods=10000] [--policies=100] [--replicas=3] [--shards=12] [--faults=150] [--rest=60] [--keep=false]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { performanceReference } from '../../hack/generators/performance.ts'
import { MOST_SHARDS } from '../../shared/api/v1alpha1/names.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { createAll, populate, startController, startStage, type Controller } from '../scale/parts.ts'
import { untilReady, untilSettled } from '../scale/phases.ts'
import { healingPolicies, MOST_WORKLOADS, NAMESPACES_OF_PODS } from '../scale/world.ts'
import { failWhileOneDies, restOf, untilShared } from './phases.ts'
import { tellSharing } from './report.ts'
import { keepSharing, type Sharing } from './results.ts'

/** As many acts as the cluster may have within an hour, at the most. */
const ACTS_PER_HOUR = 200
/** Pairs of ports beside a cluster. */
const MOST_REPLICAS = 4

const { values } = parseArgs({
  options: {
    pods: { type: 'string', default: '10000' },
    policies: { type: 'string', default: '100' },
    replicas: { type: 'string', default: '3' },
    shards: { type: 'string', default: '12' },
    faults: { type: 'string', default: '150' },
    rest: { type: 'string', default: '60' },
    keep: { type: 'string', default: 'true' },
  },
})
const [pods = 0, policies = 0, replicas = 0, shards = 0, faults = 0, rest = 0] = [values.pods, values.policies, values.replicas, values.shards, values.faults, values.rest].map(Number)
const problems = [
  [pods % NAMESPACES_OF_PODS !== 0 || pods < NAMESPACES_OF_PODS, `--pods=${values.pods}: a multiple of ${NAMESPACES_OF_PODS}`],
  [policies % NAMESPACES_OF_PODS !== 0 || policies < NAMESPACES_OF_PODS || policies > pods, `--policies=${values.policies}: a multiple of ${NAMESPACES_OF_PODS}, and no more than pods`],
  [!(Number.isInteger(replicas) && replicas >= 2 && replicas <= MOST_REPLICAS), `--replicas=${values.replicas}: 2 to ${MOST_REPLICAS}`],
  [!(Number.isInteger(shards) && shards >= 2 && shards <= MOST_SHARDS), `--shards=${values.shards}: 2 to ${MOST_SHARDS}`],
  [!(Number.isInteger(faults) && faults >= 1 && faults <= Math.min(ACTS_PER_HOUR, MOST_WORKLOADS, pods)), `--faults=${values.faults}: 1 to ${Math.min(ACTS_PER_HOUR, pods)}, one of each workload`],
  [!(Number.isInteger(rest) && rest >= 1), `--rest=${values.rest}: whole seconds`],
  [!['true', 'false'].includes(values.keep), `--keep=${values.keep}: true or false`],
].flatMap(([wrong, message]) => (wrong === true ? [message] : []))
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(2)
}

const begin = performance.now()
const say = (line: string): void => console.error(`${String(Math.round((performance.now() - begin) / 1000)).padStart(5)} s  ${line}`)
const FLAGS = ['--leader-elect=true', `--shards=${shards}`, '--storm-cluster-percent=100', '--storm-minimum=100000', `--cluster-actions-per-hour=${ACTS_PER_HOUR}`]

const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-bench-'))
const stage = await startStage(folder, say)
try {
  const keys = await populate(stage, pods, [policies])
  await createAll(stage.api, HEALING_POLICIES, healingPolicies(policies))
  const load = loadavg()[0] ?? Number.NaN
  const controllers: readonly Controller[] = await Promise.all(Array.from({ length: replicas }, (_, place) => startController(stage, `controller-${place}`, { flags: FLAGS, place })))
  try {
    await Promise.all(controllers.map(untilReady))
    say(`until ${replicas} controllers have shared ${shards} shards, and all policies are judged`)
    await untilShared(controllers, shards)
    await untilSettled({ stage, controllers })
    say(`at rest for ${rest} s`)
    const resting = { seconds: rest, controllers: await restOf(controllers, shards, rest) }
    say(`${faults} pods fail at once, and one controller is killed`)
    const failure = await failWhileOneDies({ stage, controllers, shards, broken: keys.slice(0, faults), say })
    const machine = { day: new Date().toISOString().slice(0, 10), cores: availableParallelism(), node: process.version, load: [load, loadavg()[0] ?? Number.NaN] as const }
    const result: Sharing = { pods, policies, replicas, shards, machine, rest: resting, failure }
    console.log(tellSharing(result))
    if (values.keep === 'true') {
      keepSharing(result)
      writeFileSync(fileURLToPath(new URL(`../../${performanceReference.path}`, import.meta.url)), performanceReference.produce())
      console.log(`written: bench/shards/results.json, ${performanceReference.path}`)
    }
  } finally {
    await Promise.all(controllers.map(({ guest }) => guest.stop()))
  }
  await stage.api.close()
} finally {
  await stage.cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}
