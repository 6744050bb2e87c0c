/** The chart as Helm renders it: the same as `config/`, nothing that an API server would drop, no value without effect. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { VALUES, treeOf, type Value } from '../../hack/delivery/values.ts'
import { isObject } from '../../shared/lib/json.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { toolDir } from '../cluster/build.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { exec } from '../cluster/exec.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { definitionFiles } from './definitions.ts'
import { CHART, CONFIG, find, helm, helmMust, keyOf, kustomized, render, renderText, type Rendered } from './helm.ts'
import { ALL, MATRIX } from './matrix.ts'
import { writeSchemas } from './schemas.ts'

const HELMS = new Set(['helm.sh/chart', 'app.kubernetes.io/managed-by', 'helm.sh/resource-policy'])

/** Without what Helm's objects have beside, and with the configuration read, whose text two writers of YAML write differently. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([key]) => !HELMS.has(key) && key !== 'checksum/config')
  const members = entries.map(([key, member]): [string, unknown] => [key, key === 'config.yaml' && typeof member === 'string' ? parse(member) : plain(member)])
  return Object.fromEntries(members.filter(([key, member]) => !((key === 'annotations' || key === 'labels') && isObject(member) && Object.keys(member).length === 0)))
}
const byKey = (objects: readonly Rendered[]) => Object.fromEntries(objects.map((object) => [keyOf(object), plain(object)]))

describe('the chart', function () {
  this.timeout(300_000)
  let cluster: Cluster
  let schemas: string
  const dir = mkdtempSync(join(tmpdir(), 'kubeskippy-schemas-'))
  before(async () => {
    await ensureChartParts({ log: (line) => { console.log(line) } })
    cluster = await startCluster({ node: false })
    const files = await definitionFiles()
    const { code, stderr } = await cluster.kubectl(['apply', '--server-side', ...[join(CONFIG, 'crd/bases'), ...files].flatMap((file) => ['-f', file])])
    if (code !== 0) throw new Error(stderr)
    // A server adds a kind to what it tells a moment after it serves it.
    schemas = await eventually(async () => {
      const { stdout } = await cluster.kubectl(['get', '--raw', '/openapi/v2'])
      for (const kind of ['HealingPolicy', 'Certificate', 'Issuer', 'ServiceMonitor', 'PrometheusRule']) expect(stdout).to.contain(`"kind":"${kind}"`)
      return writeSchemas(dir, JSON.parse(stdout))
    }, seconds(30))
  })
  after(async () => {
    await cluster?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  const conform = async (text: string): Promise<{ readonly valid: number; readonly other: unknown }> => {
    const { stdout } = await exec(join(toolDir('kubeconform'), 'kubeconform'), ['-strict', '-summary', '-output', 'json', '-schema-location', schemas, '-'], { input: text })
    const { resources = [], summary } = JSON.parse(stdout) as { resources?: readonly unknown[]; summary: { valid: number } }
    return { valid: summary.valid, other: resources }
  }

  it('passes helm lint', async () => {
    for (const { name, values } of MATRIX) expect((await helm(['lint', CHART, '--strict'], { values })).code, name).to.equal(0)
  })

  it('renders what config/ holds, but for the namespace, which belongs to whoever installs', async () => {
    const base = byKey((await kustomized()).filter(({ kind }) => kind !== 'Namespace'))
    const chart = byKey(await render())
    expect(Object.keys(chart).toSorted()).to.deep.equal(Object.keys(base).toSorted())
    for (const [key, object] of Object.entries(base)) expect(chart[key], key).to.deep.equal(object)
  })

  it('has a namespace for kubectl that takes restricted pods only', async () => {
    expect(find(await kustomized(), 'Namespace', 'kubeskippy-system').metadata['labels']).to.include({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  })

  for (const { name, values, ...options } of MATRIX) {
    it(`conforms to the API: ${name}`, async () => {
      const { valid, other } = await conform(await renderText({ values, ...options }))
      expect(other).to.deep.equal([])
      expect(valid).to.be.greaterThan(30)
    })
  }

  it('is judged by schemas that would find a mistake', async () => {
    const text = await renderText()
    expect((await conform(text.replace('enableServiceLinks:', 'enableServiceLink:'))).other).to.have.length(1)
    expect((await conform(text.replace('maxSurge: 1', 'maxSurge: [1]'))).other).to.have.length(1)
  })

  /** Of a value that says something only where others do. */
  const around = (path: string): Record<string, unknown> => (path.startsWith('certificates.certManager.issuerRef') || path.startsWith('monitoring') || path.startsWith('policies') || path === 'healers.namespaces' ? ALL : {})
  const merged = (base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map((key): [string, unknown] => {
      const [below, above] = [base[key], over[key]]
      return [key, isObject(below) && isObject(above) ? merged(below, above) : (above ?? below)]
    }))
  const others = ({ path, other }: Value): unknown => (path.endsWith('.enabled') && Object.hasOwn(flat(around(path)), path) ? false : path === 'healers.namespaces' ? ['till'] : other)
  const flat = (tree: Record<string, unknown>, prefix = ''): Record<string, unknown> => Object.fromEntries(Object.entries(tree).flatMap(([key, value]) => (isObject(value) ? Object.entries(flat(value, `${prefix}${key}.`)) : [[`${prefix}${key}`, value]])))

  it('changes with every value', async () => {
    const standard = new Map<string, string>()
    const without: string[] = []
    for (const value of VALUES) {
      const values = around(value.path)
      const key = JSON.stringify(values)
      const before = standard.get(key) ?? (await renderText({ values, upgrade: true }))
      standard.set(key, before)
      if ((await renderText({ values: merged(values, treeOf([{ path: value.path, leaf: others(value) }])), upgrade: true })) === before) without.push(value.path)
    }
    expect(without).to.deep.equal([])
  })

  it('refuses a value that there is not, and one of another type', async () => {
    expect((await helm(['template', 'kubeskippy', CHART], { values: { controller: { replica: 3 } } })).stderr).to.contain('replica')
    expect((await helm(['template', 'kubeskippy', CHART], { values: { config: { syncInterval: 30 } } })).stderr).to.contain('syncInterval')
  })

  it('refuses another namespace, and says which', async () => {
    const { code, stderr } = await helm(['template', 'kubeskippy', CHART], { namespace: 'default' })
    expect(code).not.to.equal(0)
    expect(stderr).to.contain('--namespace kubeskippy-system')
  })

  it('says nothing of caBundle, which the webhook or an injector writes', async () => {
    for (const { values, ...options } of MATRIX) expect(await renderText({ values, ...options })).not.to.match(/^\s*(?:- )?caBundle:/m)
  })

  it('impersonates by one way only: constrained from 1.36 on, before it in Roles of the namespaces that consent', async () => {
    for (const [kubeVersion, legacy] of [['1.35.9', true], ['1.36.0', false], ['1.37.1-gke.100', false]] as const) {
      const objects = await render({ values: { healers: { namespaces: ['shop'] } }, kubeVersion })
      const verbs = objects.flatMap((object) => ((object['rules'] ?? []) as readonly { verbs?: readonly string[] }[]).flatMap((rule) => (rule.verbs ?? []).map((verb) => ({ verb, kind: object.kind, namespace: object.metadata.namespace })))).filter(({ verb }) => verb.startsWith('impersonate'))
      if (legacy) expect(verbs, kubeVersion).to.deep.equal([{ verb: 'impersonate', kind: 'Role', namespace: 'shop' }])
      else expect(new Set(verbs.map(({ verb, kind }) => `${verb.split(':')[0]} ${kind}`)), kubeVersion).to.deep.equal(new Set(['impersonate ClusterRole', 'impersonate-on ClusterRole']))
    }
  })

  it('grants no wildcard but on numbers, no write to workloads, and no Secret but its own by name', async () => {
    const rules = (await render({ values: ALL })).filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role').filter(({ metadata }) => metadata.name !== 'kubeskippy-healer').flatMap((object) => (object['rules'] ?? []) as readonly { apiGroups: readonly string[]; resources: readonly string[]; resourceNames?: readonly string[]; verbs: readonly string[] }[])
    expect(rules.filter(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs].some((word) => word.includes('*'))).map(({ apiGroups, verbs }) => [...apiGroups, ...verbs])).to.deep.equal([['custom.metrics.k8s.io', 'get'], ['external.metrics.k8s.io', 'list']])
    const workloads = rules.filter(({ apiGroups, resources }) => apiGroups.includes('apps') || apiGroups.includes('batch') || resources.some((resource) => resource.startsWith('pods')))
    expect(workloads.flatMap(({ verbs }) => verbs).filter((verb) => !['get', 'list', 'watch'].includes(verb) && !verb.startsWith('impersonate-on:'))).to.deep.equal([])
    // A name cannot limit create.
    expect(rules.filter(({ resources }) => resources.includes('secrets'))).to.deep.equal([
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['kubeskippy-webhook-tls'], verbs: ['get', 'update'] },
    ])
  })

  it('keeps the CRDs, and leaves them out where others bring them', async () => {
    const crds = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition')
    expect(crds.map(({ metadata }) => metadata['annotations'])).to.deep.equal(Array.from({ length: 3 }, () => ({ 'helm.sh/resource-policy': 'keep' })))
    expect((await render({ values: { crds: { install: false } } })).filter(({ kind }) => kind === 'CustomResourceDefinition')).to.deep.equal([])
  })

  it('has recommended policies once the API knows them, never before', async () => {
    const policies = async (upgrade: boolean) => (await render({ values: ALL, upgrade })).filter(({ kind }) => kind === 'HealingPolicy').map(({ metadata }) => metadata.namespace)
    expect(await policies(false)).to.deep.equal([])
    expect(await policies(true)).to.deep.equal(['shop', 'bank'])
  })

  it('packages', async () => {
    expect(await helmMust(['package', CHART, '--destination', dir])).to.contain('kubeskippy-0.1.0.tgz')
  })
})
