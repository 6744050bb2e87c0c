import { expect } from 'chai'
import { parseTarGzip } from 'nanotar'
import { ENDPOINT_SLICES, EVENTS, HEALING_ACTIONS, HEALING_POLICIES, PODS, POD_DISRUPTION_BUDGETS, REPLICA_SETS, SERVICES } from '../../shared/kube/resources.ts'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { buildHealingAction, buildPolicy } from '../../shared/testing/builders/objects.ts'
import { setUpCli, type Bench } from '../testing/bench.ts'

const SECRET = 'q8Zt3LmX0pYw7RkV2nBc5JhD9sFg1TeA'

async function unpacked(bench: Bench, file: string): Promise<Map<string, string>> {
  const entries = await parseTarGzip(Buffer.from(bench.files[file] ?? '', 'base64'))
  return new Map(entries.filter(({ name }) => !name.endsWith('/')).map(({ name, text }) => [name.replace(/^[^/]+\//, ''), text]))
}

function cluster(options: Parameters<typeof setUpCli>[0] = {}): Bench {
  const bench = setUpCli(options)
  const policy = buildPolicy()
  bench.cluster.seed(HEALING_POLICIES, { ...policy, metadata: { ...policy.metadata, annotations: { note: `token=${SECRET}` } } })
  bench.cluster.seed(HEALING_ACTIONS, { ...buildHealingAction() })
  const labels = { 'app.kubernetes.io/name': 'kubeskippy' }
  const containers = [{ name: 'controller', env: [{ name: 'A', value: SECRET }], ports: [{ name: 'metrics', containerPort: 8080 }, { name: 'health', containerPort: 8081 }] }]
  bench.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: OPERATOR_NAMESPACE, name: 'controller-1', labels }, spec: { containers } })
  const around = { namespace: OPERATOR_NAMESPACE, labels }
  bench.cluster.seed(REPLICA_SETS, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { ...around, name: 'controller-5d' }, spec: { replicas: 1, template: { spec: { containers } } } })
  bench.cluster.seed(POD_DISRUPTION_BUDGETS, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { ...around, name: 'controller', annotations: { note: `token=${SECRET}` } }, spec: { maxUnavailable: 1 } })
  bench.cluster.seed(ENDPOINT_SLICES, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...around, name: 'webhook-x1', annotations: { note: `token=${SECRET}` } }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.7'], conditions: { ready: true } }] })
  bench.cluster.seed(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { ...around, name: 'webhook', annotations: { note: `token=${SECRET}` } }, spec: { ports: [{ port: 443 }] } })
  bench.cluster.seed(EVENTS, { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { namespace: OPERATOR_NAMESPACE, name: 'controller-5d.1' }, reason: 'FailedCreate', reportingController: 'replicaset-controller', note: `pods "controller-5d-x" is forbidden: exceeded quota; token=${SECRET}` })
  return bench
}

