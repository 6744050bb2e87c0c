/** The image that the Dockerfile makes: what is in it, and both programs as pods of a namespace that enforces the restricted standard. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { seconds } from '../../shared/lib/time.ts'
import { VERSION } from '../../shared/lib/version.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster, type KubectlOptions } from '../cluster/cluster.ts'
import { ClusterError } from '../cluster/errors.ts'
import { must as mustRun } from '../cluster/exec.ts'
import { installationManifests } from '../installation/files.ts'
import { goArch } from './bases.ts'
import { CONTROLLER, deployment, pod, programs, RESTRICTED, WEBHOOK, type ProgramPod } from './pods.ts'
import { foreignImage, productImage, type ProductImage } from './product.ts'

const SAMPLES = join(import.meta.dirname, '../../config/samples')
const UNSAFE = join(SAMPLES, 'invalid/rules/ks401.yaml')
const SAFE = join(SAMPLES, 'valid/rules/ks401.yaml')
/** Compressed bytes above the base. */
const LARGEST = 60_000_000

describe('the image', function () {
  this.timeout(1_140_000)
  let image: ProductImage
  let cluster: Cluster
  const must = async (args: readonly string[], options?: KubectlOptions): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args, options)
    if (code !== 0) throw new ClusterError(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const system = (...args: readonly string[]): Promise<string> => must(['-n', OPERATOR_NAMESPACE, ...args])
  const apply = (objects: readonly object[]): Promise<string> => must(['apply', '-f', '-'], { input: objects.map((object) => stringify(object)).join('---\n') })
  const rolledOut = async (name: ProgramPod): Promise<void> => void (await system('rollout', 'status', `deployment/${name}`, '--timeout=300s'))
  /** What it printed and its exit code. */
  const runPod = async (name: string, of: ProgramPod, args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> => {
    await apply([pod(name, of, args)])
    const code = await eventually(async () => {
      const ended = await system('get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}')
      expect(ended, await system('get', 'pod', name, '-o', 'jsonpath={.status}')).to.match(/^[0-9]+$/)
      return Number(ended)
    }, seconds(180))
    return { code, out: await system('logs', name) }
  }

  before(async () => {
    image = await productImage({ log: (line) => console.error(line) })
    cluster = await startCluster({ log: () => {} })
    await cluster.loadImage(image.archive)
    await must(['apply', '-f', '-'], { input: installationManifests(undefined) })
    await must(['apply', '-f', join(SAMPLES, '../webhook/manifests.yaml')])
    await must(['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'])
    await must(['label', 'namespace', OPERATOR_NAMESPACE, RESTRICTED])
    await must(['create', 'namespace', 'shop'])
  })
  after(async () => {
    await cluster?.stop()
  })

  it(`has at most ${LARGEST / 1e6} MB above its base, compressed`, () => {
    console.log(`      ${(image.size / 1e6).toFixed(1)} MB`)
    expect(image.size).to.be.within(1_000_000, LARGEST)
  })

  it('is made for the other architecture without emulating it', async () => {
    const other = process.arch === 'x64' ? 'arm64' : 'x64'
    expect(await foreignImage(other, { log: (line) => console.error(line) })).to.deep.equal({ architecture: goArch(other), fits: true })
  })

  it('runs as nobody of the node, from an entry that no shell has to read', () => {
    expect(image.config.config).to.deep.include({ User: '65532:65532', Entrypoint: ['/usr/local/bin/node', '/opt/kubeskippy/kubeskippy.js'] })
    expect(image.config.config.Labels).to.include({ 'org.opencontainers.image.licenses': 'MIT' })
  })

  it('holds the bundle and nothing of the build', async () => {
    const layers = mkdtempSync(join(tmpdir(), 'kubeskippy-image-'))
    try {
      await mustRun('tar', ['--extract', '--file', image.archive, '--directory', layers])
      const [{ Layers }] = JSON.parse(readFileSync(join(layers, 'manifest.json'), 'utf8')) as [{ Layers: string[] }]
      const lists = await Promise.all(Layers.map((layer) => mustRun('tar', ['--list', '--file', join(layers, layer)])))
      const files = lists.join('\n').split('\n')
      expect(files).to.include.members(['usr/local/bin/node', ...['kubeskippy.js', 'sbom.cdx.json', 'licences.txt', 'LICENSE', 'LICENSE.node'].map((file) => `opt/kubeskippy/${file}`)])
      expect(files.filter((file) => /node_modules|^src\/|\.ts$|\.npm|package-lock|\/sh$/.test(file))).to.deep.equal([])
    } finally {
      rmSync(layers, { recursive: true })
    }
  })

  it('prints its version, and what is wrong with a flag, with the exit codes of the command line', async () => {
    expect(await runPod('version', CONTROLLER, ['--version'])).to.deep.equal({ code: 0, out: `${VERSION}\n` })
    const { code, out } = await runPod('misused', WEBHOOK, ['webhook', '--nonsense', '--log-level=loud'])
    expect(code).to.equal(2)
    expect(out).to.contain('--nonsense').and.to.contain('--log-level')
    expect((await runPod('unknown', CONTROLLER, ['controler'])).code).to.equal(2)
  })

  it('runs both programs, with a root that cannot be written, until they are ready', async () => {
    await apply(programs())
    await Promise.all([rolledOut(WEBHOOK), rolledOut(CONTROLLER)])
    const shell = await cluster.kubectl(['-n', OPERATOR_NAMESPACE, 'exec', `deployment/${CONTROLLER}`, '--', 'sh', '-c', 'true'])
    expect(shell.code).not.to.equal(0)
    expect(shell.stderr).to.contain('executable file not found')
  })

  it('is the door that the API server asks, and the controller that judges', async () => {
    // That the door is ready, the API server learns a moment later.
    await eventually(async () => {
      const refused = await cluster.kubectl(['apply', '-n', 'shop', '-f', UNSAFE])
      expect([refused.code, refused.stderr.includes('KS401')], refused.stderr).to.deep.equal([1, true])
    }, seconds(60))
    await must(['apply', '-n', 'shop', '-f', SAFE])
    await eventually(async () => {
      const { items } = JSON.parse(await must(['-n', 'shop', 'get', 'healingpolicies', '-o', 'json'])) as { items: { status?: { conditions?: { type: string; status: string }[] } }[] }
      expect(items[0]?.status?.conditions?.find(({ type }) => type === 'Accepted')?.status).to.equal('True')
    }, seconds(90))
  })

  it('stops in order when it is asked to, as process 1', async () => {
    const [name = ''] = (await system('get', 'pods', '-l', `app=${CONTROLLER}`, '-o', 'name')).trim().split('\n')
    const said = system('logs', '--follow', name)
    // When it is followed, which the audit log says as soon as the first line is sent.
    const follows = (line: string): boolean => line.includes('"subresource":"log"') && line.includes(`"name":"${name.replace('pod/', '')}"`) && line.includes('"code":200')
    await eventually(() => expect(readFileSync(cluster.auditLog, 'utf8').split('\n').some(follows)).to.equal(true), seconds(60))
    await system('delete', name, '--timeout=120s')
    expect((await said).trim().split('\n').at(-1)).to.contain('"msg":"stopped"')
    await rolledOut(CONTROLLER)
  })

  it('keeps the certificate for webhooks that may only read it', async () => {
    const shown = await runPod('certs-show', WEBHOOK, ['certs', 'show', '-o', 'json'])
    expect([shown.code, (JSON.parse(shown.out) as { trusted: boolean }).trusted]).to.deep.equal([0, true])
    await apply([deployment(WEBHOOK, ['webhook', '--certificates=provided'])])
    await system('delete', 'secret', 'kubeskippy-webhook-tls')
    const made = await runPod('certs-ensure', WEBHOOK, ['certs', 'ensure'])
    expect({ code: made.code, last: made.out.trim().split('\n').at(-1)?.replace(/until .*/, 'until') }).to.deep.equal({ code: 0, last: 'kubeskippy-webhook-tls: valid until' })
    await rolledOut(WEBHOOK)
    await eventually(async () => {
      const refused = await cluster.kubectl(['apply', '-n', 'shop', '-f', UNSAFE])
      expect(refused.stderr).to.contain('KS401')
    }, seconds(90))
  })
})
