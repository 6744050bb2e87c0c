/** What we say that a patch does is what a real API server makes of it: by every form, for each way around the list of fields, on objects of each kind. */
import { expect } from 'chai'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import type { KubeApi, KubeManifest, KubeObject, Resource } from '../../shared/kube/api.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import { DAEMON_SETS, DEPLOYMENTS, NAMESPACES, SERVICE_ACCOUNTS, STATEFUL_SETS } from '../../shared/kube/resources.ts'
import { connect } from '../../shared/kube/transport.ts'
import { applied } from '../../shared/rules/patches/apply.ts'
import { diff } from '../../shared/rules/patches/changes.ts'
import { parsePatch } from '../../shared/rules/patches/parse.ts'
import { shown } from '../../shared/rules/patches/paths.ts'
import { sampleOf } from '../../shared/rules/patches/samples.ts'
import { EVASIONS, HARMLESS } from '../../shared/rules/patches/testing/evasions.ts'
import { seconds } from '../../shared/lib/time.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'

const NAMESPACE = 'sample'
const SAMPLE = { namespace: NAMESPACE, name: 'sample' }
const KINDS: readonly Resource[] = [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS]
/** Of who writes another version or kind than the stored one the answer is about that alone. */
const ABOUT_THE_WRITE = /^(kind|apiVersion|metadata\.(resourceVersion|uid|deletionTimestamp))/
/** What we refuse to reckon, and the API server takes: a place from the end of a list, and the key that is no member. */
const STRICTER: readonly string[] = ['strategic: the prototype', 'json: a place from the end']

describe('what patches do, on a real API server', function () {
  this.timeout(600_000)
  let cluster: Cluster
  let admin: KubeApi & { readonly close: () => Promise<void> }

  before(async function () {
    this.timeout(900_000)
    cluster = await startCluster({ node: false })
    admin = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'e2e', timers: systemTimers, log: silentLogger })
    await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
    await eventually(() => admin.get(SERVICE_ACCOUNTS, { namespace: NAMESPACE, name: 'default' }), seconds(60))
    for (const resource of KINDS) await admin.create(resource, quiet(sampleOf(resource)))
  })
  after(async () => {
    await admin?.close()
    await cluster?.stop()
  })

  /** No pods come of it, so that nobody else writes to it meanwhile. */
  function quiet(sample: Record<string, unknown> | undefined): KubeManifest {
    const manifest = sample as unknown as KubeManifest & { spec: { replicas?: number; template: { spec: { nodeSelector: object } } } }
    if (manifest.spec.replicas !== undefined) manifest.spec.replicas = 0
    manifest.spec.template.spec.nodeSelector = { disk: 'ssd' }
    return manifest
  }

  type Answer = { readonly object: unknown } | { readonly refused: string }
  async function answered(call: Promise<unknown>): Promise<Answer> {
    try {
      return { object: await call }
    } catch (error) {
      if (!isApiError(error)) throw error
      return { refused: `${error.kind} ${error.code}: ${(error.serverMessage ?? '').slice(0, 200)}` }
    }
  }
  /** The cluster's own controllers write statuses when they like: what they were at meanwhile is compared once more. */
  async function undisturbed<T>(resource: Resource, compare: (live: KubeObject) => Promise<T>): Promise<T> {
    for (let round = 0; round < 20; round++) {
      const live = await admin.get<KubeObject>(resource, SAMPLE)
      const result = await compare(live)
      if ((await admin.get(resource, SAMPLE)).metadata.resourceVersion === live.metadata.resourceVersion) return result
    }
    throw new Error(`${resource.kind} never stood still`)
  }
  const fields = (before: unknown, after: unknown): string[] => diff(before, after).map(({ path, after: value }) => `${shown(path)}: ${JSON.stringify(value)}`).toSorted()

  for (const resource of KINDS) {
    it(`of a ${resource.kind} are what we say`, async () => {
      const tally = { alike: 0, bothRefuse: 0, left: 0, stricter: 0 }
      const differ: string[] = []
      for (const { title, body } of [...EVASIONS, ...HARMLESS.map((patch) => ({ title: JSON.stringify(patch), body: patch }))]) {
        const parsed = parsePatch(body)
        // What cannot be read is sent to nobody.
        if ('problems' in parsed || parsed.touches.some(({ path }) => path.length === 0 || ABOUT_THE_WRITE.test(shown(path)))) {
          tally.left++
          continue
        }
        const { content } = parsed
        // Written whole, so that defaults, unknown fields and validation are the API server's own.
        const { live, ours, theirs, written } = await undisturbed(resource, async (live) => {
          const ours = applied(content, live as unknown as Record<string, unknown>)
          const theirs = await answered(admin.patch(resource, SAMPLE, content, { dryRun: true }))
          const written = 'object' in ours ? await answered(admin.replace(resource, ours.object as KubeManifest, { dryRun: true })) : undefined
          return { live, ours, theirs, written }
        })
        if ('cannot' in ours) {
          if ('refused' in theirs) tally.bothRefuse++
          else if (STRICTER.includes(title)) tally.stricter++
          else differ.push(`${title}: we say that it ${ours.cannot}, and the API server changes ${fields(live, theirs.object).join(', ')}`)
          continue
        }
        if (written === undefined) throw new Error(`${title} was not written`)
        if ('refused' in theirs && 'refused' in written) tally.bothRefuse++
        else if ('object' in theirs && 'object' in written && JSON.stringify(fields(live, theirs.object)) === JSON.stringify(fields(live, written.object))) tally.alike++
        else differ.push(`${title}: we say ${'object' in written ? fields(live, written.object).join(', ') : written.refused}; the API server says ${'object' in theirs ? fields(live, theirs.object).join(', ') : theirs.refused}`)
      }
      console.log(`      ${resource.kind}: ${JSON.stringify(tally)}`)
      expect(differ.slice(0, 30).map((line) => line.slice(0, 600)).join('\n')).to.equal('')
      expect(tally.alike).to.be.greaterThan(100)
      expect(tally.stricter).to.equal(STRICTER.length)
    })
  }
})
