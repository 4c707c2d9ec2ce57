import type { Io } from './io.ts'
import { printable, printableLines } from './printable.ts'
import { type Style, styleFor } from './style.ts'
import { visibleLength } from './table.ts'

const labelWidth = 10

/** Says on stderr what is going on: a label, and text broken to the width of the terminal beside it. */
export function createLogger(io: Pick<Io, 'stderr' | 'env'>): (label: string, text: string) => void {
  return (label, text) => writeBeside(label, wrap(printableLines(text), widthOf(io)), io)
}

/**
 * Says a command that can be copied: what does not fit into a line goes on in the next, behind a backslash. A note stands
 * behind it.
 */
export function createCommandLogger(
  io: Pick<Io, 'stderr' | 'env'>,
): (label: string, command: string, note?: string) => void {
  return (label, command, note) => {
    const line = printable(command)
    const whole = note === undefined ? line : `${line}    ${note}`
    if (whole.length <= widthOf(io)) writeBeside(label, [whole], io)
    else writeBeside(label, [...brokenCommand(line, widthOf(io)), ...(note === undefined ? [] : [note])], io)
  }
}

/** Columns beside the label. */
const widthOf = ({ stderr }: Pick<Io, 'stderr'>): number => Math.max(40, stderr.columns ?? 80) - labelWidth - 1

function writeBeside(label: string, lines: readonly string[], { stderr, env }: Pick<Io, 'stderr' | 'env'>): void {
  const style = styleFor(stderr, env)
  for (const [index, line] of lines.entries())
    stderr.write(`${index === 0 ? boldLabel(label, style) : ' '.repeat(labelWidth)}${line}\n`)
}

/** Broken between the words of a shell, of which one in quotes may have spaces. */
function brokenCommand(command: string, width: number): string[] {
  const lines: string[] = []
  for (const [word] of command.matchAll(/(?:\\.|'[^']*'|[^\s'\\])+/g)) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word} \\`.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line))
}

const boldLabel = (label: string, style: Style) =>
  (label === '' ? '' : style('bold', label)) + ' '.repeat(Math.max(1, labelWidth - label.length))

/** Breaks at spaces; what is longer than a line stays whole, so that a path can be copied. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    for (const word of paragraph.split(' ')) {
      const last = lines.at(-1)
      if (last !== undefined && visibleLength(last) + 1 + visibleLength(word) <= width)
        lines[lines.length - 1] = `${last} ${word}`
      else lines.push(word)
    }
    return lines
  })
}
