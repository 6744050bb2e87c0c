/** What Alertmanager posts (version 4 of its webhook payload), read with bounds: anybody who can name a series chooses the labels. */
import { isObject } from '../../../shared/lib/json.ts'
import { quoted } from '../../../shared/lib/text.ts'
import type { Labels } from '../../../shared/lib/selector.ts'
import { parseInstant, type Instant } from '../../../shared/lib/time.ts'
import { namespaceOf } from '../../triggers/object-labels.ts'

export interface ToldAlert {
  readonly labels: Labels
  readonly startsAt: Instant
  readonly ended: boolean
}

export type ReadPayload =
  | {
      readonly kind: 'read'
      readonly alerts: readonly ToldAlert[]
      /** Not understood, or beyond a bound. */
      readonly malformed: number
      /** Without a namespace: they lead to no object. */
      readonly nameless: number
      /** Left out by Alertmanager itself (`max_alerts`). */
      readonly truncated: number
    }
  | { readonly kind: 'refused'; readonly problem: string }

export const MOST_ALERTS = 2000
const MOST_LABELS = 64
/** Characters of all names and values of one alert. */
const MOST_TEXT = 4096
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Never throws. One alert that makes no sense does not take the others with it. */
export function readPayload(body: unknown, now: Instant): ReadPayload {
  if (!isObject(body)) return { kind: 'refused', problem: 'the body must be an object' }
  const { version, alerts, truncatedAlerts } = body
  if (version !== '4') return { kind: 'refused', problem: `only version "4" of Alertmanager's webhook payload is understood, not ${typeof version === 'string' ? quoted(version, 20) : 'none'}` }
  if (!Array.isArray(alerts)) return { kind: 'refused', problem: 'alerts must be a list' }
  if (alerts.length > MOST_ALERTS) return { kind: 'refused', problem: `alerts may have at most ${MOST_ALERTS} items: set max_alerts, or group them finer` }
  const read = alerts.map((alert) => readAlert(alert, now))
  const told = read.filter((alert) => alert !== undefined)
  const named = told.filter(({ labels }) => namespaceOf(labels) !== undefined)
  const truncated = typeof truncatedAlerts === 'number' && truncatedAlerts > 0 ? truncatedAlerts : 0
  return { kind: 'read', alerts: named, malformed: read.length - told.length, nameless: told.length - named.length, truncated }
}

function readAlert(alert: unknown, now: Instant): ToldAlert | undefined {
  if (!isObject(alert)) return undefined
  const labels = readLabels(alert['labels'])
  const startsAt = instantOf(alert['startsAt'])
  const { status } = alert
  if (labels === undefined || startsAt === undefined || (status !== 'firing' && status !== 'resolved')) return undefined
  // Of one that fires it is the year 1, or a time that is still to come.
  const endsAt = instantOf(alert['endsAt'])
  const over = endsAt !== undefined && endsAt > startsAt && endsAt <= now
  return { labels, startsAt, ended: status === 'resolved' || over }
}

const instantOf = (value: unknown): Instant | undefined => (typeof value === 'string' ? parseInstant(value) : undefined)

function readLabels(value: unknown): Labels | undefined {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value)
  if (entries.length > MOST_LABELS) return undefined
  let text = 0
  for (const [name, label] of entries) {
    if (typeof label !== 'string' || !LABEL_NAME.test(name)) return undefined
    text += name.length + label.length
    if (text > MOST_TEXT) return undefined
  }
  // Own members whatever they are called.
  return Object.fromEntries(entries) as Labels
}
