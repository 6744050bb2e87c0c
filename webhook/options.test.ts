import { expect } from 'chai'
import { ConfigError } from '../shared/lib/errors.ts'
import { parseOptions } from '../shared/runtime/options.ts'
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
