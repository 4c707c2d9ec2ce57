import { open, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatasetError } from '../dataset-error.ts'
import { describeError, errorCode } from './errno.ts'
import { hashFile } from './sha.ts'

export interface Download {
  readonly url: string
  /** Where the finished file goes; `FILE.part` holds what has arrived. */
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  readonly fetch?: typeof fetch | undefined
  readonly onProgress?: ((receivedBytes: number) => void) | undefined
  /** How long to wait for the first answer. */
  readonly connectTimeoutMs?: number
  /** How long to wait for the next bytes. */
  readonly stallTimeoutMs?: number
  readonly retryDelayMs?: number
}

/** Attempts in a row that bring nothing before a download that had begun is given up. */
const MAX_FAILURES = 4

/**
 * Downloads a file whose size and checksum are known. What an earlier call or a cut connection left is continued with
 * an HTTP range request. If the first attempt gets no good answer (no network), it fails at once; a cut later is retried.
 * The file appears under its name only when it is complete and its checksum is right.
 *
 * @throws DatasetError naming the address and what went wrong
 */
export async function download(options: Download): Promise<void> {
  const { url, file, bytes, sha256, retryDelayMs = 500 } = options
  if ((await sizeOf(file)) === bytes && (await hashFile(file, 'sha256', 'hex')) === sha256) return
  const part = `${file}.part`
  let failures = 0
  let begun = false
  for (let offset = await sizeOf(part); offset < bytes; offset = await sizeOf(part)) {
    let arrived = 0
    try {
      await fetchFrom(offset, part, options, (received) => {
        begun = true
        arrived += received
      })
    } catch (error) {
      if (isDiskError(error)) throw error
      failures = arrived > 0 ? 0 : failures + 1
      if (!begun || failures === MAX_FAILURES) {
        throw new DatasetError(`cannot download ${url}: ${describeError(error)}`, { cause: error })
      }
      await sleep(retryDelayMs * 2 ** failures)
    }
  }
  const checksum = await hashFile(part, 'sha256', 'hex')
  if (checksum !== sha256) {
    await rm(part)
    throw new DatasetError(
      `${url} came damaged: expected sha256 ${sha256}, got ${checksum}. It was removed; try again.`,
    )
  }
  await rename(part, file)
}

/** One request for the bytes from `offset` on, appended to `part`; from the start where the server knows no ranges. */
async function fetchFrom(
  offset: number,
  part: string,
  { url, bytes, fetch = globalThis.fetch, onProgress, connectTimeoutMs = 5_000, stallTimeoutMs = 30_000 }: Download,
  onArrival: (received: number) => void,
): Promise<void> {
  const controller = new AbortController()
  const abortAfter = (ms: number, what: string) =>
    setTimeout(() => controller.abort(new Error(`${what} within ${ms / 1000} s`)), ms)
  let timer = abortAfter(connectTimeoutMs, 'no answer')
  try {
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {}
    const response = await fetch(url, { headers, signal: controller.signal })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new Error(`HTTP ${response.status} ${response.statusText}`)
    }
    let position = startOf(response, offset)
    const announced = response.headers.get('content-length')
    if (announced !== null && position + Number(announced) !== bytes) {
      await response.body.cancel()
      throw new Error(`expected ${bytes} bytes, the server offers ${position + Number(announced)}`)
    }
    onArrival(0) // a good answer: from now on a cut is worth another try
    const handle = await open(part, position === 0 ? 'w' : 'r+')
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        clearTimeout(timer)
        timer = abortAfter(stallTimeoutMs, 'no more bytes')
        await writeAll(handle, chunk, position)
        position += chunk.length
        onArrival(chunk.length)
        onProgress?.(position)
      }
    } finally {
      await handle.close()
    }
    if (position < bytes) throw new Error(`the connection was closed after ${position} of ${bytes} bytes`)
  } finally {
    clearTimeout(timer)
  }
}

function startOf(response: Response, offset: number): number {
  if (response.status !== 206) return 0
  const range = response.headers.get('content-range')
  const start = /^bytes (\d+)-/.exec(range ?? '')?.[1]
  if (Number(start) !== offset) throw new Error(`asked for the bytes from ${offset}, got content-range ${range}`)
  return offset
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at, position + at)
    at += bytesWritten
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0
    throw error
  }
}

/** Errors of the disk rather than the network: trying again or elsewhere does not help. */
export function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EPERM', 'ENOTDIR'].includes(errorCode(error) ?? '')
}
