import { itemAt } from '@ddnet/testing'
/**
 * What a person sees of text that was written to a terminal: its lines after everything that was rewritten, without color
 * and without blanks at the ends.
 *
 * @throws Error for a code that it does not know, so that none is overlooked
 */
export function screen(written: string): string[] {
  const rows: string[][] = [[]]
  let [row, column] = [0, 0]
  const rowAt = (at: number): string[] => {
    while (rows.length <= at) rows.push([])
    return itemAt(rows, at)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal begin with one
  for (const [part, count, name] of written.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|./gsu)) {
    const times = Number(count || 1)
    if (name === undefined) {
      if (part === '\n') [row, column] = [row + 1, 0]
      else if (part === '\r') column = 0
      else if (part < ' ') throw new Error(`unknown control character ${JSON.stringify(part)}`)
      else {
        const line = rowAt(row)
        while (line.length < column) line.push(' ')
        line[column++] = part
      }
    } else if (name === 'A') row = Math.max(0, row - times)
    else if (name === 'B') row += times
    else if (name === 'G') column = times - 1
    else if (name === 'K' && count === '2') rowAt(row).length = 0
    else if (name === 'K' && (count === '' || count === '0')) rowAt(row).splice(column)
    else if (name === 'J' && (count === '' || count === '0')) {
      rowAt(row).splice(column)
      rows.splice(row + 1)
    } else if (name !== 'm' && !(name === 'h' || name === 'l')) throw new Error(`unknown code ${JSON.stringify(part)}`)
  }
  return rows
    .map((line) => line.join('').trimEnd())
    .join('\n')
    .trimEnd()
    .split('\n')
}
