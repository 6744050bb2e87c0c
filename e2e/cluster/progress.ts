/** Says what takes long, how long it usually takes, and how far it is. */

/** Milliseconds between two lines where there is no terminal to rewrite a line on. */
const QUIET_INTERVAL = 15_000

/** Milliseconds between two rewritings of the line on a terminal. */
const LIVELY_INTERVAL = 500

export interface Progress {
  /** Share done, 0 to 1; undefined while nobody knows. */
  update(share: number | undefined): void
  /** Ends the line. */
  done(): void
}

/** `4.5 min`, `27 s`. */
export function span(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Number((seconds / 60).toFixed(1))} min`
}

/** `building etcd 3.6.6 (1 of 4, usually about 27 s on 2 cores) 73 %, 20 s so far`. */
export function progressLine(title: string, share: number | undefined, elapsedSeconds: number): string {
  const percent = share === undefined ? '...' : `${Math.min(99, Math.floor(share * 100))} %`
  return `${title} ${percent}, ${span(elapsedSeconds)} so far`
}

export function startProgress(title: string, log: (line: string) => void, terminal: NodeJS.WriteStream | undefined): Progress {
  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1000
  let share: number | undefined
  const show = () => {
    const line = progressLine(title, share, seconds())
    if (terminal === undefined) log(line)
    else terminal.write(`\r\u001b[K${line.slice(0, (terminal.columns ?? 80) - 1)}`)
  }
  show()
  const timer = setInterval(show, terminal === undefined ? QUIET_INTERVAL : LIVELY_INTERVAL)
  return {
    update: (value) => { share = value },
    done: () => {
      clearInterval(timer)
      if (terminal !== undefined) terminal.write('\r\u001b[K')
      log(`${title} done in ${span(seconds())}`)
    },
  }
}
