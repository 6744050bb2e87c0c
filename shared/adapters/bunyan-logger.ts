/** The log as one JSON object a line, by bunyan. */
import bunyan from 'bunyan'
import { ApiError } from '../kube/errors.ts'
import { isObject } from '../lib/json.ts'
import type { Fields, Logger } from '../runtime/logger.ts'

export interface BunyanLoggerOptions {
  /** Of the program. */
  readonly name: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Default: standard output. */
  readonly stream?: NodeJS.WritableStream
}

/** bunyan's own: a field of ours of that name would overwrite its version, level, time ... */
const RESERVED = new Set(['v', 'level', 'name', 'hostname', 'pid', 'time', 'msg', 'src'])

export function bunyanLogger({ name, level, stream = process.stdout }: BunyanLoggerOptions): Logger {
  return wrap(bunyan.createLogger({ name, level, stream }))
}

const wrap = (log: bunyan): Logger => ({
  debug: (message, fields = {}) => log.debug(safe(fields), message),
  info: (message, fields = {}) => log.info(safe(fields), message),
  warn: (message, fields = {}) => log.warn(safe(fields), message),
  error: (message, fields = {}) => log.error(safe(fields), message),
  child: (fields) => wrap(log.child(safe(fields))),
})

const safe = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, value instanceof Error ? describe(value) : value]))

/** Kind and our own message. What the API server said may hold whole objects, secrets in env included (I15). */
function describe(error: Error, depth = 0): Record<string, unknown> {
  const fields = error instanceof ApiError ? { kind: error.kind, code: error.code, request: error.request } : { stack: error.stack }
  const cause = error.cause instanceof Error && depth < 3 ? { cause: describe(error.cause, depth + 1) } : {}
  const code = isObject(error) && typeof error['code'] === 'string' ? { code: error['code'] } : {}
  return { name: error.name, message: error.message, ...code, ...fields, ...cause }
}
