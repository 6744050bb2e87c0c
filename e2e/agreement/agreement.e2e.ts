/**
 * A real API server and our own validators judge the same objects: the samples, and some thousands that are generated.
 * Both must come to the same verdict for the same fields.
 *
 * `AGREEMENT_SEED=n` replays a run, `AGREEMENT_RUNS=n` makes it longer.
 */
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingAction } from '../../shared/api/v1alpha1/healing-action.schema.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import { isObject } from '../../shared/lib/json.ts'
import { seconds } from '../../shared/lib/time.ts'
import { decode } from '../../shared/schema/defaults.ts'
import type { CustomResource } from '../../shared/schema/structural.ts'
import { withFaults } from '../../shared/testing/arbitraries/mutate.ts'
import { actionSpec, anyAction, anyPolicy, policySpec, type Manifest } from '../../shared/testing/arbitraries/resources.ts'
import { readCorpus, type Sample, type SampleDocument } from '../../shared/testing/corpus.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { connect, type Answer, type ApiServer, type Place } from './server.ts'
import { disagreement, isFrame, ourPaths, ourUnknown, placeOf, resourceOf, unknownInAnswer } from './verdicts.ts'

const SEED = Number(process.env['AGREEMENT_SEED'] ?? 20_300_101)
const RUNS = Number(process.env['AGREEMENT_RUNS'] ?? 3000)
const CRDS = fileURLToPath(new URL('../../config/crd/bases', import.meta.url))
/** Requests in flight: more only make the API server's queue longer. */
const CONCURRENCY = 8

const corpus = await readCorpus()

