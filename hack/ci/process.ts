/** Runs one program of a step, with its output as it comes, and never leaves it behind. */
import { spawn, type ChildProcess } from 'node:child_process'

const running = new Set<ChildProcess>()
/** A cluster takes some seconds to be taken down. */
const GRACE = 90_000

/** @returns the exit code, undefined when it had to be stopped or a signal ended it */
export function run(program: string, args: readonly string[], options: { readonly cwd: string; readonly limit: number }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, stdio: ['ignore', 'inherit', 'inherit'] })
    running.add(child)
    let kill: NodeJS.Timeout | undefined
    const limit = setTimeout(() => {
      console.log(`-- ${program} takes longer than ${options.limit / 60_000} minutes: it is stopped`)
      child.kill('SIGTERM')
      kill = setTimeout(() => child.kill('SIGKILL'), GRACE)
    }, options.limit)
    const end = (): void => {
      running.delete(child)
      clearTimeout(limit)
      clearTimeout(kill)
    }
    child.on('error', (error) => {
      end()
      reject(error)
    })
    child.on('exit', (code) => {
      end()
      resolve(code ?? undefined)
    })
  })
}

/** Passed on: whatever runs cleans up after itself, and is waited for. */
export function stopRunning(): void {
  for (const child of running) child.kill('SIGTERM')
}
