import type { Server } from 'node:net'

/** The port that a server listens on. @throws Error where it listens on none */
export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a server that listens on a port')
  return address.port
}
