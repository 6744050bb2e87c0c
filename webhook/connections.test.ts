import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { Connections } from './connections.ts'

/** As far as they are looked at. Node tells of the end of a socket later than it is destroyed: here when a test says so. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '10.0.0.1'
  readonly remotePort: number
  destroyed = false

  constructor(port: number) {
    super()
    this.remotePort = port
  }

  destroy(): void {
    this.destroyed = true
  }
}

const opened = (connections: Connections, port: number): FakeSocket => {
  const socket = new FakeSocket(port)
  connections.opened(socket as unknown as Socket)
  return socket
}

function asked(connections: Connections, socket: FakeSocket) {
  const request = Object.assign(new EventEmitter(), { socket })
  const response = Object.assign(new EventEmitter(), { writableEnded: false })
  connections.requested(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  return {
    read: () => request.emit('end'),
    answer: () => {
      response.writableEnded = true
      response.emit('prefinish')
    },
    left: () => response.emit('close'),
  }
}

describe('who may stay connected', () => {
  let told: number
  let connections: Connections
  beforeEach(() => {
    told = 0
    connections = new Connections(2, () => told++)
  })
  const destroyed = (sockets: readonly FakeSocket[]): boolean[] => sockets.map((socket) => socket.destroyed)
  const gone = (socket: FakeSocket): boolean => socket.emit('close')

  it('are all while there is room; one too many, and one goes, the next the next time, before their ends are heard of', () => {
    const sockets = [1, 2].map((port) => opened(connections, port))
    expect([destroyed(sockets), told]).to.deep.equal([[false, false], 0])
    for (const port of [3, 4]) sockets.push(opened(connections, port))
    expect([destroyed(sockets), told, connections.size]).to.deep.equal([[true, true, false, false], 2, 2])
    for (const socket of sockets) gone(socket)
    expect(connections.size).to.equal(0)
  })

  it('is whoever is served, at every request of a connection that stays', () => {
    const kept = opened(connections, 1)
    for (let round = 0; round < 2; round++) {
      const review = asked(connections, kept)
      review.read()
      const others = [10, 11, 12].map((port) => opened(connections, port + 10 * round))
      expect([kept.destroyed, destroyed(others)], `request ${round}`).to.deep.equal([false, [true, true, false]])
      review.answer()
      review.left()
      for (const other of others) gone(other)
    }
    const others = [40, 41].map((port) => opened(connections, port))
    expect([kept.destroyed, ...destroyed(others)], 'between two requests it waits, and longest').to.deep.equal([true, false, false])
  })

  it('is nobody for an answer that came before the whole request', () => {
    const early = opened(connections, 1)
    const refused = asked(connections, early)
    refused.answer()
    refused.read()
    opened(connections, 2)
    opened(connections, 3)
    expect(early.destroyed).to.equal(true)
  })

  it('is nobody who was served and whose answer was broken off', () => {
    const broken = opened(connections, 1)
    const review = asked(connections, broken)
    review.read()
    review.left()
    opened(connections, 2)
    opened(connections, 3)
    expect(broken.destroyed).to.equal(true)
  })

  it('counts nobody who left while being served, and knows nothing of him where another one comes from the same port', () => {
    const left = opened(connections, 1)
    asked(connections, left).read()
    gone(left)
    expect(connections.size).to.equal(0)
    const again = opened(connections, 1)
    asked(connections, again).read()
    opened(connections, 2)
    opened(connections, 3)
    expect(again.destroyed, 'it is served').to.equal(false)
  })
})
