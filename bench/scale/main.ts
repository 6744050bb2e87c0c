/**
 * How the controller does with many pods and policies, beside a bare watch client in the same run: what it measures is
 * written down cell by cell, and with them docs/reference/performance.md.
 *
 *     node bench/scale/main.ts [--pods=1000,5000,10000] [--policies=10,100,500] [--rest=60] [--events=1000] [--faults=200] [--storm=1000] [--keep=false] [--profile=DIR]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { performanceReference } from '../../hack/generators/performance.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { clear, createAll, populate, startBare, startController, startStage, type Stage } from './parts.ts'
import { atRest, faults, perEvent, storm, untilBareSynced, untilReady, untilSettled } from './phases.ts'
import { tell } from './report.ts'
import { keepResult, type Cell } from './results.ts'
import { NAMESPACES_OF_PODS, policies, SIZES, workloadCount, type PodKey, type Size } from './world.ts'

const { values } = parseArgs({
  options: {
    pods: { type: 'string', default: SIZES.pods.join(',') },
    policies: { type: 'string', default: SIZES.policies.join(',') },
    rest: { type: 'string', default: '60' },
    events: { type: 'string', default: '1000' },
    faults: { type: 'string', default: '200' },
    storm: { type: 'string', default: '1000' },
    keep: { type: 'string', default: 'true' },
    profile: { type: 'string' },
  },
})
const numbers = (text: string): readonly number[] => text.split(',').map(Number)
const sizes = { pods: numbers(values.pods), policies: numbers(values.policies) }
const [rest, events, count, many] = [values.rest, values.events, values.faults, values.storm].map(Number)
const wrong = [...sizes.pods, ...sizes.policies, rest, events, count, many].some((number) => number === undefined || !Number.isInteger(number) || number < 1)
if (wrong || [...sizes.pods, ...sizes.policies].some((number) => number % NAMESPACES_OF_PODS !== 0) || sizes.policies.some((number) => number > Math.min(...sizes.pods)) || !['true', 'false'].includes(values.keep)) {
  console.error(`whole numbers above 0; pods and policies multiples of ${NAMESPACES_OF_PODS}, and no more policies than pods`)
  process.exit(2)
}

const begin = performance.now()
const say = (line: string): void => console.error(`${String(Math.round((performance.now() - begin) / 1000)).padStart(5)} s  ${line}`)

for (const count of sizes.pods) {
  const folder = mkdtempSync(join(tmpdir(), 'kubeskippy-bench-'))
  const stage = await startStage(folder, say)
  try {
    const pods = await populate(stage, count, sizes.policies)
    for (const policies of sizes.policies) {
      const cell = await measure(stage, pods, { pods: count, policies })
      console.log(tell(cell))
      if (values.keep !== 'true') continue
      keepResult(cell)
      writeFileSync(fileURLToPath(new URL(`../../${performanceReference.path}`, import.meta.url)), performanceReference.produce())
    }
    await stage.api.close()
  } finally {
    await stage.cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
if (values.keep === 'true') console.log(`written: bench/scale/results.json, ${performanceReference.path}`)

async function measure(stage: Stage, pods: readonly PodKey[], size: Size): Promise<Cell> {
  const name = `${size.pods} pods, ${size.policies} policies`
  const load = loadavg()[0] ?? Number.NaN
  say(`${name}: cold start`)
  await createAll(stage.api, HEALING_POLICIES, policies(size.policies))
  const id = `${size.pods}-${size.policies}`
  const bare = await startBare(stage, `bare-${id}`)
  const synced = await untilBareSynced(bare)
  const controller = await startController(stage, `controller-${id}`, { profile: values.profile })
  try {
    const ready = await untilReady(controller)
    // Once more: what the API server had to warm up for the first of them, it had to for no other.
    const again = await startBare(stage, `bare-again-${id}`)
    const cold = { synced: ready, bare: Math.min(synced, await untilBareSynced(again)) }
    await again.guest.stop()
    const subjects = { stage, bare, controller, size, pods }
    say(`${name}: until all policies are judged`)
    await untilSettled({ stage, controllers: [controller] })
    say(`${name}: at rest for ${rest} s`)
    const resting = await atRest(subjects, rest ?? 0)
    say(`${name}: ${events} events of pods`)
    const cost = await perEvent(subjects, events ?? 0)
    say(`${name}: ${values.faults} faults, one after another`)
    const single = await faults(subjects, Math.min(count ?? 0, workloadCount(size.pods)))
    say(`${name}: ${many} faults at once`)
    const together = await storm(subjects, many ?? 0)
    const machine = { day: new Date().toISOString().slice(0, 10), cores: availableParallelism(), node: process.version, load: [load, loadavg()[0] ?? Number.NaN] as const }
    return { ...size, machine, cold, rest: resting, events: cost, faults: single, storm: together }
  } finally {
    await controller.guest.stop()
    await bare.guest.stop()
    await clear(stage)
  }
}
