/** The log as one JSON object a line, by bunyan. */
import bunyan from 'bunyan'
import { ApiError } from '../kube/errors.ts'
import { ConfigError } from '../lib/errors.ts'
import { isObject } from '../lib/json.ts'
import { LOG_LEVELS, type Fields, type Logger, type LogLevel, type ProgramLogger, type Say } from '../runtime/logger.ts'

export interface BunyanLoggerOptions {
  /** Of the program. */
  readonly name: string
  readonly level: LogLevel
  /** Default: standard output. */
  readonly stream?: NodeJS.WritableStream
}

/** bunyan's own: a field of ours of that name would overwrite its version, level, time ... */
const RESERVED = new Set(['v', 'level', 'name', 'hostname', 'pid', 'time', 'msg', 'src'])

/** Of a logger and all its children: bunyan's own level is that of each child by itself. */
interface Gate {
  level: LogLevel
}

export function bunyanLogger({ name, level, stream = process.stdout }: BunyanLoggerOptions): ProgramLogger {
  const gate: Gate = { level }
  const log = wrap(bunyan.createLogger({ name, level: 'debug', stream }), gate)
  return {
    ...log,
    get level() {
      return gate.level
    },
    set level(chosen) {
      gate.level = chosen
    },
  }
}

function wrap(log: bunyan, gate: Gate): Logger {
  const at = (level: LogLevel): Say => (message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(gate.level)) log[level](safe(fields), message)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: (fields) => wrap(log.child(safe(fields)), gate) }
}

const safe = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, value instanceof Error ? describe(value) : value]))

/** Kind and our own message. What the API server said may hold whole objects, secrets in env included (I15). */
function describe(error: Error, depth = 0): Record<string, unknown> {
  if (error instanceof ConfigError) return { name: error.name, message: error.message }
  const fields = error instanceof ApiError ? { kind: error.kind, code: error.code, request: error.request } : { stack: error.stack }
  const cause = error.cause instanceof Error && depth < 3 ? { cause: describe(error.cause, depth + 1) } : {}
  const code = isObject(error) && typeof error['code'] === 'string' ? { code: error['code'] } : {}
  return { name: error.name, message: error.message, ...code, ...fields, ...cause }
}
