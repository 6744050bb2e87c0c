import { expect } from 'chai'
import { ConfigError } from '../shared/lib/errors.ts'
import { seconds } from '../shared/lib/time.ts'
import { parseOptions } from '../shared/runtime/options.ts'
import { CONTROLLER_OPTIONS } from './options.ts'

const sources = (...all: readonly object[]) => parseOptions(CONTROLLER_OPTIONS, [], { prometheus: { sources: all } })['prometheus.sources']
const problem = (...all: readonly object[]): string => {
  try {
    sources(...all)
    return 'none'
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n').replace('prometheus.sources: [0]', '')
    throw error
  }
}
const url = 'https://prometheus.example:9090/path'

describe('sources of metrics in the configuration', () => {
  it('are none by default, and read every half minute', () => {
    const { 'prometheus.sources': none, syncInterval } = parseOptions(CONTROLLER_OPTIONS, [])
    expect([none, syncInterval]).to.deep.equal([[], seconds(30)])
  })
  it('have a deadline, and believe nobody about others', () => {
    expect(sources({ name: 'main', url })).to.deep.equal([{ name: 'main', url, timeout: seconds(10), scrapeInterval: 30_000, trustExportedLabels: false }])
  })
  it('come by a flag as well', () => {
    expect(parseOptions(CONTROLLER_OPTIONS, ['--prometheus-source=name=main,url=http://127.0.0.1:9090,timeout=1s'])['prometheus.sources']).to.deep.include.members([
      { name: 'main', url: 'http://127.0.0.1:9090', timeout: seconds(1), scrapeInterval: 30_000, trustExportedLabels: false },
    ])
  })

  const right: readonly [string, object][] = [
    ['an address of IPv6', { url: 'http://[fd00::1]:9090' }],
    ['a token', { url, tokenFile: '/token' }],
    ['a user and a password', { url, username: 'me', passwordFile: '/password' }],
    ['a CA', { url, caFile: '/ca' }],
    ['a header', { url, headers: ['X-Scope-OrgID: shop'] }],
  ]
  for (const [title, fields] of right) it(`with ${title} pass`, () => expect(problem({ name: 'main', ...fields })).to.equal('none'))

  const NO_URL = '.url: it is not an http or https URL without credentials, query or fragment'
  const wrong: readonly [string, object, string][] = [
    ['credentials in the URL, which are not repeated', { url: 'https://me:sesame@prometheus.example' }, NO_URL],
    ['a query', { url: 'https://prometheus.example/?token=sesame' }, NO_URL],
    ['another scheme', { url: 'file:///etc/passwd' }, NO_URL],
    ['a port that is none', { url: 'http://prometheus.example:99999' }, NO_URL],
    ['an address that is none', { url: 'http://1.2.3.4.5' }, NO_URL],
    ['no URL', {}, ': url is missing'],
    ['two identities', { url, tokenFile: '/token', username: 'me', passwordFile: '/password' }, ': tokenFile and username exclude each other'],
    ['a user without a password', { url, username: 'me' }, ': username and passwordFile belong together'],
    ['a password without a user', { url, passwordFile: '/password' }, ': username and passwordFile belong together'],
    ['a CA without TLS', { url: 'http://prometheus.example', caFile: '/ca' }, ': caFile needs an https url'],
    ['a header that is none', { url, headers: ['X-Scope-OrgID'] }, '.headers: it is not of the form Name: value'],
    ['a header of two lines', { url, headers: ['A: b\r\nC: d'] }, '.headers: it is not of the form Name: value'],
    ['a name that is that of an API', { name: 'custom.metrics.k8s.io', url }, '.name: "custom.metrics.k8s.io" is not a name such as main (small letters, digits, -)'],
    ['a deadline that is too short', { url, timeout: '999ms' }, '.timeout: must be 1s or more'],
    ['a slip', { url, tokenfile: '/token' }, ': unknown field "tokenfile", did you mean tokenFile?'],
  ]
  for (const [title, fields, expected] of wrong) it(`with ${title} are refused`, () => expect(problem({ name: 'main', ...fields })).to.equal(expected))
  it('of one name are refused', () => expect(problem({ name: 'main', url }, { name: 'main', url })).to.equal('prometheus.sources: name "main" is there twice'))
})

describe('shards in the configuration', () => {
  const read = (shards?: number) => parseOptions(CONTROLLER_OPTIONS, [], shards === undefined ? {} : { controller: { shards } })['controller.shards']
  it('are one by default, and sixteen at most', () => expect([read(), read(1), read(16)]).to.deep.equal([1, 1, 16]))
  for (const shards of [0, 17, 1.5]) it(`are not ${shards}`, () => expect(() => read(shards)).to.throw(ConfigError, 'controller.shards'))
})

describe('the kubelets in the configuration', () => {
  const read = (kubelet: object = {}) => {
    const options = parseOptions(CONTROLLER_OPTIONS, [], { metrics: { kubelet } })
    return (['enabled', 'timeout', 'caFile', 'insecureSkipVerify'] as const).map((key) => options[`metrics.kubelet.${key}`])
  }
  it('are not asked by default, and verified where they are', () => expect(read()).to.deep.equal([false, seconds(10), undefined, false]))
  it('are asked as it says', () => expect(read({ enabled: true, timeout: '2m', caFile: '/ca', insecureSkipVerify: true })).to.deep.equal([true, seconds(120), '/ca', true]))
  for (const timeout of ['999ms', '2m1s']) it(`have no deadline of ${timeout}`, () => expect(() => read({ timeout })).to.throw(ConfigError, 'metrics.kubelet.timeout'))
})
