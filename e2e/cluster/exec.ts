/** Runs a program to its end. */
import { spawn } from 'node:child_process'
import { ClusterError, messageOf } from './errors.ts'
import { callerEnv } from './paths.ts'

export interface Finished {
  /** Exit code; 128 + the signal's number is not attempted: a killed program has -1. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface ExecOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Milliseconds after which the program is killed. */
  readonly timeout?: number
  /** Called for each line of stderr as it comes. */
  readonly onStderr?: (line: string) => void
}

/** Never throws for an exit code; throws when the program cannot be started. */
export async function exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.env ?? callerEnv(),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: 'SIGKILL' as const }),
    })
    let [stdout, stderr, pending] = ['', '', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      if (options.onStderr === undefined) return
      const lines = (pending + text).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) options.onStderr(line)
    })
    child.on('error', (cause) => { reject(new ClusterError(`Cannot run ${program}: ${messageOf(cause)}.`, { cause })) })
    child.on('close', (code) => { resolve({ code: code ?? -1, stdout, stderr }) })
    // A program that does not read its input and exits early is no error of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** Like exec, but an exit code other than 0 is a ClusterError with what the program said. */
export async function must(program: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await exec(program, args, options)
  if (code !== 0) throw new ClusterError(`${[program, ...args].join(' ')} failed with code ${code}: ${lastLines(stderr || stdout, 3)}`)
  return stdout
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join(' | ')
}
