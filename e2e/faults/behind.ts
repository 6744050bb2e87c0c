/** Somebody says no at the last moment: when the dry run of an act has been answered, and before the controller hears of it. */
import type { ProxyHooks, Verdict } from '../installation/proxy.ts'
import type { Place } from './place.ts'
import { placeOf, PointReader } from './points.ts'

interface Watched {
  readonly place: Place
  readonly reader: PointReader
  /** The dry run that it is about. */
  answers?: number
}

/** @param edit of each place once; the answer waits for it */
export function behind(places: readonly Place[], edit: (place: Place) => Promise<void>): ProxyHooks {
  const byNamespace = new Map(places.map((place): [string, Watched] => [place.namespace, { place, reader: new PointReader() }]))
  const nobodysLedger: ReadonlyMap<string, string> = new Map()
  return {
    onRequest: (request) => {
      const watched = byNamespace.get(placeOf(request, nobodysLedger) ?? '')
      if (watched?.reader.read(request) === 'dry run') watched.answers ??= request.id
      return 'forward'
    },
    onResponse: async ({ id }): Promise<Verdict> => {
      const watched = [...byNamespace.values()].find(({ answers }) => answers === id)
      if (watched !== undefined) await edit(watched.place)
      return 'forward'
    },
  }
}
