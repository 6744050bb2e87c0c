/**
 * Nothing of the outside reaches a run: real timers, clocks, chance, sockets and files throw while it lasts. What is left is
 * `setImmediate`, of which the scheduler keeps one from before: it tells that every promise has settled.
 */
import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import dnsPromises from 'node:dns/promises'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import timersPromises from 'node:timers/promises'
import timers from 'node:timers'
import tls from 'node:tls'
import workerThreads from 'node:worker_threads'
import { syncBuiltinESMExports } from 'node:module'

export class OutsideReached extends Error {
  override readonly name = 'OutsideReached'
}

type Holder = Record<string, unknown>

/** Of a module that is of no use but for the outside. */
const all = (holder: object): readonly string[] => Object.entries(holder).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []))

const DOORS: readonly (readonly [of: string, holder: object, names: readonly string[]])[] = [
  ['globalThis', globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'MessageChannel', 'BroadcastChannel']],
  ['Math', Math, ['random']],
  ['Date', Date, ['now']],
  ['performance', performance, ['now', 'mark', 'measure']],
  ['process', process, ['hrtime', 'uptime']],
  ['AbortSignal', AbortSignal, ['timeout']],
  ['globalThis.crypto', globalThis.crypto, ['randomUUID', 'getRandomValues']],
  ['timers', timers, ['setTimeout', 'setInterval', 'setImmediate']],
  ['timers/promises', timersPromises, ['setTimeout', 'setInterval', 'setImmediate']],
  ['timers/promises.scheduler', timersPromises.scheduler, ['wait', 'yield']],
  ['crypto', crypto, ['randomUUID', 'randomBytes', 'randomInt', 'randomFill', 'randomFillSync', 'generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync', 'generatePrime', 'generatePrimeSync']],
  ['net', net, ['connect', 'createConnection', 'createServer', 'Socket', 'Stream', 'Server']],
  ['tls', tls, ['connect', 'createServer', 'TLSSocket', 'Server']],
  ['http', http, ['request', 'get', 'createServer', 'ClientRequest', 'Server']],
  ['https', https, ['request', 'get', 'createServer', 'Server']],
  ['http2', http2, ['connect', 'createServer', 'createSecureServer', 'performServerHandshake']],
  ['dgram', dgram, ['createSocket', 'Socket']],
  ['dns', dns, all(dns)],
  ['dns/promises', dnsPromises, all(dnsPromises)],
  ['fs', fs, all(fs)],
  ['fs/promises', fsPromises, all(fsPromises)],
  ['child_process', childProcess, all(childProcess)],
  ['worker_threads', workerThreads, ['Worker', 'MessageChannel', 'BroadcastChannel', 'receiveMessageOnPort', 'postMessageToThread']],
]

/** Each tells what time it is when nobody says of which time. */
const TELLERS = ['format', 'formatToParts'] as const

type Alarm = (door: string) => never
type Closed = ((...args: unknown[]) => never) & Holder

/** Called or made anew it throws, and so does whatever hangs on it. What is there already stays one of its kind. */
function closed(door: string, real: unknown, alarm: Alarm): Closed {
  const shut = function (): never {
    return alarm(door)
  } as Closed
  if (typeof real !== 'function') return shut
  if (real.prototype !== undefined) shut.prototype = real.prototype
  for (const [name, value] of Object.entries(real)) if (typeof value === 'function') shut[name] = closed(`${door}.${name}`, value, alarm)
  return shut
}

/** Makes a date of now wherever it is asked about some time, and looks at it only when it is not told of which. */
const NEEDLESS = /^\s+at .*\/node_modules\/croner\//

/** Whether that library asks for a date: it gets one that is no time, by which nothing can be reckoned. */
const isNeedless = (): boolean => NEEDLESS.test(new Error().stack?.split('\n')[4] ?? '')

/** `new Date(x)` is arithmetic; `new Date()` reads the machine's clock. */
const sealedDate = (real: DateConstructor, alarm: Alarm): DateConstructor => {
  const now = (): object => (isNeedless() ? new real(Number.NaN) : alarm('new Date'))
  return new Proxy(real, {
    construct: (target, args: readonly unknown[], to) => (args.length === 0 ? now() : (Reflect.construct(target, args, to) as object)),
    apply: () => alarm('Date()'),
  })
}

/** What `name` of a formatter says of a time that is given, and not of now. A getter, as that of `format` is. */
const sealedTeller = (name: (typeof TELLERS)[number], real: PropertyDescriptor, alarm: Alarm): PropertyDescriptor => ({
  configurable: true,
  get(this: Intl.DateTimeFormat) {
    const tell = (real.get?.call(this) ?? real.value) as (this: Intl.DateTimeFormat, at: Date | number) => unknown
    return (at?: Date | number) => (at === undefined ? alarm(`Intl.DateTimeFormat.${name}`) : tell.call(this, at))
  },
})

/** Every door, for a test of this file. */
export const doors = (): readonly string[] => [...DOORS.flatMap(([of, , names]) => names.map((name) => `${of}.${name}`)), 'process.hrtime.bigint', 'new Date', ...TELLERS.map((name) => `Intl.DateTimeFormat.${name}`)]

/** @throws OutsideReached when anything of the run has, whether the run itself has caught that or not */
export async function sealed<T>(run: () => Promise<T>): Promise<T> {
  // Made when they are first asked for, some of them as sockets: whoever looks for a mistake may print.
  void [process.stdout, process.stderr]
  const undo: (() => void)[] = []
  const reached: OutsideReached[] = []
  const alarm = (door: string): never => {
    const error = new OutsideReached(`${door} within a simulation`)
    reached.push(error)
    throw error
  }
  const put = (holder: object, name: string, made: (before: PropertyDescriptor | undefined) => PropertyDescriptor): void => {
    const before = Object.getOwnPropertyDescriptor(holder, name)
    Object.defineProperty(holder, name, made(before))
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(holder, name)
      else Object.defineProperty(holder, name, before)
    })
  }
  const replace = (holder: object, name: string, value: unknown): void => put(holder, name, (before) => ({ value, configurable: true, writable: true, enumerable: before?.enumerable ?? true }))
  try {
    for (const [of, holder, names] of DOORS) {
      for (const name of names) replace(holder, name, closed(`${of}.${name}`, (holder as Holder)[name], alarm))
    }
    for (const name of TELLERS) put(Intl.DateTimeFormat.prototype, name, (before = {}) => sealedTeller(name, before, alarm))
    replace(globalThis, 'Date', sealedDate(Date, alarm))
    syncBuiltinESMExports()
    const result = await run()
    const [first] = reached
    if (first !== undefined) throw first
    return result
  } finally {
    for (const back of undo.toReversed()) back()
    syncBuiltinESMExports()
  }
}
