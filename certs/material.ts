/** What the Secret holds, read with distrust: anybody may have edited it. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isObject } from '../shared/lib/json.ts'
import { messageOf } from '../shared/lib/errors.ts'
import { instant, type Instant } from '../shared/lib/time.ts'

/** Everything in PEM. */
export interface Material {
  /** The authority that signs now comes first; earlier ones stay until they expire, since somebody may still serve by them. */
  readonly caBundle: string
  readonly caKey: string
  readonly cert: string
  readonly key: string
}

export interface Facts {
  readonly authorityExpires: Instant
  readonly leafExpires: Instant
  /** `localhost`, `127.0.0.1`. */
  readonly names: readonly string[]
}

export type ReadMaterial = { readonly material: Material; readonly facts: Facts } | { readonly problem: string }

/** Keys of the Secret's data. The last two are those of every `kubernetes.io/tls` Secret. */
const KEYS = { caBundle: 'ca.crt', caKey: 'ca.key', cert: 'tls.crt', key: 'tls.key' } as const satisfies Record<keyof Material, string>

export const toSecretData = (material: Material): Record<string, string> =>
  Object.fromEntries(Object.entries(KEYS).map(([part, key]) => [key, Buffer.from(material[part as keyof Material]).toString('base64')]))

/** Material in which every key fits its certificate and the first authority has signed the leaf. */
export function readSecretData(data: unknown): ReadMaterial {
  const missing = Object.values(KEYS).filter((key) => decoded(data, key) === '')
  if (missing.length > 0) return { problem: `${missing.join(', ')} missing` }
  const part = (name: keyof Material): string => decoded(data, KEYS[name])
  const material = { caBundle: part('caBundle'), caKey: part('caKey'), cert: part('cert'), key: part('key') }
  try {
    const [authority] = certificates(material.caBundle)
    const leaf = new X509Certificate(material.cert)
    if (authority === undefined) return { problem: `${KEYS.caBundle} holds no certificate` }
    if (!authority.checkPrivateKey(createPrivateKey(material.caKey))) return { problem: `${KEYS.caKey} does not fit ${KEYS.caBundle}` }
    if (!leaf.checkPrivateKey(createPrivateKey(material.key))) return { problem: `${KEYS.key} does not fit ${KEYS.cert}` }
    if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) return { problem: `${KEYS.cert} was not issued by ${KEYS.caBundle}` }
    return { material, facts: { authorityExpires: expiry(authority), leafExpires: expiry(leaf), names: altNames(leaf) } }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

/** What somebody else has put into the Secret: a chain, its leaf first, and the leaf's key. No key of an authority. */
export interface Provided {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  readonly chain: readonly X509Certificate[]
  readonly leafExpires: Instant
}

export function readProvided(data: unknown): Provided | { readonly problem: string } {
  const [cert, key] = [decoded(data, KEYS.cert), decoded(data, KEYS.key)]
  if (cert === '' || key === '') return { problem: `${KEYS.cert} or ${KEYS.key} missing` }
  try {
    const chain = certificates(cert)
    const [leaf] = chain
    if (leaf === undefined) return { problem: `${KEYS.cert} holds no certificate` }
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return { problem: `${KEYS.key} does not fit ${KEYS.cert}` }
    return { cert, key, chain, leafExpires: expiry(leaf) }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

/** Whether somebody who trusts the bundle (PEM) trusts what the chain begins with. */
export function isTrusted(chain: readonly X509Certificate[], caBundle: string, now: Instant): boolean {
  try {
    const roots = certificates(caBundle).filter((root) => expiry(root) > now)
    let [current] = chain
    for (let step = 0; current !== undefined && step < chain.length; step++) {
      const subject: X509Certificate = current
      const issued = (issuer: X509Certificate): boolean => subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
      if (roots.some((root) => root.fingerprint256 === subject.fingerprint256 || issued(root))) return true
      current = chain.find((other) => other !== subject && issued(other))
    }
    return false
  } catch {
    return false
  }
}

/** The authorities of the data that can be read and are still valid, whatever else is wrong with it. */
export function usableAuthorities(data: unknown, now: Instant): string[] {
  try {
    return certificates(decoded(data, KEYS.caBundle))
      .filter((certificate) => certificate.ca && expiry(certificate) > now)
      .map((certificate) => certificate.toString())
  } catch {
    return []
  }
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const certificates = (bundle: string): X509Certificate[] => (bundle.match(PEM) ?? []).map((pem) => new X509Certificate(pem))
const expiry = (certificate: X509Certificate): Instant => instant(certificate.validToDate.getTime())

function decoded(data: unknown, key: string): string {
  const value = isObject(data) ? data[key] : undefined
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : ''
}

/** `DNS:localhost, IP Address:127.0.0.1` without the kinds. */
const altNames = ({ subjectAltName = '' }: X509Certificate): string[] => subjectAltName.split(', ').map((entry) => entry.slice(entry.indexOf(':') + 1))
