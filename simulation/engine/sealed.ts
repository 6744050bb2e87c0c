/**
 * Nothing of the outside reaches a run: real timers, clocks, chance, sockets and files throw while it lasts. What is left is
 * `setImmediate`, of which the scheduler keeps one from before: it tells that every promise has settled.
 */
import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import timersPromises from 'node:timers/promises'
import timers from 'node:timers'
import tls from 'node:tls'
import { syncBuiltinESMExports } from 'node:module'

export class OutsideReached extends Error {
  override readonly name = 'OutsideReached'
}

type Holder = Record<string, unknown>

const DOORS: readonly (readonly [of: string, holder: object, names: readonly string[]])[] = [
  ['globalThis', globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch']],
  ['Math', Math, ['random']],
  ['Date', Date, ['now']],
  ['performance', performance, ['now']],
  ['process', process, ['hrtime', 'uptime']],
  ['globalThis.crypto', globalThis.crypto, ['randomUUID', 'getRandomValues']],
  ['timers', timers, ['setTimeout', 'setInterval', 'setImmediate']],
  ['timers/promises', timersPromises, ['setTimeout', 'setInterval', 'setImmediate']],
  ['crypto', crypto, ['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync', 'generateKeyPairSync']],
  ['net', net, ['connect', 'createConnection', 'createServer']],
  ['tls', tls, ['connect']],
  ['http', http, ['request', 'get', 'createServer']],
  ['https', https, ['request', 'get']],
  ['dgram', dgram, ['createSocket']],
  ['dns', dns, ['lookup']],
  ['fs', fs, ['readFile', 'readFileSync', 'writeFile', 'writeFileSync', 'createReadStream', 'watch']],
  ['child_process', childProcess, ['spawn', 'exec', 'execFile', 'fork']],
]

/** `new Date(x)` is arithmetic; `new Date()` reads the machine's clock. */
const sealedDate = (real: DateConstructor, alarm: (door: string) => never): DateConstructor =>
  new Proxy(real, {
    construct: (target, args: readonly unknown[], to) => (args.length === 0 ? alarm('new Date') : (Reflect.construct(target, args, to) as object)),
    apply: () => alarm('Date()'),
  })

/** Every door, for a test of this file. */
export const doors = (): readonly string[] => [...DOORS.flatMap(([of, , names]) => names.map((name) => `${of}.${name}`)), 'new Date']

/** @throws OutsideReached when anything of the run has, whether the run itself has caught that or not */
export async function sealed<T>(run: () => Promise<T>): Promise<T> {
  const undo: (() => void)[] = []
  const reached: OutsideReached[] = []
  const alarm = (door: string): never => {
    const error = new OutsideReached(`${door} within a simulation`)
    reached.push(error)
    throw error
  }
  const put = (holder: Holder, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(holder, name)
    Object.defineProperty(holder, name, { value, configurable: true, writable: true, enumerable: before?.enumerable ?? true })
    undo.push(() => {
      if (before === undefined) delete holder[name]
      else Object.defineProperty(holder, name, before)
    })
  }
  for (const [of, holder, names] of DOORS) {
    for (const name of names) {
      put(holder as Holder, name, () => alarm(`${of}.${name}`))
    }
  }
  put(globalThis, 'Date', sealedDate(Date, alarm))
  syncBuiltinESMExports()
  try {
    const result = await run()
    const [first] = reached
    if (first !== undefined) throw first
    return result
  } finally {
    for (const back of undo.toReversed()) back()
    syncBuiltinESMExports()
  }
}
