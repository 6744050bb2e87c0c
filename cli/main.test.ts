import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

describe('the process of the command line', () => {
  it('ends without a word when its reader has gone, as of `| head`', async () => {
    const child = spawn(process.execPath, [MAIN, 'enable', '-n', 'shop', '--print'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text))
    const [code] = (await once(child, 'close')) as [number]
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
  }).timeout(20_000)
})
