/** Begins to listen, or says in one line why that is not possible. */
import { createServer, type Server } from 'node:net'
import { ConfigError, messageOf } from '../lib/errors.ts'
import { isObject } from '../lib/json.ts'
import type { Address } from '../runtime/address.ts'
import type { Component } from '../runtime/lifecycle.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there: end it, or choose another address',
  EACCES: 'this user may not listen there: choose a port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address: choose one that it has, or none for all',
  ENOTFOUND: 'there is no such host: choose an address that this machine has, or none for all',
}

/** @param flag that says where, without dashes @throws ConfigError */
export async function listen(server: Server, { host, port }: Address, flag: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host === '' ? undefined : host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    const code = isObject(cause) && typeof cause['code'] === 'string' ? cause['code'] : ''
    throw new ConfigError([`--${flag} ${host.includes(':') ? `[${host}]` : host}:${port}: ${REASONS[code] ?? messageOf(cause)}`], { cause })
  }
}

/** Of who listens later, which may be never: that somebody else listens there is told at the start. It rejects as `listen` does. */
export const addressTried = ({ host, port }: Address, flag: string): Component => ({
  name: flag,
  async start() {
    const server = createServer()
    await listen(server, { host, port }, flag)
    await new Promise((resolve) => void server.close(resolve))
  },
  stop() {},
})
