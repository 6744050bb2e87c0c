/** Where the server is and who we are, from a kubeconfig or the pod's service account. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { ConfigError, messageOf, unreadable } from '../lib/errors.ts'
import { isObject } from '../lib/json.ts'
import { nearest, printable, quoted } from '../lib/text.ts'
import { seconds } from '../lib/time.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Timers } from '../runtime/timers.ts'

export interface Tls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly servername?: string
  /** False only when the kubeconfig says `insecure-skip-tls-verify`. */
  readonly rejectUnauthorized: boolean
}

export interface Credentials {
  readonly tls: Tls
  /** Value of the `Authorization` header. */
  readonly authorization?: string
}

export interface ClusterAccess {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path before `/api`, `''` unless the server sits behind a proxy (Rancher and the like). */
  readonly prefix: string
  /** Read from files or plug-ins each time: tokens and certificates rotate. */
  read(): Promise<Credentials>
}

export interface AccessConfig {
  /** Path of a kubeconfig; absent: the pod's service account. */
  readonly kubeconfig?: string
  /** Default: the kubeconfig's current context. */
  readonly context?: string
}

/** The namespace that the context names, as for kubectl; in a pod, its own. @throws ConfigError */
export function namespaceOf(access: AccessConfig): string | undefined {
  const config = readConfig(access)
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace
  return namespace === '' ? undefined : namespace
}

/** For people: the server, and the context where a kubeconfig names one; never credentials. @throws ConfigError */
export function nameOfCluster(access: AccessConfig): string {
  const { origin, prefix } = loadAccess(access)
  const context = access.kubeconfig === undefined ? '' : ` (context ${readConfig(access).getCurrentContext()})`
  return printable(`${origin}${prefix}${context}`, 400)
}

/** With the context that is meant, which is there, and so is its cluster. @throws ConfigError */
function readConfig({ kubeconfig, context }: AccessConfig): KubeConfig {
  const config = new KubeConfig()
  if (kubeconfig === undefined) {
    config.loadFromCluster()
    // The client library makes a server of what the environment of a pod says.
    if (!URL.canParse(config.getCurrentCluster()?.server ?? '')) throw new ConfigError(['no kubeconfig, and not in a pod: give --kubeconfig FILE, set KUBECONFIG, or write ~/.kube/config'])
  } else {
    readKubeconfig(kubeconfig)
    try {
      config.loadFromFile(kubeconfig)
    } catch (error) {
      throw unusable(kubeconfig, 'is no kubeconfig', error)
    }
  }
  if (context !== undefined) config.setCurrentContext(context)
  const problem = problemOfContext(config, context === undefined)
  if (problem !== undefined) throw new ConfigError([`kubeconfig: ${problem}`])
  return config
}

function problemOfContext(config: KubeConfig, isCurrent: boolean): string | undefined {
  const name: string | undefined = config.getCurrentContext()
  if (name === undefined || name === '') return 'it has no current-context: choose one with --context, or by kubectl config use-context NAME'
  const context = config.getContextObject(name)
  if (context === null) return `there is no context ${quoted(name)}${isCurrent ? ', which is its current-context' : ''}${hint(name, config.getContexts(), 'kubectl config get-contexts lists them')}`
  if (config.getCluster(context.cluster) !== null) return undefined
  return `the context ${quoted(name)} names the cluster ${quoted(context.cluster)}, which is not there${hint(context.cluster, config.getClusters(), 'kubectl config get-clusters lists those that are')}`
}

function hint(name: string, known: readonly { readonly name: string }[], otherwise: string): string {
  const [near] = nearest(name, known.map((each) => each.name))
  return near === undefined ? `; ${otherwise}` : `, did you mean ${printable(near)}?`
}

const ANOTHER = 'give another with --kubeconfig or KUBECONFIG'

/** @throws ConfigError */
function readKubeconfig(path: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const known = unreadable(error)
    throw known === undefined ? unusable(path, 'cannot be read', error) : new ConfigError([`kubeconfig: ${printable(path, 300)} ${known}; ${ANOTHER}`], { cause: error })
  }
  try {
    const file: unknown = parse(text)
    if (isObject(file)) return file
  } catch (error) {
    throw unusable(path, 'is no YAML', error)
  }
  throw unusable(path, 'is no kubeconfig: it holds no map')
}

/** One line: what follows the first of an error of YAML is the text around it. */
function unusable(path: string, what: string, cause?: unknown): ConfigError {
  const why = cause === undefined ? '' : `: ${printable(messageOf(cause).split('\n')[0]?.replace(/:$/, '') ?? '', 300)}`
  return new ConfigError([`kubeconfig: ${printable(path, 300)} ${what}${why}; mend it, or ${ANOTHER}`], { cause })
}

