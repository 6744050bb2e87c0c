/** The servers that are compared, each as a process of its own on its own CPU where there is more than one. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { join } from 'node:path'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { plainEnv } from '../../e2e/cluster/processes.ts'

export interface Subject {
  readonly name: string
  readonly port: number
  readonly child: ChildProcess
}

/** The server on one CPU, whoever asks it on the others: else each would measure what the other leaves it. */
export const SHARED = availableParallelism() < 2
export const onServerCpu = (command: readonly string[]): readonly string[] => (SHARED ? command : ['taskset', '--cpu-list', '0', ...command])
export const onOtherCpus = (command: readonly string[]): readonly string[] => (SHARED ? command : ['taskset', '--cpu-list', `1-${availableParallelism() - 1}`, ...command])

const server = (name: string): string => fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url))
const MEMORY = fileURLToPath(new URL('../memory.mjs', import.meta.url))
const PATIENCE = 30_000

export const NAMES = { bare: 'bare node:https', express: 'express, no rules', go: 'controller-runtime', door: 'the door' } as const
export type SubjectName = keyof typeof NAMES

/** @param folder with `tls.crt`, `tls.key` and the programs in Go */
export async function startSubject(name: SubjectName, folder: string): Promise<Subject> {
  const port = await freePort()
  const command =
    name === 'go' ? [join(folder, 'peer'), `-certificates=${folder}`, `-port=${port}`] : [process.execPath, '--expose-gc', '--import', MEMORY, server(name), folder, String(port)]
  const [file = '', ...args] = onServerCpu(command)
  const child = spawn(file, args, { env: { ...plainEnv(), GOMAXPROCS: SHARED ? '2' : '1' }, stdio: name === 'go' ? ['ignore', 'ignore', 'ignore'] : ['ignore', 'inherit', 'inherit', 'ipc'] })
  const end = performance.now() + PATIENCE
  while (!(await isUp(port))) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${NAMES[name]} does not listen on port ${port}`)
    await sleep(50)
  }
  return { name: NAMES[name], port, child }
}

export async function stopSubject({ child }: Subject): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Resident memory in MiB, after two collections. */
export async function memoryOf({ child }: Subject): Promise<number> {
  const answer = once(child, 'message')
  child.send('how much?')
  const [rss] = (await answer) as [number]
  return rss / 2 ** 20
}

/** Microseconds of CPU that the process has had; whatever else the machine does is not in it. */
export function cpuOf({ child }: Subject): number {
  // The name before them may hold blanks; Linux counts in hundredths of a second.
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

const isUp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
