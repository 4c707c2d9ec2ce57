import { exitCodes } from '../exit-codes.ts'
import type { Io, StopSignal } from './io.ts'

/** One press of Ctrl-C can arrive several times: from the terminal, and again from npm and pnpm. */
const samePressMs = 500

export interface Interrupt {
  /** The signal that asked us to stop, if one did. */
  readonly signal: StopSignal | undefined
  readonly exitCode: number
  /** Goes back to dying at once; only before anything was received, since copies may still arrive. */
  release(): void
}

/**
 * From now on the first SIGINT or SIGTERM calls `stop`, and a second one leaves at once.
 */
export function onInterrupt(
  { onSignal, exit }: Pick<Io, 'onSignal' | 'exit'>,
  stop: (signal: StopSignal) => void,
  now: () => number = () => performance.now(), // which goes on where the clock is put back
): Interrupt {
  let first: { signal: StopSignal; at: number } | undefined
  const off = onSignal((signal) => {
    if (first === undefined) {
      first = { signal, at: now() }
      stop(signal)
    } else if (now() - first.at >= samePressMs) exit(codeOf(signal))
  })
  return {
    get signal() {
      return first?.signal
    },
    get exitCode() {
      return codeOf(first?.signal ?? 'SIGINT')
    },
    release: () => {
      if (first === undefined) off()
    },
  }
}

const codeOf = (signal: StopSignal) => (signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated)
