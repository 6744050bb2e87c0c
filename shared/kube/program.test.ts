import { expect } from 'chai'
import { ConfigError } from '../lib/errors.ts'
import { millis } from '../lib/time.ts'
import { silentLogger } from '../runtime/logger.ts'
import { PROGRAM_OPTIONS } from './program-options.ts'
import { runProgram, type ProgramEnvironment } from './program.ts'
import type { ConnectConfig } from './transport.ts'

/** Nothing beyond the options and the connection is reached. */
async function run(argv: readonly string[], { file = '', defaultKubeconfig, name = 'controller' }: { readonly file?: string; readonly defaultKubeconfig?: string; readonly name?: 'controller' | 'webhook' } = {}) {
  let err = ''
  const asked: ConnectConfig[] = []
  const env = {
    version: '1.2.3',
    createLog: () => silentLogger,
    connect: (config: ConnectConfig) => {
      asked.push(config)
      throw new ConfigError(['no cluster'])
    },
    defaultKubeconfig: () => defaultKubeconfig,
    readFile: () => file,
    stderr: (text: string) => void (err += text),
  } as unknown as ProgramEnvironment
  const build = (): never => {
    throw new Error('built')
  }
  const code = await runProgram({ name, options: PROGRAM_OPTIONS, stopTimeout: millis(1), build }, argv, env)
  return { code, problems: err.trimEnd().split('\n'), kubeconfig: asked[0]?.kubeconfig }
}

describe('a program', () => {
  it('names the configuration file that is no YAML, with the place, beside the other problems', async () => {
    const { code, problems } = await run(['--config', 'my.yaml', '--log-level=loud'], { file: 'log:\n  level: [info\n' })
    expect(code).to.equal(2)
    expect(problems).to.have.lengthOf(3)
    expect(problems[0]).to.match(/^--config my\.yaml:[23]:[0-9]+: [^:]+$/)
    expect(problems[1]).to.match(/^--log-level: /)
    expect(problems[2]).to.equal('no cluster')
  })

  for (const [what, argv, problem] of [
    ['the same address', ['--metrics-bind-address=:9000', '--health-probe-bind-address=:9000'], '--metrics-bind-address :9000 and --health-probe-bind-address :9000 cannot both be listened to: choose another port for one of them'],
    ['an address, and all of that port', ['--metrics-bind-address=127.0.0.1:8081'], '--metrics-bind-address 127.0.0.1:8081 and --health-probe-bind-address :8081 cannot both be listened to: choose another port for one of them'],
  ] as const) {
    it(`says which two flags say ${what}`, async () => expect((await run(argv)).problems).to.deep.equal([problem, 'no cluster']))
  }
  it('takes two addresses of one port, and any free ports', async () => {
    expect((await run(['--metrics-bind-address=127.0.0.1:9000', '--health-probe-bind-address=127.0.0.2:9000'])).problems).to.deep.equal(['no cluster'])
    expect((await run(['--metrics-bind-address=:0', '--health-probe-bind-address=:0'])).problems).to.deep.equal(['no cluster'])
  })

  it('skips the sections of the configuration that another program judges', async () => {
    const file = 'controller: {concurrency: 4}\nalerts: {bindAddress: ":9094"}\nwebhook: {quietPeriod: 1s}\n'
    const problems = async (name: 'controller' | 'webhook') => (await run(['--config', 'my.yaml'], { file, name })).problems
    expect(await problems('webhook')).to.deep.equal(['unknown key "webhook"', 'no cluster'])
    expect(await problems('controller')).to.deep.equal(['unknown key "controller"', 'unknown key "alerts"', 'no cluster'])
  })

  it('says what is wrong with options that do not fit together, and leaves no connection open', async () => {
    let err = ''
    let closed = false
    const env = {
      createLog: () => silentLogger,
      connect: () => ({ close: () => Promise.resolve(void (closed = true)) }),
      stderr: (text: string) => void (err += text),
    } as unknown as ProgramEnvironment
    const build = (): never => {
      throw new ConfigError(['this and that exclude each other'])
    }
    expect(await runProgram({ name: 'controller', options: PROGRAM_OPTIONS, stopTimeout: millis(1), build }, [], env)).to.equal(2)
    expect([err, closed]).to.deep.equal(['this and that exclude each other\n', true])
  })

  it('takes the kubeconfig of its flag, else the default', async () => {
    expect((await run(['--kubeconfig', 'a'], { defaultKubeconfig: 'b' })).kubeconfig).to.equal('a')
    expect((await run([], { defaultKubeconfig: 'b' })).kubeconfig).to.equal('b')
    expect((await run([])).kubeconfig).to.equal(undefined)
  })
})
