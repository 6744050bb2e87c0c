/** Keys by node:crypto (forge's own take seconds), certificates by node-forge. */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'

const generate = promisify(generateKeyPair)

/** A cluster of the harness is not meant to live longer. */
const DAYS = 365

/** Name the harness itself goes by at the API server. */
export const HARNESS_USER = 'kubeskippy-harness'

export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

export interface Subject {
  readonly commonName: string
  readonly organization?: string
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** Everything the components prove themselves by. */
export interface Pki {
  readonly ca: KeyPair
  /** Of its own: no certificate of the cluster's CA opens the database. */
  readonly etcdCa: KeyPair
  readonly etcd: KeyPair
  readonly apiServer: KeyPair
  readonly kubeletClient: KeyPair
  readonly frontProxy: KeyPair
  readonly admin: KeyPair
  /** The harness's own questions, which the audit log leaves out. */
  readonly harness: KeyPair
  readonly controllerManager: KeyPair
  readonly scheduler: KeyPair
  /** In the order of the options. */
  readonly nodes: readonly KeyPair[]
  readonly kubeProxy: KeyPair
  readonly serviceAccountKeyPem: string
  readonly serviceAccountPublicPem: string
}

export interface PkiOptions {
  readonly hostIp: string
  readonly serviceIp: string
  readonly nodes: readonly { readonly nodeName: string; readonly nodeIp: string }[]
}

export async function makePki(options: PkiOptions): Promise<Pki> {
  const keys = await Promise.all(Array.from({ length: 12 + options.nodes.length }, newKey))
  const take = () => keys.pop() ?? ''
  const caKey = take()
  const ca = { keyPem: caKey, certPem: certificate({ commonName: 'kubernetes' }, caKey) }
  const etcdCaKey = take()
  const etcdCa = { keyPem: etcdCaKey, certPem: certificate({ commonName: 'etcd' }, etcdCaKey) }
  const issue = (subject: Subject, issuer: KeyPair = ca): KeyPair => {
    const keyPem = take()
    return { keyPem, certPem: certificate(subject, keyPem, issuer) }
  }
  const serviceAccountKeyPem = take()
  return {
    ca, etcdCa, serviceAccountKeyPem,
    serviceAccountPublicPem: forge.pki.publicKeyToPem(publicKeyOf(serviceAccountKeyPem)),
    etcd: issue({ commonName: 'etcd', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }, etcdCa),
    apiServer: issue({
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
      ipAddresses: ['127.0.0.1', options.serviceIp, options.hostIp],
    }),
    kubeletClient: issue({ commonName: 'apiserver-kubelet-client', organization: 'system:masters' }),
    frontProxy: issue({ commonName: 'front-proxy' }),
    admin: issue({ commonName: 'admin', organization: 'system:masters' }),
    harness: issue({ commonName: HARNESS_USER, organization: 'system:masters' }),
    controllerManager: issue({ commonName: 'system:kube-controller-manager' }),
    scheduler: issue({ commonName: 'system:kube-scheduler' }),
    nodes: options.nodes.map(({ nodeName, nodeIp }) => issue({ commonName: `system:node:${nodeName}`, organization: 'system:nodes', dnsNames: [nodeName], ipAddresses: [nodeIp] })),
    kubeProxy: issue({ commonName: 'system:kube-proxy' }),
  }
}

async function newKey(): Promise<string> {
  const { privateKey } = await generate('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return privateKey
}

/** Signed by the issuer, or by itself as a CA. */
function certificate(subject: Subject, keyPem: string, issuer?: KeyPair): string {
  const cert = forge.pki.createCertificate()
  const names = [{ name: 'commonName', value: subject.commonName }, ...(subject.organization === undefined ? [] : [{ name: 'organizationName', value: subject.organization }])]
  cert.publicKey = publicKeyOf(keyPem)
  // Begins with 4 to 7: positive, and no byte too many. A number that begins with zeros is refused as malformed.
  const serial = randomBytes(16)
  serial.writeUInt8((serial.readUInt8() & 0x3f) | 0x40)
  cert.serialNumber = serial.toString('hex')
  cert.validity.notBefore = new Date(Date.now() - 3_600_000)
  cert.validity.notAfter = new Date(Date.now() + DAYS * 86_400_000)
  cert.setSubject(names)
  cert.setIssuer(issuer === undefined ? names : forge.pki.certificateFromPem(issuer.certPem).subject.attributes)
  const altNames = [
    ...(subject.dnsNames ?? []).map((value) => ({ type: 2, value })),
    ...(subject.ipAddresses ?? []).map((ip) => ({ type: 7, ip })),
  ]
  cert.setExtensions(issuer === undefined
    ? [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }, { name: 'subjectKeyIdentifier' }]
    : [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
      ])
  cert.sign(forge.pki.privateKeyFromPem(issuer?.keyPem ?? keyPem), forge.md.sha256.create())
  return forge.pki.certificateToPem(cert)
}

function publicKeyOf(keyPem: string): forge.pki.rsa.PublicKey {
  const key = forge.pki.privateKeyFromPem(keyPem)
  return forge.pki.setRsaPublicKey(key.n, key.e)
}
