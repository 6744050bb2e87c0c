import { X509Certificate } from 'node:crypto'
import { expect } from 'chai'
import forge from 'node-forge'
import { after, hours, instant } from '../shared/lib/time.ts'
import { issueAuthority, issueLeaf, type Issued } from './issue.ts'
import { isTrusted, readProvided, readSecretData, toSecretData } from './material.ts'

const now = instant(Date.UTC(2030, 0, 1))
const names = { dns: ['localhost'], ips: [] }
const parsed = (pem: string): X509Certificate => new X509Certificate(pem)

/** Another key under the same name, the same number and the same key identifier: nothing but the signature tells them apart. */
function forged(authority: Issued, other: Issued): string {
  const cert = forge.pki.certificateFromPem(authority.cert)
  cert.publicKey = forge.pki.certificateFromPem(other.cert).publicKey
  cert.sign(forge.pki.privateKeyFromPem(other.key), forge.md.sha256.create())
  return forge.pki.certificateToPem(cert)
}

/** An authority signed by another one. */
function between(root: Issued, own: Issued): string {
  const cert = forge.pki.certificateFromPem(own.cert)
  const issuer = forge.pki.certificateFromPem(root.cert)
  cert.setIssuer(issuer.subject.attributes)
  cert.setExtensions([{ name: 'basicConstraints', critical: true, cA: true }, { name: 'keyUsage', critical: true, keyCertSign: true }, { name: 'subjectKeyIdentifier' }, { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() }])
  cert.sign(forge.pki.privateKeyFromPem(root.key), forge.md.sha256.create())
  return forge.pki.certificateToPem(cert)
}

describe('trust in a chain', () => {
  let authority: Issued
  let other: Issued
  let leaf: Issued
  before(async () => {
    ;[authority, other] = await Promise.all([issueAuthority(now, hours(48)), issueAuthority(now, hours(48))])
    leaf = await issueLeaf(authority, names, now, hours(24))
  })

  it('goes by the signature, not by names', () => {
    const impostor = forged(authority, other)
    expect(parsed(leaf.cert).checkIssued(parsed(impostor)), 'the impostor looks like the authority').to.equal(true)
    expect(isTrusted([parsed(leaf.cert)], impostor, now)).to.equal(false)
    expect(isTrusted([parsed(leaf.cert)], `${impostor}${authority.cert}`, now)).to.equal(true)
    expect(readSecretData(toSecretData({ caBundle: impostor, caKey: other.key, cert: leaf.cert, key: leaf.key }))).to.deep.equal({ problem: 'tls.crt was not issued by ca.crt' })
  })

  it('ends with an authority that has expired, and begins with a certificate that is itself in the bundle', () => {
    expect(isTrusted([parsed(leaf.cert)], authority.cert, after(now, hours(48)))).to.equal(false)
    expect(isTrusted([parsed(leaf.cert)], leaf.cert, now)).to.equal(true)
    expect(isTrusted([parsed(leaf.cert)], other.cert, now)).to.equal(false)
    for (const bundle of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) expect(isTrusted([parsed(leaf.cert)], bundle, now)).to.equal(false)
    expect(isTrusted([], authority.cert, now)).to.equal(false)
  })

  it('follows an authority in between, in whatever order, and only if it has signed', async () => {
    const middle = { cert: between(authority, other), key: other.key }
    const below = await issueLeaf(middle, names, now, hours(24))
    const chain = [below.cert, middle.cert].map(parsed)
    expect(isTrusted(chain, authority.cert, now)).to.equal(true)
    expect(isTrusted([chain[0] ?? expect.fail(), parsed(leaf.cert), chain[1] ?? expect.fail()], authority.cert, now)).to.equal(true)
    expect(isTrusted(chain.slice(0, 1), authority.cert, now)).to.equal(false)
    const third = await issueAuthority(now, hours(48))
    expect(isTrusted([chain[0] ?? expect.fail(), parsed(forged(middle, third))], authority.cert, now)).to.equal(false)
    // A certificate that may not sign signs nothing.
    const rogue = await issueLeaf(leaf, names, now, hours(24))
    expect(isTrusted([rogue.cert, leaf.cert].map(parsed), authority.cert, now)).to.equal(false)
    // Two that have signed each other lead nowhere.
    expect(isTrusted([between(authority, other), between(other, authority)].map(parsed), third.cert, now)).to.equal(false)
  })

  it('of what somebody else provides takes a key that fits alone', () => {
    const data = (cert: string, key: string): unknown => Object.fromEntries(Object.entries({ 'tls.crt': cert, 'tls.key': key }).map(([name, text]) => [name, Buffer.from(text).toString('base64')]))
    expect(readProvided(data(leaf.cert, leaf.key))).to.deep.include({ cert: leaf.cert, key: leaf.key, leafExpires: after(now, hours(24)) })
    expect(readProvided(data(leaf.cert, other.key))).to.deep.equal({ problem: 'tls.key does not fit tls.crt' })
    expect(readProvided(data('no certificate', leaf.key))).to.deep.equal({ problem: 'tls.crt holds no certificate' })
    for (const half of [data(leaf.cert, ''), data('', leaf.key), undefined]) expect(readProvided(half)).to.deep.equal({ problem: 'tls.crt or tls.key missing' })
  })
})
