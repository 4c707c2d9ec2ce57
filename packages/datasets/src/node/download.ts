import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { type TransferLimits, watchTransfer } from '../files/transfer-limits.ts'
import { type Checksum, mismatch } from './checksum.ts'
import { describeError } from './describe-error.ts'

export interface Download extends TransferLimits {
  readonly url: string
  /** Where the finished file goes. */
  readonly file: string
  /** What holds the bytes that have arrived until then: `FILE.part`, unless somebody else calls it otherwise. */
  readonly part?: string
  readonly bytes: number
  /** Where nothing is known of the content but its size, none. */
  readonly checksum: Checksum | undefined
  /**
   * What each request says beside what it asks for. `authorization` and `cookie` stay with the server of `url`: `fetch` leaves them out
   * where a redirect leads to another one.
   */
  readonly headers?: Readonly<Record<string, string>>
  readonly fetch?: typeof fetch | undefined
  readonly onProgress?: ((receivedBytes: number) => void) | undefined
  readonly retryDelayMs?: number
  /** The longest that a server may ask to be left alone (`Retry-After`). */
  readonly maxDelayMs?: number
}

/** Attempts in a row without progress before a download is given up. */
const MAX_FAILURES = 4

/** A file did not come. The message says how to bring it by hand; a caller that knows a better remedy has the reason. */
export class DownloadError extends DatasetError {
  constructor(
    { url, file, bytes, checksum }: Download,
    /** What went wrong. */
    readonly reason: string,
    /** How much of the file is kept, for another call to go on with. */
    readonly keptBytes: number,
    options: ErrorOptions = {},
  ) {
    const known = checksum === undefined ? '' : `, ${checksum.name} ${checksum.expected}`
    super(
      `cannot download ${url}: ${reason}. Where it goes on, fetch the file in another way, as with a browser, ` +
        `and put it there: ${file} (${bytes} bytes${known})`,
      options,
    )
  }
}

/** What no other attempt would change; what is there already may still be good. */
class Hopeless extends Error {}

/** The server has another file. */
class OtherFile extends Hopeless {}

/** The server is there, and asks to come again. */
class Busy extends Error {
  constructor(
    message: string,
    readonly afterMs: number | undefined,
  ) {
    super(message)
  }
}

/** The server does not give the part of the file that it was asked for. */
class NoRanges extends Error {}

/**
 * Downloads a file whose size and checksum are known. What an earlier call or a cut connection left is continued with
 * an HTTP range request. If the first attempt gets no good answer (no network, a login page in the way), it fails at once;
 * a busy server and a cut later are tried again, as long as one in four brings the file on by a hundredth, or a quarter of the rest. No more is
 * taken than the file has, and nothing slower than `minBytesPerSecond`. It appears under its name only when it is complete and its
 * checksum is right; one that somebody put there is taken.
 *
 * @throws DownloadError naming the address, what went wrong, and where to put the file by hand; the system's error for a disk
 * that is full or not writable
 */
export async function download(options: Download): Promise<void> {
  const { file, bytes, checksum, part = `${file}.part` } = options
  const fault = async (path: string) => checksum && (await mismatch(path, checksum))
  if ((await sizeOf(file)) === bytes && (await fault(file)) === undefined) return
  const before = (await sizeOf(part)) ?? 0
  if (before > bytes) await rm(part)
  if (bytes === 0) await writeFile(part, '')
  await receive(part, options)
  let damage = await fault(part)
  if (damage !== undefined && before > 0 && before <= bytes) {
    // What an earlier process left may be to blame.
    await rm(part)
    await receive(part, options)
    damage = await fault(part)
  }
  if (damage !== undefined) {
    await rm(part)
    throw new DownloadError(options, `it came damaged: ${damage}`, 0)
  }
  await rename(part, file)
}

/** Attempts until the part has all bytes. */
async function receive(part: string, options: Download): Promise<void> {
  const { bytes, retryDelayMs = 500, maxDelayMs = 30_000 } = options
  // A server that cuts off after some bytes each time would else be asked a million times.
  const stepFrom = (at: number) => Math.max(1, Math.min(2 ** 20, Math.floor(bytes / 100), Math.floor((bytes - at) / 4)))
  let offset = (await sizeOf(part)) ?? 0
  let reached = offset
  let failures = 0
  let begun = false
  let ranges = true
  while (offset < bytes) {
    try {
      await fetchFrom(ranges ? offset : 0, part, options, () => {
        begun = true
      })
      return
    } catch (error) {
      if (isDiskError(error)) throw error
      const reason = describeError(error)
      const failed = (more = '') => new DownloadError(options, reason + more, offset, { cause: error })
      offset = (await sizeOf(part)) ?? 0
      failures = offset >= reached + stepFrom(reached) ? 0 : failures + 1
      reached = Math.max(reached, offset)
      if (error instanceof NoRanges) ranges = false // from the start, then
      if (error instanceof OtherFile) {
        await rm(part, { force: true })
        offset = 0
      }
      if (error instanceof Hopeless) throw failed()
      const canWait = begun || error instanceof Busy || error instanceof NoRanges
      if (!canWait || failures >= MAX_FAILURES)
        throw failed(failures > 1 ? `, after ${failures} attempts that brought nothing, or too little` : '')
      const wanted = error instanceof Busy ? error.afterMs : undefined
      if (wanted !== undefined && wanted > maxDelayMs)
        throw failed(`, and asks to come again in ${Math.ceil(wanted / 1000)} s`)
      await sleep(wanted ?? retryDelayMs * 2 ** failures)
    }
  }
}

