/** Asking the person at the terminal. */
import { createInterface } from 'node:readline/promises'

/** The line that was answered; undefined: the terminal was closed without one, or the process is asked to end. */
export async function ask(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream, stop: AbortSignal): Promise<string | undefined> {
  // The terminal itself is left to edit the line, so that Ctrl-C stays a signal.
  const lines = createInterface({ input, terminal: false, signal: stop })
  output.write(question)
  try {
    for await (const line of lines) return line
    output.write('\n')
    return undefined
  } finally {
    lines.close()
  }
}
