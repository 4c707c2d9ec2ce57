import { nameOfClone } from './command-names.ts'

/** Where text goes; a terminal tells its width. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number | undefined
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
  /** Calls the handler for each SIGINT and SIGTERM until the returned function is called. */
  onSignal(handler: (signal: StopSignal) => void): () => void
  /** Leaves at once. */
  exit(code: number): void
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

export function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: { DDNET_COMMAND: nameOfClone(String(process.argv[1]), process.cwd()), ...process.env },
    cwd: process.cwd(),
    onSignal(handler) {
      const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM']
      for (const signal of signals) process.on(signal, handler)
      return () => {
        for (const signal of signals) process.off(signal, handler)
      }
    },
    exit: (code) => process.exit(code),
  }
}
