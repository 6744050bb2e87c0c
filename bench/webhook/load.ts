/** Runs the load generator (`go/load`) against one server. */
import { join } from 'node:path'
import { must } from '../../e2e/cluster/exec.ts'
import { onOtherCpus, type Subject } from './subjects.ts'

/** Latencies in microseconds. */
export interface Load {
  readonly answered: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

export interface LoadOptions {
  readonly connections: number
  /** Seconds. */
  readonly duration: number
  /** Reviews per second at a constant rate; absent: each connection sends the next when the last is answered. */
  readonly rate?: number
  /** Reviews after which it ends. */
  readonly limit?: number
}

/** Throws when a single review got no answer, or not the right one. */
export async function load(folder: string, { name, port }: Subject, { connections, duration, rate = 0, limit = 0 }: LoadOptions): Promise<Load> {
  const flags = { address: `127.0.0.1:${port}`, ca: join(folder, 'ca.crt'), body: join(folder, 'review.json'), connections, duration: `${duration}s`, rate, limit }
  const [file = '', ...args] = onOtherCpus([join(folder, 'load'), ...Object.entries(flags).map(([flag, value]) => `-${flag}=${value}`)])
  const result = JSON.parse(await must(file, args)) as Load & { readonly errors: number; readonly firstError?: string }
  if (result.errors > 0) throw new Error(`${name}: ${result.errors} reviews had no right answer; the first: ${result.firstError}`)
  return result
}
