/** Makes keys and certificates. Keys by OpenSSL (node:crypto): forge's own key generation blocks for seconds. */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { after, before, hours, type Instant, type Millis } from '../shared/lib/time.ts'

export interface Issued {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS #1. */
  readonly key: string
}

export interface LeafNames {
  readonly dns: readonly string[]
  readonly ips: readonly string[]
}

/** Clocks of a cluster differ: a certificate is valid from an hour before it was made. */
const BACKDATED = hours(1)

const newKey = promisify(generateKeyPair)

/** A self-signed authority. Its name is its own, so that a bundle of two is never ambiguous. */
export async function issueAuthority(now: Instant, validity: Millis): Promise<Issued> {
  const { cert, key, finish } = await draft(now, validity)
  const name = [{ name: 'commonName', value: `kubeskippy webhook CA ${cert.serialNumber.slice(0, 8)}` }]
  cert.setSubject(name)
  cert.setIssuer(name)
  cert.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ])
  return finish(key)
}

/** A serving certificate. It never outlives its authority. */
export async function issueLeaf(authority: Issued, names: LeafNames, now: Instant, validity: Millis): Promise<Issued> {
  const ca = forge.pki.certificateFromPem(authority.cert)
  const { cert, finish } = await draft(now, validity)
  if (cert.validity.notAfter > ca.validity.notAfter) cert.validity.notAfter = ca.validity.notAfter
  cert.setSubject([{ name: 'commonName', value: (names.dns[0] ?? 'kubeskippy-webhook').slice(0, 64) }])
  cert.setIssuer(ca.subject.attributes)
  cert.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: [...names.dns.map((value) => ({ type: 2, value })), ...names.ips.map((ip) => ({ type: 7, ip }))] },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: ca.generateSubjectKeyIdentifier().getBytes() },
  ])
  return finish(authority.key)
}

interface Draft {
  readonly cert: forge.pki.Certificate
  readonly key: string
  /** Signs with the key of the issuer. */
  readonly finish: (issuerKey: string) => Issued
}

async function draft(now: Instant, validity: Millis): Promise<Draft> {
  const pair = await newKey('rsa', { modulusLength: 2048 })
  const key = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const cert = forge.pki.createCertificate()
  cert.publicKey = forge.pki.publicKeyFromPem(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString())
  cert.serialNumber = randomSerial()
  cert.validity.notBefore = new Date(before(now, BACKDATED))
  cert.validity.notAfter = new Date(after(now, validity))
  return {
    cert,
    key,
    finish: (issuerKey) => {
      cert.sign(forge.pki.privateKeyFromPem(issuerKey), forge.md.sha256.create())
      return { cert: forge.pki.certificateToPem(cert).replaceAll('\r\n', '\n'), key }
    },
  }
}

/** 127 random bits: positive in DER, and never two of one authority. */
function randomSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
