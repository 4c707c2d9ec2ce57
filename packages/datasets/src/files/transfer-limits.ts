/** How long somebody waits for a server: longer than a slow connection needs, and not for ever. */
export interface TransferLimits {
  /** Milliseconds until the first answer. */
  readonly connectTimeoutMs?: number
  /** In so many milliseconds `minBytesPerSecond` must have come, on the average, or the connection is given up. */
  readonly stallTimeoutMs?: number
  readonly minBytesPerSecond?: number
}

/** Watches one request, and gives it up by `abort` where a limit is reached. `end` must be called, however it ends. */
export function watchTransfer(
  { connectTimeoutMs = 30_000, stallTimeoutMs = 30_000, minBytesPerSecond = 1_000 }: TransferLimits,
  abort: (reason: Error) => void,
): { answered(): void; received(bytes: number): void; end(): void } {
  const connecting = setTimeout(
    () => abort(new Error(`no answer within ${connectTimeoutMs / 1000} s`)),
    connectTimeoutMs,
  )
  let watching: ReturnType<typeof setInterval> | undefined
  let inWindow = 0
  let total = 0
  return {
    answered() {
      clearTimeout(connecting)
      watching = setInterval(() => {
        if (inWindow < (minBytesPerSecond * stallTimeoutMs) / 1000) {
          abort(
            new Error(
              `no more than ${inWindow} bytes came within ${stallTimeoutMs / 1000} s (after ${total - inWindow})`,
            ),
          )
        }
        inWindow = 0
      }, stallTimeoutMs)
    },
    received(bytes) {
      inWindow += bytes
      total += bytes
    },
    end() {
      clearTimeout(connecting)
      clearInterval(watching)
    },
  }
}
