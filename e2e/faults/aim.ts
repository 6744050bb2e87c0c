/** Aims one fault at one write of one place, and keeps what became of it. */
import type { ProxiedRequest, ProxyHooks, Truncate, Verdict } from '../installation/proxy.ts'
import type { Cell } from './pairs.ts'
import type { Place } from './place.ts'
import { isWriteRequest, placeOf, PointReader } from './points.ts'

export class Aim {
  readonly cell: Cell
  readonly place: Place
  /** Whether the write came, and was harmed. */
  fired = false
  readonly #reader = new PointReader()
  #answers: number | undefined
  #next = false

  constructor(cell: Cell, place: Place) {
    this.cell = cell
    this.place = place
  }

  request(request: ProxiedRequest): Verdict {
    const point = this.#reader.read(request)
    if (this.fired || point === undefined) return 'forward'
    const { fault } = this.cell
    if (this.#next) return this.#hit('hold')
    if (point !== this.cell.point || this.#answers !== undefined) return 'forward'
    if (fault.when === 'before') return this.#hit(fault.verdict)
    if (fault.name === 'killed before') return this.#hit('hold')
    this.#answers = request.id
    return 'forward'
  }

  response({ id }: ProxiedRequest): Verdict | Truncate {
    if (id !== this.#answers || this.fired) return 'forward'
    const { fault } = this.cell
    if (fault.when === 'after') return this.#hit(fault.verdict)
    if (fault.name === 'killed after') return this.#hit('hold')
    this.#next = true
    return 'forward'
  }

  #hit<T>(verdict: T): T {
    this.fired = true
    return verdict
  }
}

export function hooksOf(aims: readonly Aim[]): ProxyHooks {
  const byNamespace = new Map(aims.map((aim) => [aim.place.namespace, aim]))
  const byLedger = new Map(aims.flatMap(({ place }) => [[place.ledgerName, place.namespace], [`shared-namespace-${place.namespace}`, place.namespace]]))
  const aimOf = (request: ProxiedRequest): Aim | undefined => (isWriteRequest(request) ? byNamespace.get(placeOf(request, byLedger) ?? '') : undefined)
  return { onRequest: (request) => aimOf(request)?.request(request) ?? 'forward', onResponse: (request) => aimOf(request)?.response(request) ?? 'forward' }
}
