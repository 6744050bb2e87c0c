/**
 * One verdict in four places: every sample that creates an object goes through the offline lint, a server dry run, a real create, and
 * the re-check of a running controller (with the door's configuration away, so that what the door refuses is stored at all); and
 * every update of what is stored, by some edits that do more and some that do less, through the rules here and the server's dry run.
 * The sets of rule ids and fields must be equal, but for what `Rule.needs` and `partlyNeeds` mark: only a place that can know it finds it.
 */
import { expect } from 'chai'
import { API_VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { healingPolicy } from '../../shared/api/v1alpha1/healing-policy.schema.ts'
import { CONTROLLER_USER, HEALING_POLICY_ADMISSION_POLICY } from '../../shared/api/v1alpha1/names.ts'
import { systemTimers } from '../../shared/adapters/system-clock.ts'
import type { HealingPolicy, HealingPolicySpec } from '../../shared/api/v1alpha1/types.ts'
import { isApiError } from '../../shared/kube/errors.ts'
import type { KubeManifest } from '../../shared/kube/api.ts'
import { HEALING_POLICIES } from '../../shared/kube/resources.ts'
import { connect, type KubeConnection } from '../../shared/kube/transport.ts'
import { isObject } from '../../shared/lib/json.ts'
import { seconds } from '../../shared/lib/time.ts'
import { judge } from '../../shared/rules/judge.ts'
import { RULES } from '../../shared/rules/registry.ts'
import { DEFAULT_INSTALLATION } from '../../shared/rules/rule.ts'
import type { Violation } from '../../shared/rules/violation.ts'
import { silentLogger } from '../../shared/runtime/logger.ts'
import { readCorpus } from '../../shared/testing/corpus.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { fromRefusal, fromWarning } from '../../cli/lint/answer.ts'
import { checkText } from '../../cli/lint/check-text.ts'
import { NO_CONFIG } from '../../cli/lint/config.ts'
import type { Remark } from '../../cli/lint/finding.ts'
import { LAYERS } from '../../cli/lint/layers.ts'
import { askServer } from '../../cli/lint/server.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { install, type Installation } from '../installation/installation.ts'

const NEEDS: ReadonlyMap<string, string> = new Map(RULES.flatMap(({ id, needs }) => (needs === undefined ? [] : [[id, needs]])))
/** Of these some findings are another place's alone. */
const PARTLY: ReadonlySet<string> = new Set(RULES.flatMap(({ id, partlyNeeds }) => (partlyNeeds === undefined ? [] : [id])))
/** The schema and what the API server drops are other layers: `agreement.e2e.ts` and `lint.e2e.ts` compare them. */
const IDS: ReadonlySet<string> = new Set(RULES.map(({ id }) => id).filter((id) => id !== LAYERS.unknown.id))

/** Without what this place may know and another not. */
const rulesOf = (remarks: readonly Pick<Remark, 'rule' | 'level' | 'path'>[], level?: Remark['level']): string[] =>
  [...new Set(remarks.filter((remark) => IDS.has(remark.rule) && !NEEDS.has(remark.rule) && (level === undefined || remark.level === level)).map((remark) => `${remark.level} ${remark.rule} ${remark.path}`))].sort()

/** Without what only that place can know of a rule that partly needs it, which is put into `more`. */
function knownTo(offline: readonly string[], elsewhere: readonly string[], more: Set<string>): readonly string[] {
  const [known, rest] = [false, true].map((wanted) => elsewhere.filter((line) => (!offline.includes(line) && PARTLY.has(line.split(' ')[1] ?? '')) === wanted))
  for (const line of rest ?? []) more.add(line)
  return known ?? []
}

const schemaOf = (remarks: readonly Pick<Remark, 'rule' | 'path'>[]): string[] => [...new Set(remarks.filter(({ rule }) => rule === 'KS001' || rule === 'KS002').map(({ path }) => path))].sort()

/** What an author changes of what is stored: nothing that matters, something that makes it do less, something that makes it do more. */
const EDITS: readonly (readonly [what: string, edit: (spec: HealingPolicySpec) => unknown])[] = [
  ['another label', (spec) => spec],
  ['a longer cooldown', (spec) => ({ ...spec, triggers: spec.triggers.map((trigger) => ({ ...trigger, cooldownPeriod: '700h' })) })],
  ['a single action an hour', (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, maxActionsPerHour: 1 } })],
  ['more actions an hour', (spec) => ({ ...spec, safetyRules: { ...spec.safetyRules, maxActionsPerHour: 59 } })],
  ['another trigger', (spec) => ({ ...spec, triggers: [...spec.triggers, { name: 'one-more', type: 'condition', cooldownPeriod: '5m', conditionTrigger: { type: 'CrashLoopBackOff', status: 'True', duration: '1m' } }] })],
]

const corpus = (await readCorpus()).filter(({ now: { value }, old }) => old === undefined && isObject(value) && value['kind'] === healingPolicy.kind)

