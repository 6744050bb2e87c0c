import { expect } from 'chai'
import { goDurationNanos } from './go-duration.ts'

describe('goDurationNanos', () => {
  const cases: readonly [text: string, nanos: bigint | undefined][] = [
    ['0s', 0n],
    ['1ns', 1n],
    ['1us', 1000n],
    ['1.5ms', 1_500_000n],
    ['1h30m', 5_400_000_000_000n],
    ['0.1ns', 0n],
    ['9223372036854775807ns', 9223372036854775807n],
    ['9223372036854775808ns', undefined],
    ['2562047h', 9223369200000000000n],
    ['2562048h', undefined],
    ['99999999999999999999h', undefined],
    ['', undefined],
    ['5', undefined],
    ['-1s', undefined],
  ]
  for (const [text, nanos] of cases) it(`reads ${JSON.stringify(text)} as ${nanos ?? 'an error'}`, () => expect(goDurationNanos(text)).to.equal(nanos))
})
