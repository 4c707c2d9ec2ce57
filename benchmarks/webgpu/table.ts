import type { Measurement, Report, Row } from './measure.ts'

/** The table's first two lines, in Markdown. */
export const head: string = [
  '| | ms | stock ms | stock / own | of processors | dispatches | stock | submits | stock | buffers made | stock |',
  '|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
].join('\n')

/** A row of the table, in Markdown. */
export function line({ name, same, own, stock }: Row): string {
  const cells = 'error' in stock ? [milliseconds(own), stock.error, '—', '—'] : timesOf(own, stock, same)
  const counts = (['dispatches', 'submits', 'buffers'] as const).flatMap((key) => [
    `${own[key]}`,
    'error' in stock ? '—' : `${stock[key]}`,
  ])
  return `| ${[name, ...cells, ...counts].join(' | ')} |`
}

const timesOf = (own: Measurement, stock: Measurement, same: boolean): string[] => [
  milliseconds(own),
  milliseconds(stock),
  same ? 'same programs' : (stock.milliseconds / own.milliseconds).toFixed(2),
  same || own.processors === undefined || stock.processors === undefined
    ? '—'
    : (stock.processors / own.processors).toFixed(2),
]

const milliseconds = ({ milliseconds: value }: Measurement): string => value.toFixed(value < 10 ? 2 : 1)

/** What a run of the benchmark leaves in `benchmarks/results`. */
export interface Result extends Omit<Report, 'software'> {
  readonly command: string
  readonly commit: string
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly loadAverage: number
  readonly batch: number
  readonly rounds: number
}

/** A result as the section of a page, in Markdown. */
export function section({
  rows,
  command,
  commit,
  date,
  adapter,
  cpu,
  cores,
  node,
  loadAverage,
  rounds,
}: Result): string {
  return `${[head, ...rows.map(line)].join('\n')}

\`${command}\`, commit ${commit}, ${date.slice(0, 10)}: ${adapter}; ${cpu}, ${cores} cores, load ${loadAverage.toFixed(1)}; Node
${node}. Medians of up to ${rounds} runs in turns.
`
}