describe('kubeskippy bundle', () => {
  it('writes an archive with what there is, without secrets, and says what it lacks', async () => {
    const bench = cluster()
    const { code, out, err } = await bench.run('bundle -f out.tar.gz')
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    const files = await unpacked(bench, 'out.tar.gz')
    expect([...files.keys()]).to.include.members(['contents.json', 'versions.json', 'check.json', 'policies.json', 'actions.json', 'ledgers.json', 'events.json', 'programs/pods.json'])
    expect(files.get('policies.json')).to.include('"note": "token=[redacted]"')
    for (const [file, text] of files) expect(text, file).not.to.include(SECRET)
    const { missing, parts } = JSON.parse(files.get('contents.json') ?? '') as { missing: { path: string; why: string }[]; parts: { path: string; bytes: number }[] }
    // Nobody runs in pods of the fake.
    expect(missing.map(({ path }) => path)).to.include.members(['programs/controller-1/metrics.txt', 'programs/controller-1/readyz.txt'])
    for (const { path } of missing) expect(out).to.include(`not in it: ${path}: `)
    expect(parts.map(({ path }) => path).toSorted()).to.deep.equal([...files.keys()].filter((path) => path !== 'contents.json').toSorted())
  })

  it('says why the pods of the programs may not be there: what makes them, what holds them, what leads to them, and what happened', async () => {
    const bench = cluster()
    await bench.run('bundle -f out.tar.gz')
    const files = await unpacked(bench, 'out.tar.gz')
    const of = (name: string): { metadata: { name: string } }[] => JSON.parse(files.get(`programs/${name}.json`) ?? '[]') as { metadata: { name: string } }[]
    expect(['replica-sets', 'disruption-budgets', 'services', 'endpoint-slices', 'events'].map((name) => of(name).map(({ metadata }) => metadata.name))).to.deep.equal([['controller-5d'], ['controller'], ['webhook'], ['webhook-x1'], ['controller-5d.1']])
    expect(files.get('programs/events.json')).to.include('exceeded quota').and.to.include('[redacted]')
    expect(files.get('programs/endpoint-slices.json')).to.include('10.0.0.7')
  })

  it('goes on where something may not be read, and names it', async () => {
    const bench = cluster({ deny: ({ resource }) => (resource.plural === 'healingledgers' || resource.plural === 'pods' ? 'no right' : undefined) })
    const { code, out } = await bench.run('bundle -f out.tar.gz')
    expect(code).to.equal(0)
    expect(out).to.match(/^not in it: ledgers\.json: .*no right/m).and.to.match(/^not in it: programs: .*no right/m)
    expect((await unpacked(bench, 'out.tar.gz')).has('policies.json')).to.equal(true)
  })

  it('has the newest lines of a long log, whole ones, and says that there were more', async () => {
    const line = (n: number): string => `{"n":${n},"text":"${'word '.repeat(100)}"}\n`
    const bench = cluster({ log: (_pod, { previous }) => (previous === true ? 'before\n' : Array.from({ length: 12_000 }, (_, n) => line(n)).join('')) })
    await bench.run('bundle -f out.tar.gz')
    const files = await unpacked(bench, 'out.tar.gz')
    const lines = (files.get('programs/controller-1/controller.log') ?? '').trimEnd().split('\n').map((each) => (JSON.parse(each) as { n: number }).n)
    expect(lines.at(-1)).to.equal(11_999)
    expect(lines.length).to.be.within(1000, 11_999)
    const { parts } = JSON.parse(files.get('contents.json') ?? '') as { parts: { path: string; truncated?: true }[] }
    expect(parts.filter(({ truncated }) => truncated).map(({ path }) => path)).to.deep.equal(['programs/controller-1/controller.log'])
  })

  it('has the names of pods whole, and says which is too long for an archive', async () => {
    const bench = cluster()
    const named = (name: string): void => {
      bench.cluster.seed(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: OPERATOR_NAMESPACE, name, labels: { 'app.kubernetes.io/name': 'kubeskippy' } }, spec: { containers: [{ name: 'controller' }] } })
    }
    const long = 'x'.repeat(100)
    named('kubeskippy-controller-manager-776b8f9f7c-qclkx')
    named(long)
    const { out } = await bench.run('bundle -f out.tar.gz')
    const paths = [...(await unpacked(bench, 'out.tar.gz')).keys()]
    expect(paths).to.include('programs/controller-manager-776b8f9f7c-qclkx/controller.previous.log')
    expect(paths.filter((path) => path.includes('xxx'))).to.deep.equal([])
    expect(out).to.contain(`not in it: programs/${long}/controller.log: its name is too long for the archive`)
  })

  it('takes no file of that name away', async () => {
    const bench = cluster()
    bench.files['out.tar.gz'] = 'kept'
    expect(await bench.run('bundle -f out.tar.gz')).to.deep.include({ code: 1, err: 'error: out.tar.gz cannot be written: it is there\n' })
    expect(bench.files['out.tar.gz']).to.equal('kept')
  })

  it('is of one namespace when it is told so', async () => {
    const bench = cluster()
    await bench.run('bundle -n bank -f out.tar.gz')
    expect(JSON.parse((await unpacked(bench, 'out.tar.gz')).get('policies.json') ?? '')).to.deep.equal([])
  })
})
