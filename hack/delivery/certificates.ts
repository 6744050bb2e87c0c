/** cert-manager in the webhook's place: an authority of the chart's own, unless there is an issuer already, and the certificate by it. */
import { OPERATOR_NAMESPACE, WEBHOOK_SERVICE, WEBHOOK_TLS_SECRET } from '../../shared/api/v1alpha1/names.ts'
import { Hole } from './holes.ts'
import { meta, type Manifest } from './manifest.ts'

const VERSION = 'cert-manager.io/v1'
const AUTHORITY = 'kubeskippy-webhook-ca'
const SELF_SIGNED = 'kubeskippy-self-signed'

export const CERT_MANAGER = '$.Values.certificates.certManager.enabled'
export const OWN_CERTIFICATES = `not ${CERT_MANAGER}`
const ISSUER = '$.Values.certificates.certManager.issuerRef'
export const OWN_ISSUER = `and ${CERT_MANAGER} (not ${ISSUER})`

/** On the webhook configurations: cert-manager's injector writes their caBundle. */
export const injection = new Hole('with', `ternary (dict "cert-manager.io/inject-ca-from" "${OPERATOR_NAMESPACE}/${WEBHOOK_SERVICE}") dict ${CERT_MANAGER}`)

export const authority: readonly Manifest[] = [
  { apiVersion: VERSION, kind: 'Issuer', metadata: meta(SELF_SIGNED, 'webhook'), spec: { selfSigned: {} } },
  {
    apiVersion: VERSION,
    kind: 'Certificate',
    metadata: meta(AUTHORITY, 'webhook'),
    // Long, since an injector replaces the authority and does not add it: reviews fail for some seconds each time.
    spec: { isCA: true, commonName: AUTHORITY, secretName: AUTHORITY, duration: '87600h', renewBefore: '8760h', privateKey: { algorithm: 'ECDSA', size: 256 }, issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: SELF_SIGNED } },
  },
  { apiVersion: VERSION, kind: 'Issuer', metadata: meta(AUTHORITY, 'webhook'), spec: { ca: { secretName: AUTHORITY } } },
]

export const certificate: Manifest = {
  apiVersion: VERSION,
  kind: 'Certificate',
  metadata: meta(WEBHOOK_SERVICE, 'webhook'),
  spec: {
    secretName: WEBHOOK_TLS_SECRET,
    dnsNames: [`${WEBHOOK_SERVICE}.${OPERATOR_NAMESPACE}.svc`],
    privateKey: { rotationPolicy: 'Always' },
    issuerRef: new Hole('block', `(default (dict "group" "cert-manager.io" "kind" "Issuer" "name" "${AUTHORITY}") ${ISSUER})`),
  },
}
