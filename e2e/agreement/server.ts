/** Asking a real API server what it makes of a manifest, without storing anything. */
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { parse } from 'yaml'
import { isObject } from '../../shared/lib/json.ts'

/** What the API server says of one object. */
export interface Answer {
  readonly accepted: boolean
  readonly code: number
  /** Fields of the causes, without the note that CEL was skipped; sorted, each once. */
  readonly paths: readonly string[]
  /** The whole body, for the report of a disagreement. */
  readonly text: string
}

/** Where objects of a kind live. */
export interface Place {
  readonly plural: string
  readonly namespace: string
}

export interface ApiServer {
  /** POST with `?dryRun=All`. `body` is YAML or JSON. */
  create(place: Place, body: string, options?: CreateOptions): Promise<Answer>
  /** PUT with `?dryRun=All` over a stored object. */
  replace(place: Place, name: string, body: string): Promise<Answer>
  /** Really creates the object, and returns it as stored. */
  store(place: Place, body: string): Promise<Record<string, unknown>>
  /** Really replaces a stored object, and returns it as stored. */
  change(place: Place, name: string, body: string): Promise<Record<string, unknown>>
  remove(place: Place, name: string): Promise<void>
  close(): Promise<void>
}

export interface CreateOptions {
  readonly fieldValidation?: 'Ignore' | 'Strict'
}

const pathOf = ({ plural, namespace }: Place): string => `/apis/kubeskippy.io/v1alpha1/namespaces/${namespace}/${plural}`

/** @param kubeconfig path of an administrator's kubeconfig with a client certificate */
export async function connect(kubeconfig: string): Promise<ApiServer> {
  const { origin, tls } = await readKubeconfig(kubeconfig)
  const agent = new Agent({ connections: 8, connect: tls, allowH2: false })
  const send = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body: string | null): Promise<Answer> => {
    const response = await request(`${origin}${path}`, { method, dispatcher: agent, body, headers: { 'content-type': 'application/yaml', accept: 'application/json' } })
    const text = await response.body.text()
    return { accepted: response.statusCode < 300, code: response.statusCode, paths: causesOf(text), text }
  }
  const mustSucceed = async (answer: Promise<Answer>): Promise<Record<string, unknown>> => {
    const { accepted, text } = await answer
    if (!accepted) throw new Error(`the API server refused: ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
  return {
    create: (place, body, { fieldValidation = 'Ignore' } = {}) => send('POST', `${pathOf(place)}?dryRun=All&fieldValidation=${fieldValidation}`, body),
    replace: (place, name, body) => send('PUT', `${pathOf(place)}/${name}?dryRun=All`, body),
    store: (place, body) => mustSucceed(send('POST', pathOf(place), body)),
    change: (place, name, body) => mustSucceed(send('PUT', `${pathOf(place)}/${name}`, body)),
    remove: async (place, name) => void (await mustSucceed(send('DELETE', `${pathOf(place)}/${name}`, null))),
    close: () => agent.close(),
  }
}

function causesOf(text: string): string[] {
  const body: unknown = JSON.parse(text)
  const details = isObject(body) && isObject(body['details']) ? body['details'] : {}
  const causes = Array.isArray(details['causes']) ? details['causes'].filter(isObject) : []
  const fields = causes.filter(({ message }) => !String(message).includes(CEL_SKIPPED)).map(({ field, message }) => outOfRange(String(message)) ?? (typeof field === 'string' ? field : ''))
  return [...new Set(fields)].sort()
}

const CEL_SKIPPED = 'some validation rules were not checked'

/** A number beyond its format is reported without a field; the message ends with it. */
const outOfRange = (message: string): string | undefined => / must be of type integer with format int(?:32|64) in (\S+)$/.exec(message)?.[1]

/** With a client certificate, in it or beside it. */
export async function readKubeconfig(path: string): Promise<{ origin: string; tls: { ca: string; cert: string; key: string } }> {
  const config = parse(await readFile(path, 'utf8')) as { clusters: { cluster: Record<string, string> }[]; users: { user: Record<string, string> }[] }
  const cluster = config.clusters[0]?.cluster ?? {}
  const user = config.users[0]?.user ?? {}
  const read = async (from: Record<string, string>, name: string): Promise<string> => {
    const inline = from[`${name}-data`]
    return inline === undefined ? await readFile(from[name] ?? '', 'utf8') : Buffer.from(inline, 'base64').toString()
  }
  const [ca, cert, key] = await Promise.all([read(cluster, 'certificate-authority'), read(user, 'client-certificate'), read(user, 'client-key')])
  return { origin: cluster['server'] ?? '', tls: { ca, cert, key } }
}
