/** What an error of the API server means to whoever runs us, and what mends it. Pure; no word of the server's is in it. */
import { isObject } from '../lib/json.ts'
import { isApiError, type ApiError, type ApiErrorKind } from './errors.ts'

/** Of what only the API server can tell: what was never heard is not well. */
export const NOT_KNOWN_YET = 'not known yet: the API server has not answered'

export interface Trouble {
  /** Half a sentence: what is wrong. */
  readonly what: string
  /** What somebody can do about it. */
  readonly fix: string
}

export const INSTALL_DEFINITIONS = 'kubectl apply --server-side -f config/crd/bases, or helm upgrade'
const INSTALL_ROLES = 'kubectl apply --server-side -k config, or helm upgrade: the roles of this account are missing, or of another version'

const TROUBLES: Partial<Readonly<Record<ApiErrorKind, (error: ApiError) => Trouble>>> = {
  NotFound: () => ({ what: 'the API server does not know this kind', fix: `install its definition; KubeSkippy's own by ${INSTALL_DEFINITIONS}` }),
  Forbidden: ({ request }) => ({ what: `this account may not do it (${request})`, fix: INSTALL_ROLES }),
  Unauthorized: () => ({ what: 'the API server does not take these credentials', fix: 'renew the token or certificate of the kubeconfig; in a pod: is its ServiceAccount still there?' }),
  Network: networkTrouble,
  Timeout: networkTrouble,
}

/** Of a list or a watch. undefined: nothing that a person could do; it is tried again. */
export const troubleOf = (error: unknown): Trouble | undefined => (isApiError(error) ? TROUBLES[error.kind]?.(error) : undefined)

function networkTrouble(error: ApiError): Trouble {
  const codes = codesOf(error)
  const untrusted = codes.find((code) => /CERT|SIGNATURE|ALTNAME|^ERR_TLS/.test(code))
  if (untrusted !== undefined) return { what: `the certificate of the API server is not trusted (${untrusted})`, fix: 'look at certificate-authority and server in the kubeconfig, and at the clock of this machine' }
  const told = codes.length === 0 ? '' : ` (${codes.join(', ')})`
  return { what: `the API server does not answer${told}`, fix: 'does it run, and is it the one that the kubeconfig names?' }
}

/** Of the error and what caused it: `ECONNREFUSED`. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = []
  for (let each: unknown = error, depth = 0; isObject(each) && depth < 5; each = each['cause'], depth++) {
    const code = each['code']
    if (typeof code === 'string' && !codes.includes(code)) codes.push(code)
  }
  return codes
}

export const inWords = ({ what, fix }: Trouble): string => `${what}; ${fix}`
