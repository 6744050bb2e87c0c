/** What the kernel says that a process has used. */
import { readFileSync } from 'node:fs'

export interface Usage {
  /** Seconds of a core, since it began. */
  readonly cpu: number
  /** MiB, now. */
  readonly rss: number
  /** MiB, the most since it began. */
  readonly peak: number
}

/** Of Linux, whatever the kernel's own clock does. */
const TICKS_PER_SECOND = 100

export const usageOf = (pid: number): Usage => readUsage(readFileSync(`/proc/${pid}/stat`, 'utf8'), readFileSync(`/proc/${pid}/status`, 'utf8'))

export function readUsage(stat: string, status: string): Usage {
  // The name, in brackets, may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const mebibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
  return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, rss: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
}
