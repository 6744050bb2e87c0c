/** What goes wrong with watches, and with reads: of the whole controller, while every action is on its way. */
import { KILL_SWITCH, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { CONFIG_MAPS } from '../../shared/kube/resources.ts'
import { seconds } from '../../shared/lib/time.ts'
import type { Answer, ProxiedRequest, ProxyHooks } from '../installation/proxy.ts'
import { THROTTLED } from './kinds.ts'
import type { CameAbout, Trials } from './trials.ts'

export interface WatchFault {
  readonly name: string
  /** False: what was decided is given up meanwhile, so that it does not end as without the fault. */
  readonly comparable?: false
  readonly happens: (trials: Trials) => Promise<CameAbout>
}

const isWatch = ({ url }: ProxiedRequest): boolean => /[?&]watch=(true|1)\b/.test(url)
const isList = ({ method, url }: ProxiedRequest): boolean => method === 'GET' && /[?&]limit=/.test(url)
const pause = (span: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, span))

const GONE = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'The resourceVersion for the provided watch is too old.', reason: 'Expired', code: 410 }
const AS_STATUS: Answer = { status: 410, body: GONE }
const AS_EVENT: Answer = { status: 200, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify({ type: 'ERROR', object: GONE })}\n` }
/** No cluster of a test comes so far. */
const FUTURE = '999999999999'

/** How often a fault has hit: what hits nothing was not tried. */
class Hits {
  count = 0

  of<T>(verdict: T): T {
    this.count++
    return verdict
  }
}

/** Once for each path: what is asked for again is answered. */
function firstOf(hits: Hits, which: (request: ProxiedRequest) => boolean, verdict: (request: ProxiedRequest) => ReturnType<NonNullable<ProxyHooks['onRequest']>>): NonNullable<ProxyHooks['onRequest']> {
  const seen = new Set<string>()
  return (request) => {
    const [path = ''] = request.url.split('?')
    if (!which(request) || seen.has(path)) return 'forward'
    seen.add(path)
    return hits.of(verdict(request))
  }
}

/** Every watch is begun anew under these hooks. */
const anew = async (trials: Trials, hooks: ProxyHooks): Promise<void> => {
  trials.hooks(hooks)
  trials.proxy.cut()
  await pause(seconds(3))
}

/** The first answer to each of these is another one. */
const answeredFirst = async (trials: Trials, which: (request: ProxiedRequest) => boolean, answer: Answer): Promise<CameAbout> => {
  const hits = new Hits()
  await anew(trials, { onRequest: firstOf(hits, which, () => answer) })
  return () => hits.count > 0
}

export const WATCH_FAULTS: readonly WatchFault[] = [
  {
    name: 'watches cut every second',
    happens: async (trials) => {
      const [cuts, begun] = [8, new Hits()]
      trials.hooks({ onRequest: (request) => (isWatch(request) ? begun.of('forward') : 'forward') })
      for (let n = 0; n < cuts; n++) {
        trials.proxy.cut()
        await pause(seconds(1))
      }
      // Each time that it was cut, something was begun anew.
      return () => begun.count >= cuts
    },
  },
  {
    name: 'truncated lines',
    happens: async (trials) => {
      const hits = new Hits()
      let lines = 0
      trials.hooks({ onLine: () => ((lines += 1) % 5 === 0 ? hits.of('truncate') : 'forward') })
      await pause(seconds(8))
      return () => hits.count > 0
    },
  },
  {
    name: 'stale watches',
    happens: async (trials) => {
      const hits = new Hits()
      trials.hooks({ onLine: () => pause(400).then(() => hits.of('forward' as const)) })
      await pause(seconds(10))
      return () => hits.count > 0
    },
  },
  {
    name: 'silent watches that are cut later',
    happens: async (trials) => {
      const hits = new Hits()
      trials.hooks({ onLine: () => hits.of('drop') })
      await pause(seconds(8))
      trials.hooks({})
      trials.proxy.cut()
      return () => hits.count > 0
    },
  },
  { name: '410 as status', happens: (trials) => answeredFirst(trials, isWatch, AS_STATUS) },
  { name: '410 as an event of the watch', happens: (trials) => answeredFirst(trials, isWatch, AS_EVENT) },
  { name: '429 of lists and watches', happens: (trials) => answeredFirst(trials, (request) => isWatch(request) || isList(request), THROTTLED) },
  {
    name: 'answers of reads truncated',
    happens: async (trials) => {
      const hits = new Hits()
      let reads = 0
      trials.hooks({ onResponse: (request) => (request.method === 'GET' && !isWatch(request) && (reads += 1) % 3 === 0 ? hits.of({ truncate: 50 }) : 'forward') })
      await pause(seconds(6))
      // A look is of several reads: as long as every third one fails, none is whole.
      trials.hooks({})
      return () => hits.count > 0
    },
  },
  {
    name: 'the kill switch, and its watch is silent',
    comparable: false,
    happens: async ({ api, proxy }) => {
      const hits = new Hits()
      const key = { namespace: OPERATOR_NAMESPACE, name: KILL_SWITCH }
      proxy.setHooks({ onLine: ({ url }) => (url.includes('/configmaps') ? hits.of('drop') : 'forward') })
      await api.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key })
      await pause(seconds(6))
      await api.delete(CONFIG_MAPS, key)
      return () => hits.count > 0
    },
  },
  {
    name: 'silent watches, and others from a future version, until they are taken for dead',
    happens: async (trials) => {
      const [redirected, dropped] = [new Hits(), new Hits()]
      const future = firstOf(redirected, (request) => isWatch(request) && /\/pods\?/.test(request.url), ({ url }) => ({ url: url.replace(/resourceVersion=[0-9]+/, `resourceVersion=${FUTURE}`) }))
      // The first watch of each of these says nothing for as long as it lasts; the one that follows it speaks.
      const silent = new Map<string, number>()
      const isSilent = ({ id, url }: ProxiedRequest): boolean => {
        const [path = ''] = url.split('?')
        if (!silent.has(path)) silent.set(path, id)
        return path.endsWith('/healingactions') && silent.get(path) === id
      }
      const before = trials.proxy.count
      await anew(trials, { onRequest: future, onLine: (request) => (request.id > before && isSilent(request) ? dropped.of('drop') : 'forward') })
      return () => redirected.count > 0 && dropped.count > 0
    },
  },
]
