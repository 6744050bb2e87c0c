/**
 * A process by more than its number: numbers are handed out again, a number with its start time is not.
 */
import { readFileSync } from 'node:fs'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks from boot to the start of the process (`/proc/PID/stat`, field 22). */
  readonly startTicks: number
  /** Ticks of different boots must not be compared. */
  readonly bootId: string
}

export interface ProcessStat {
  readonly state: string
  readonly threads: number
  readonly startTicks: number
}

/** The second field is the program's name in brackets and may itself hold blanks and brackets. */
export function parseStat(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTicks] = [fields[0], Number(fields[17]), Number(fields[19])]
  return state === undefined || state === '' || !Number.isInteger(startTicks) ? undefined : { state, threads, startTicks }
}

/** Only its unreaped remains are left. A first thread that has ended while others are ending still holds ports and mounts. */
export function hasEnded({ state, threads }: ProcessStat): boolean {
  return state === 'X' || (state === 'Z' && threads <= 1)
}

/** Undefined when there is no such process, or only its unreaped remains. */
export function identify(pid: number): ProcessId | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  const stat = parseStat(text)
  return stat === undefined || hasEnded(stat) ? undefined : { pid, startTicks: stat.startTicks, bootId: bootId() }
}

export function isAlive(id: ProcessId): boolean {
  const now = identify(id.pid)
  return now !== undefined && now.startTicks === id.startTicks && now.bootId === id.bootId
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}
