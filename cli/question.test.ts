import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { ask } from './question.ts'

describe('a question at the terminal', () => {
  function asked(): { readonly input: PassThrough; readonly shown: () => string; readonly stop: AbortController; readonly answer: Promise<string | undefined> } {
    const [input, output, stop] = [new PassThrough(), new PassThrough(), new AbortController()]
    return { input, stop, answer: ask('Sure? ', input, output, stop.signal), shown: () => String(output.read()) }
  }

  it('is answered by one line', async () => {
    const { input, answer, shown } = asked()
    input.write('yes\nno\n')
    expect(await answer).to.equal('yes')
    expect(shown()).to.equal('Sure? ')
  })
  it('is not answered by an end of input', async () => {
    const { input, answer, shown } = asked()
    input.end()
    expect(await answer).to.equal(undefined)
    expect(shown()).to.equal('Sure? \n')
  })
  it('is not answered when the process is asked to end', async () => {
    const { stop, answer } = asked()
    stop.abort()
    expect(await answer).to.equal(undefined)
  })
})
