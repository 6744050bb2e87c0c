/** The chart as Helm renders it: the same as `config/`, nothing that an API server would drop, no value without effect. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { differences, readersOf, resolvedBy, type Resolved } from '../../hack/delivery/resolved.ts'
import { VALUES, treeOf, type Value } from '../../hack/delivery/values.ts'
import { ALERTS, runbookOf } from '../../hack/monitoring/alerts.ts'
import { isObject } from '../../shared/lib/json.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { toolDir } from '../cluster/build.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { exec } from '../cluster/exec.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { definitionFiles } from './definitions.ts'
import { CHART, CONFIG, find, helm, helmMust, keyOf, kustomized, objectsOf, render, renderText, type Rendered } from './helm.ts'
import { ALL, MATRIX } from './matrix.ts'
import { writeSchemas } from './schemas.ts'

const HELMS = new Set(['helm.sh/chart', 'app.kubernetes.io/managed-by', 'helm.sh/resource-policy'])

/** Without what Helm's objects have beside, and with the configuration read, whose text two writers of YAML write differently. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([key]) => !HELMS.has(key))
  const members = entries.map(([key, member]): [string, unknown] => [key, key === 'config.yaml' && typeof member === 'string' ? parse(member) : plain(member)])
  return Object.fromEntries(members.filter(([key, member]) => !((key === 'annotations' || key === 'labels') && isObject(member) && Object.keys(member).length === 0)))
}
const byKey = (objects: readonly Rendered[]) => Object.fromEntries(objects.map((object) => [keyOf(object), plain(object)]))

describe('the chart', function () {
  this.timeout(900_000)
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
    }, seconds(90))
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

  const AROUND: readonly (readonly [prefix: string, values: Record<string, unknown>])[] = [
    ...['certificates.certManager.issuerRef', 'monitoring', 'policies', 'healers.namespaces', 'rbac.impersonation'].map((prefix) => [prefix, ALL] as const),
    ['config.alerts', { config: { alerts: { bindAddress: ':9093', tokenFile: '/token', tlsCertFile: '/cert', tlsKeyFile: '/key' } } }],
    ['config.controller.leaderElect', { controller: { replicas: 1 } }],
  ]
  /** Of a value that says something only where others do. */
  const around = (path: string): Record<string, unknown> => AROUND.find(([prefix]) => path.startsWith(prefix))?.[1] ?? {}
  const merged = (base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(over)])].map((key): [string, unknown] => {
      const [below, above] = [base[key], over[key]]
      return [key, isObject(below) && isObject(above) ? merged(below, above) : (above ?? below)]
    }))
  const others = ({ path, other }: Value): unknown => (path.endsWith('.enabled') && Object.hasOwn(flat(around(path)), path) ? false : path === 'healers.namespaces' ? ['till'] : other)
  const flat = (tree: Record<string, unknown>, prefix = ''): Record<string, unknown> => Object.fromEntries(Object.entries(tree).flatMap(([key, value]) => (isObject(value) ? Object.entries(flat(value, `${prefix}${key}.`)) : [[`${prefix}${key}`, value]])))

  /** What the programs read when it is installed. */
  const configOf = (text: string): Resolved => {
    const [map, ...more] = objectsOf(text).filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('kubeskippy-config-'))
    expect(more).to.deep.equal([])
    return resolvedBy((map as unknown as { readonly data: Readonly<Record<string, string>> }).data['config.yaml'] ?? '')
  }

  it('changes with every value; of the configuration the options of the programs, by their own reading', async () => {
    const standard = new Map<string, string>()
    const without: string[] = []
    for (const value of VALUES) {
      const values = around(value.path)
      const key = JSON.stringify(values)
      const before = standard.get(key) ?? (await renderText({ values, upgrade: true }))
      standard.set(key, before)
      const after = await renderText({ values: merged(values, treeOf([{ path: value.path, leaf: others(value) }])), upgrade: true })
      const option = /^config\.(.+)$/.exec(value.path)?.[1]
      if (after === before) without.push(value.path)
      else if (option !== undefined) expect(differences(configOf(before), configOf(after)), value.path).to.deep.equal(readersOf(option))
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

  it('makes no healer where nothing may be healed', async () => {
    const refused = (values: object) => helm(['template', 'kubeskippy', CHART], { values })
    for (const values of [{ healers: { namespaces: ['shop', 'kube-system'] } }, { healers: { namespaces: ['kubeskippy-system'] } }, { healers: { namespaces: ['vault'] }, config: { protectedNamespaces: ['vault'] } }]) {
      const { code, stderr } = await refused(values)
      expect(code).not.to.equal(0)
      expect(stderr).to.match(/healers\.namespaces: (?:kube-system|kubeskippy-system|vault) is protected/)
    }
  })

  it('says nothing of caBundle, which the webhook or an injector writes', async () => {
    for (const { values, ...options } of MATRIX) expect(await renderText({ values, ...options })).not.to.match(/^\s*(?:- )?caBundle:/m)
  })

  it('impersonates by one way only: constrained from 1.36 on, before it in Roles of the namespaces that consent', async () => {
    for (const [kubeVersion, impersonation, legacy] of [['1.35.9', 'auto', true], ['1.36.0', 'auto', false], ['1.37.1-gke.100', 'auto', false], ['1.35.9', 'constrained', false], ['1.36.0', 'legacy', true]] as const) {
      const objects = await render({ values: { healers: { namespaces: ['shop'] }, rbac: { impersonation } }, kubeVersion })
      const verbs = objects.flatMap((object) => ((object['rules'] ?? []) as readonly { verbs?: readonly string[] }[]).flatMap((rule) => (rule.verbs ?? []).map((verb) => ({ verb, kind: object.kind, namespace: object.metadata.namespace })))).filter(({ verb }) => verb.startsWith('impersonate'))
      if (legacy) expect(verbs, kubeVersion).to.deep.equal([{ verb: 'impersonate', kind: 'Role', namespace: 'shop' }])
      else expect(new Set(verbs.map(({ verb, kind }) => `${verb.split(':')[0]} ${kind}`)), kubeVersion).to.deep.equal(new Set(['impersonate ClusterRole', 'impersonate-on ClusterRole']))
    }
  })

  const granted = async (values: object) => (await render({ values })).filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role').filter(({ metadata }) => metadata.name !== 'kubeskippy-healer').flatMap((object) => (object['rules'] ?? []) as readonly { apiGroups: readonly string[]; resources: readonly string[]; resourceNames?: readonly string[]; verbs: readonly string[] }[])

  it('grants no wildcard but the one that the values name, no write to workloads, and no Secret but its own by name', async () => {
    const wild = async (values: object) => (await granted(values)).filter(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs].some((word) => word.includes('*')))
    expect(await wild({})).to.deep.equal([])
    expect(await wild(ALL)).to.deep.equal([{ apiGroups: ['external.metrics.k8s.io'], resources: ['*'], verbs: ['list'] }])
    const rules = await granted(ALL)
    expect(rules).to.deep.include({ apiGroups: ['custom.metrics.k8s.io'], resources: ['pods/queue_length'], verbs: ['get'] })
    const workloads = rules.filter(({ apiGroups, resources }) => apiGroups.includes('apps') || apiGroups.includes('batch') || resources.some((resource) => resource === 'pods' || resource.startsWith('pods/') && !apiGroups.includes('custom.metrics.k8s.io')))
    expect(workloads.flatMap(({ verbs }) => verbs).filter((verb) => !['get', 'list', 'watch'].includes(verb) && !verb.startsWith('impersonate-on:'))).to.deep.equal([])
  })

  it('lets the webhook write its Secret and the caBundle where it makes its certificate, and only read them where cert-manager does', async () => {
    const of = async (enabled: boolean) => (await granted({ certificates: { certManager: { enabled } } })).filter(({ resources }) => resources.some((resource) => resource === 'secrets' || resource.endsWith('webhookconfigurations'))).map(({ resources, resourceNames = [], verbs }) => [...resources, ...resourceNames, ...verbs].join(' '))
    const configurations = ['mutatingwebhookconfigurations kubeskippy-mutating-webhook get', 'validatingwebhookconfigurations kubeskippy-validating-webhook get']
    // A name cannot limit create.
    expect(await of(false)).to.have.members(['secrets create', 'secrets kubeskippy-webhook-tls get update', ...configurations.map((right) => `${right} patch`)])
    expect(await of(true)).to.have.members(['secrets kubeskippy-webhook-tls get', ...configurations])
  })

  it('names the configuration by what is in it', async () => {
    const names = async (values: object) => {
      const objects = await render({ values })
      const [map] = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('kubeskippy-config'))
      const mounted = objects.filter(({ kind }) => kind === 'Deployment').map((object) => (object as unknown as { spec: { template: { spec: { volumes: readonly { name: string; configMap?: { name: string } }[] } } } }).spec.template.spec.volumes.find(({ name }) => name === 'config')?.configMap?.name)
      expect(mounted).to.deep.equal([map?.metadata.name, map?.metadata.name])
      return map?.metadata.name
    }
    expect(await names({ image: { tag: 'v9' } })).to.equal(await names({}))
    expect(await names({ config: { log: { level: 'debug' } } })).to.not.equal(await names({}))
  })

  it('leads from each alert to its runbook, wherever they are served', async () => {
    const urls = async (prometheusRule: object) => [...(await renderText({ values: { monitoring: { prometheusRule: { enabled: true, ...prometheusRule } } } })).matchAll(/runbook_url: "?([^"\s]+)/g)].map(([, url]) => url)
    expect(await urls({})).to.deep.equal(ALERTS.map(runbookOf))
    for (const runbookUrl of ['https://wiki.example.com/r', 'https://wiki.example.com/r/']) expect(await urls({ runbookUrl })).to.deep.equal(ALERTS.map(({ name }) => `https://wiki.example.com/r/${name}.md`))
  })

  const source = (more: object) => ({ config: { prometheus: { sources: [{ name: 'main', url: 'http://prometheus:9090', ...more }] } } })
  const alerts = (more: object) => ({ config: { alerts: { bindAddress: ':9093', tokenFile: '/token', ...more } } })
  const NONSENSE: readonly (readonly [what: string, values: object, says: string])[] = [
    ['alerts from anybody', { config: { alerts: { bindAddress: ':9093' } } }, 'config.alerts.tokenFile is missing'],
    ['a token for nothing', { config: { alerts: { tokenFile: '/token' } } }, 'config.alerts.bindAddress is missing'],
    ['a certificate without its key', alerts({ tlsCertFile: '/cert' }), 'config.alerts.tlsCertFile and config.alerts.tlsKeyFile go together'],
    ['two servers on a port of both', { config: { metricsBindAddress: ':8081' } }, 'config.healthProbeBindAddress and config.metricsBindAddress: only one of them can listen on port 8081'],
    ['two servers on a port of the webhook', { config: { webhook: { bindAddress: ':8080' } } }, 'config.metricsBindAddress and config.webhook.bindAddress'],
    ['two servers on a port of the controller', alerts({ bindAddress: '0.0.0.0:8081' }), 'config.healthProbeBindAddress and config.alerts.bindAddress'],
    ['health where no kubelet asks', { config: { healthProbeBindAddress: '127.0.0.1:8081' } }, 'config.healthProbeBindAddress: 127.0.0.1:8081 is one address alone'],
    ['reviews where no API server asks', { config: { webhook: { bindAddress: '[::1]:9443' } } }, 'config.webhook.bindAddress: [::1]:9443 is one address alone'],
    ['metrics where the ServiceMonitor does not lead', { monitoring: { serviceMonitor: { enabled: true } }, config: { metricsBindAddress: 'localhost:8080' } }, '(Prometheus)'],
    ['the address of one pod', { config: { metricsBindAddress: '10.1.2.3:8080' } }, 'config.metricsBindAddress: 10.1.2.3:8080 is no address that each pod has'],
    ['any port', { config: { metricsBindAddress: ':0' } }, 'config.metricsBindAddress: :0 is any port'],
    ['a time that is too long', { config: { webhook: { quietPeriod: '20s1ms' } } }, 'config.webhook.quietPeriod: 20s1ms is not between 0s and 20s'],
    ['a time that is too short', { config: { syncInterval: '999ms' } }, 'config.syncInterval: 999ms is not between 1s and 10m'],
    ['a time of a source', source({ timeout: '2m1s' }), 'config.prometheus.sources[0].timeout: 2m1s is not between 1s and 2m'],
    ['two sources of a name', { config: { prometheus: { sources: [{ name: 'main', url: 'http://a' }, { name: 'main', url: 'http://b' }] } } }, 'config.prometheus.sources[1].name: "main" is there twice'],
    ['two ways to say who asks', source({ tokenFile: '/a', username: 'b', passwordFile: '/c' }), 'tokenFile and username exclude each other'],
    ['half a login', source({ username: 'b' }), 'username and passwordFile belong together'],
    ['an authority of nothing', source({ caFile: '/ca' }), 'caFile needs an https url'],
    ['kubelets that are verified and are not', { config: { metrics: { kubelet: { caFile: '/ca', insecureSkipVerify: true } } } }, 'exclude each other'],
    ['shards without the lease', { controller: { replicas: 1 }, config: { controller: { leaderElect: false, shards: 2 } } }, 'config.controller.shards needs config.controller.leaderElect'],
    ['shards and alerts', { config: { controller: { shards: 2 }, alerts: { bindAddress: ':9093', tokenFile: '/token' } } }, 'config.controller.shards above 1 and config.alerts.bindAddress exclude each other'],
    ['several controllers without the lease', { config: { controller: { leaderElect: false } } }, 'controller.replicas: without the lease'],
    ['policies for no namespace', { policies: { recommended: { enabled: true } } }, 'policies.recommended.enabled: there is no namespace'],
    ['an issuer without a name', { certificates: { certManager: { enabled: true, issuerRef: { kind: 'ClusterIssuer' } } } }, 'certificates.certManager.issuerRef: name is missing'],
  ]
  for (const [what, values, says] of NONSENSE) {
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await helm(['template', 'kubeskippy', CHART], { values })
      expect(code).not.to.equal(0)
      expect(stderr).to.contain(says)
    })
  }

  it('tells all that is wrong at once, a line each', async () => {
    const values = { config: { controller: { leaderElect: false, shards: 2 }, metricsBindAddress: ':8081', syncInterval: '999ms', prometheus: { sources: [{ name: 'main', url: 'http://a', username: 'b' }, { name: 'main', url: 'http://b', caFile: '/ca' }] } }, healers: { namespaces: ['kube-system'] } }
    const { code, stderr } = await helm(['template', 'kubeskippy', CHART], { values, namespace: 'default' })
    expect(code).not.to.equal(0)
    const [first = '', ...lines] = stderr.slice(0, stderr.indexOf('\n\n')).split('\n')
    expect(first).to.match(/: 9 problems:$/)
    const begins = [
      'KubeSkippy has to be installed in the namespace kubeskippy-system: ',
      'healers.namespaces: kube-system is protected, ',
      'controller.replicas: without the lease ',
      'config.controller.shards needs config.controller.leaderElect: ',
      'config.healthProbeBindAddress and config.metricsBindAddress: ',
      'config.prometheus.sources[0]: username and passwordFile belong together. ',
      'config.prometheus.sources[1].name: "main" is there twice. ',
      'config.prometheus.sources[1]: caFile needs an https url',
      'config.syncInterval: 999ms is not between 1s and 10m',
    ]
    expect(lines.map((line, index) => line.slice(0, begins[index]?.length))).to.deep.equal(begins)
  })

  it('tells one problem alone, and of a port that is any port nothing beside', async () => {
    const { stderr } = await helm(['template', 'kubeskippy', CHART], { values: { config: { metricsBindAddress: ':0' } } })
    expect(stderr).to.match(/: config\.metricsBindAddress: :0 is any port .*Write a number\n/).and.not.to.contain('problems')
    const two = (await helm(['template', 'kubeskippy', CHART], { values: { config: { metricsBindAddress: ':0', healthProbeBindAddress: ':0' } } })).stderr
    expect(two).to.contain(' 2 problems:\n').and.not.to.contain('only one of them can listen')
  })

  it('takes what is just as far as it goes', async () => {
    for (const values of [{ config: { webhook: { quietPeriod: '20s' }, syncInterval: '10m' } }, alerts({ bindAddress: ':9443' }), { config: { metricsBindAddress: '127.0.0.1:8080', healthProbeBindAddress: '[::]:8081' } }, source({ timeout: '2m', caFile: '/ca', url: 'https://prometheus:9090' })]) await renderText({ values })
  })

  it('keeps the CRDs, and leaves them out where others bring them', async () => {
    const crds = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition')
    expect(crds.map(({ metadata }) => metadata['annotations'])).to.deep.equal(Array.from({ length: 3 }, () => ({ 'helm.sh/resource-policy': 'keep' })))
    expect((await render({ values: { crds: { install: false } } })).filter(({ kind }) => kind === 'CustomResourceDefinition')).to.deep.equal([])
  })

  it('has recommended policies once the API knows them, never before', async () => {
    const policies = async (upgrade: boolean) => (await render({ values: ALL, upgrade })).filter(({ kind }) => kind === 'HealingPolicy').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    expect(await policies(false)).to.deep.equal([])
    const names = ['crash-loop', 'not-ready', 'rollout-stuck', 'job-failed', 'volume-pending']
    expect(await policies(true)).to.have.members(['shop', 'bank'].flatMap((namespace) => names.map((name) => `${namespace}/recommended-${name}`)))
  })

  it('packages', async () => {
    expect(await helmMust(['package', CHART, '--destination', dir])).to.contain('kubeskippy-0.1.0.tgz')
  })
})
