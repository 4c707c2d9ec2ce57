import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import { portOf } from '@ddnet/testing'
import { onTestFinished } from 'vitest'

export interface ByteServer {
  readonly url: string
  /** The headers of each request so far. */
  readonly requests: IncomingHttpHeaders[]
  close(): void
}

export type Misbehaviour =
  | 'cut'
  | 'stall'
  | 'ignore range'
  | 'mute'
  | 'missing'
  | 'login page'
  | 'unnamed login page'
  | 'first bytes'
  | 'first bytes, no ranges'
  | 'drip'
  | 'endless'
  | 'other range'
  | 'other total'
  | 'range not asked for'
  | 'no such range'
  | 'redirected to itself'
  | 'busy'
  | 'busy for an hour'
  | 'shorter'
  | 'reset'

export const misbehaviours: readonly Misbehaviour[] = [
  ...(['cut', 'stall', 'ignore range', 'mute', 'missing', 'login page', 'unnamed login page', 'first bytes'] as const),
  ...(['first bytes, no ranges', 'drip', 'endless', 'other range', 'other total', 'range not asked for'] as const),
  ...(['no such range', 'redirected to itself', 'busy', 'busy for an hour', 'shorter', 'reset'] as const),
]

/**
 * Serves `content` with ranges on 127.0.0.1 until the test is over. `behaviours[i]` spoils request `i`; one behaviour spoils
 * all.
 */
export async function serveBytes(
  content: Uint8Array,
  behaviours: Misbehaviour | readonly (Misbehaviour | undefined)[] = [],
): Promise<ByteServer> {
  const requests: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    const behaviour = typeof behaviours === 'string' ? behaviours : behaviours[requests.length]
    requests.push(request.headers)
    if (behaviour === 'mute') return
    if (behaviour === 'missing') return void response.writeHead(404).end()
    if (behaviour !== undefined && misbehave(behaviour, content, request, response)) return
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
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  onTestFinished(close)
  return { url: `http://127.0.0.1:${portOf(server)}/archive.tar.gz`, requests, close }
}

const page = `<!doctype html><html><body>Please log in</body></html>`

/** Whether it was one of those that answer in a way of their own. */
function misbehave(
  behaviour: Misbehaviour,
  content: Uint8Array,
  { headers: { range } }: IncomingMessage,
  response: ServerResponse,
): boolean {
  const size = content.length
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  const send = (status: number, headers: OutgoingHttpHeaders, body: Uint8Array | string = '') =>
    void response.writeHead(status, headers).end(body)
  const partly = (from: number, total: number) => ({ 'content-range': `bytes ${from}-${size - 1}/${total}` })
  switch (behaviour) {
    case 'login page':
      send(200, { 'content-type': 'text/html; charset=utf-8' }, page)
      return true
    case 'unnamed login page':
      send(200, { 'content-type': 'application/octet-stream' }, page)
      return true
    case 'first bytes':
    case 'first bytes, no ranges': {
      const from = behaviour === 'first bytes' && range ? start : 0
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': size - from, ...(from > 0 && partly(from, size)) })
      response.write(content.subarray(from, from + 10), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    case 'drip': {
      response.writeHead(range ? 206 : 200, { 'content-length': size - start, ...(range && partly(start, size)) })
      let at = start
      const timer = setInterval(() => response.write(content.subarray(at, ++at)), 10)
      response.on('close', () => clearInterval(timer))
      return true
    }
    case 'endless': {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(new Uint8Array(65_536)));
      }
      response.on('drain', more)
      more()
      return true
    }
    case 'other range':
      send(206, partly(7, size), content.subarray(7))
      return true
    case 'other total':
      send(206, partly(start, size + 1), content.subarray(start))
      return true
    case 'range not asked for':
      send(206, partly(start + 1, size), content.subarray(start + 1))
      return true
    case 'no such range':
      if (range) send(416, { 'content-range': `bytes */${size}` })
      return range !== undefined
    case 'redirected to itself':
      send(302, { location: '/archive.tar.gz' })
      return true
    case 'busy':
      send(503, { 'retry-after': '0' })
      return true
    case 'busy for an hour':
      send(429, { 'retry-after': '3600' })
      return true
    case 'shorter':
      send(200, { 'content-length': size - 1 }, content.subarray(1))
      return true
    case 'reset':
      response.destroy()
      return true
    default:
      return false
  }
}

function sendHalf(response: ServerResponse, body: Uint8Array, behaviour: 'cut' | 'stall'): void {
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    // Give the half time to arrive before the connection is reset.
    if (behaviour === 'cut') setTimeout(() => response.destroy(), 50)
  })
}
