/** The writes of an act by name, in the order in which a run makes them. Pure. */
import type { ProxiedRequest } from '../installation/proxy.ts'

export const POINTS = ['reserve', 'share', 'cluster', 'create', 'ask', 'approved', 'confirm', 'begin', 'dry run', 'intend', 'act', 'record', 'step', 'undo', 'undone', 'end', 'settle', 'status', 'opens', 'half-opens'] as const
export type Point = (typeof POINTS)[number]

/** Those that only some acts have: of what is set, of several steps, of what is taken back. */
const SOME: Partial<Record<Point, readonly string[]>> = {
  ask: ['recreate'],
  approved: ['recreate'],
  intend: ['rolling', 'turnover', 'scale', 'patch'],
  step: ['graceful', 'turnover', 'recreate'],
  undo: ['scale', 'patch'],
  undone: ['scale', 'patch'],
  // Of the breaker.
  opens: ['ladder'],
  'half-opens': ['ladder'],
}

export const hasPoint = (action: string, point: Point): boolean => SOME[point]?.includes(action) ?? true

/** Whose they are: what a run's requests can be told by. */
export interface Names {
  readonly namespace: string
  /** Of the policy. */
  readonly ledger: string
}

interface Body {
  readonly spec?: { readonly policy?: { readonly namespace?: string }; readonly budget?: { readonly namespace?: string; readonly acts?: readonly { readonly policy: { readonly namespace: string } }[] }; readonly breaker?: { readonly state: string }; readonly entries?: readonly { readonly state: string; readonly tried?: boolean }[] }
  readonly status?: Readonly<Record<string, unknown>>
}

const READS = new Set(['GET', 'HEAD'])
export const isWriteRequest = ({ method, url }: ProxiedRequest): boolean => !READS.has(method) && !url.includes('accessreviews') && !url.includes('/leases')

/** Namespace of the place that a request is about; undefined: of none. */
export function placeOf({ url, body, method }: ProxiedRequest, byLedger: ReadonlyMap<string, string>): string | undefined {
  const [, ledger] = /\/healingledgers(?:\/([^/?]+))?/.exec(url) ?? []
  const ofLedger = url.includes('/healingledgers') ? parsed(body).spec : undefined
  // That of the whole cluster is written for the act that it ends with.
  if (ofLedger?.budget !== undefined && ofLedger.budget.namespace === undefined) return ofLedger.budget.acts?.at(-1)?.policy.namespace
  if (ledger !== undefined) return byLedger.get(ledger)
  if (method === 'POST' && ofLedger !== undefined) return ofLedger.policy?.namespace ?? ofLedger.budget?.namespace
  return /\/namespaces\/([^/?]+)\//.exec(url)?.[1]
}

/** Tells the writes of one run apart; one for each run, since the second act of one is another point. */
export class PointReader {
  #acts = 0
  #undoing = false

  /** undefined: a write that no point is about, such as an event. */
  read(request: ProxiedRequest): Point | undefined {
    const { method, url } = request
    if (!isWriteRequest(request)) return undefined
    if (url.includes('/healingledgers')) return this.#ledger(request)
    if (/\/healingactions(\?|$)/.test(url)) return 'create'
    if (/\/healingactions\/[^/]+\/status/.test(url)) return this.#record(parsed(request.body).status ?? {})
    if (/\/healingpolicies\/[^/]+\/status/.test(url)) return 'status'
    if (url.includes('/kubeskippy.io/') || url.includes('/events')) return undefined
    if (method === 'POST' && !url.includes('/eviction')) return undefined
    if (url.includes('dryRun=All') || request.body.includes('"dryRun"')) return this.#undoing || this.#acts > 0 ? undefined : 'dry run'
    if (this.#undoing) return 'undone'
    this.#acts++
    return this.#acts === 1 ? 'act' : 'step'
  }

  #ledger({ body, url, method }: ProxiedRequest): Point | undefined {
    const { spec } = parsed(body)
    if (spec?.budget !== undefined && spec.budget.namespace === undefined) return 'cluster'
    if (spec?.budget !== undefined) return method === 'POST' || url.includes('/shared-namespace-') ? 'share' : undefined
    if (spec?.breaker?.state === 'Open') return 'opens'
    if (spec?.breaker?.state === 'HalfOpen') return 'half-opens'
    const [entry] = spec?.entries ?? []
    if (entry === undefined) return undefined
    if (entry.state === 'Settled') return 'settle'
    if (entry.state === 'Waiting') return 'reserve'
    if (entry.state !== 'Reserved') return undefined
    return entry.tried === true ? 'confirm' : 'reserve'
  }

  #record(status: Readonly<Record<string, unknown>>): Point | undefined {
    if (['Succeeded', 'Failed', 'Cancelled'].includes(String(status['phase']))) return 'end'
    if (status['undo'] !== undefined) {
      this.#undoing = true
      return 'undo'
    }
    if (status['approvedAt'] !== undefined && status['phase'] === 'Approved') return 'approved'
    if (status['startTime'] !== undefined) return 'begin'
    if (status['phase'] === 'Pending') return 'ask'
    if (status['intent'] !== undefined) return 'intend'
    return status['phase'] === 'Verifying' || status['steps'] !== undefined ? 'record' : undefined
  }
}

function parsed(body: Buffer): Body {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}
