import { itemAt } from '@ddnet/ops/checks'
import type { Io, Output } from './io.ts'
import { plain, styleFor } from './style.ts'

// Control characters (C0, DEL, C1), line separators and what turns the direction of text around.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unsafe = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: color codes begin with one
const unsafeButLinesAndColors = /\x1b\[[\d;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

// As JSON writes them, so that JSON stays JSON.
const escaped = (character: string): string =>
  escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * A name that somebody else chose (a class, a file, a folder, a run, what a file says) as it can be shown: on one line, with
 * the characters that would steer a terminal or turn text around written out, as in `\u001b[2J`.
 */
export const printable = (name: string): string => name.replace(unsafe, escaped)

/** The same for a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')

/**
 * The same streams, on which nothing steers the terminal but colors, where it has them: whatever a command writes passes here, so a
 * name that was not made printable does no harm.
 */
export function guarded(io: Io): Io {
  return { ...io, stdout: guardedOutput(io.stdout, io.env), stderr: guardedOutput(io.stderr, io.env) }
}

function guardedOutput(output: Output, env: Io['env']): Output {
  return {
    write: (text) => output.write(harmless(text, output, env)),
    unguarded: output,
    get isTTY() {
      return output.isTTY === true
    },
    get columns() {
      return output.columns
    },
    get failure() {
      return output.failure
    },
  }
}

/** A text with all written out that is neither a line's end nor a color, or not even that where there are none. */
export function harmless(text: string, output: Output, env: Io['env']): string {
  const colors = styleFor(output, env) !== plain
  return text.replace(unsafeButLinesAndColors, (found) =>
    found.length === 1 ? escaped(found) : colors ? found : `${escaped(itemAt(found, 0))}${found.slice(1)}`,
  )
}
