import type { RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Ends a connection that asks again before it is answered, which no API server, kubelet or scraper does. One thread serves all of them in turns: who puts a
 * thousand requests into one piece would have a thousand turns at once. The listener must not answer before its own turn ends, or nobody can tell.
 */
export function oneAtATime(listener: RequestListener): RequestListener {
  const last = new WeakMap<Socket, ServerResponse>()
  return (request, response) => {
    const { socket } = request
    if (last.get(socket)?.writableEnded === false) socket.destroy()
    // What came with it is still read out to us.
    if (socket.destroyed) return
    last.set(socket, response)
    listener(request, response)
  }
}
