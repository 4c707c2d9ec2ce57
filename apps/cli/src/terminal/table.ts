import { itemAt } from '@ddnet/ops/checks'
/** Rows of cells in columns that are as wide as their widest cell; `right` lists the columns that end at the right. */
export function table(
  rows: readonly (readonly string[])[],
  { right = [] as readonly number[], gap = 2 } = {},
): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, visibleLength(cell))
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const padding = ' '.repeat(itemAt(widths, at) - visibleLength(cell))
        return right.includes(at) ? padding + cell : cell + padding
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}

/** Characters that a terminal shows: color codes take no room. */
export const visibleLength = (text: string): number => [...stripColor(text)].length

// biome-ignore lint/suspicious/noControlCharactersInRegex: color codes begin with one
export const stripColor = (text: string): string => text.replace(/\x1b\[[\d;]*m/g, '')
