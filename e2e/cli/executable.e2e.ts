/** The single executable: a plug-in of the real kubectl on a real API server, without a Node of its own, and its completion in a real bash. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { makeExecutable } from '../../hack/executable.ts'
import { seconds } from '../../shared/lib/time.ts'
import { VERSION } from '../../shared/lib/version.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { installationManifests } from '../installation/files.ts'

describe('the single executable', function () {
  this.timeout(600_000)
  let folder = ''
  let cluster: Cluster
  let bin = ''

  /** Only what is in `bin`, and what every system has: no Node. */
  const run = (program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Finished> =>
    exec(program, args, { cwd: folder, env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, KUBECONFIG: cluster.kubeconfig, ...more }, timeout: 120_000 })

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-executable-'))
    bin = join(folder, 'bin')
    mkdirSync(bin)
    const [program] = await Promise.all([makeExecutable(join(folder, 'made')), startCluster({ node: false, log: () => {} }).then((started) => void (cluster = started))])
    copyFileSync(program, join(bin, 'kubectl-kubeskippy'))
    copyFileSync(join(folder, 'made/kubectl_complete-kubeskippy'), join(bin, 'kubectl_complete-kubeskippy'))
    symlinkSync('kubectl-kubeskippy', join(bin, 'kubeskippy'))
    symlinkSync(join(cluster.bin, 'kubectl'), join(bin, 'kubectl'))
    const policy = stringify(buildPolicy({ metadata: { name: 'stale-lock', namespace: 'shop' } }))
    await cluster.kubectl(['create', 'namespace', 'shop'])
    await cluster.kubectl(['apply', '-f', '-'], { input: installationManifests(undefined) })
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=120s', 'crd', '--all'])
    // For a moment after that its API is not there yet.
    await eventually(async () => {
      const made = await cluster.kubectl(['create', '-f', '-'], { input: policy })
      expect(made.code, made.stderr).to.equal(0)
    }, seconds(60))
  })
  after(async () => {
    await cluster?.stop()
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  it('needs no Node', async () => {
    expect([existsSync(join(bin, 'node')), (await run('kubeskippy', ['--version'])).stdout]).to.deep.equal([false, `${VERSION}\n`])
  })

  it('is found by kubectl, and takes its cluster and namespace from the same place', async () => {
    const listed = await run('kubectl', ['plugin', 'list'])
    expect(listed.stdout).to.contain('kubectl-kubeskippy')
    const { code, stdout, stderr } = await run('kubectl', ['kubeskippy', 'explain', 'stale-lock', '-n', 'shop', '-o', 'json'])
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect((JSON.parse(stdout) as { policy: { metadata: { name: string } } }).policy.metadata.name).to.equal('stale-lock')
  })

  it('keeps its exit codes behind kubectl', async () => {
    expect((await run('kubectl', ['kubeskippy', 'explain', 'nothing', '-n', 'shop'])).code).to.equal(1)
    expect((await run('kubectl', ['kubeskippy', 'explian'])).code).to.equal(2)
  })

  it('holds both programs too', async () => {
    for (const program of ['controller', 'webhook']) expect((await run('kubeskippy', [program, '--help'])).stdout).to.contain(`Usage: kubeskippy ${program}`)
  })

  it('lints, with a rule of each language', async () => {
    writeFileSync(join(folder, 'policy.yaml'), stringify(buildPolicy({ metadata: { name: 'a', namespace: 'shop' }, spec: { safetyRules: { maxActionsPerHour: 99 } } } as never)))
    const { code, stdout } = await run('kubeskippy', ['lint', 'policy.yaml'])
    expect(code, stdout).to.equal(1)
    expect(stdout).to.contain('KS401')
  })

  it('is asked by kubectl what may come next', async () => {
    const ask = async (...words: readonly string[]): Promise<string[]> => (await run('kubectl', ['__complete', 'kubeskippy', ...words])).stdout.trim().split('\n').map((line) => line.split('\t')[0] ?? '')
    expect(await ask('expl')).to.deep.equal(['explain', ':4'])
    // A cluster that does not answer within two seconds is not waited for.
    await eventually(async () => expect(await ask('explain', '-n', 'shop', 's')).to.deep.equal(['stale-lock', ':4']), seconds(60))
    expect(await ask('explain', '-o', '')).to.deep.equal(['table', 'json', 'yaml', ':4'])
  })

  /** What bash would offer for a line whose last word is being written. */
  const inBash = async (line: string, cwd = folder): Promise<string[]> => {
    const script = `
      source <(kubeskippy completion bash)
      COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=() COMP_CWORD=0
      # As bash itself parts a line: at blanks, and at "=".
      read -ra parts <<< "\${1//=/ = }"; [[ $1 == *[[:space:]=] ]] && parts+=('')
      COMP_WORDS=("\${parts[@]}"); COMP_CWORD=$((\${#parts[@]} - 1))
      spec=$(complete -p kubeskippy) && [[ $spec == *'-F _kubeskippy'* ]] || exit 9
      _kubeskippy kubeskippy "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { code, stdout, stderr } = await exec('bash', ['--noprofile', '--norc', '-c', script, 'bash', line], { cwd, env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, KUBECONFIG: cluster.kubeconfig }, timeout: 120_000 })
    expect(code, stderr).to.equal(0)
    return stdout.trim().split('\n')
  }

  it('completes in bash: commands, flags, values with and without "=", names of the cluster, files', async () => {
    expect(await inBash('kubeskippy expl')).to.deep.equal(['explain'])
    expect(await inBash('kubeskippy certs ')).to.deep.equal(['show', 'ensure', 'help'])
    expect(await inBash('kubeskippy top --all')).to.deep.equal(['--all-namespaces'])
    expect(await inBash('kubeskippy explain -o y')).to.deep.equal(['yaml'])
    expect(await inBash('kubeskippy explain --output=')).to.deep.equal(['table', 'json', 'yaml'])
    expect(await inBash('kubeskippy explain --output=j')).to.deep.equal(['json'])
    await eventually(async () => expect(await inBash('kubeskippy pause -n sh')).to.deep.equal(['shop']), seconds(60))
    await eventually(async () => expect(await inBash('kubeskippy pause -n shop st')).to.deep.equal(['stale-lock']), seconds(60))
    const files = join(folder, 'files')
    mkdirSync(files)
    for (const name of ['two words.yaml', 'tame.yaml', 'other.yaml']) writeFileSync(join(files, name), '')
    expect((await inBash('kubeskippy lint t', files)).sort()).to.deep.equal(['tame.yaml', 'two words.yaml'])
  })

  it('is a script for each shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish', 'kubectl']) expect((await run('kubeskippy', ['completion', shell])).stdout).to.contain('__complete')
    chmodSync(join(bin, 'kubectl_complete-kubeskippy'), 0o755)
    expect((await run(join(bin, 'kubectl_complete-kubeskippy'), ['vers'])).stdout).to.contain('version')
  })
})
