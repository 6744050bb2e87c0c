/**
 * One at a time, across processes. The kernel holds the lock for a child that waits on a pipe from us: when we end,
 * however we end, the pipe closes, the child exits and the lock is free. So there is no stale lock to take over.
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ClusterError, messageOf } from './errors.ts'
import { callerEnv } from './paths.ts'

export async function withLock<T>(file: string, onWait: () => void, body: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'], detached: true, env: callerEnv() })
  const waiting = setTimeout(onWait, 1_000)
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => { resolve() })
      holder.once('error', (cause) => { reject(new ClusterError(`Cannot lock ${file}: ${messageOf(cause)}.`, { cause })) })
      holder.once('exit', (code) => { reject(new ClusterError(`Cannot lock ${file}: flock ended with code ${String(code)}.`)) })
    })
    clearTimeout(waiting)
    return await body()
  } finally {
    clearTimeout(waiting)
    holder.removeAllListeners('exit').stdin.end()
  }
}
