/** Says what takes long, how long it usually takes, and how far it is. */

/** Milliseconds between two lines where there is no terminal to rewrite a line on. */
const QUIET_INTERVAL = 15_000

/** Milliseconds between two rewritings of the line on a terminal. */
const LIVELY_INTERVAL = 500

export interface Progress {
  /** Share done, 0 to 1. */
  update(share: number): void
  /** Ends the line, with how long it took or without a word. */
  end(outcome: 'done' | 'failed'): void
}

/** `4.5 min`, `27 s`. */
export function span(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Number((seconds / 60).toFixed(1))} min`
}

/** `building etcd 3.6.6 (1 of 4, usually about 27 s on 2 cores): 73 %, 20 s so far`; no percentage while nobody knows. */
export function progressLine(title: string, share: number | undefined, elapsedSeconds: number): string {
  const state = share === undefined ? 'fetching its modules' : `${Math.min(99, Math.floor(share * 100))} %`
  return `${title}: ${state}, ${span(elapsedSeconds)} so far`
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
    end: (outcome) => {
      clearInterval(timer)
      if (terminal !== undefined) terminal.write('\r\u001b[K')
      if (outcome === 'done') log(`${title}: done in ${span(seconds())}`)
    },
  }
}
