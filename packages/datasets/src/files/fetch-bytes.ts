import { DatasetError } from '../dataset-error.ts'
import { MissingFileError } from './files.ts'
import { type TransferLimits, watchTransfer } from './transfer-limits.ts'

export interface FetchBytesOptions extends TransferLimits {
  readonly fetch: typeof fetch
  /** More than so many bytes are not taken. */
  readonly maxBytes: number
  /** What an error says to do where there is no file, or no server. */
  readonly remedy: string
  readonly signal?: AbortSignal | undefined
  readonly onReceived?: ((bytes: number) => void) | undefined
}

/**
 * What a server has under an address, as it arrives: neither what the server announces nor how much it sends decides how much
 * memory is taken, nor how long somebody waits.
 *
 * @throws MissingFileError for HTTP 404; DatasetError, naming the address, for a server that is not there, that stalls, breaks off
 * or sends too much
 */
export async function fetchBytes(address: string, options: FetchBytesOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { fetch, maxBytes, remedy, signal, onReceived, ...limits } = options
  const given = new AbortController()
  const watch = watchTransfer(limits, (reason) => given.abort(reason))
  const stop = signal ? AbortSignal.any([signal, given.signal]) : given.signal
  const fail = (reason: string, cause?: unknown): never => {
    throw new DatasetError(`cannot fetch ${address} (${reason}). ${remedy}`, { cause, path: address })
  }
  const why = (error: unknown): string => {
    signal?.throwIfAborted() // the caller's own reason
    return (given.signal.aborted ? (given.signal.reason as Error) : (error as Error)).message
  }
  try {
    // Called as a plain function: a browser's refuses to be called as the method of an object.
    const response = await fetch(address, { signal: stop }).catch((error: unknown) => fail(why(error), error))
    watch.answered()
    if (!response.ok) {
      await response.body?.cancel()
      const Missing = response.status === 404 ? MissingFileError : DatasetError
      throw new Missing(`cannot fetch ${address}: HTTP ${response.status}. ${remedy}`, { path: address })
    }
    const chunks: Uint8Array[] = []
    let at = 0
    const reader = response.body?.getReader()
    for (;;) {
      const chunk = await reader?.read().catch((error: unknown) => fail(`after ${at} bytes: ${why(error)}`, error))
      if (!chunk || chunk.done) break
      at += chunk.value.length
      watch.received(chunk.value.length)
      if (at > maxBytes) {
        await reader?.cancel()
        fail(`it sends more than ${maxBytes} bytes`)
      }
      chunks.push(chunk.value)
      onReceived?.(chunk.value.length)
    }
    const content = new Uint8Array(at)
    let to = 0
    for (const chunk of chunks) {
      content.set(chunk, to)
      to += chunk.length
    }
    return content
  } finally {
    watch.end()
  }
}
