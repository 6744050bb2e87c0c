/**
 * Who may stay connected. When there are too many, whoever has kept the door waiting longest goes: a stranger that holds
 * connections, or feeds them byte by byte, shuts nobody out. The API server dials again when an idle one of its is closed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The same for the raw socket and for TLS over it. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

export class Connections {
  readonly #limit: number
  readonly #left: () => void
  /** Bytes are awaited from them, longest first: of a handshake, a request, the rest of a body. */
  readonly #waiting = new Map<string, Socket>()
  /** A whole request of theirs has no answer yet. They never have to go. */
  readonly #served = new Map<string, Socket>()

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
    request.once('end', () => move(key, this.#waiting, this.#served))
    response.once('close', () => move(key, this.#served, this.#waiting))
  }
}

/** To the end of the other list. One that is closed is in neither. */
function move(key: string, from: Map<string, Socket>, to: Map<string, Socket>): void {
  const socket = from.get(key)
  if (socket === undefined) return
  from.delete(key)
  to.set(key, socket)
}
