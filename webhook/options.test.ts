import { expect } from 'chai'
import { ConfigError } from '../shared/lib/errors.ts'
import { LIMIT_OPTIONS } from '../controller/limit-options.ts'
import { PROGRAM_SECTIONS } from '../shared/kube/program-options.ts'
import { parseOptions, readFlags, resolveOptions } from '../shared/runtime/options.ts'
import { WEBHOOK_OPTIONS } from './options.ts'

const read = (argv: readonly string[], config?: unknown) => parseOptions(WEBHOOK_OPTIONS, argv, config)

describe('options of the door', () => {
  it('have defaults', () => {
    expect(read([])).to.deep.include({ namespace: 'kubeskippy-system', 'webhook.bindAddress': ':9443', 'ceiling.maxActionsPerHour': 60, protectedNamespaces: [] })
  })

  it('come from the file, and flags win', () => {
    const config = { ceiling: { maxActionsPerHour: 10 }, protectedNamespaces: ['bank'], webhook: { bindAddress: ':1' } }
    expect(read(['--bind-address', ':2'], config)).to.deep.include({ 'ceiling.maxActionsPerHour': 10, protectedNamespaces: ['bank'], 'webhook.bindAddress': ':2' })
  })

  it('are those that it reads: what the controller alone reads is no flag here, and passed over in the file of both', () => {
    const flags = new Set<string>(WEBHOOK_OPTIONS.map(({ flag }) => flag))
    for (const { key, flag } of LIMIT_OPTIONS) {
      expect(flags.has(flag), flag).to.equal(false)
      expect(() => read([`--${flag}=1`]), flag).to.throw(ConfigError, `unknown flag "--${flag}"`)
      const [section = '', ...rest] = key.split('.')
      const nested = rest.reduceRight<unknown>((value, name) => ({ [name]: value }), 'whatever the controller makes of it')
      expect(() => resolveOptions(WEBHOOK_OPTIONS, readFlags(WEBHOOK_OPTIONS, []), { [section]: nested }, PROGRAM_SECTIONS.controller), key).not.to.throw()
    }
  })

  it('list every problem at once', () => {
    try {
      read(['--max-actions-per-hour=0', '--protected-namespaces=bank,Kube System', '--bind-address=:99999', '--log-levle=debug'], { protectedNamespaces: ['*'], colour: 'blue' })
      expect.fail('should have thrown')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      expect(error.problems).to.have.lengthOf(5)
      expect(error.problems).to.include('--bind-address: ":99999" is not HOST:PORT, such as 127.0.0.1:8080')
      expect(error.problems).to.include('--protected-namespaces: "Kube System" is not a name that a namespace can have, such as shop')
    }
  })
})
