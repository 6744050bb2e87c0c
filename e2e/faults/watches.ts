/** What goes wrong with watches, and with reads: of the whole controller, while every action is on its way. */
import { seconds } from '../../shared/lib/time.ts'
import type { Answer, ProxiedRequest, ProxyHooks } from '../installation/proxy.ts'
import { THROTTLED } from './kinds.ts'
import type { Trials } from './trials.ts'

export interface WatchFault {
  readonly name: string
  readonly happens: (trials: Trials) => Promise<void>
}

const isWatch = ({ url }: ProxiedRequest): boolean => /[?&]watch=(true|1)\b/.test(url)
const isList = ({ method, url }: ProxiedRequest): boolean => method === 'GET' && /[?&]limit=/.test(url)
const pause = (span: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, span))

const GONE = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'The resourceVersion for the provided watch is too old.', reason: 'Expired', code: 410 }
const AS_STATUS: Answer = { status: 410, body: GONE }
const AS_EVENT: Answer = { status: 200, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify({ type: 'ERROR', object: GONE })}\n` }
/** No cluster of a test comes so far. */
const FUTURE = '999999999999'

/** Once for each path: what is asked for again is answered. */
function firstOf(which: (request: ProxiedRequest) => boolean, verdict: (request: ProxiedRequest) => ReturnType<NonNullable<ProxyHooks['onRequest']>>): NonNullable<ProxyHooks['onRequest']> {
  const seen = new Set<string>()
  return (request) => {
    const [path = ''] = request.url.split('?')
    if (!which(request) || seen.has(path)) return 'forward'
    seen.add(path)
    return verdict(request)
  }
}

/** Every watch is begun anew under these hooks. */
const anew = async (trials: Trials, hooks: ProxyHooks): Promise<void> => {
  trials.hooks(hooks)
  trials.proxy.cut()
  await pause(seconds(3))
}

export const WATCH_FAULTS: readonly WatchFault[] = [
  {
    name: 'watches cut every second',
    happens: async ({ proxy }) => {
      for (let n = 0; n < 8; n++) {
        proxy.cut()
        await pause(seconds(1))
      }
    },
  },
  {
    name: 'truncated lines',
    happens: async (trials) => {
      let lines = 0
      trials.hooks({ onLine: () => ((lines += 1) % 5 === 0 ? 'truncate' : 'forward') })
      await pause(seconds(8))
    },
  },
  {
    name: 'stale watches',
    happens: async (trials) => {
      trials.hooks({ onLine: () => pause(400).then(() => 'forward' as const) })
      await pause(seconds(10))
    },
  },
  {
    name: 'silent watches that are cut later',
    happens: async (trials) => {
      trials.hooks({ onLine: () => 'drop' })
      await pause(seconds(8))
      trials.hooks({})
      trials.proxy.cut()
    },
  },
  { name: '410 as status', happens: (trials) => anew(trials, { onRequest: firstOf(isWatch, () => AS_STATUS) }) },
  { name: '410 as an event of the watch', happens: (trials) => anew(trials, { onRequest: firstOf(isWatch, () => AS_EVENT) }) },
  { name: '429 of lists and watches', happens: (trials) => anew(trials, { onRequest: firstOf((request) => isWatch(request) || isList(request), () => THROTTLED) }) },
  {
    name: 'answers of reads truncated',
    happens: async (trials) => {
      let reads = 0
      trials.hooks({ onResponse: (request) => (request.method === 'GET' && !isWatch(request) && (reads += 1) % 3 === 0 ? { truncate: 50 } : 'forward') })
      await pause(seconds(6))
      // A look is of several reads: as long as every third one fails, none is whole.
      trials.hooks({})
    },
  },
  {
    name: 'silent watches, and others from a future version, until they are taken for dead',
    happens: async (trials) => {
      const future = firstOf((request) => isWatch(request) && /\/pods\?/.test(request.url), ({ url }) => ({ url: url.replace(/resourceVersion=[0-9]+/, `resourceVersion=${FUTURE}`) }))
      // The first watch of each of these says nothing for as long as it lasts; the one that follows it speaks.
      const silent = new Map<string, number>()
      const isSilent = ({ id, url }: ProxiedRequest): boolean => {
        const [path = ''] = url.split('?')
        if (!silent.has(path)) silent.set(path, id)
        return path.endsWith('/healingactions') && silent.get(path) === id
      }
      const before = trials.proxy.count
      await anew(trials, { onRequest: future, onLine: (request) => (request.id > before && isSilent(request) ? 'drop' : 'forward') })
    },
  },
]
