/** What people run who want to see it: demo/quick-demo.sh, and demo/setup.sh with demo/monitor.sh. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openCluster, stopCluster } from '../cluster/cluster.ts'
import { exec, type Finished } from '../cluster/exec.ts'
import { listClusters } from '../cluster/state.ts'
import { APPS } from './scenario.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Not that of somebody who plays on this machine. */
const NAME = 'try'
const MINUTES = 60_000
/** All at once, so that it takes as long as the slowest, which is the leak. */
const SHOWN = APPS.map(({ name }) => name)

const run = (script: string, args: readonly string[] = []): Promise<Finished> =>
  // What make hands to its children is not theirs. From any folder.
  exec('bash', [join(ROOT, script), ...args], { cwd: tmpdir(), env: { ...process.env, NAME, MAKELEVEL: undefined, MAKEFLAGS: undefined, KEEP: undefined }, timeout: 18 * MINUTES })

describe('the demonstration', function () {
  this.timeout(20 * MINUTES)
  after(() => stopCluster(NAME))

  it('shows what breaks, and what must come of it, in a cluster that goes with it', async () => {
    const { code, stdout, stderr } = await run('demo/quick-demo.sh', SHOWN)
    expect(code, `${stdout}${stderr}`).to.equal(0)
    for (const name of SHOWN) expect(stdout).to.match(new RegExp(`^ *✓ {2}${name} `, 'm'))
    expect(stdout).to.match(/✓ {2}stale-lock +crash loop .*1 create pods\/eviction as kubeskippy-healer/).and.to.match(/✓ {2}bystander +protected .*nothing/).and.to.match(/✓ {2}checkout .*1 patch deployments\/scale as kubeskippy-healer/)
    expect(stdout).to.contain('✓  unsafe policy').and.to.contain('All that was expected was seen').and.not.to.contain('✗')
    expect(listClusters().flatMap(({ plan }) => plan?.name ?? [])).not.to.include(NAME)
  })

  it('says what is missing to somebody who watches nothing', async () => {
    const { code, stderr } = await run('demo/monitor.sh')
    expect(code).to.equal(1)
    expect(stderr).to.contain(`There is no cluster ${NAME}`).and.to.contain(`NAME=${NAME} demo/setup.sh`)
  })

  it('can be set up to be played with, and watched', async () => {
    const { code, stdout, stderr } = await run('demo/setup.sh')
    expect(code, `${stdout}${stderr}`).to.equal(0)
    expect(stdout).to.contain(`NAME=${NAME} demo/monitor.sh`).and.to.contain(`make down NAME=${NAME}`)
    const watched = await run('demo/monitor.sh')
    expect(watched.stdout).to.match(/^\d+ policies: /).and.to.match(/demo-apps +crash-loops +automatic/)
    expect((await openCluster(NAME))?.name).to.equal(NAME)
  })

  it('names the apps that there are to somebody who asks for another', async () => {
    const { code, stderr } = await run('demo/quick-demo.sh', ['cart'])
    expect(code).not.to.equal(0)
    expect(stderr).to.contain('There is no app cart').and.to.contain('leak (memory leak)')
  })
})
