import type { Work } from '../../packages/backend-webgpu/src/recorder.ts'

/** Every dispatch of a step as a row of Markdown, and what they are together. */
export function stepTable({ dispatches, leastBytes, submits, buffers }: Work): string {
  const rows = dispatches.map(({ kernel, label, grid, bytes }, index) => {
    const operator = kernel.split(' › ')[0] as string
    return [`${index + 1}`, operator, label, `${workgroups(grid)}`, (bytes / 1e6).toFixed(2)]
  })
  const bytes = dispatches.reduce((sum, each) => sum + each.bytes, 0)
  return `${aligned(['', 'operator', 'program', 'workgroups', 'MB'], rows)}

${dispatches.length} dispatches, ${submits} submits, ${buffers} buffers made; ${(bytes / 1e6).toFixed(0)} MB, which is ${(bytes / leastBytes).toFixed(2)} times
the least.
`
}

export const workgroups = ([x, y, z]: readonly [number, number, number]): number => x * y * z

function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] as string).length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => ([1, 2].includes(column) ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join(' | ')} |`
  const rule = widths.map((width, column) =>
    [1, 2].includes(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
