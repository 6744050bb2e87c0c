/** Names of services, as pods ask for them: one of busybox, and one of the product's own image. */
import { expect } from 'chai'
import { seconds } from '../../shared/lib/time.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { kubectl } from '../cli/access.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { BUSYBOX_IMAGE } from '../cluster/spec.ts'
import { PRODUCT_IMAGE, productImage } from '../image/product.ts'
import { startDns } from './coredns.ts'

const REPORT = { log: (line: string) => { console.log(line) } }

describe('DNS of a cluster', function () {
  this.timeout(900_000)
  let cluster: Cluster
  const k = (...args: readonly string[]): Promise<string> => kubectl(cluster, args)
  const pod = (name: string, image: string, command: readonly string[]): object => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, imagePullPolicy: 'Never', command }] },
  })
  const service = (name: string, spec: object): object => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec } })
  /** What busybox says of a name; it asks for addresses of both families. */
  const lookUp = async (name: string): Promise<string> => {
    const { stdout, stderr } = await cluster.kubectl(['exec', 'web', '--', 'nslookup', '-type=a', name])
    return stdout + stderr
  }

  before(async () => {
    const { archive } = await productImage(REPORT)
    cluster = await startCluster(REPORT)
    await cluster.loadImage(archive)
    await startDns(cluster, REPORT)
    const items = [pod('web', BUSYBOX_IMAGE, ['sh', '-c', 'mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www']), service('shop', {}), service('each', { clusterIP: 'None' })]
    await kubectl(cluster, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items })
    await k('wait', '--for=condition=Ready', 'pod/web', '--timeout=150s')
  })
  after(async () => cluster?.stop())

  it('knows a service by its address, and one without an address by its pods', async () => {
    const address = await k('get', 'service', 'shop', '-o', 'jsonpath={.spec.clusterIP}')
    const podIp = await k('get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}')
    await eventually(async () => {
      expect(await lookUp('shop.default.svc.cluster.local')).to.contain(`Address: ${address}`)
      expect(await lookUp('each.default.svc.cluster.local')).to.contain(`Address: ${podIp}`)
    }, seconds(90))
  })

  it('knows nothing of what is not there, nor of what pods do not reach anyway', async () => {
    for (const name of ['nobody.default.svc.cluster.local', 'example.com']) await eventually(async () => expect(await lookUp(name), name).to.contain('NXDOMAIN'), seconds(60))
  })

  it('lets the program of the product reach a service by its short name, as the URL of a source has it', async () => {
    // Once a second, as whoever has such a source asks again.
    const script = "const ask = (left) => fetch('http://shop.default/').then((answer) => answer.text()).then((text) => process.stdout.write(text), (error) => { if (left > 0) setTimeout(ask, 1000, left - 1); else { console.error(error); process.exit(1) } }); ask(30)"
    await kubectl(cluster, ['apply', '-f', '-'], pod('asker', PRODUCT_IMAGE, ['/usr/local/bin/node', '-e', script]))
    await eventually(async () => expect(await k('get', 'pod', 'asker', '-o', 'jsonpath={.status.phase}')).to.be.oneOf(['Succeeded', 'Failed']), seconds(120))
    expect(await k('logs', 'asker')).to.equal('served\n')
  })

  it('is started once', async () => {
    await startDns(cluster, REPORT)
    await eventually(async () => expect(await lookUp('shop.default.svc.cluster.local')).to.contain('Address: '), seconds(60))
  })
})