describe('agreement with a real API server', function () {
  this.timeout(900_000)
  let cluster: Cluster
  let server: ApiServer

  before(async () => {
    cluster = await startCluster({ node: false })
    await cluster.kubectl(['apply', '--server-side', '-f', CRDS])
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=120s', ...resources.map(({ plural }) => `crd/${plural}.kubeskippy.io`)])
    // For a moment after that its API is not there yet.
    await eventually(async () => {
      for (const { plural } of resources) expect((await cluster.kubectl(['get', `${plural}.kubeskippy.io`, '-A'])).code, plural).to.equal(0)
    }, seconds(60))
    const namespaces = new Set(corpus.map(({ now }) => placeOf(now.value).namespace))
    for (const namespace of namespaces) await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }) })
    server = await connect(cluster.kubeconfig)
  })

  after(async () => {
    await server?.close()
    await cluster?.stop()
  })

  it('takes every CRD as it is, without a warning', async () => {
    for (const file of await readdir(CRDS)) {
      const { stderr } = await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-f', `${CRDS}/${file}`])
      expect(stderr, file).to.equal('')
    }
  })

  it('offers the kinds by their short names and category', async () => {
    await eventually(async () => {
      const { stdout } = await cluster.kubectl(['api-resources', '--api-group=kubeskippy.io', '--categories=kubeskippy', '--no-headers'])
      expect(stdout).to.match(/^healingactions +ha +/m).and.to.match(/^healingpolicies +hp +/m)
      expect(stdout).not.to.contain('healingledgers')
    }, seconds(60))
  })

  for (const sample of corpus) {
    it(`judges ${sample.file} as we do`, () => (sample.old === undefined ? judgeCreation(sample) : judgeUpdate(sample, sample.old)))
  }

  async function judgeCreation({ now }: Sample): Promise<void> {
    const resource = resourceOf(now.value)
    const answer = await server.create(placeOf(now.value), now.text)
    expect(disagreement(ourPaths(resource, now.value), answer), answer.text).to.equal(undefined)
    const strict = await server.create(placeOf(now.value), now.text, { fieldValidation: 'Strict' })
    const unknown = ourUnknown(resource, now.value)
    if (unknown.length > 0) expect(unknownInAnswer(strict), strict.text).to.deep.equal(unknown)
    else expect(disagreement(ourPaths(resource, now.value), strict), strict.text).to.equal(undefined)
  }

  type Stored = Readonly<Record<'name' | 'uid' | 'resourceVersion', string>>

  /** An action is decided after it was written down, so an old object with a decision takes two writes. */
  async function storeOld(place: Place, { text, value }: SampleDocument): Promise<Stored> {
    const { spec } = value as { readonly spec?: Readonly<Record<string, unknown>> }
    if (spec?.['approval'] === undefined) return (await server.store(place, text))['metadata'] as Stored
    const { approval: _, ...undecided } = spec
    const stored = (await server.store(place, JSON.stringify({ ...(value as object), spec: undecided })))['metadata'] as Stored
    return (await server.change(place, stored.name, JSON.stringify({ ...(value as object), metadata: stored, spec })))['metadata'] as Stored
  }

  async function judgeUpdate({ now }: Sample, old: SampleDocument): Promise<void> {
    const place = placeOf(now.value)
    const { name, uid, resourceVersion } = await storeOld(place, old)
    try {
      const manifest = now.value as Record<string, unknown>
      const body = { ...manifest, metadata: { ...(manifest['metadata'] as object), uid, resourceVersion } }
      const answer = await server.replace(place, name, JSON.stringify(body))
      expect(disagreement(ourPaths(resourceOf(manifest), manifest, old.value), answer), answer.text).to.equal(undefined)
    } finally {
      await server.remove(place, name)
    }
  }

  /** Asked only about objects with unknown fields: of the others strict validation says nothing new. */
  async function judgeStrictly(resource: CustomResource, object: Manifest, body: string): Promise<string | undefined> {
    const unknown = ourUnknown(resource, object)
    if (unknown.length === 0 || ourPaths(resource, object).some(isFrame)) return undefined
    const answer = await server.create(placeOf(object), body, { fieldValidation: 'Strict' })
    return isDeepStrictEqual(unknownInAnswer(answer), unknown) ? undefined : `unknown to us: ${unknown.join(', ')}; strictly: ${answer.text}`
  }

  it('stores a policy with the defaults that the controller applies on read', async () => {
    for (const { file, valid, now, old } of corpus) {
      if (!valid || old !== undefined || !isObject(now.value)) continue
      const resource = resourceOf(now.value)
      const { text } = await server.create(placeOf(now.value), now.text)
      const { spec } = JSON.parse(text) as { spec: unknown }
      expect(spec, file).to.deep.equal(decode(resource, now.value)['spec'])
    }
  })

  const creations: readonly [CustomResource, Arbitrary<Manifest>, number][] = [
    [healingPolicy, anyPolicy, RUNS],
    [healingAction, anyAction, Math.ceil(RUNS / 4)],
  ]
  for (const [resource, arbitrary, runs] of creations) {
    it(`judges ${runs} generated objects of ${resource.kind} as we do (seed ${SEED})`, async () => {
      const objects = fc.sample(arbitrary, { seed: SEED, numRuns: runs })
      const accepted = await compareAll(objects, async (object) => {
        const body = JSON.stringify(object)
        const answer = await server.create(placeOf(object), body)
        return { answer, body, difference: disagreement(ourPaths(resource, object), answer) ?? (await judgeStrictly(resource, object, body)) }
      })
      // Agreement about objects that are all refused, or all accepted, would say little.
      expect(Math.min(accepted, runs - accepted), `${accepted} of ${runs} accepted`).to.be.greaterThan(runs / 5)
    })
  }

  const updates: readonly [CustomResource, Arbitrary<object>][] = [
    [healingPolicy, policySpec],
    [healingAction, actionSpec],
  ]
  for (const [resource, spec] of updates) {
    it(`judges generated updates of ${resource.kind} as we do (seed ${SEED})`, async () => {
      const olds = fc.sample(spec, { seed: SEED, numRuns: Math.ceil(RUNS / 300) })
      for (const old of olds) {
        const manifest = { apiVersion: API_VERSION, kind: resource.kind, metadata: { name: 'stored', namespace: 'default' }, spec: old }
        const place = placeOf(manifest)
        const stored = await server.store(place, JSON.stringify(manifest))
        const faulty = fc.sample(withFaults(fc.constant({ spec: old })), { seed: SEED, numRuns: 30 })
        try {
          await compareAll(faulty, async (change) => {
            const now = { ...manifest, metadata: stored['metadata'], ...(isObject(change) ? change : {}) }
            const body = JSON.stringify(now)
            const answer = await server.replace(place, 'stored', body)
            return { answer, body, difference: disagreement(ourPaths(resource, now, manifest), answer) }
          })
        } finally {
          await server.remove(place, 'stored')
        }
      }
    })
  }
})

interface Comparison {
  readonly answer: Answer
  readonly body: string
  readonly difference: string | undefined
}

/** Compares all, some at a time, and fails with the first few that differ. @returns how many were accepted */
async function compareAll<T>(items: readonly T[], compare: (item: T) => Promise<Comparison>): Promise<number> {
  const queue = items.values()
  const differences: string[] = []
  let accepted = 0
  const work = async (): Promise<void> => {
    for (const item of queue) {
      const { answer, body, difference } = await compare(item)
      if (answer.accepted) accepted++
      if (difference !== undefined) differences.push(`${difference}\n${body}\n${answer.text}`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  expect(differences.slice(0, 5), `${differences.length} differ; replay with AGREEMENT_SEED=${SEED}`).to.deep.equal([])
  return accepted
}
