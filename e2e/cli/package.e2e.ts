/** What `npm pack` makes: installed where nothing is, without a registry, it runs. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parse } from 'yaml'
import { exec, type Finished } from '../cluster/exec.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const sample = (kind: string): string => readFileSync(join(ROOT, `config/samples/${kind}/rules/ks401.yaml`), 'utf8')

describe('the npm package', function () {
  this.timeout(600_000)
  let folder = ''
  const inside = (command: string, args: readonly string[], cwd: string, input = ''): Promise<Finished> =>
    // Nothing of this repository may help it but its Node.
    exec(command, args, { cwd, input, env: { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, HOME: join(folder, 'home'), npm_config_cache: join(folder, 'cache') }, timeout: 300_000 })

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-package-'))
    for (const name of ['home', 'empty']) mkdirSync(join(folder, name))
    const packed = await inside('npm', ['pack', '--pack-destination', folder], ROOT)
    expect(packed.code, packed.stderr).to.equal(0)
    writeFileSync(join(folder, 'empty', 'package.json'), '{"private": true}')
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
    const installed = await inside('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, tarball)], join(folder, 'empty'))
    expect(installed.code, installed.stderr).to.equal(0)
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  const npx = (args: readonly string[], input = ''): Promise<Finished> => inside('npx', ['--offline', '--no-install', 'kubeskippy', ...args], join(folder, 'empty'), input)

  it('brings nothing with it but itself', () => {
    const names = readdirSync(join(folder, 'empty', 'node_modules')).filter((name) => !name.startsWith('.'))
    expect(names).to.deep.equal(['kubeskippy'])
    expect(readdirSync(join(folder, 'empty', 'node_modules/kubeskippy')).sort()).to.deep.equal(['LICENSE', 'README.md', 'dist', 'package.json'])
  })

  it('lints', async () => {
    const bad = await npx(['lint', '-'], sample('invalid'))
    expect({ code: bad.code, stderr: bad.stderr }).to.deep.equal({ code: 1, stderr: '' })
    expect(bad.stdout).to.contain('error KS401 ')
    expect((await npx(['lint', '-', '--fail-on', 'warning'], sample('valid'))).code).to.equal(0)
    writeFileSync(join(folder, 'empty', 'policy.yaml'), sample('invalid'))
    expect((await npx(['lint'])).stdout).to.match(/^policy\.yaml:[0-9]+:[0-9]+: error KS401 /)
  })

  it('lints as the action of GitHub calls it, whatever its inputs are', async () => {
    const { runs, inputs } = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as { runs: { steps: { name?: string; run?: string; env?: Record<string, string> }[] }; inputs: Record<string, { default: string }> }
    const step = runs.steps.find(({ name }) => name === 'Lint')
    const act = async (given: Record<string, string>): Promise<Finished> => {
      const env = Object.fromEntries(Object.entries(step?.env ?? {}).map(([name, value]) => [name, value.replace(/^\$\{\{ inputs\.(\S+) \}\}$/, (_all, input: string) => given[input] ?? inputs[input]?.default ?? '')]))
      return exec('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? ''], { cwd: join(folder, 'empty'), env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, GITHUB_ACTION_PATH: ROOT, ...env }, timeout: 180_000 })
    }
    writeFileSync(join(folder, 'empty', 'policy.yaml'), sample('invalid'))
    const annotated = await act({})
    expect({ code: annotated.code, stderr: annotated.stderr }).to.deep.equal({ code: 1, stderr: '' })
    expect(annotated.stdout).to.match(/^::error file=policy\.yaml,line=[0-9]+/)
    expect((await act({ targets: '*.yaml --fix $(touch hacked) ;touch hacked', format: 'sarif', output: 'out.sarif' })).code).to.equal(2)
    expect(readdirSync(join(folder, 'empty'))).to.include('out.sarif').and.not.to.include('hacked')
  })

  it('lints as pre-commit calls it', async () => {
    const [{ entry, language }] = parse(readFileSync(join(ROOT, '.pre-commit-hooks.yaml'), 'utf8')) as [{ entry: string; language: string }]
    expect(language).to.equal('system')
    const [program = '', ...words] = entry.split(' ')
    for (const kind of ['valid', 'invalid']) writeFileSync(join(folder, 'empty', `${kind}.yaml`), sample(kind))
    const hook = (...files: string[]): Promise<Finished> => inside(join('node_modules/.bin', program), [...words, ...files], join(folder, 'empty'))
    expect((await hook('valid.yaml')).code).to.equal(0)
    const refused = await hook('valid.yaml', 'invalid.yaml')
    expect(refused.code).to.equal(1)
    expect(refused.stdout).to.match(/^invalid\.yaml:[0-9]+:[0-9]+: error KS401 /m)
  })

  it('lints as the job of GitLab calls it, in folders of folders', async () => {
    const { 'kubeskippy-lint': job } = parse(readFileSync(join(ROOT, 'integrations/gitlab/lint.gitlab-ci.yml'), 'utf8')) as { 'kubeskippy-lint': { script: string[]; variables: Record<string, string> } }
    const script = job.script.filter((line) => !line.startsWith('npm ')).join('\n')
    expect(job.script.length - 1).to.equal(script.split('\n').length)
    mkdirSync(join(folder, 'empty', 'policies/shop/cart'), { recursive: true })
    writeFileSync(join(folder, 'empty', 'policies/top.yaml'), sample('valid'))
    writeFileSync(join(folder, 'empty', 'policies/shop/cart/deep.yaml'), sample('invalid'))
    const env = { ...job.variables, KUBESKIPPY_TARGETS: 'policies/**/*.yaml', PATH: `${join(folder, 'empty/node_modules/.bin')}:${dirname(process.execPath)}:/usr/bin:/bin` }
    const ran = await exec('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], { cwd: join(folder, 'empty'), env, timeout: 180_000 })
    expect(ran.code, ran.stderr).to.equal(1)
    expect(readFileSync(join(folder, 'empty/kubeskippy-lint.xml'), 'utf8')).to.contain('deep.yaml').and.to.contain('KS401')
  })

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect((await npx(['version'])).stdout.trim()).to.equal(version)
  })
})
