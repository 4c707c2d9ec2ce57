import { asCalled, commandNames } from './command-names.ts'
import type { Io } from './io.ts'
import { wrap } from './logger.ts'
import { printable } from './printable.ts'
import { styleFor } from './style.ts'

const label = 'ddnet:'
/** A word beyond what anybody reads, as a whole file in the place of a name; most systems' longest name has 255 characters. */
const endless = /\S{600,}/g
const shownOfEndless = 200

/**
 * Says on stderr what went wrong. Into a file that is one line, for programs; on a terminal it is broken at spaces, but for
 * the command that it may end with, so that that can be copied.
 */
export function reportError({ stderr, env }: Pick<Io, 'stderr' | 'env'>, message: string): void {
  const { ddnet } = commandNames(env)
  const text = printable(
    asCalled(message, env)
      .replace(/\s*\n\s*/g, ' ')
      .replace(endless, (word) => `${word.slice(0, shownOfEndless)}… (${word.length} characters)`)
      .trim(),
  )
  const width = (stderr.columns ?? 80) - label.length - 1
  const lines = stderr.isTTY === true && text.length > width ? broken(text, ddnet, Math.max(40, width)) : [text]
  stderr.write(`${styleFor(stderr, env)('red', label)} ${lines.join(`\n${' '.repeat(label.length + 1)}`)}\n`)
}

function broken(text: string, ddnet: string, width: number): string[] {
  const at = text.lastIndexOf(`: ${ddnet} `)
  if (at < 0) return wrap(text, width)
  return [...wrap(text.slice(0, at + 1), width), text.slice(at + 2)]
}
