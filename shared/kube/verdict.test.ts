import { expect } from 'chai'
import { TerminalError } from '../lib/errors.ts'
import { seconds } from '../lib/time.ts'
import { ApiError, type ApiErrorKind } from './errors.ts'
import { apiVerdict } from './verdict.ts'

const error = (kind: ApiErrorKind, retryAfter?: number): ApiError =>
  new ApiError({ kind, code: 0, request: 'GET pods', ...(retryAfter === undefined ? {} : { retryAfter: seconds(retryAfter) }) })

describe('what an error means for the queue', () => {
  it('a conflict comes back soon and is no error', () => {
    expect(apiVerdict(error('Conflict'))).to.deep.equal({ kind: 'conflict' })
    expect(apiVerdict(error('Recreated'))).to.deep.equal({ kind: 'conflict' })
  })

  it('a throttled call comes back when the server said', () => {
    expect(apiVerdict(error('Throttled', 7))).to.deep.equal({ kind: 'wait', delay: 7000 })
    expect(apiVerdict(error('Throttled'))).to.deep.equal({ kind: 'wait', delay: 1000 })
  })

  it('what no retry can help is terminal, the rest backs off', () => {
    expect(apiVerdict(error('TooLarge'))).to.deep.equal({ kind: 'terminal' })
    expect(apiVerdict(new TerminalError('x'))).to.deep.equal({ kind: 'terminal' })
    for (const kind of ['Server', 'Timeout', 'Network', 'Forbidden', 'NotFound'] as const) expect(apiVerdict(error(kind))).to.deep.equal({ kind: 'failure' })
    expect(apiVerdict(new Error('bug'))).to.deep.equal({ kind: 'failure' })
  })
})
