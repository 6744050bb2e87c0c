import { expect } from 'chai'
import { assert, property, array, string } from 'fast-check'
import { ConfigError } from '../lib/errors.ts'
import type { Millis } from '../lib/time.ts'
import { optionHelp } from './option-help.ts'
import { parseOptions, type OptionSpec, type OptionsOf } from './options.ts'

const OPTIONS = [
  { key: 'metrics.address', flag: 'metrics-address', type: 'string', default: ':8080', pattern: /^\S*:\d+$/, format: 'HOST:PORT, such as :8080', doc: 'Where metrics are served.' },
  { key: 'leaderElect', flag: 'leader-elect', type: 'boolean', default: false, doc: 'Wait for the lease.' },
  { key: 'workers', flag: 'workers', type: 'integer', default: 4, min: 1, max: 64, doc: 'Keys at once.' },
  { key: 'share', flag: 'share', type: 'number', default: 0.2, min: 0, max: 1, doc: 'A share.' },
  { key: 'syncInterval', flag: 'sync-interval', type: 'duration', default: '30s', min: '1s', max: '1h', doc: 'The pace.' },
  { key: 'logLevel', flag: 'log-level', type: 'choice', choices: ['debug', 'info'], default: 'info', doc: 'The least that is logged.' },
  { key: 'protected', flag: 'protected', type: 'list', default: ['kube-system'], pattern: /^[a-z-]+$/, format: 'a name', doc: 'Never touched.' },
  { key: 'kubeconfig', flag: 'kubeconfig', type: 'string', doc: 'Where the cluster is.', placeholder: 'FILE' },
  { key: 'config', flag: 'config', type: 'string', doc: 'This file.', flagOnly: true },
] as const satisfies readonly OptionSpec[]

const problems = (argv: readonly string[], config?: unknown): readonly string[] => {
  try {
    parseOptions(OPTIONS, argv, config)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('options', () => {
  it('have their defaults, typed, and are frozen', () => {
    const options: OptionsOf<typeof OPTIONS> = parseOptions(OPTIONS, [])
    const pace: Millis = options.syncInterval
    const level: 'debug' | 'info' = options.logLevel
    const kubeconfig: string | undefined = options.kubeconfig
    expect([pace, level, kubeconfig, options.protected, options['metrics.address']]).to.deep.equal([30_000, 'info', undefined, ['kube-system'], ':8080'])
    expect(Object.isFrozen(options)).to.equal(true)
  })

  it('come from flags, from the file, and from the flag when both have them', () => {
    const config = { metrics: { address: ':1' }, workers: 8, leaderElect: true, protected: ['a', 'b'] }
    const options = parseOptions(OPTIONS, ['--workers=9', '--sync-interval', '1m', '--protected=x,y', '--protected', 'z'], config)
    expect([options['metrics.address'], options.workers, options.leaderElect, options.syncInterval]).to.deep.equal([':1', 9, true, 60_000])
    expect(options.protected).to.deep.equal(['x', 'y', 'z'])
    expect(parseOptions(OPTIONS, ['--leader-elect']).leaderElect).to.equal(true)
    expect(parseOptions(OPTIONS, ['--leader-elect=false'], config).leaderElect).to.equal(false)
  })

  const wrong: readonly (readonly [string, readonly string[], unknown, string])[] = [
    ['an unknown flag', ['--worker=2'], undefined, 'unknown flag "--worker", did you mean --workers?'],
    ['an unknown key', [], { sincInterval: '1s' }, 'unknown key "sincInterval", did you mean syncInterval?'],
    ['an unknown key inside', [], { metrics: { adress: ':1' } }, 'unknown key "metrics.adress", did you mean metrics.address?'],
    ['a flag-only key in the file', [], { config: 'x' }, 'unknown key "config"'],
    ['a file that is no object', [], [1], 'the configuration must be an object'],
    ['an argument', ['serve'], undefined, 'unexpected argument "serve"'],
    ['a flag without its value', ['--workers'], undefined, '--workers needs a value'],
    ['a flag given twice', ['--workers=1', '--workers=2'], undefined, '--workers is given 2 times'],
    ['a number that is none', ['--workers=two'], undefined, '--workers: must be a number'],
    ['a part of a worker', ['--workers=1.5'], undefined, '--workers: must be a whole number'],
    ['too few', ['--workers=0'], undefined, '--workers: must be 1 or more'],
    ['too many', ['--workers=65'], undefined, '--workers: must be 64 or less'],
    ['a bare number as duration', [], { syncInterval: 30 }, 'syncInterval: must be a duration such as 30s or 1h30m'],
    ['a duration too short', ['--sync-interval=999ms'], undefined, '--sync-interval: must be 1s or more, not 999ms'],
    ['a duration too long', ['--sync-interval=61m'], undefined, '--sync-interval: must be 1h or less, not 1h1m'],
    ['no choice', ['--log-level=inof'], undefined, '--log-level: must be one of debug, info; did you mean info?'],
    ['no boolean', [], { leaderElect: 'yes' }, 'leaderElect: must be true or false'],
    ['no list', [], { protected: 'kube-system' }, 'protected: must be a list of strings'],
    ['a string that does not match', ['--metrics-address=8080'], undefined, '--metrics-address: "8080" is not HOST:PORT, such as :8080'],
    ['items that do not match', [], { protected: ['A', 'b', 'C'] }, 'protected: "A", "C" are not a name'],
  ]
  for (const [what, argv, config, problem] of wrong) it(`refuse ${what}`, () => expect(problems(argv, config)[0]).to.contain(problem))

  it('tell every problem of flags and file at once', () => {
    expect(problems(['--nonsense=1', '--workers=0'], { syncInterval: 'x', leaderElekt: true })).to.have.length(4)
  })

  it('accept what stands at their limits', () => {
    for (const argv of [['--workers=1'], ['--workers=64'], ['--sync-interval=1s'], ['--sync-interval=1h'], ['--share=0'], ['--share=1']]) {
      expect(problems(argv)).to.deep.equal([])
    }
  })

  it('never throw anything else, whatever the arguments', () => {
    assert(property(array(string()), (argv) => void problems(argv)))
  })

  it('explain themselves', () => {
    const help = optionHelp('kubeskippy controller [flags]', OPTIONS)
    expect(help).to.contain('Usage: kubeskippy controller [flags]\n')
    expect(help).to.contain('  --sync-interval DURATION\n      The pace. (from 1s, up to 1h, default 30s, in the file: syncInterval)\n')
    expect(help).to.contain('  --kubeconfig FILE\n      Where the cluster is.\n')
    for (const { flag } of OPTIONS) expect(help).to.contain(`--${flag}`)
  })
})
