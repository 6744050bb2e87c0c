/** Values that the API server would refuse, or that would do harm, in the fields that are listed by default. Pure. */
import { scaleAction } from '../../api/v1alpha1/policy/actions/scale.ts'
import { parseQuantity } from '../../lib/quantity.ts'
import { quoted } from '../../lib/text.ts'
import { shown, type FieldPath } from './paths.ts'
import type { Touch } from './touches.ts'
import { harmOfName, harmOfValue, isOfMachine } from './variables.ts'

export interface BadValue {
  /** KS303: it would do harm. KS304: the API server would refuse it, or take it for something else. KS305: replicas. */
  readonly rule: 'KS303' | 'KS304' | 'KS305'
  readonly path: FieldPath
  readonly why: string
}

/** The most that an action may ask for, by `scale` and by `patch`. */
export const MOST_REPLICAS = scaleAction.properties.maxReplicas.maximum

const INT32 = 2 ** 31 - 1

/** undefined: nothing is known against it. */
export function badValue(touch: Touch): BadValue | undefined {
  const [rule, why] = problem(touch) ?? []
  return rule === undefined || why === undefined ? undefined : { rule, path: touch.path, why }
}

type Problem = readonly [BadValue['rule'], string]

function problem({ path, kind, value }: Touch): Problem | undefined {
  if (kind !== 'set' && kind !== 'remove') return undefined
  const removed = kind === 'remove'
  const [field = '', parent = '', above = ''] = path.toReversed().map(({ key }) => key)
  if (typeof value === 'number' && !Number.isFinite(value)) return ['KS304', 'it must be a number that JSON can hold']
  if (shown(path) === 'spec.replicas') return replicas(removed, value)
  if ((parent === 'annotations' || parent === 'labels') && above === 'metadata') return metadata(parent, field, removed, value)
  if (above === 'resources') return resource(parent, field, removed, value)
  if (above === 'env' && field === 'value') return variable(path.at(-2)?.key ?? '', removed, value)
  if (Object.hasOwn(PROBE_BOUNDS, field) && /^(liveness|readiness|startup)Probe$/.test(parent)) return removed ? undefined : timing(parent, field, value)
  return field === 'terminationGracePeriodSeconds' ? grace(removed, value) : undefined
}

const isWhole = (value: unknown, least: number, most = INT32): value is number => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most

function replicas(removed: boolean, value: unknown): Problem | undefined {
  if (!removed && isWhole(value, 1, MOST_REPLICAS)) return undefined
  return [removed || Number.isSafeInteger(value) ? 'KS305' : 'KS304', `replicas must be a whole number from 1 to ${MOST_REPLICAS}`]
}

/** Seconds: a week, which is what the operator of RabbitMQ writes. */
const LONGEST_GRACE = 604_800

function grace(removed: boolean, value: unknown): Problem | undefined {
  if (!removed && isWhole(value, 1)) return value > LONGEST_GRACE ? ['KS303', 'a pod that has more than a week to stop keeps its node from being drained'] : undefined
  return [removed || value === 0 ? 'KS303' : 'KS304', 'it must be a whole number of 1 or more: 0 kills by force']
}

/** The least that the API server takes for what it says, and what 0 would stand for. */
export const PROBE_BOUNDS: Readonly<Record<string, readonly [number, number | undefined]>> = {
  initialDelaySeconds: [0, undefined],
  periodSeconds: [1, 10],
  timeoutSeconds: [1, 1],
  successThreshold: [1, 1],
  failureThreshold: [1, 3],
  terminationGracePeriodSeconds: [1, undefined],
}

/** Seconds, and tries: a probe that looks less often, or gives up later, is none. */
export const LONGEST_TIMING = 3600
const MOST_TRIES = 10_000

function timing(probe: string, field: string, value: unknown): Problem | undefined {
  const [least, byDefault] = PROBE_BOUNDS[field] ?? [0, undefined]
  if (field === 'terminationGracePeriodSeconds' && probe === 'readinessProbe') return ['KS304', 'a readinessProbe has none: it ends no container']
  if (!isWhole(value, least)) return ['KS304', `it must be a whole number from ${least} to ${INT32}${value === 0 && byDefault !== undefined ? `: 0 would stand for the default, ${byDefault}` : ''}`]
  const most = field.endsWith('Threshold') ? MOST_TRIES : LONGEST_TIMING
  if (value > most) return ['KS303', `more than ${most} is as good as no probe: what hangs stays, or what is well never gets Ready`]
  return field === 'successThreshold' && probe !== 'readinessProbe' && value !== 1 ? ['KS304', `of a ${probe} it must be 1`] : undefined
}

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function metadata(map: 'annotations' | 'labels', key: string, removed: boolean, value: unknown): Problem | undefined {
  const [name = '', prefix, ...more] = key.split('/').toReversed()
  // The API server takes capital letters in prefixes of annotations, and of labels none.
  const good = more.length === 0 && NAME.test(name) && (prefix === undefined || (prefix.length <= 253 && PREFIX.test(map === 'annotations' ? prefix.toLowerCase() : prefix)))
  if (!good) return ['KS304', `${quoted(key)} is no key that ${map} can have`]
  if (removed) return undefined
  if (typeof value !== 'string') return ['KS304', 'its value must be a string']
  return map === 'labels' && value !== '' && !NAME.test(value) ? ['KS304', `${quoted(value)} is no value that a label can have`] : undefined
}

