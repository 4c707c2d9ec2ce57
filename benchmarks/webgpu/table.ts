import type { Measurement, Row } from './measure.ts'

/** The table's first two lines, in Markdown. */
export const head: string = [
  '| | ms | stock ms | stock / own | dispatches | stock | submits | stock | buffers made | stock |',
  '|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
].join('\n')

/** A row of the table, in Markdown. */
export function line({ name, own, stock }: Row): string {
  const counts = (key: 'dispatches' | 'submits' | 'buffers'): string[] => [
    `${own[key]}`,
    'error' in stock ? '—' : `${stock[key]}`,
  ]
  const times =
    'error' in stock ? [stock.error, '—'] : [milliseconds(stock), (stock.milliseconds / own.milliseconds).toFixed(2)]
  const cells = [name, milliseconds(own), ...times, ...counts('dispatches'), ...counts('submits'), ...counts('buffers')]
  return `| ${cells.join(' | ')} |`
}

const milliseconds = ({ milliseconds: value }: Measurement): string => value.toFixed(value < 10 ? 2 : 1)
