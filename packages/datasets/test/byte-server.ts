import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ByteServer {
  readonly url: string
  /** The headers of each request so far. */
  readonly requests: IncomingHttpHeaders[]
}

export type Misbehaviour = 'cut' | 'stall' | 'ignore range' | 'mute' | 'missing'

/**
 * Serves `content` with ranges on 127.0.0.1 until the test is over. `behaviours[i]` spoils request `i`: its body is cut
 * or stalls half way, its range is ignored, or it gets no answer at all.
 */
export async function serveBytes(
  content: Uint8Array,
  behaviours: readonly (Misbehaviour | undefined)[] = [],
): Promise<ByteServer> {
  const requests: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    const behaviour = behaviours[requests.length]
    requests.push(request.headers)
    if (behaviour === 'mute') return
    if (behaviour === 'missing') return void response.writeHead(404).end()
    const from = behaviour === 'ignore range' ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const start = Number(from ?? 0)
    const body = content.subarray(start)
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': body.length,
      ...(from !== undefined && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    })
    if (behaviour === 'cut' || behaviour === 'stall') sendHalf(response, body, behaviour)
    else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive.tar.gz`, requests }
}

function sendHalf(response: ServerResponse, body: Uint8Array, behaviour: 'cut' | 'stall'): void {
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    // Give the half time to arrive before the connection is reset.
    if (behaviour === 'cut') setTimeout(() => response.destroy(), 50)
  })
}
