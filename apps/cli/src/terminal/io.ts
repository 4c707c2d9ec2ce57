import { exitCodes } from '../exit-codes.ts'
import { nameOfClone } from './command-names.ts'

/** Where text goes; a terminal tells its width. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number | undefined
  /** The code of the error with which writing failed, `EPIPE` where nobody reads any more; what is written then is lost. */
  readonly failure?: string | undefined
  /** The stream itself, where this is one that lets nothing through that steers a terminal. */
  readonly unguarded?: Output
}

/** All that a command sees of its process, so that tests can hand in their own. */
export interface Io {
  /** Data. */
  readonly stdout: Output
  /** What is said along the way. */
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What is piped in; nothing where a test has none. */
  readonly stdin?: AsyncIterable<Uint8Array>
  /** Calls the handler for each SIGINT and SIGTERM until the returned function is called. */
  onSignal(handler: (signal: StopSignal) => void): () => void
  /** From now on a terminal that goes away (SIGHUP) ends nothing, until the returned function is called. */
  ignoreHangup(): () => void
  /** Leaves at once. */
  exit(code: number): void
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** What this process has. No failing of its output ends a command: `exitCodeFor` tells of it. */
export function processIo(): Io {
  return {
    stdout: lasting(process.stdout),
    stderr: lasting(process.stderr),
    env: { DDNET_COMMAND: nameOfClone(String(process.argv[1]), process.cwd()), ...process.env },
    cwd: process.cwd(),
    stdin: process.stdin,
    onSignal(handler) {
      const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM']
      for (const signal of signals) process.on(signal, handler)
      return () => {
        for (const signal of signals) process.off(signal, handler)
      }
    },
    ignoreHangup() {
      const ignore = () => {}
      process.on('SIGHUP', ignore)
      return () => void process.off('SIGHUP', ignore)
    },
    exit: (code) => process.exit(code),
  }
}

/**
 * A stream whose failure is noted and throws nothing: a reader that has seen enough, a full disk, a terminal that is gone. Whoever
 * writes goes on; a disk that has space again gets what comes then.
 */
export function lasting(stream: NodeJS.WriteStream): Output {
  let failure: string | undefined
  const fail = ({ code }: NodeJS.ErrnoException) => {
    failure ??= code ?? 'EIO'
  }
  if (stream.errored) fail(stream.errored) // what ran before us in this process has written there
  stream.on('error', fail)
  return {
    write(text) {
      if (failure === 'EPIPE') return false
      try {
        return stream.write(text)
      } catch (error) {
        fail(error as NodeJS.ErrnoException)
        return false
      }
    },
    get isTTY() {
      return stream.isTTY === true
    },
    get columns() {
      return stream.columns
    },
    get failure() {
      return failure
    },
  }
}

/**
 * The exit code where output was lost: that of a command that failed stays what it is. Where a reader went away it is 141, as
 * of a process that the signal of a broken pipe ended; for any other failure it is sysexits' 74.
 */
export function exitCodeFor(code: number, { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>): number {
  const failures = [stdout.failure, stderr.failure].filter((failure) => failure !== undefined)
  if (code !== exitCodes.done || failures.length === 0) return code
  return failures.every((failure) => failure === 'EPIPE') ? exitCodes.outputClosed : exitCodes.outputFailed
}