/** Cores: no container is given more, but by who has left out the m of millicores. Bytes: what the largest machines of the clouds have, rounded up. */
const LARGEST_NODE = { cpu: 256, memory: 32 * 2 ** 40 } as const
/** Bytes that mean something, of a request or of a disk. */
const LEAST_BYTES = 2 ** 20
/** Bytes: the runtime itself takes as much before the program begins. CRI-O refuses to start a container with less, and runc is killed in containerd. */
const LEAST_MEMORY = 12 * 2 ** 20
/** Cores: a hundredth of the time is the least that the kernel hands out (1 ms in 100). A start that takes a third of a second of work takes half a minute then, and every default probe has given up. */
const LEAST_CPU = 0.01

const COUNTED_IN_BYTES = /^(memory|ephemeral-storage|hugepages-.+)$/

function resource(list: string, name: string, removed: boolean, value: unknown): Problem | undefined {
  if (list !== 'limits' && list !== 'requests') return undefined
  if (name.includes('/')) return ['KS303', 'it hands out devices']
  if (name !== 'cpu' && !COUNTED_IN_BYTES.test(name)) return ['KS304', `a container has no ${quoted(name)}: write cpu, memory or ephemeral-storage`]
  if (removed) return ['KS303', list === 'limits' ? 'without its limit a container may take all that the node has' : 'without its request the pod is placed where there is no room for it, and is among the first to be evicted']
  const amount = parseQuantity(value)
  if (amount === undefined || amount < 0) return ['KS304', `${typeof value === 'string' ? quoted(value) : typeof value === 'number' ? String(value) : 'it'} is no quantity such as 500m or 256Mi`]
  if (amount === 0 && list === 'limits') return ['KS303', '0 is no limit: a container may take all that the node has']
  const node = name === 'cpu' || name === 'memory' ? LARGEST_NODE[name] : undefined
  if (amount === 0) return ['KS303', 'a request of 0 is none: the pod is placed where there is no room for it, and is among the first to be evicted']
  if (name === 'cpu' && amount > LARGEST_NODE.cpu) return ['KS303', `${amount} cores are more than any container is given: was ${amount}m meant?`]
  if (node !== undefined && amount > node) return ['KS303', list === 'limits' ? 'no node has as much: it is no limit' : 'no node has as much: the pod is never placed']
  if (name !== 'cpu' && !Number.isInteger(amount)) return ['KS304', `${quoted(String(value))} is ${amount} bytes: was Mi meant?`]
  if (name === 'memory' && list === 'limits' && amount < LEAST_MEMORY) return ['KS303', `no container starts with less than 12Mi: was ${String(value).replace(/[a-zA-Z]*$/, '')}Mi meant?`]
  if (name !== 'cpu' && amount < LEAST_BYTES) return ['KS303', `${String(value)} is less than 1Mi: was ${String(value).replace(/[a-zA-Z]*$/, '')}Mi meant?${name === 'ephemeral-storage' && list === 'limits' ? ' A pod that writes more is evicted' : ''}`]
  if (name === 'cpu' && list === 'limits' && amount < LEAST_CPU) return ['KS303', `no container gets anything done with less than 10m: was ${amount >= 0.001 ? Math.round(amount * 1000) : String(value)} meant?`]
  return undefined
}

function variable(name: string, removed: boolean, value: unknown): Problem | undefined {
  if (!removed && typeof value !== 'string') return ['KS304', 'its value must be a string']
  const byIndex = /^[0-9]+$/.test(name)
  if (!byIndex && !/^[\x20-\x3c\x3e-\x7e]{1,1024}$/.test(name)) return ['KS304', `${quoted(name)} is no name that a variable can have`]
  const harm = (byIndex ? undefined : harmOfName(name)) ?? (removed && isOfMachine(name) ? 'what it loads beside its sizes, such as an agent, would go with them' : undefined) ?? (typeof value === 'string' ? harmOfValue(value, byIndex ? undefined : name) : byIndex ? undefined : harmOfNothing(name))
  return harm === undefined ? undefined : ['KS303', harm]
}

/** Without its value a variable is still there, and empty. */
function harmOfNothing(name: string): string | undefined {
  const harm = harmOfValue('', name)
  return harm === undefined ? undefined : `it stays, with nothing in it: ${harm}`
}

/** Limits below requests in what is set by one patch: whatever the object has, the API server refuses it. */
export function limitsBelowRequests(touches: readonly Touch[]): BadValue[] {
  const amounts = new Map<string, number>()
  for (const { path, kind, value } of touches) {
    const amount = kind === 'set' && path.at(-3)?.key === 'resources' ? parseQuantity(value) : undefined
    if (amount !== undefined) amounts.set(keyOf(path), amount)
  }
  return touches.flatMap(({ path, kind }): BadValue[] => {
    if (kind !== 'set' || path.at(-3)?.key !== 'resources' || path.at(-2)?.key !== 'limits') return []
    const [limit, request] = [amounts.get(keyOf(path)), amounts.get(keyOf(path.with(path.length - 2, { key: 'requests' })))]
    return limit !== undefined && request !== undefined && limit < request ? [{ rule: 'KS304', path, why: 'it is below the request of the same patch' }] : []
  })
}

const keyOf = (path: FieldPath): string => JSON.stringify(path.map(({ key }) => key))
