/** `kubeskippy pause` and `resume` on a real API server. */
import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { KILL_SWITCH, OPERATOR_NAMESPACE, PAUSE_ANNOTATION } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { kubectl, kubeskippy } from './access.ts'

const CRDS = fileURLToPath(new URL('../../config/crd/bases', import.meta.url))

describe('kubeskippy pause and resume', function () {
  this.timeout(300_000)
  let cluster: Cluster

  before(async () => {
    cluster = await startCluster({ node: false })
  })

  after(async () => {
    await cluster?.stop()
  })

  const annotation = async (...object: readonly string[]): Promise<string | undefined> => {
    const found = JSON.parse(await kubectl(cluster, ['get', ...object, '-o', 'json'])) as { metadata: { annotations?: Record<string, string> } }
    return found.metadata.annotations?.[PAUSE_ANNOTATION]
  }

  it('says what to install where the API server does not know policies', async () => {
    const { code, stderr } = await kubeskippy(cluster, 'pause', 'cart', '-n', 'default')
    expect(code).to.equal(1)
    expect(stderr).to.contain('kubectl apply --server-side -f config/crd/bases')
  })

  it('pauses a policy, and takes it back', async () => {
    await kubectl(cluster, ['apply', '--server-side', '-f', CRDS])
    await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=120s', '-f', CRDS])
    await kubectl(cluster, ['create', 'namespace', 'shop'])
    await kubectl(cluster, ['create', 'namespace', OPERATOR_NAMESPACE])
    const { apiVersion, kind, spec } = buildPolicy()
    await eventually(() => kubectl(cluster, ['apply', '-f', '-'], { apiVersion, kind, metadata: { name: 'cart', namespace: 'shop' }, spec }), seconds(60))
    const { code, stderr } = await kubeskippy(cluster, 'pause', 'hp/cart', '-n', 'shop', '--reason', 'release until six')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(await annotation('hp', 'cart', '-n', 'shop')).to.equal('release until six')
    expect((await kubeskippy(cluster, 'resume', 'cart', '-n', 'shop')).stdout).to.equal('healingpolicy/cart in shop: resumed\n')
    expect(await annotation('hp', 'cart', '-n', 'shop')).to.equal(undefined)
  })

  it('tells programs what it has done: which object, and what changed on it', async () => {
    const { metadata } = JSON.parse(await kubectl(cluster, ['get', 'hp', 'cart', '-n', 'shop', '-o', 'json'])) as { metadata: { uid: string } }
    const told = async (...args: readonly string[]): Promise<{ readonly objects: readonly object[] }> => {
      const { code, stdout, stderr } = await kubeskippy(cluster, ...args, '-o', 'json')
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      return JSON.parse(stdout) as { readonly objects: readonly object[] }
    }
    const deed = { change: 'updated', apiVersion: 'kubeskippy.io/v1alpha1', kind: 'HealingPolicy', namespace: 'shop', name: 'cart', uid: metadata.uid }
    const field = `metadata.annotations["${PAUSE_ANNOTATION}"]`
    expect(await told('pause', 'cart', '-n', 'shop', '--reason', 'audit')).to.deep.equal({ dryRun: false, objects: [{ ...deed, fields: [{ field, newValue: 'audit' }] }] })
    expect(await annotation('hp', 'cart', '-n', 'shop')).to.equal('audit')
    expect(await told('resume', 'cart', '-n', 'shop')).to.deep.equal({ dryRun: false, objects: [{ ...deed, fields: [{ field, oldValue: 'audit' }] }] })
    const [killed] = (await told('pause', '--all', '--reason', 'fire')).objects
    const { metadata: made } = JSON.parse(await kubectl(cluster, ['get', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE, '-o', 'json'])) as { metadata: { uid: string } }
    expect(killed).to.include({ change: 'created', kind: 'ConfigMap', uid: made.uid })
    expect((await told('resume', '--all')).objects[0]).to.include({ change: 'removed', uid: made.uid })
    expect(await kubeskippy(cluster, 'pause', 'none', '-n', 'shop', '-o', 'json')).to.include({ code: 1, stdout: '', stderr: 'error: healingpolicy/none in shop does not exist\n' })
  })

  it('takes the namespace of the context', async () => {
    await kubectl(cluster, ['config', 'set-context', '--current', '--namespace=shop'])
    expect((await kubeskippy(cluster, 'pause', 'cart', '--dry-run')).stdout).to.equal('healingpolicy/cart in shop: paused (dry run)\n')
    expect(await annotation('hp', 'cart', '-n', 'shop')).to.equal(undefined)
  })

  it('pauses a namespace, and everything', async () => {
    expect((await kubeskippy(cluster, 'pause', '-n', 'shop')).code).to.equal(0)
    expect(await annotation('namespace', 'shop')).to.equal('by kubeskippy pause')
    expect((await kubeskippy(cluster, 'pause', '--all', '--reason', 'fire')).code).to.equal(0)
    expect(await kubectl(cluster, ['get', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.data.reason}'])).to.equal('fire')
    expect((await kubeskippy(cluster, 'resume', 'cart', '-n', 'shop')).stdout).to.contain('still paused with its namespace').and.to.contain('kill switch')
    expect((await kubeskippy(cluster, 'resume', '--all')).code).to.equal(0)
    expect((await kubeskippy(cluster, 'resume', '-n', 'shop')).code).to.equal(0)
    expect(await annotation('namespace', 'shop')).to.equal(undefined)
    expect(await kubectl(cluster, ['get', 'configmap', KILL_SWITCH, '-n', OPERATOR_NAMESPACE, '--ignore-not-found'])).to.equal('')
  })
})
