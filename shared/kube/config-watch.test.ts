import { expect } from 'chai'
import { ConfigError } from '../lib/errors.ts'
import { seconds } from '../lib/time.ts'
import type { Fields, LogLevel, ProgramLogger } from '../runtime/logger.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { ConfigWatch } from './config-watch.ts'

function setup() {
  const clock = new FakeClock()
  const lines: string[] = []
  const say = (message: string, fields: Fields = {}): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
  const log: ProgramLogger = { debug: say, info: say, warn: say, error: say, child: () => log, level: 'info' }
  const file: { text: Record<string, unknown>; problem?: string } = { text: { 'log.level': 'info', syncInterval: 30 } }
  const read = (): Record<string, unknown> => {
    if (file.problem !== undefined) throw new ConfigError([file.problem])
    return file.text
  }
  const watch = new ConfigWatch({ read, options: file.text, timers: clock, log })
  watch.start()
  return { clock, lines, log, file, watch }
}

describe('the configuration file of a program that runs', () => {
  it('changes the level of the log, and says so whatever the level', async () => {
    const { clock, lines, log, file } = setup()
    for (const level of ['debug', 'error'] satisfies LogLevel[]) {
      file.text = { ...file.text, 'log.level': level }
      await clock.advance(seconds(10))
      expect(log.level).to.equal(level)
    }
    expect(lines).to.deep.equal(['log level changed {"before":"info","now":"debug"}', 'log level changed {"before":"debug","now":"error"}'])
  })

  it('says once what waits for a start, and once what cannot be read, and keeps its level meanwhile', async () => {
    const { clock, lines, log, file } = setup()
    file.text = { 'log.level': 'info', syncInterval: 60 }
    await clock.advance(seconds(30))
    file.problem = 'log.level: one of debug, info, warn, error'
    await clock.advance(seconds(30))
    expect(log.level).to.equal('info')
    expect(lines).to.have.lengthOf(2)
    expect(lines[0]).to.include('the next start {"keys":["syncInterval"]}')
    expect(lines[1]).to.include('cannot be taken over')
  })

  it('says nothing of a file that stays as it is, and leaves no timer behind', async () => {
    const { clock, lines, watch } = setup()
    await clock.advance(seconds(60))
    watch.stop()
    expect([lines, clock.pending]).to.deep.equal([[], 0])
  })
})
