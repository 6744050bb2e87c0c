/**
 * A bare watch client: lists and watches the same resources as the controller, keeps nothing but their names, and says when
 * it hears of a pod that crashes. What it needs, anybody needs who hears of it at all.
 *
 *     node bench/scale/bare.ts KUBECONFIG PATH...
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, get } from 'node:https'

interface Config {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly 'certificate-authority': string } }]
  readonly users: readonly [{ readonly user: { readonly token: string } }]
}
interface Item {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string; readonly continue?: string }
  readonly status?: { readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[] }
  readonly items?: readonly Item[]
}

const [file = '', ...paths] = process.argv.slice(2)
const { clusters: [{ cluster }], users: [{ user }] } = JSON.parse(readFileSync(file, 'utf8')) as Config
const options = { ca: readFileSync(cluster['certificate-authority']), agent: new Agent({ keepAlive: true }), headers: { authorization: `Bearer ${user.token}`, 'user-agent': 'bare-watch-client', accept: 'application/json' } }

const now = (): number => performance.timeOrigin + performance.now()

const opened = (path: string): Promise<IncomingMessage> => new Promise((resolve, reject) => { get(`${cluster.server}${path}`, options, resolve).on('error', reject) })

/** A list is one line, a watch one for each event. */
async function* linesOf(path: string): AsyncIterable<string> {
  const response = await opened(path)
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`)
  let rest = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}

async function list(path: string, names: Set<string>): Promise<string> {
  let token = ''
  for (;;) {
    let version = ''
    for await (const line of linesOf(`${path}?limit=500&continue=${encodeURIComponent(token)}`)) {
      const { items = [], metadata } = JSON.parse(line) as Item
      for (const item of items) names.add(`${item.metadata.namespace}/${item.metadata.name}`)
      version = metadata.resourceVersion
      token = metadata.continue ?? ''
    }
    if (token === '') return version
  }
}

const watches = await Promise.all(paths.map(async (path) => {
  const names = new Set<string>()
  return { path, names, version: await list(path, names) }
}))
console.log(JSON.stringify({ synced: now() }))

await Promise.all(watches.map(async ({ path, names, version }) => {
  for (let from = version; ;) {
    for await (const line of linesOf(`${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${from}`)) {
      const { type, object: { metadata, status } } = JSON.parse(line) as { type: string; object: Item }
      from = metadata.resourceVersion
      if (type === 'BOOKMARK') continue
      const name = `${metadata.namespace}/${metadata.name}`
      if (type === 'DELETED') names.delete(name)
      else names.add(name)
      if (status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff') console.log(JSON.stringify({ pod: name, at: now() }))
    }
  }
}))
