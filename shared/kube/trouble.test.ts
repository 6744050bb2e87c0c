import { expect } from 'chai'
import { instant } from '../lib/time.ts'
import { ApiError, type ApiErrorKind } from './errors.ts'
import { clockRemark } from './server-clock.ts'
import { troubleOf } from './trouble.ts'

const failed = (kind: ApiErrorKind, code = 0, cause?: unknown): ApiError => new ApiError({ kind, code, request: 'LIST pods', serverMessage: 'PASSWORD=hunter2' }, { cause })
const caused = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

describe('what an error means to who operates', () => {
  it('is what is wrong, and what mends it', () => {
    for (const [error, what, fix] of [
      [failed('NotFound', 404), /does not know this kind/, /config\/crd\/bases/],
      [failed('Forbidden', 403), /may not do it \(LIST pods\)/, /helm upgrade/],
      [failed('Unauthorized', 401), /credentials/, /ServiceAccount/],
      [failed('Network', 0, caused('ECONNREFUSED')), /does not answer \(ECONNREFUSED\)/, /kubeconfig/],
      [failed('Timeout'), /does not answer$/, /kubeconfig/],
      [failed('Network', 0, new Error('tls', { cause: caused('CERT_HAS_EXPIRED') })), /not trusted \(CERT_HAS_EXPIRED\)/, /clock/],
      [failed('Network', 0, caused('DEPTH_ZERO_SELF_SIGNED_CERT')), /not trusted/, /certificate-authority/],
      [failed('Network', 0, caused('ERR_TLS_CERT_ALTNAME_INVALID')), /not trusted/, /server/],
    ] as const) {
      const trouble = troubleOf(error)
      expect(trouble?.what, error.message).to.match(what)
      expect(trouble?.fix, error.message).to.match(fix)
      expect(JSON.stringify(trouble)).not.to.contain('hunter2')
    }
  })

  it('is nothing where trying again is all there is to do', () => {
    for (const error of [failed('Throttled', 429), failed('Server', 500), failed('Expired', 410), new Error('bug'), undefined]) expect(troubleOf(error)).to.equal(undefined)
  })

  it('ends with a cause that is its own', () => {
    const error = caused('ECONNRESET')
    error.cause = error
    expect(troubleOf(failed('Network', 0, error))?.what).to.contain('(ECONNRESET)')
  })
})

describe('a clock that is not that of the API server', () => {
  const remark = (by: number): string | undefined => clockRemark(instant(1_000_000_000 + by), instant(1_000_000_000))

  it('is remarked on beyond a minute, in either direction', () => {
    expect([remark(0), remark(60_000), remark(-60_000)]).to.deep.equal([undefined, undefined, undefined])
    expect(clockRemark(instant(5), undefined)).to.match(/^not known yet/)
    expect(remark(600_400)).to.match(/ is 10m ahead of that of the API server: synchronize/)
    expect(remark(-61_000)).to.match(/ is 1m1s behind that /)
  })
})
