/** The chart and config/ on a real API server: installed, upgraded, taken away. The pods are made and have no image; the webhook runs beside the cluster. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { STANDARD_NAME } from '../../hack/delivery/configuration.ts'
import { APPROVER_ROLE, AUTHOR_ROLE, CONTROLLER_USER, HEALER_ACCOUNT, OPERATOR_NAMESPACE, serviceAccountUser, VIEWER_ROLE, WEBHOOK_ACCOUNT, WEBHOOK_SERVICE } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl, kubeskippy, may, type Question } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { policy } from '../healing/fixture.ts'
import { tokenKubeconfig } from '../installation/files.ts'
import { Program } from '../installation/program.ts'
import { definitionFiles } from './definitions.ts'
import { CHART, CONFIG, helm, helmMust, type HelmOptions } from './helm.ts'
import { ALL } from './matrix.ts'

const GROUP = 'kubeskippy.io'
const POLICIES = { group: GROUP, resource: 'healingpolicies' }
const ACTIONS = { group: GROUP, resource: 'healingactions' }
const LEDGERS = { group: GROUP, resource: 'healingledgers' }
const WEBHOOK_USER = serviceAccountUser(OPERATOR_NAMESPACE, WEBHOOK_ACCOUNT)
/** Everything of the cluster that could stay behind. */
const CLUSTER_WIDE = ['clusterroles', 'clusterrolebindings', 'mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'crd', 'priorityclasses']
const CRDS = ['healingactions', 'healingledgers', 'healingpolicies'].map((plural) => `customresourcedefinition.apiextensions.k8s.io/${plural}.${GROUP}`)

describe('the chart on an API server', function () {
  this.timeout(600_000)
  let cluster: Cluster
  const dir = mkdtempSync(join(tmpdir(), 'kubeskippy-chart-'))
  const on = ({ values = {}, ...options }: { readonly values?: object; readonly namespace?: string } = {}): HelmOptions => ({ kubeconfig: cluster.kubeconfig, values: { image: { pullPolicy: 'Never' }, ...values }, ...options })
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  const names = async (kinds: readonly string[], ...flags: readonly string[]): Promise<string[]> => (await k('get', kinds.join(','), '-o', 'name', ...flags)).split('\n').filter((name) => name.includes('skippy')).toSorted()

  before(async () => {
    await ensureChartParts({ log: (line) => { console.log(line) } })
    cluster = await startCluster({ node: true })
    for (const namespace of [OPERATOR_NAMESPACE, 'shop', 'bank']) await k('create', 'namespace', namespace)
    await k('apply', '--server-side', ...(await definitionFiles()).flatMap((file) => ['-f', file]))
    await k('wait', '--for=condition=Established', '--timeout=120s', 'crd', '--all')
    await k('label', 'namespace', OPERATOR_NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted')
  })
  after(async () => {
    await cluster?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  /** What an earlier version would have installed: a CRD that lacks a field. */
  function earlier(): string {
    const chart = join(dir, 'earlier')
    cpSync(CHART, chart, { recursive: true })
    const file = join(chart, 'templates/crds.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^( +)history:\n(?:\1 +.*\n)+/gm, ''))
    return chart
  }
  const policySchema = async (): Promise<object> => (JSON.parse(await k('get', 'crd', `healingpolicies.${GROUP}`, '-o', 'json')) as { spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } } }[] } }).spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {}

  /** Until its pods are made: the ReplicaSet's controller says it when admission refuses them. */
  const hasPods = async (component: string, count: number): Promise<void> =>
    eventually(async () => {
      const pods = (await k('get', 'pods', '-n', OPERATOR_NAMESPACE, '-l', `app.kubernetes.io/component=${component}`, '-o', 'name')).trim().split('\n')
      expect(pods.length, await k('get', 'events', '-n', OPERATOR_NAMESPACE)).to.be.at.least(count)
    }, seconds(90))

  describe('is installed', () => {
    it('not by a dry run of the server, which takes all that is behind flags', async () => {
      await helmMust(['install', 'kubeskippy', CHART, '--dry-run=server'], on({ values: ALL }))
      expect(await names(CLUSTER_WIDE)).to.deep.equal([])
    })

    it('in an earlier version, with CRDs that are established', async () => {
      await helmMust(['install', 'kubeskippy', earlier()], on())
      await k('wait', '--for=condition=Established', '--timeout=120s', ...CRDS)
      expect(await policySchema()).not.to.have.property('history')
    })

    it('with pods that a namespace takes which enforces the restricted standard', async () => {
      await hasPods('controller', 2)
      await hasPods('webhook', 2)
    })

    it('in the next version, which upgrades the CRDs', async () => {
      await helmMust(['upgrade', 'kubeskippy', CHART], on({ values: { healers: { namespaces: ['shop'] }, monitoring: ALL.monitoring, config: { protectedNamespaces: ['bank', 'vault'] } } }))
      expect(await policySchema()).to.have.property('history')
    })

    it('where the API server itself guards the namespaces that the values protect: no webhook runs yet', async () => {
      const tried = async (namespace: string): Promise<string> => (await cluster.kubectl(['create', '-f', '-', '--dry-run=server'], { input: JSON.stringify(policy(namespace, { app: 'cart' })) })).stderr
      await eventually(async () => expect(await tried('bank')).to.contain('[KS103] mode automatic in the protected namespace "bank"'), seconds(60))
      expect(await tried('shop')).to.contain('failed calling webhook').and.not.contain('[KS103]')
    })

    it('where pods that are less restricted are refused', async () => {
      const { code, stderr } = await cluster.kubectl(['run', 'loose', '-n', OPERATOR_NAMESPACE, '--image', 'none.invalid/none'])
      expect(code).to.equal(1)
      expect(stderr).to.contain('violates PodSecurity "restricted')
    })
  })

  describe('is the only one', () => {
    const refused = async (...[args, options]: Parameters<typeof helm>): Promise<string> => {
      const { code, stderr } = await helm(args, options)
      expect(code).not.to.equal(0)
      return stderr
    }
    const generations = async (): Promise<string> => k('get', 'deployments,clusterroles,validatingwebhookconfigurations,crd', '-A', '-l', 'app.kubernetes.io/name=kubeskippy', '-o', 'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}')

    it('as a release of another name is told', async () => {
      expect(await refused(['install', 'second', CHART], on())).to.contain('KubeSkippy is installed in this cluster already, as the release kubeskippy, and there can be only one. Upgrade that one (helm upgrade kubeskippy), or remove it first: helm uninstall kubeskippy --namespace kubeskippy-system')
    })

    it('as one of another namespace is, and one that is there already', async () => {
      expect(await refused(['install', 'kubeskippy', CHART], on({ namespace: 'shop' }))).to.contain('has to be installed in the namespace kubeskippy-system')
      expect(await refused(['install', 'kubeskippy', CHART], on())).to.match(/name .*in use/)
    })

    it('as kubectl apply is, by the API server, and nothing changes', async () => {
      // Once nothing more is written about what was upgraded.
      const before = await eventually(async () => {
        const first = await generations()
        await new Promise((resolve) => setTimeout(resolve, 3000))
        expect(await generations()).to.equal(first)
        return first
      }, seconds(90))
      const { code, stderr } = await cluster.kubectl(['apply', '--server-side', '-k', CONFIG])
      expect(code).to.equal(1)
      expect(stderr).to.match(/conflicts? with "helm".*\.metadata\.labels\.app\.kubernetes\.io\/managed-by/s)
      expect(await generations()).to.equal(before)
    })
  })

  describe('gives rights', () => {
    const table: readonly (readonly [string, string, Question, boolean])[] = [
      ['the controller', CONTROLLER_USER, { verb: 'list', resource: 'pods' }, true],
      ['the controller', CONTROLLER_USER, { verb: 'create', resource: 'pods/eviction', namespace: 'shop' }, false],
      ['the controller', CONTROLLER_USER, { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop' }, false],
      ['the controller', CONTROLLER_USER, { verb: 'delete', resource: 'pods', namespace: 'shop' }, false],
      ['the controller', CONTROLLER_USER, { verb: 'get', resource: 'secrets', namespace: OPERATOR_NAMESPACE }, false],
      ['the controller', CONTROLLER_USER, { verb: 'impersonate:serviceaccount', group: 'authentication.k8s.io', resource: 'serviceaccounts', name: HEALER_ACCOUNT, namespace: 'shop' }, true],
      ['the controller', CONTROLLER_USER, { verb: 'impersonate:serviceaccount', group: 'authentication.k8s.io', resource: 'serviceaccounts', name: 'default', namespace: 'shop' }, false],
      ['the controller', CONTROLLER_USER, { verb: 'impersonate', resource: 'serviceaccounts', name: HEALER_ACCOUNT, namespace: 'shop' }, false],
      ['the webhook', WEBHOOK_USER, { verb: 'get', resource: 'secrets', name: 'kubeskippy-webhook-tls', namespace: OPERATOR_NAMESPACE }, true],
      ['the webhook', WEBHOOK_USER, { verb: 'get', resource: 'secrets', name: 'other', namespace: OPERATOR_NAMESPACE }, false],
      ['the webhook', WEBHOOK_USER, { verb: 'list', resource: 'secrets', namespace: OPERATOR_NAMESPACE }, false],
      ['a healer', serviceAccountUser('shop', HEALER_ACCOUNT), { verb: 'create', resource: 'pods/eviction', namespace: 'shop' }, true],
      ['a healer', serviceAccountUser('shop', HEALER_ACCOUNT), { verb: 'create', resource: 'pods/eviction', namespace: 'bank' }, false],
      ['a healer of a namespace that has not consented', serviceAccountUser('bank', HEALER_ACCOUNT), { verb: 'create', resource: 'pods/eviction', namespace: 'bank' }, false],
    ]
    for (const [who, user, question, expected] of table) {
      it(`to ${who}: ${expected ? '' : 'not '}${question.verb} ${question.resource} ${question.name ?? ''}`, async () => expect(await may(cluster, user, { namespace: 'shop', ...question })).to.equal(expected))
    }

    for (const [role, own] of [['view', VIEWER_ROLE], ['edit', AUTHOR_ROLE], ['admin', APPROVER_ROLE]] as const) {
      it(`to people by ${role}, as by ${own}`, async () => {
        const expected = { see: true, write: role !== 'view', approve: role === 'admin', exempt: false, ledgers: false }
        const asks: Readonly<Record<string, Question>> = { see: { verb: 'list', ...ACTIONS }, write: { verb: 'create', ...POLICIES }, approve: { verb: 'approve', ...ACTIONS }, exempt: { verb: 'override-safety', ...POLICIES }, ledgers: { verb: 'get', ...LEDGERS } }
        await k('create', 'rolebinding', role, '-n', 'bank', `--clusterrole=${role}`, `--user=by-${role}`)
        await k('create', 'rolebinding', own, '-n', 'bank', `--clusterrole=${own}`, `--user=by-${own}`)
        // Who aggregates the roles needs a moment.
        await eventually(async () => expect(Object.fromEntries(await Promise.all(Object.entries(asks).map(async ([what, question]) => [what, await may(cluster, `by-${role}`, { namespace: 'bank', ...question })] as const)))).to.deep.equal(expected), seconds(60))
        const alone = role === 'admin' ? { ...expected, write: false } : expected
        await eventually(async () => expect(Object.fromEntries(await Promise.all(Object.entries(asks).map(async ([what, question]) => [what, await may(cluster, `by-${own}`, { namespace: 'bank', ...question })] as const)))).to.deep.equal(alone), seconds(60))
      })
    }
  })

  describe('with a webhook that runs', () => {
    let webhook: Program
    const bundles = async (): Promise<string[]> => (await k('get', 'validatingwebhookconfigurations/kubeskippy-validating-webhook', 'mutatingwebhookconfigurations/kubeskippy-mutating-webhook', '-o', 'jsonpath={range .items[*].webhooks[*]}{.clientConfig.caBundle}{"\\n"}{end}')).trimEnd().split('\n')
    let published: string[]

    before(async () => {
      const [port = 0, health = 0] = cluster.sparePorts
      const token = (await k('create', 'token', WEBHOOK_ACCOUNT, '-n', OPERATOR_NAMESPACE)).trim()
      const kubeconfig = join(dir, 'webhook.kubeconfig')
      writeFileSync(kubeconfig, tokenKubeconfig({ server: cluster.server, caFile: cluster.caFile, user: WEBHOOK_ACCOUNT, token }), { mode: 0o600 })
      const config = join(dir, 'config.yaml')
      writeFileSync(config, await k('get', 'configmap', STANDARD_NAME, '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.data.config\\.yaml}'))
      webhook = new Program(cluster, {
        name: 'kubeskippy-webhook',
        entry: ['cli/main.ts', 'webhook'],
        flags: { config, kubeconfig, 'bind-address': `${cluster.hostIp}:${port}`, 'health-probe-bind-address': `127.0.0.1:${health}`, 'metrics-bind-address': '127.0.0.1:0' },
        readyUrl: `http://127.0.0.1:${health}/readyz`,
        metricsUrl: '',
      })
      await kubectl(cluster, ['apply', '-f', '-'], {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'beside', namespace: OPERATOR_NAMESPACE, labels: { 'kubernetes.io/service-name': WEBHOOK_SERVICE } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [cluster.hostIp] }],
        ports: [{ name: 'https', port, protocol: 'TCP' }],
      })
      await webhook.start()
      await webhook.ready()
      published = await eventually(async () => {
        const now = await bundles()
        expect(now.filter((bundle) => bundle !== '')).to.have.length(4)
        return now
      }, seconds(60))
    })
    after(async () => void (await webhook?.stop()))

    it('has a bundle in each webhook', () => {
      expect(published).to.have.length(4)
      for (const bundle of published) expect(Buffer.from(bundle, 'base64').toString()).to.contain('BEGIN CERTIFICATE')
    })

    it('brings the recommended policies with an upgrade, through the door, and none of them acts', async () => {
      await eventually(() => helmMust(['upgrade', 'kubeskippy', CHART], on({ values: { healers: { namespaces: ['shop'] }, policies: { recommended: { enabled: true } } } })), seconds(120))
      expect((await k('get', 'hp', '-A', '-o', 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.spec.mode}{"\\n"}{end}')).trim().split('\n')).to.deep.equal(
        ['crash-loop dryrun', 'job-failed monitor', 'not-ready dryrun', 'rollout-stuck monitor', 'volume-pending monitor'].map((each) => `shop/recommended-${each}`))
    })

    for (const [what, upgrade] of [
      ['helm upgrade', () => helmMust(['upgrade', 'kubeskippy', CHART], on({ values: { controller: { replicas: 3 } } }))],
      ['helm upgrade --server-side=false', () => helmMust(['upgrade', 'kubeskippy', CHART, '--server-side=false'], on({ values: { controller: { replicas: 2 } } }))],
      ['helm upgrade --server-side=true --force-conflicts', () => helmMust(['upgrade', 'kubeskippy', CHART, '--server-side=true', '--force-conflicts'], on({ values: { healers: { namespaces: ['shop'] } } }))],
      ['helm rollback', () => helmMust(['rollback', 'kubeskippy', '1', '--force-conflicts'], { kubeconfig: cluster.kubeconfig })],
      ['helm upgrade after it', () => helmMust(['upgrade', 'kubeskippy', CHART, '--force-conflicts'], on({ values: { healers: { namespaces: ['shop'] } } }))],
      ['kubectl apply --server-side', () => k('apply', '--server-side', '--force-conflicts', '-k', CONFIG)],
      ['kubectl apply', () => k('apply', '-k', CONFIG)],
      ['helm upgrade, which takes it back', () => helmMust(['upgrade', 'kubeskippy', CHART, '--force-conflicts'], on())],
    ] as const) {
      it(`keeps them over ${what}`, async () => {
        // The webhook mends what is lost within ten seconds, which would hide it.
        await webhook.kill('SIGSTOP')
        try {
          await upgrade()
          expect(await bundles()).to.deep.equal(published)
        } finally {
          await webhook.kill('SIGCONT')
        }
      })
    }
  })

  describe('is taken away', () => {
    it('and leaves nothing of the cluster behind but the CRDs and what they hold', async () => {
      await helmMust(['uninstall', 'kubeskippy'], { kubeconfig: cluster.kubeconfig })
      expect(await names(CLUSTER_WIDE)).to.deep.equal(CRDS)
      expect(await names(['serviceaccounts', 'roles', 'rolebindings'], '-n', 'shop')).to.deep.equal([])
      expect(await names(['deployments', 'services', 'configmaps', 'serviceaccounts', 'roles', 'rolebindings', 'pdb', 'networkpolicies', 'secrets'], '-n', OPERATOR_NAMESPACE)).to.deep.equal(['secret/kubeskippy-webhook-tls'])
      // Who aggregates the roles needs a moment.
      await eventually(async () => expect(await may(cluster, 'by-edit', { namespace: 'bank', verb: 'create', ...POLICIES })).to.equal(false), seconds(60))
    })

    it('and comes back over the CRDs that stayed', async () => {
      await helmMust(['install', 'kubeskippy', CHART], on())
      await helmMust(['uninstall', 'kubeskippy'], { kubeconfig: cluster.kubeconfig })
    })

    it('and comes by kubectl alone, twice without a change, and with an image of one\'s own', async () => {
      await k('delete', ...CRDS)
      await k('apply', '--server-side', '-k', CONFIG)
      await hasPods('webhook', 2)
      const versions = async (): Promise<string> => k('get', 'deployments,services,clusterroles,crd', '-A', '-l', 'app.kubernetes.io/name=kubeskippy', '-o', 'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}')
      const before = await versions()
      await k('apply', '--server-side', '-k', CONFIG)
      expect(await versions()).to.equal(before)
      await k('-n', OPERATOR_NAMESPACE, 'set', 'image', 'deployment', '*=registry.example.com/kubeskippy:0.1.0', '--all')
      expect(await k('get', 'deployments', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].spec.template.spec.containers[*].image}')).to.equal('registry.example.com/kubeskippy:0.1.0 registry.example.com/kubeskippy:0.1.0')
    })

    it('and goes over to Helm with what was decided, in the steps that Helm tells', async () => {
      const install = (): ReturnType<typeof helm> => helm(['install', 'kubeskippy', CHART], on())
      expect((await install()).stderr).to.contain('by other means than Helm, and there can be only one. Stay with them, or remove it first, which keeps policies, actions and ledgers: kubeskippy uninstall')
      expect((await kubeskippy(cluster, 'uninstall')).code).to.equal(0)
      const { stderr } = await install()
      expect(stderr).to.contain('The CRDs of an earlier installation are there still, and do not belong to the release kubeskippy. Hand them over with all policies: kubectl label crd ')
      for (const command of stderr.trim().replace(/^[^]*all policies: /, '').split(' && ')) await k(...command.split(' ').slice(1))
      await helmMust(['install', 'kubeskippy', CHART], on())
    })
  })
})