/** One request for the bytes from `offset` on, written into `part`; from the start where the server knows no ranges. */
async function fetchFrom(
  offset: number,
  part: string,
  { url, bytes, headers, fetch = globalThis.fetch, onProgress, ...limits }: Download,
  onAnswer: () => void,
): Promise<void> {
  const controller = new AbortController()
  // Another source is tried after it.
  const watch = watchTransfer({ connectTimeoutMs: 5_000, ...limits }, (reason) => controller.abort(reason))
  try {
    // The bytes of the file itself, and not packed once more.
    const asked = { 'accept-encoding': 'identity', ...(offset > 0 && { range: `bytes=${offset}-` }) }
    const response = await fetch(url, { headers: { ...headers, ...asked }, signal: controller.signal })
    let position: number
    try {
      position = startOf(response, offset, bytes)
    } catch (error) {
      await response.body?.cancel()
      throw error
    }
    watch.answered()
    onAnswer() // from now on a cut is worth another try
    const handle = await open(part, position === 0 ? 'w' : 'r+')
    try {
      for await (const chunk of response.body ?? []) {
        if (position === 0 && /^\s*<(!doctype|html)/i.test(new TextDecoder().decode(chunk.subarray(0, 64)))) {
          controller.abort()
          throw new Hopeless(webPage('by its beginning'))
        }
        if (position + chunk.length > bytes) {
          controller.abort()
          throw new OtherFile(`it sends more than the ${bytes} bytes of the file, so it is another one`)
        }
        watch.received(chunk.length)
        await writeAll(handle, chunk, position)
        position += chunk.length
        onProgress?.(position)
      }
    } finally {
      await handle.close()
    }
    if (position < bytes) throw new Error(`the connection was closed after ${position} of ${bytes} bytes`)
  } finally {
    watch.end()
  }
}

/**
 * Where the body of an answer begins in the file.
 *
 * @throws Hopeless for what is not the file; Busy, NoRanges and Error for what another attempt may bring
 */
function startOf(response: Response, offset: number, bytes: number): number {
  const { status, statusText, headers } = response
  if (status === 416) throw new NoRanges(`HTTP 416: the server has no bytes from ${offset} on`)
  if (status === 429 || status >= 500) throw new Busy(`HTTP ${status} ${statusText}`.trimEnd(), delayOf(headers))
  if (!response.ok || !response.body) throw new Error(`HTTP ${status} ${statusText}`.trimEnd())
  const type = headers.get('content-type') ?? ''
  if (/^\s*(text\/html|application\/xhtml)/i.test(type)) {
    throw new Hopeless(webPage(type))
  }
  let start = 0
  if (status === 206) {
    const range = headers.get('content-range') ?? 'none'
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? []
    if (total !== undefined && total !== '*' && Number(total) !== bytes)
      throw new OtherFile(`expected ${bytes} bytes, the server has ${total}`)
    if (offset === 0 || Number(from) !== offset)
      throw new NoRanges(`asked for the bytes from ${offset}, got content-range ${range}`)
    start = offset
  }
  const announced = headers.get('content-length')
  // Unpacked on the way, in spite of what was asked, it has another length.
  const isPacked = !['', 'identity'].includes(headers.get('content-encoding') ?? '')
  if (announced !== null && !isPacked && start + Number(announced) !== bytes)
    throw new Error(`expected ${bytes} bytes, the server offers ${start + Number(announced)}`)
  return start
}

const webPage = (how: string): string =>
  `it sent a web page (${how}) in place of the file, as networks do that want a login first. Open a page in a browser, and try again`

/** `Retry-After`, in seconds or as a date. */
function delayOf(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at, position + at)
    at += bytesWritten
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Errors of the disk rather than the network: trying again or elsewhere does not help. */
export function isDiskError(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EROFS', 'EPERM', 'ENOTDIR'].includes(errorCode(error) ?? '')
}
