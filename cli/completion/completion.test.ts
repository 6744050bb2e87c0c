import { expect } from 'chai'
import { HEALING_ACTIONS, HEALING_POLICIES, NAMESPACES } from '../../shared/kube/resources.ts'
import { buildPolicy } from '../../shared/testing/builders/objects.ts'
import type { KubeConnection } from '../../shared/kube/transport.ts'
import { CONTROLLER_OPTIONS } from '../../controller/options.ts'
import { WEBHOOK_OPTIONS } from '../../webhook/options.ts'
import { RULE_TEXTS } from '../lint/layers.ts'
import { noCluster, setUpCli } from '../testing/bench.ts'
import { COMPLETE } from './name.ts'

/** Words as a shell parts them; the last one is being written. */
const offline = async (...words: readonly string[]): Promise<string[]> => told(await setUpCli().run([COMPLETE, ...words].join(' '), noCluster, [COMPLETE, ...words]))
const told = ({ code, out, err }: { readonly code: number; readonly out: string; readonly err: string }): string[] => {
  expect({ code, err }).to.deep.equal({ code: 0, err: '' })
  return out.split('\n').slice(0, -1).map((line) => line.split('\t')[0] ?? '')
}

describe('completion', () => {
  const cases: readonly (readonly [words: readonly string[], answer: readonly string[]])[] = [
    [['ex'], ['explain', ':4']],
    [['nothing-like-it'], [':4']],
    [['certs', ''], ['show', 'ensure', 'help', ':4']],
    [['certs', 'show', '--k'], ['--kubeconfig', ':4']],
    [['explain', '-o', ''], ['table', 'json', 'yaml', ':4']],
    [['explain', '-o', 'y'], ['yaml', ':4']],
    [['explain', '--output', 'j'], ['json', ':4']],
    [['explain', '--output=t'], ['table', ':4']],
    [['explain', '--output=x'], [':4']],
    [['approve', '-o', ''], ['table', 'json', 'yaml', ':4']],
    [['certs', 'ensure', '--output=y'], ['yaml', ':4']],
    [['enable', '--pr'], ['--print', ':4']],
    // One that was given is not offered again, one that may be repeated is.
    [['top', '-A', '--on'], ['--once', ':4']],
    [['top', '--once', '--on'], [':4']],
    [['top', '--once', '--'], ['--kubeconfig', '--context', '--namespace', '--all-namespaces', '--output', '--help', ':4']],
    [['lint', ''], [':0']],
    [['lint', 'a.yaml', ''], [':0']],
    [['lint', '--format', 'sa'], ['sarif', ':4']],
    [['simulate', '--config', ''], [':0']],
    [['simulate', '--config=', ''], [':0']],
    [['simulate', 'a.yaml', ''], [':4']],
    [['pause', '--reason', ''], [':4']],
    [['controller', '--log-level', ''], ['debug', 'info', 'warn', 'error', ':4']],
    [['controller', '--conf'], ['--config', ':4']],
    [['webhook', '--config', ''], [':0']],
    [['webhook', '--bind'], ['--bind-address', ':4']],
    [['lint', '--explain', 'KS30'], ['KS301', 'KS302', 'KS303', 'KS304', 'KS305', 'KS306', 'KS307', 'KS309', ':4']],
    [['completion', ''], ['bash', 'zsh', 'fish', 'kubectl', ':4']],
    [['completion', 'bash', ''], [':4']],
    // A value that looks like a command is a value; a flag behind `--` is none.
    [['top', '-n', 'lint', '--onc'], ['--once', ':4']],
    [['lint', '--', '--f'], [':0']],
  ]
  for (const [words, answer] of cases) {
    it(`of ${JSON.stringify(words)}`, async () => expect(await offline(...words)).to.deep.equal(answer))
  }

  it('offers every rule that can be explained', async () => {
    expect(await offline('lint', '--explain', '')).to.deep.equal([...RULE_TEXTS.map(({ id }) => id), ':4'])
  })

  it('offers every flag of the programs', async () => {
    for (const [program, options] of [['controller', CONTROLLER_OPTIONS], ['webhook', WEBHOOK_OPTIONS]] as const) {
      expect(await offline(program, '--')).to.deep.equal([...options.map(({ flag }) => `--${flag}`), '--help', ':4'])
    }
  })

  it('offers every command that the help names', async () => {
    const { out } = await setUpCli().run('help', noCluster)
    const named = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name)
    expect((await offline('')).slice(0, -1)).to.have.members(named)
  })
})

describe('completion of names', () => {
  const setUp = () => {
    const bench = setUpCli()
    for (const name of ['bank', 'shop-test']) bench.cluster.seed(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const { apiVersion, kind, spec } = buildPolicy()
    for (const [namespace, name] of [['shop', 'cart'], ['shop', 'till'], ['bank', 'vault']] as const) bench.cluster.seed(HEALING_POLICIES, { apiVersion, kind, metadata: { namespace, name, generation: 1 }, spec })
    bench.cluster.seed(HEALING_ACTIONS, { apiVersion, kind: 'HealingAction', metadata: { namespace: 'shop', name: 'cart-restart-a' } })
    const ask = async (...words: readonly string[]): Promise<string[]> => told(await bench.run('', {}, [COMPLETE, ...words]))
    return { ...bench, ask }
  }
  it('knows the policies of the namespace, where one is wanted', async () => {
    const { ask } = setUp()
    expect(await ask('pause', '')).to.deep.equal(['cart', 'till', ':4'])
    expect(await ask('pause', 't')).to.deep.equal(['till', ':4'])
    expect(await ask('pause', '-n', 'bank', '')).to.deep.equal(['vault', ':4'])
    expect(await ask('resume', '--namespace=bank', '')).to.deep.equal(['vault', ':4'])
  })
  it('knows actions, and both for explain', async () => {
    const { ask } = setUp()
    expect(await ask('approve', '')).to.deep.equal(['cart-restart-a', ':4'])
    expect(await ask('explain', 'c')).to.deep.equal(['cart', 'cart-restart-a', ':4'])
    expect(await ask('explain', 'cart', '')).to.deep.equal([':4'])
  })
  it('knows namespaces', async () => {
    const { ask } = setUp()
    for (const words of [['top', '-n', 's'], ['top', '--namespace=s'], ['enable', '--consent-to', 's']]) expect(await ask(...words), words.join(' ')).to.deep.equal(['shop', 'shop-test', ':4'])
  })
  it('offers nothing when the cluster refuses or is not there', async () => {
    expect(told(await setUpCli({ deny: () => 'no' }).run('', {}, [COMPLETE, 'pause', '']))).to.deep.equal([':4'])
    expect(told(await setUpCli().run('', { connect: () => Promise.reject(new Error('no such file')) }, [COMPLETE, 'pause', '']))).to.deep.equal([':4'])
  })
  it('waits two seconds for a cluster and no longer', async () => {
    const { run } = setUp()
    const waits: unknown[] = []
    const connect = (): Promise<KubeConnection> =>
      Promise.resolve({ list: (_: unknown, options?: { readonly timeout?: number }) => (waits.push(options?.timeout), Promise.reject(new Error('late'))), close: () => Promise.resolve() } as unknown as KubeConnection)
    expect(told(await run('', { connect }, [COMPLETE, 'explain', '']))).to.deep.equal([':4'])
    expect(waits).to.deep.equal([2000, 2000])
  })
})
