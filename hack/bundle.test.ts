import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { API_VERSION } from '../shared/api/v1alpha1/fields.ts'
import { resources } from '../shared/api/v1alpha1/resources.ts'
import { VERSION } from '../shared/lib/version.ts'
import { bundle } from './bundle.ts'

const exec = promisify(execFile)

describe('the bundle', function () {
  this.timeout(60_000)
  let folder: string

  before(async () => {
    // Outside the checkout: no node_modules is found from there.
    folder = mkdtempSync(join(tmpdir(), 'kubeskippy-bundle-'))
    await bundle(folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const run = async (...args: readonly string[]): Promise<{ readonly code?: number; readonly stdout: string; readonly stderr: string }> => {
    try {
      return await exec(process.execPath, [join(folder, 'kubeskippy.js'), ...args], { cwd: folder })
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string }
    }
  }

  it('tells its version', async () => expect(await run('version')).to.deep.equal({ stdout: `${VERSION}\n`, stderr: '' }))

  it('judges files, of every kind of ours', async () => {
    const { code, stdout, stderr } = await run('lint', '--format', 'json', join(import.meta.dirname, '../config/samples/invalid/rules/ks401.yaml'))
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' })
    expect(stdout).to.contain('KS401')
    const objects = resources.map(({ kind }) => JSON.stringify({ apiVersion: API_VERSION, kind, metadata: { name: 'a', namespace: 'shop' }, spec: {}, status: {} }))
    writeFileSync(join(folder, 'all.yaml'), objects.join('\n---\n'))
    const all = await run('lint', '--format', 'json', 'all.yaml')
    expect(all.stderr).to.equal('')
    for (const { kind } of resources) expect(all.stdout).to.contain(kind)
  })

  it('gives back what the controller does not need any more; the webhook, whose time counts, keeps it', async () => {
    const spy = join(folder, 'spy.cjs')
    writeFileSync(spy, "const v8 = require('node:v8'); v8.setFlagsFromString = (flag) => process.stdout.write(`told V8 ${flag}\n`)")
    const told = async (program: string): Promise<readonly string[]> => {
      const { stdout } = await exec(process.execPath, ['--require', spy, join(folder, 'kubeskippy.js'), program, '--help'], { cwd: folder })
      return stdout.split('\n').filter((line) => line.startsWith('told V8'))
    }
    expect(await told('controller')).to.deep.equal(['told V8 --optimize-for-size', 'told V8 --heap-growing-percent=100'])
    expect(await told('webhook')).to.deep.equal([])
  })

  for (const program of ['controller', 'webhook']) {
    it(`holds the ${program}`, async () => expect((await run(program, '--help')).stdout).to.contain(`Usage: kubeskippy ${program}`))
    it(`holds a ${program} that names every problem of its configuration`, async () => {
      const { code, stderr } = await run(program, '--nonsense', '--log-level=loud', '--kubeconfig=/nonexistent')
      expect(code).to.equal(2)
      expect(stderr).to.contain('--nonsense').and.to.contain('--log-level').and.to.contain('/nonexistent')
    })
  }
})
