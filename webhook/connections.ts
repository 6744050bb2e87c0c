/**
 * Who may stay connected. When there are too many, whoever has kept the door waiting longest goes: a stranger that holds
 * connections, feeds them byte by byte or leaves answers unread shuts nobody out. The API server dials again when an idle one of its is closed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The same for the raw socket and for TLS over it. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

export class Connections {
  readonly #limit: number
  readonly #left: () => void
  /** Something is awaited from them, longest first: a handshake, a request, the rest of a body, that they read their answer. */
  readonly #waiting = new Map<string, Socket>()
  /** A whole request of theirs has no answer yet. They never have to go. */
  readonly #served = new Map<string, Socket>()
  /** An answer to them has not left yet. */
  readonly #answered = new Set<string>()

  /** @param left told when one has to go */
  constructor(limit: number, left: () => void) {
    this.#limit = limit
    this.#left = left
  }

  get size(): number {
    return this.#waiting.size + this.#served.size
  }

  opened(socket: Socket): void {
    const key = keyOf(socket)
    this.#waiting.set(key, socket)
    socket.once('close', () => {
      this.#waiting.delete(key)
      this.#served.delete(key)
      this.#answered.delete(key)
    })
    if (this.size <= this.#limit) return
    // The new one waits too, so there always is one.
    const [longest] = this.#waiting.values()
    this.#left()
    longest?.destroy()
    for (const [waiting, other] of this.#waiting) if (other === longest) this.#waiting.delete(waiting)
  }

  /** Those that are served stay until they have their answer. */
  closeWaiting(): void {
    for (const socket of this.#waiting.values()) socket.destroy()
  }

  requested(request: IncomingMessage, response: ServerResponse): void {
    const key = keyOf(request.socket)
    // Who asks again before the answer has left does not read, and stays in line. No API server does that.
    if (this.#answered.has(key)) return
    this.#answered.add(key)
    request.once('end', () => {
      if (!response.writableEnded) move(key, this.#waiting, this.#served)
    })
    // The answer is out of our hands; 'finish' comes when the kernel has taken all of it, which a client that does not read puts off for ever.
    response.once('prefinish', () => move(key, this.#served, this.#waiting))
    response.once('close', () => {
      this.#answered.delete(key)
      move(key, this.#served, this.#waiting)
    })
  }
}

/** To the end of the other list. One that is closed is in neither. */
function move(key: string, from: Map<string, Socket>, to: Map<string, Socket>): void {
  const socket = from.get(key)
  if (socket === undefined) return
  from.delete(key)
  to.set(key, socket)
}
