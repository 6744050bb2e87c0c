/** Runs one program of a step, with its output as it comes or all at its end, its two ends kept, and never leaves it behind. */
import { spawn, type ChildProcess } from 'node:child_process'

const running = new Set<ChildProcess>()
/** A cluster takes some seconds to be taken down. */
const GRACE = 90_000

/** Characters kept of either end of the output. */
const KEPT = 4_000
/** For the last of the output, should something that the program has left behind hold on to it. */
const DRAIN = 5_000

export interface Ended {
  /** Undefined when it had to be stopped or a signal ended it. */
  readonly code: number | undefined
  readonly beginning: string
  readonly end: string
}

export interface RunOptions {
  readonly cwd: string
  /** Milliseconds. */
  readonly limit: number
  /** `atEnd`: where others run at the same time, whose lines would be between its own. */
  readonly output?: 'asItComes' | 'atEnd'
}

export function run(program: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A pipe is no terminal, but what goes through it may end on one.
    const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? { FORCE_COLOR: '1' } : {}
    const child = spawn(program, args, { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...colour } })
    running.add(child)
    let [beginning, tail] = ['', '']
    const held: (() => void)[] = []
    for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const) {
      from.setEncoding('utf8').on('data', (text: string) => {
        const show = (): void => { to.write(text) }
        if (options.output === 'atEnd') held.push(show)
        else show()
        beginning += text.slice(0, KEPT - beginning.length)
        tail = (tail + text).slice(-KEPT)
      })
    }
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
      const answer = (): void => {
        for (const show of held.splice(0)) show()
        resolve({ code: code ?? undefined, beginning, end: tail })
      }
      const drain = setTimeout(answer, DRAIN)
      child.on('close', () => {
        clearTimeout(drain)
        answer()
      })
    })
  })
}

/** Passed on: whatever runs cleans up after itself, and is waited for. */
export function stopRunning(): void {
  for (const child of running) child.kill('SIGTERM')
}
