import { X509Certificate } from 'node:crypto'
import { expect } from 'chai'
import { after, before as earlier, hours, instant, millis } from '../shared/lib/time.ts'
import { issueAuthority, issueLeaf, type Issued } from './issue.ts'
import { readSecretData, toSecretData, usableAuthorities, type Facts } from './material.ts'
import { AUTHORITY_VALIDITY, LEAF_VALIDITY, needsRenewal } from './needs-renewal.ts'

const now = instant(Date.UTC(2030, 0, 1))
/** Extended key usage. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const names = { dns: ['kubeskippy-webhook.kubeskippy-system.svc', 'localhost'], ips: ['127.0.0.1'] }

describe('issuing', () => {
  let authority: Issued
  let leaf: Issued
  before(async () => {
    authority = await issueAuthority(now, AUTHORITY_VALIDITY)
    leaf = await issueLeaf(authority, names, now, LEAF_VALIDITY)
  })

  it('makes a leaf that OpenSSL follows to its authority', () => {
    const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)]
    expect(ca.ca).to.equal(true)
    expect(cert.ca).to.equal(false)
    expect(cert.checkIssued(ca) && cert.verify(ca.publicKey)).to.equal(true)
    expect(cert.checkHost('kubeskippy-webhook.kubeskippy-system.svc')).to.not.equal(undefined)
    expect(cert.checkHost('example.com')).to.equal(undefined)
    expect(cert.checkIP('127.0.0.1')).to.equal('127.0.0.1')
  })

  it('makes keys, numbers and uses that API servers take', async () => {
    const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)]
    for (const one of [ca, cert]) {
      expect(one.publicKey.asymmetricKeyDetails?.modulusLength).to.equal(2048)
      // Not negative: Go refuses that.
      expect(one.serialNumber).to.match(/^[4-7][0-9A-F]{31}$/)
    }
    expect(cert.keyUsage).to.deep.equal([SERVER_AUTH])
    // X.509 has room for 64 characters.
    const long = new X509Certificate((await issueLeaf(authority, { dns: [`door.${'n'.repeat(63)}`], ips: [] }, now, LEAF_VALIDITY)).cert)
    expect(long.subject).to.equal(`CN=door.${'n'.repeat(59)}`)
    expect(long.checkHost(`door.${'n'.repeat(63)}`)).to.not.equal(undefined)
  })

  it('backdates by an hour, for clocks that are behind', () => {
    const cert = new X509Certificate(leaf.cert)
    expect(cert.validFromDate.getTime()).to.equal(earlier(now, hours(1)))
    expect(cert.validToDate.getTime()).to.equal(after(now, LEAF_VALIDITY))
  })

  it('gives no serial number and no name of an authority twice', async () => {
    const other = await issueAuthority(now, AUTHORITY_VALIDITY)
    const [a, b] = [new X509Certificate(authority.cert), new X509Certificate(other.cert)]
    expect(a.serialNumber).to.not.equal(b.serialNumber)
    expect(a.subject).to.not.equal(b.subject)
    expect(new X509Certificate(leaf.cert).serialNumber).to.not.equal(a.serialNumber)
  })

  it('never lets a leaf outlive its authority', async () => {
    const short = await issueAuthority(now, hours(2))
    const cert = new X509Certificate((await issueLeaf(short, names, now, LEAF_VALIDITY)).cert)
    expect(cert.validToDate.getTime()).to.equal(after(now, hours(2)))
  })

  describe('and reading back', () => {
    const material = () => ({ caBundle: authority.cert, caKey: authority.key, cert: leaf.cert, key: leaf.key })

    it('what was written', () => {
      const read = readSecretData(toSecretData(material()))
      if ('problem' in read) throw new Error(read.problem)
      expect(read.material).to.deep.equal(material())
      expect(read.facts).to.deep.equal({ authorityExpires: after(now, AUTHORITY_VALIDITY), leafExpires: after(now, LEAF_VALIDITY), names: [...names.dns, ...names.ips] })
    })

    it('anything else is a problem, never empty material', async () => {
      const other = await issueAuthority(now, AUTHORITY_VALIDITY)
      const spoilt: unknown[] = [
        undefined,
        null,
        'text',
        {},
        { 'tls.crt': 1 },
        { ...toSecretData(material()), 'ca.key': '' },
        toSecretData({ ...material(), caBundle: 'no certificate' }),
        toSecretData({ ...material(), cert: leaf.cert.slice(0, 300) }),
        toSecretData({ ...material(), key: 'no key' }),
        toSecretData({ ...material(), key: authority.key }),
        toSecretData({ ...material(), caKey: other.key }),
        toSecretData({ ...material(), caBundle: other.cert, caKey: other.key }),
      ]
      for (const data of spoilt) expect(readSecretData(data)).to.have.property('problem').that.is.a('string').and.not.equal('')
    })

    it('of a bundle keeps the authorities that are still valid', async () => {
      const old = await issueAuthority(earlier(now, hours(3)), hours(2))
      const data = toSecretData({ ...material(), caBundle: `${authority.cert}${old.cert}` })
      expect(usableAuthorities(data, now)).to.have.lengthOf(1)
      expect(usableAuthorities(data, earlier(now, hours(2)))).to.have.lengthOf(2)
      expect(usableAuthorities(toSecretData({ ...material(), caBundle: 'x' }), now)).to.deep.equal([])
      expect(usableAuthorities(undefined, now)).to.deep.equal([])
    })
  })
})

describe('renewal', () => {
  const days = (n: number) => hours(24 * n)
  const wanted = ['localhost']
  const facts = (overrides: Partial<Facts> = {}): Facts => ({ authorityExpires: after(now, days(400)), leafExpires: after(now, days(60)), names: ['localhost'], ...overrides })
  const left = (span: number) => after(now, millis(span))

  it('of nothing while there is time', () => expect(needsRenewal(facts(), wanted, now)).to.equal('none'))
  it('of the leaf from thirty days before its end', () => {
    expect(needsRenewal(facts({ leafExpires: left(days(30) + 1) }), wanted, now)).to.equal('none')
    expect(needsRenewal(facts({ leafExpires: left(days(30)) }), wanted, now)).to.equal('leaf')
    expect(needsRenewal(facts({ leafExpires: left(-1) }), wanted, now)).to.equal('leaf')
  })
  it('of the authority from 180 days before its end', () => {
    expect(needsRenewal(facts({ authorityExpires: left(days(180) + 1) }), wanted, now)).to.equal('none')
    expect(needsRenewal(facts({ authorityExpires: left(days(180)), leafExpires: left(days(1)) }), wanted, now)).to.equal('authority')
  })
  it('of the leaf when it lacks a name', () => {
    expect(needsRenewal(facts(), [...wanted, '127.0.0.1'], now)).to.equal('leaf')
    expect(needsRenewal(facts({ names: ['localhost', '127.0.0.1'] }), wanted, now)).to.equal('none')
  })
})