describe('one verdict in four places', function () {
  this.timeout(900_000)
  let cluster: Cluster
  let installation: Installation | undefined
  let api: KubeConnection | undefined
  /** `error KS101`, of all samples. */
  const told = new Set<string>()
  /** What the API server adds to rules that partly need it. */
  const more = new Set<string>()
  /** What can be stored. */
  const stored: { readonly file: string; readonly offline: readonly string[]; readonly manifest: KubeManifest }[] = []

  before(async () => {
    cluster = await startCluster({ node: false, log: () => {} })
    installation = await install(cluster, { controller: false })
    api = connect({ kubeconfig: cluster.kubeconfig, userAgent: 'kubeskippy-e2e', timers: systemTimers, log: silentLogger })
    const namespaces = new Set(corpus.map(({ now }) => placed(now.value).metadata.namespace ?? ''))
    for (const namespace of namespaces) await cluster.kubectl(['create', 'namespace', namespace])
  })
  after(async () => {
    await api?.close()
    await installation?.stopController()
    await installation?.stopWebhook()
    await cluster?.stop()
  })

  const placed = (value: unknown): KubeManifest => {
    const { metadata, ...rest } = value as { metadata?: { namespace?: string; name?: string } }
    return { ...rest, metadata: { ...metadata, namespace: metadata?.namespace ?? 'default' } } as KubeManifest
  }

  /** Each under a name of its own, and of the version that is stored. */
  const named = (manifest: KubeManifest, name: string): KubeManifest => ({ ...manifest, apiVersion: API_VERSION, metadata: { ...manifest.metadata, name } })

  for (const { file, now } of corpus) {
    it(`of ${file}: offline, in a dry run and for real`, async () => {
      if (api === undefined) throw new Error('no connection')
      const text = JSON.stringify(placed(now.value))
      const { candidates } = checkText({ file, text }, NO_CONFIG)
      const offline = candidates[0]?.remarks ?? expect.fail('no object of ours')
      const { candidates: asked, problems, door } = await askServer(api, candidates)
      expect({ problems, door }).to.deep.equal({ problems: [], door: true })
      const dry = asked[0]?.remarks ?? []
      const real: Remark[] = []
      try {
        const { metadata } = await api.create(HEALING_POLICIES, placed(now.value), { onWarning: (warning) => void real.push(fromWarning(warning, offline)) })
        await cluster.kubectl(['delete', 'healingpolicy', metadata.name, '-n', metadata.namespace ?? ''])
      } catch (error) {
        // What cannot even be decoded is told without fields; the frame of objects is compared in agreement.e2e.ts.
        if (isApiError(error, 'BadRequest')) return expect(offline.map(({ rule }) => rule)).to.include('KS001')
        if (!isApiError(error)) throw error
        real.push(...fromRefusal(error, offline).remarks)
      }
      const all = { rules: rulesOf(offline), schema: schemaOf(offline) }
      for (const line of all.rules) told.add(line.split(' ', 2).join(' '))
      expect({ rules: knownTo(all.rules, rulesOf(dry), more), schema: schemaOf(dry) }, 'dry run').to.deep.equal(all)
      expect({ rules: knownTo(all.rules, rulesOf(real), more), schema: schemaOf(real) }, 'create').to.deep.equal(all)
      // An object of the wrong shape is never stored, so no controller meets it.
      if (all.schema.length === 0) stored.push({ file, offline: rulesOf(offline, 'error'), manifest: placed(now.value) })
      return undefined
    })
  }

  it('in which each rule that a file can break says all that it can', () => {
    const expected = RULES.filter(({ id, needs }) => needs === undefined && IDS.has(id)).flatMap(({ id, severity, alsoWarns }) => (severity === 'W' ? [`warning ${id}`] : [`error ${id}`, ...(alsoWarns === true && id !== 'KS107' ? [`warning ${id}`] : [])]))
    expect([...told].sort()).to.deep.equal(expected.sort())
  })

  describe('of every update of what was stored before the door', () => {
    const olds: HealingPolicy[] = []
    const remark = (level: Remark['level']) => ({ rule, path, what, why, fix }: Violation): Remark => ({ rule, path, what, why, fix, level })

    before(async () => {
      if (api === undefined) throw new Error('no connection')
      const all = stored.map(({ manifest }, index) => named(manifest, `stored-${index}`))
      // The door does not ask the controller, which is how they get past it.
      const made = await cluster.kubectl(['create', '-f', '-', '--as', CONTROLLER_USER, '--as-group', 'system:masters', '--validate=false', '-o', 'name'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }) })
      const names = new Set(made.stdout.split('\n').map((line) => line.split('/')[1]))
      for (const { metadata } of all.filter(({ metadata: { name } }) => names.has(name))) olds.push(await api.get<HealingPolicy>(HEALING_POLICIES, { namespace: metadata.namespace ?? '', name: metadata.name }))
      expect(olds.length, made.stderr).to.be.greaterThan(100)
    })
    after(async () => {
      for (const namespace of new Set(olds.map(({ metadata }) => metadata.namespace ?? ''))) await cluster.kubectl(['delete', 'healingpolicies', '--all', '-n', namespace])
    })

    for (const [what, edit] of EDITS) {
      it(`that has ${what}`, async () => {
        if (api === undefined) throw new Error('no connection')
        const differing: string[] = []
        let refused = 0
        for (const old of olds) {
          const now = { ...old, metadata: { ...old.metadata, labels: { ...old.metadata.labels, edited: 'true' } }, spec: edit(old.spec) }
          const { violations, warnings } = judge(now, { old, installation: DEFAULT_INSTALLATION })
          const here = [...violations.map(remark('error')), ...warnings.map(remark('warning'))]
          const there: Remark[] = []
          try {
            await api.replace(HEALING_POLICIES, now, { dryRun: true, onWarning: (warning) => void there.push(fromWarning(warning, here)) })
          } catch (error) {
            if (!isApiError(error)) throw error
            there.push(...fromRefusal(error, here).remarks)
          }
          if (violations.length > 0) refused++
          const [mine, theirs] = [rulesOf(here), knownTo(rulesOf(here), rulesOf(there), more)]
          if (JSON.stringify(mine) !== JSON.stringify(theirs)) differing.push(`${old.metadata.name}: here ${mine.join(', ') || 'nothing'}; the server ${theirs.join(', ') || 'nothing'}`)
        }
        expect(differing).to.deep.equal([])
        if (what === 'another trigger') expect(refused).to.be.greaterThan(20)
        expect(refused).to.be.lessThan(olds.length)
      })
    }
  })

  // Last: it takes the door away.
  describe('of every stored object', () => {
    it('by the controller, before it would act', async () => {
      if (api === undefined || installation === undefined) throw new Error('not installed')
      await cluster.kubectl(['delete', 'validatingwebhookconfigurations,mutatingwebhookconfigurations', '--all'])
      // It keeps out of protected namespaces without the door too.
      await cluster.kubectl(['delete', 'validatingadmissionpolicybinding', HEALING_POLICY_ADMISSION_POLICY])
      await installation.stopWebhook()
      const connection = api
      const samples = stored.map(({ manifest, ...sample }, index) => ({ ...sample, manifest: named(manifest, `sample-${index}`) }))
      await eventually(async () => {
        expect(samples.length).to.be.greaterThan(0)
        for (const { manifest } of samples) await connection.create(HEALING_POLICIES, manifest, { dryRun: true })
      }, seconds(60))
      await installation.startController()
      const verdictOf = async ({ metadata }: KubeManifest): Promise<readonly string[]> => {
        const key = { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) }
        const { status } = await connection.get<HealingPolicy>(HEALING_POLICIES, key)
        const accepted = status?.conditions?.find(({ type }) => type === 'Accepted') ?? expect.fail(`${metadata.name} has no verdict`)
        const told = Array.from((accepted.message ?? '').matchAll(/\[(KS[0-9]{3})\] (\S+): /g), ([, rule = '', path = '']): Remark => ({ rule, level: 'error', path, what: '' }))
        expect(accepted.status, `${metadata.name}: ${accepted.message}`).to.equal(told.length === 0 ? 'True' : 'False')
        expect(accepted.message ?? '', 'cut').to.not.match(/…$/)
        return rulesOf(told, 'error')
      }
      const differing: string[] = []
      // One after another: what policies do to each other is for other suites.
      for (const { file, offline, manifest } of samples) {
        await connection.create(HEALING_POLICIES, manifest)
        const verdict = knownTo(offline, await eventually(() => verdictOf(manifest), seconds(90)), more)
        if (JSON.stringify(verdict) !== JSON.stringify(offline)) differing.push(`${file}: offline ${offline.join(', ') || 'nothing'}; the controller ${verdict.join(', ') || 'nothing'}`)
        // The controller may write its status once more meanwhile.
        await eventually(async () => {
          const { uid, resourceVersion } = (await connection.get(HEALING_POLICIES, manifest.metadata)).metadata
          await connection.delete(HEALING_POLICIES, manifest.metadata, { preconditions: { uid, resourceVersion } })
        }, seconds(90))
      }
      expect(differing).to.deep.equal([])
      // Custom kinds that this cluster has no definition of.
      expect([...more].sort()).to.deep.equal(['warning KS107 spec.selector.resources[0].kind', 'warning KS107 spec.selector.resources[2].kind'])
      // Agreement about objects without violations would say little: each rule that refuses, and that a file can break, is broken by one.
      const broken = new Set(samples.flatMap(({ offline }) => offline.map((line) => line.split(' ')[1])))
      expect([...broken]).to.have.members(RULES.filter(({ severity, needs }) => severity === 'E' && needs === undefined).map(({ id }) => id))
    })
  })
})
