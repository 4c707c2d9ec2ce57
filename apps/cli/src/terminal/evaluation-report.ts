import type { Evaluation, ReportTable } from '@ddnet/experiment'
import { shareBar } from './bar.ts'
import { formatPercent } from './format.ts'
import { printable } from './printable.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

const barWidth = 20

/** What was measured in one line, and the task's table, as of the classes. */
export function evaluationReport({ split, headline, table: found }: Evaluation, style: Style): string {
  const [first = '', ...rest] = `${split} ${headline}`.split(/(?= \()/)
  const lines = [`${style('bold', first)}${rest.join('')}`]
  if (found !== undefined) lines.push('', ...table(rowsOf(found, style), { right: [1] }))
  return lines.map((line) => `${line}\n`).join('')
}

/** A share is a figure with a bar; one behind a text is of that text: `6.4% taken for bird`. */
function rowsOf({ columns, rows }: ReportTable, style: Style): string[][] {
  return rows.map((row) =>
    columns.flatMap(({ kind, title }, at) => {
      const value = row[at]
      const next = columns[at + 1]?.kind === 'share' && at > 0 ? Number(row[at + 1]) : undefined
      if (kind === 'text' && next !== undefined) {
        return [
          next === 0 ? '' : style('dim', `${formatPercent(next).padStart(6)} ${title} ${printable(String(value))}`),
        ]
      }
      if (kind === 'text') return [`${at === 0 ? '  ' : ''}${printable(String(value))}`]
      if (kind === 'count') return [String(value)]
      if (columns[at - 1]?.kind === 'text' && at > 1) return [] // told with the text
      return [formatPercent(Number(value)), style('cyan', shareBar(Number(value), barWidth).padEnd(barWidth))]
    }),
  )
}