const NO_TLS = 'kubeconfig: the server is an http:// address, and credentials would be sent for everybody to read: write https://, or insecure-skip-tls-verify: true of the cluster where that is meant'

/** @throws ConfigError when the configuration cannot be read or asks for what is not supported */
export function loadAccess(access: AccessConfig): ClusterAccess {
  const { kubeconfig } = access
  const config = readConfig(access)
  const cluster = config.getCurrentCluster()
  const user = config.getCurrentUser()
  if (cluster === null) throw new ConfigError(['kubeconfig: the context names no cluster'])
  const tokenFile = kubeconfig === undefined ? undefined : tokenFileOf(kubeconfig, user?.name)
  const problems: string[] = []
  if (!URL.canParse(cluster.server)) problems.push('kubeconfig: the server is no URL')
  else if (!/^https?:$/.test(new URL(cluster.server).protocol)) problems.push(`kubeconfig: the server is spoken to by HTTP only, not by ${quoted(new URL(cluster.server).protocol)}: write https://HOST:PORT`)
  else if (new URL(cluster.server).protocol === 'http:' && !cluster.skipTLSVerify) problems.push(NO_TLS)
  // Ignoring either would talk to another server, or as somebody else, than the file says.
  if (cluster.proxyUrl !== undefined) problems.push('kubeconfig: proxy-url is not supported')
  if (user?.impersonateUser !== undefined) problems.push('kubeconfig: "as" is not supported')
  if (problems.length > 0) throw new ConfigError(problems)
  const url = new URL(cluster.server)
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/, ''),
    async read() {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      const credentials = toCredentials(options)
      if (tokenFile === undefined) return credentials
      return { ...credentials, authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` }
    },
  }
}

/** The client library does not know `tokenFile` and would go on as nobody. Relative paths start at the kubeconfig. */
function tokenFileOf(kubeconfig: string, userName: string | undefined): string | undefined {
  const { users: found } = readKubeconfig(kubeconfig)
  const users: readonly unknown[] = Array.isArray(found) ? found : []
  const entry = users.filter(isObject).find(({ name }) => name === userName)
  const user = isObject(entry?.['user']) ? entry['user'] : {}
  return typeof user['tokenFile'] === 'string' ? resolve(dirname(kubeconfig), user['tokenFile']) : undefined
}

function toCredentials(options: RequestOptions): Credentials {
  const headers = (options.headers ?? {}) as Readonly<Record<string, unknown>>
  const bearer = headers['Authorization']
  const basic = typeof options.auth === 'string' ? `Basic ${Buffer.from(options.auth).toString('base64')}` : undefined
  // Token files written by hand end in a newline, which no header may hold.
  const authorization = typeof bearer === 'string' ? bearer.trim() : basic
  return {
    tls: {
      rejectUnauthorized: options.rejectUnauthorized !== false,
      ...pick(options, 'ca'),
      ...pick(options, 'cert'),
      ...pick(options, 'key'),
      ...(typeof options.servername === 'string' && options.servername !== '' ? { servername: options.servername } : {}),
    },
    ...(authorization === undefined ? {} : { authorization }),
  }
}

function pick<K extends 'ca' | 'cert' | 'key'>(options: RequestOptions, name: K): { readonly [P in K]?: string | Buffer } {
  const value = options[name]
  return (typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } : {}) as { readonly [P in K]?: string | Buffer }
}

/** As often as client-go re-reads a token file. */
const REREAD = seconds(60)

/** Reads at most once a minute, at most once at a time, and keeps what it has when a file is briefly unreadable. */
export class CredentialCache {
  readonly #access: ClusterAccess
  readonly #timers: Timers
  readonly #log: Logger
  #current: { readonly credentials: Credentials; readonly at: number } | undefined
  #reading: Promise<Credentials> | undefined

  constructor(access: ClusterAccess, timers: Timers, log: Logger) {
    this.#access = access
    this.#timers = timers
    this.#log = log
  }

  get(): Promise<Credentials> {
    const current = this.#current
    if (current !== undefined && this.#timers.monotonic() - current.at < REREAD) return Promise.resolve(current.credentials)
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  /** After a 401. True when the credentials are old enough that another read may help. */
  expire(): boolean {
    if (this.#current === undefined || this.#timers.monotonic() - this.#current.at < seconds(1)) return false
    this.#current = { ...this.#current, at: Number.NEGATIVE_INFINITY }
    return true
  }

  async #read(): Promise<Credentials> {
    try {
      const credentials = await this.#access.read()
      this.#current = { credentials, at: this.#timers.monotonic() }
      return credentials
    } catch (error) {
      if (this.#current === undefined) throw error
      this.#log.warn('credentials could not be read again', { error })
      return this.#current.credentials
    }
  }
}
