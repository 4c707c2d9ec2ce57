import { spawn } from 'node:child_process'
import type { Context } from './context.ts'

/** A command that did not end well. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'

  constructor(
    command: string,
    args: readonly string[],
    /** Exit code, signal, or the code of a system error such as `ENOENT`. */
    readonly code: number | string,
    /** The end of what it wrote. */
    readonly output: string,
  ) {
    super(`${command} ${args.join(' ')}\nfailed (${code}):\n${output}`)
  }

  get isForLackOfSpace(): boolean {
    return /No space left on device|Disk quota exceeded/.test(this.output)
  }

  /** The last line that matches, or simply the last. */
  lastLine(pattern: RegExp = /./): string {
    const lines = this.output.split('\n').filter((line) => line.trim() !== '')
    return (lines.findLast((line) => pattern.test(line)) ?? lines.at(-1) ?? `it ended with ${this.code}`).trim()
  }
}

const keptOutput = 64 * 1024

/**
 * Runs a command to its end and returns its stdout. It has a process group of its own, so that an abort ends all that it
 * started; a rejection comes after it ended.
 *
 * @throws CommandFailed; the signal's reason when it was aborted
 */
export function run(
  command: string,
  args: readonly string[],
  { environment, signal }: Pick<Context, 'environment' | 'signal'>,
): Promise<string> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // it has ended
      }
    }
    signal.addEventListener('abort', kill, { once: true })
    const written = { stdout: '', all: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text
      written.all = (written.all + text).slice(-keptOutput)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.all = (written.all + text).slice(-keptOutput)
    })
    const fail = (code: number | string) =>
      reject(signal.aborted ? signal.reason : new CommandFailed(command, args, code, written.all.trim()))
    child.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
    child.on('close', (code, ending) => {
      signal.removeEventListener('abort', kill)
      if (code === 0 && !signal.aborted) resolve(written.stdout)
      else fail(code ?? ending ?? 1)
    })
  })
}
