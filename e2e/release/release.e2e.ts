/** What a release consists of, made as its workflow makes it, and read as those who install it do. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { VERSION } from '../../shared/lib/version.ts'
import { find, objectsOf, type Rendered } from '../chart/helm.ts'
import { toolDir } from '../cluster/build.ts'
import { exec, type Finished } from '../cluster/exec.ts'

const ROOT = join(import.meta.dirname, '../..')
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const IMAGE = `registry.example.com:5000/acme/kubeskippy@${DIGEST}`
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch

const images = (objects: readonly Rendered[]): readonly unknown[] =>
  ['kubeskippy-controller-manager', 'kubeskippy-webhook'].map((name) => {
    const { spec } = find(objects, 'Deployment', name) as unknown as { spec: { template: { spec: { containers: readonly { image: string }[] } } } }
    return spec.template.spec.containers.map(({ image }) => image)
  })

describe('a release', function () {
  this.timeout(600_000)
  let work = ''
  let released = ''
  const env = (): Record<string, string> => ({
    PATH: [toolDir('helm'), toolDir('kubernetes'), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(':'),
    HOME: work, GIT_CONFIG_NOSYSTEM: '1', npm_config_cache: join(work, 'npm-cache'),
  })
  const run = (program: string, args: readonly string[], cwd = ROOT): Promise<Finished> => exec(program, args, { cwd, env: env(), timeout: 540_000 })
  const must = async (program: string, args: readonly string[], cwd = ROOT): Promise<string> => {
    const { code, stdout, stderr } = await run(program, args, cwd)
    expect(code, `${program} ${args.join(' ')}: ${stderr}`).to.equal(0)
    return stdout
  }
  const file = (name: string): string => join(released, name)
  const chart = (): string => file(`kubeskippy-${VERSION}.tgz`)

  before(async () => {
    work = mkdtempSync(join(tmpdir(), 'kubeskippy-release-'))
    released = join(work, 'released')
    mkdirSync(released)
    // From a runner of another architecture.
    writeFileSync(file(`kubectl-kubeskippy-${VERSION}-linux-other.tar.gz`), 'other')
    await must('node', ['hack/release/main.ts', IMAGE, released])
  })
  after(() => {
    if (work !== '') rmSync(work, { recursive: true })
  })

  it('is all there, with the sum of each file', async () => {
    expect(readdirSync(released)).to.have.members([
      'SHA256SUMS', 'sbom.cdx.json', 'licences.txt', `install-${VERSION}.yaml`, `kubeskippy-${VERSION}.tgz`, `kubeskippy-npm-${VERSION}.tgz`,
      `kubectl-kubeskippy-${VERSION}-linux-${ARCHITECTURE}.tar.gz`, `kubectl-kubeskippy-${VERSION}-linux-other.tar.gz`,
    ])
    const checked = await must('sha256sum', ['--check', '--strict', 'SHA256SUMS'], released)
    expect(checked.trim().split('\n')).to.have.length(readdirSync(released).length - 1).and.satisfy((lines: readonly string[]) => lines.every((line) => line.endsWith(': OK')))
  })

  it('has a chart that installs the image by its digest, and no other', async () => {
    const rendered = objectsOf(await must('helm', ['template', 'kubeskippy', chart(), '--namespace', 'kubeskippy-system', '--kube-version', '1.36.0']))
    expect(images(rendered)).to.deep.equal([[IMAGE], [IMAGE]])
    await must('helm', ['lint', '--strict', chart()])
  })

  it('has one file for kubectl that installs the same', () => {
    expect(images(objectsOf(readFileSync(file(`install-${VERSION}.yaml`), 'utf8')))).to.deep.equal([[IMAGE], [IMAGE]])
  })

  it('has a command line that runs with nothing else there', async () => {
    await must('tar', ['-xzf', file(`kubectl-kubeskippy-${VERSION}-linux-${ARCHITECTURE}.tar.gz`), '-C', work])
    const { stdout } = await exec(join(work, 'kubectl-kubeskippy'), ['--version'], { env: { PATH: '/nonexistent' }, timeout: 60_000 })
    expect(stdout.trim()).to.contain(VERSION)
    for (const name of ['LICENSE', 'licences.txt', 'sbom.cdx.json', 'kubectl_complete-kubeskippy']) expect(statSync(join(work, name)).size, name).to.be.greaterThan(0)
  })

  it('has the npm package as npm would make it', async () => {
    const listed = (await must('tar', ['-tzf', file(`kubeskippy-npm-${VERSION}.tgz`)])).trim().split('\n')
    expect(listed).to.include.members(['package/package.json', 'package/README.md', 'package/LICENSE', 'package/dist/kubeskippy.js', 'package/dist/sbom.cdx.json', 'package/dist/licences.txt'])
    expect(listed.filter((name) => !/^package\/(?:dist\/|[^/]+$)/.test(name))).to.deep.equal([])
  })

  it('is refused without an image by its digest, in one line', async () => {
    for (const image of ['', 'kubeskippy:0.1.0']) {
      const { code, stderr } = await run('node', ['hack/release/main.ts', image, join(work, 'refused')])
      expect(code).to.equal(1)
      expect(stderr.trim().split('\n')).to.have.length(1)
      expect(stderr).to.contain('write REPOSITORY@sha256:DIGEST')
    }
  })

  it('enters its chart into an index, beside those before it', async () => {
    const [origin, checkout, later] = [join(work, 'origin.git'), join(work, 'checkout'), join(work, 'later')]
    await must('git', ['init', '--quiet', '--bare', origin])
    await must('git', ['clone', '--quiet', origin, checkout])
    for (const [key, value] of [['user.name', 'Somebody'], ['user.email', 'somebody@example.com']] as const) await must('git', ['config', key, value], checkout)
    const publish = (folder: string, url: string): Promise<string> => must(join(ROOT, 'hack/release/publish-index.sh'), [folder, url], checkout)
    const index = async (): Promise<readonly { version: string; urls: readonly string[]; digest: string }[]> =>
      (parse(await must('git', ['show', 'gh-pages:index.yaml'], origin)) as { entries: { kubeskippy: [] } }).entries.kubeskippy

    await publish(released, 'https://example.com/v1')
    const [first, ...none] = await index()
    expect(none).to.deep.equal([])
    expect(first).to.include({ version: VERSION })
    expect(first?.urls).to.deep.equal([`https://example.com/v1/kubeskippy-${VERSION}.tgz`])
    expect(readFileSync(file('SHA256SUMS'), 'utf8')).to.contain(`${first?.digest}  kubeskippy-${VERSION}.tgz`)

    await must('tar', ['-xzf', chart(), '-C', work])
    await must('helm', ['package', join(work, 'kubeskippy'), '--version', '9.9.9', '--destination', later])
    await publish(later, 'https://example.com/v9')
    expect((await index()).map(({ version, urls }) => [version, urls[0]])).to.have.deep.members([
      ['9.9.9', 'https://example.com/v9/kubeskippy-9.9.9.tgz'], [VERSION, `https://example.com/v1/kubeskippy-${VERSION}.tgz`],
    ])
  })
})

describe('the workflows', () => {
  const folder = join(ROOT, '.github/workflows')
  const files = readdirSync(folder)

  it('are read by actionlint without a complaint', async () => {
    // What shellcheck or pyflakes a machine has is not ours to say.
    const { code, stdout } = await exec(join(toolDir('actionlint'), 'actionlint'), ['-no-color', '-shellcheck=', '-pyflakes=', ...files.map((name) => join(folder, name))])
    expect(stdout).to.equal('')
    expect(code).to.equal(0)
  })

  it('run no shell on words that somebody else chose, and give no right to all jobs but to read', () => {
    for (const name of files) {
      const { permissions, jobs } = parse(readFileSync(join(folder, name), 'utf8')) as { permissions: object; jobs: Record<string, { steps: readonly { run?: string }[] }> }
      expect(permissions, name).to.deep.equal({ contents: 'read' })
      for (const { run: script } of Object.values(jobs).flatMap(({ steps }) => steps)) expect(script ?? '', name).not.to.contain('${{')
    }
  })
})
