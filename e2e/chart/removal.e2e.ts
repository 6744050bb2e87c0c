/** An installation goes, whole or in part, by each of the ways in the guide: nothing stays behind, and nothing hangs. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl, kubeskippy } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { ensureChartParts } from '../cluster/parts.ts'
import { deployment, inNamespace, policy } from '../healing/fixture.ts'
import { PRODUCT_IMAGE, productImage } from '../image/product.ts'
import { CHART, CONFIG, helmMust } from './helm.ts'
import { applyConfig, imageValues, leftOvers, release } from './release.ts'

const REPORT = { log: (line: string) => { console.log(line) } }

describe('KubeSkippy goes', function () {
  this.timeout(1_500_000)
  let cluster: Cluster
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  const apply = (...objects: readonly object[]): Promise<string> => kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: objects })
  const uninstall = (...flags: readonly string[]): ReturnType<typeof kubeskippy> => kubeskippy(cluster, 'uninstall', ...flags)

  /** For a moment after a CRD is gone the API server still names its kind, and cannot list it. */
  const leaves = (expected: readonly string[]): Promise<unknown> => eventually(async () => expect(await leftOvers(cluster)).to.deep.equal(expected), seconds(60))

  /** A namespace that consents, with a policy that has acted. */
  async function healed(namespace: string): Promise<void> {
    await k('create', 'namespace', namespace)
    expect((await kubeskippy(cluster, 'enable', '-n', namespace)).code).to.equal(0)
    await eventually(() => apply(policy(namespace, { app: 'app' }), inNamespace(namespace, deployment('app', 'always'))), seconds(90))
    await eventually(async () => expect(await k('get', 'ha', '-n', namespace, '-o', 'jsonpath={.items[*].status.phase}')).to.match(/\w/), seconds(180))
  }
  /** As after a crash of the nodes, or an uninstall that broke off: pods are gone, what asks them is not. */
  async function closeTheDoor(): Promise<void> {
    await k('delete', '-n', OPERATOR_NAMESPACE, 'deployment/kubeskippy-webhook')
    const theirs = ['-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/component=webhook']
    // The ReplicaSet goes after its Deployment, and makes pods anew until then.
    await eventually(async () => {
      await k('delete', 'pods', ...theirs, '--grace-period=0', '--force', '--ignore-not-found')
      expect(await k('get', 'replicasets,pods', ...theirs, '-o', 'name')).to.equal('')
    }, seconds(120))
    await eventually(async () => {
      const { code, stderr } = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(policy('default', { app: 'late' })) })
      expect(code).to.equal(1)
      expect(stderr).to.contain('failed calling webhook')
    }, seconds(120))
  }

  before(async () => {
    await ensureChartParts(REPORT)
    const image = await productImage(REPORT)
    cluster = await startCluster({ log: REPORT.log, crashLoopSeconds: 3 })
    await cluster.loadImage(image.archive)
  })
  after(async () => cluster?.stop())

  describe('when Helm installed it and its webhook does not answer any more', () => {
    before(async () => {
      await k('create', 'namespace', OPERATOR_NAMESPACE)
      await release(cluster, 'install')
      for (const namespace of ['shop', 'bank']) await healed(namespace)
      await closeTheDoor()
    })

    it('and one line says what is wrong and what to do', async () => {
      const { code, stdout } = await kubeskippy(cluster, 'check')
      expect(code).to.equal(1)
      expect(stdout).to.match(/fail +webhook +kubeskippy-validating-webhook is what is left of an installation without a webhook: every policy is refused\n.*kubeskippy uninstall/)
    })

    it('a namespace with policies and actions is deleted without it', async () => {
      await k('delete', 'namespace', 'bank', '--timeout=180s')
    })

    it('helm uninstall takes its own, and no namespace hangs', async () => {
      await helmMust(['uninstall', 'kubeskippy', '--wait'], { kubeconfig: cluster.kubeconfig })
      await k('label', 'hp', 'heal', '-n', 'shop', 'by=hand')
      // Helm waits for what it made, not for what that had made.
      const left = await eventually(async () => {
        const rows = await leftOvers(cluster)
        expect(rows.filter((row) => /\/(ReplicaSet|Pod|EndpointSlice)\//.test(row))).to.deep.equal([])
        return rows
      }, seconds(120))
      expect(left).to.include.members(['shop/RoleBinding/kubeskippy-healer', 'shop/HealingPolicy/heal', `${OPERATOR_NAMESPACE}/Secret/kubeskippy-webhook-tls`, 'CustomResourceDefinition/healingpolicies.kubeskippy.io'])
    })

    it('a dry run of kubeskippy uninstall names the rest and leaves it', async () => {
      const before = await leftOvers(cluster)
      const { code, stdout } = await uninstall('--dry-run', '--delete-policies')
      expect(code, stdout).to.equal(0)
      expect(stdout.startsWith(`cluster: ${cluster.server} (context `), stdout).to.equal(true)
      for (const line of ['rolebinding/kubeskippy-healer in shop: removed (dry run)', 'customresourcedefinition/healingactions.kubeskippy.io: removed (dry run)', `namespace/${OPERATOR_NAMESPACE}: removed, with everything in it (dry run)`]) expect(stdout).to.contain(line)
      expect(await leftOvers(cluster)).to.deep.equal(before)
    })

    it('nobody takes policies by mistake where nobody can be asked', async () => {
      const before = await leftOvers(cluster)
      const { code, stderr } = await uninstall('--delete-policies')
      expect(code).to.equal(1)
      expect(stderr).to.contain(`from ${cluster.server}`).and.to.contain('Add --yes if that is meant')
      expect(await leftOvers(cluster)).to.deep.equal(before)
    })

    it('kubeskippy uninstall takes the healers, and keeps what was decided', async () => {
      const { code, stdout, stderr } = await uninstall()
      expect(code, stderr).to.equal(0)
      expect(stdout).to.match(/kept: 1 policy, \d+ actions?, \d+ ledgers?, 3 CRDs, namespace kubeskippy-system/)
      const kinds = new Set((await leftOvers(cluster)).filter((row) => !/kube-root-ca|ServiceAccount.default/.test(row)).map((row) => row.split('/').at(-2) ?? ''))
      expect([...kinds]).to.have.members(['CustomResourceDefinition', 'HealingAction', 'HealingLedger', 'HealingPolicy', 'Namespace'])
    })

    it('and takes up what it had decided when it comes back', async () => {
      const ledgers = await k('get', 'healingledgers', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].metadata.uid}')
      await release(cluster, 'install')
      expect(await k('get', 'healingledgers', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.items[*].metadata.uid}')).to.equal(ledgers).and.not.to.equal('')
    })

    it('kubeskippy uninstall alone takes everything, Helm\'s own record too', async () => {
      await closeTheDoor()
      const { code, stdout, stderr } = await uninstall('--delete-policies', '--yes', '--timeout', '5m')
      expect(code, stderr).to.equal(0)
      expect(stdout).to.contain('secret/sh.helm.release.v1.kubeskippy.v1 in kubeskippy-system: removed')
      await leaves([])
      expect(await helmMust(['list', '--short'], { kubeconfig: cluster.kubeconfig })).to.equal('')
      expect((await uninstall('--delete-policies', '--yes')).stdout).to.match(/^cluster: .*\nnothing of KubeSkippy is in this cluster\n$/)
    })
  })

  describe('when kubectl installed it', () => {
    before(async () => {
      await applyConfig(cluster)
      await healed('till')
      await closeTheDoor()
    })

    it('by kubectl delete, and what that leaves by kubeskippy uninstall', async () => {
      await k('delete', '-k', CONFIG, '--ignore-not-found', '--timeout=600s').catch(async (error: unknown) => {
        throw new Error(await k('get', 'namespace', OPERATOR_NAMESPACE, '-o', 'jsonpath={.status}') + (await k('get', 'pods', '-n', OPERATOR_NAMESPACE)), { cause: error })
      })
      await leaves(['till/Role/kubeskippy-healer', 'till/RoleBinding/kubeskippy-healer', 'till/ServiceAccount/kubeskippy-healer'])
      const { code, stderr } = await uninstall('--delete-policies', '--yes', '--timeout', '5m')
      expect(code, stderr).to.equal(0)
      await leaves([])
    })
  })

  describe('when it is one of the charts of a release', () => {
    let chart = ''
    before(async () => {
      chart = mkdtempSync(join(tmpdir(), 'kubeskippy-platform-'))
      cpSync(CHART, join(chart, 'charts/kubeskippy'), { recursive: true })
      mkdirSync(join(chart, 'templates'))
      writeFileSync(join(chart, 'Chart.yaml'), JSON.stringify({ apiVersion: 'v2', name: 'platform', version: '0.1.0' }))
      writeFileSync(join(chart, 'templates/theirs.yaml'), JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs' } }))
      await helmMust(['install', 'platform', chart, '--create-namespace'], { kubeconfig: cluster.kubeconfig, values: { kubeskippy: imageValues(PRODUCT_IMAGE) } })
    })
    after(() => rmSync(chart, { recursive: true, force: true }))

    it('kubeskippy uninstall leaves what is of others, and Helm knows of it still', async () => {
      const { code, stdout, stderr } = await uninstall('--delete-policies', '--yes', '--timeout', '5m')
      expect(code, stderr).to.equal(0)
      expect(stdout).to.contain(`Helm's record of the release platform in ${OPERATOR_NAMESPACE}: kept, since it holds more than KubeSkippy`)
      expect(stdout).to.contain(`namespace/${OPERATOR_NAMESPACE}: kept, since Helm's record of the release platform is in it`)
      expect(await k('get', 'crd,deployments', '-A', '-l', 'app.kubernetes.io/name=kubeskippy', '-o', 'name')).to.equal('')
      expect(await helmMust(['list', '--short'], { kubeconfig: cluster.kubeconfig })).to.equal('platform\n')
      await helmMust(['uninstall', 'platform'], { kubeconfig: cluster.kubeconfig })
      expect(await k('get', 'configmap', 'theirs', '-n', OPERATOR_NAMESPACE, '--ignore-not-found')).to.equal('')
    })
  })
})
