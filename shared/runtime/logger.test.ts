import { silentLogger } from './logger.ts'

describe('the port of the log', () => {
  it('takes no message that is put together', () => {
    const name = String(7)
    const both = name === '7' ? 'one' : 'other'
    silentLogger.info('constant', { name })
    silentLogger.info(both)
    silentLogger.child({ name }).warn('constant')
    // The compiler is the test: where it took one of these, it would say that nothing was to be expected.
    // @ts-expect-error a template
    silentLogger.info(`put ${name} together`)
    // @ts-expect-error a sum
    silentLogger.warn('put ' + name)
    // @ts-expect-error a variable
    silentLogger.error(name)
    // @ts-expect-error of a child
    silentLogger.child({}).debug(name.trim())
  })
})
