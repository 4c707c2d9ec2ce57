import type { Summary } from '@ddnet/layers'
import { formatCount } from './format.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

/** The layers in a table: name, kind, shape of the output for one image, parameters, multiply-adds. */
export function modelSummary({ rows, parameters, multiplyAdds }: Summary, style: Style): string[] {
  const cells = rows.map((row) => [
    row.name,
    row.type,
    row.outputShape.slice(1).join('×'),
    row.parameters === 0 ? '' : formatCount(row.parameters),
    row.multiplyAdds === 0 ? '' : amount(row.multiplyAdds),
  ])
  const head = ['layer', 'kind', 'output', 'parameters', 'multiply-adds']
  const total = ['total', '', '', formatCount(parameters), amount(multiplyAdds)]
  const lines = table([head, ...cells, total], { right: [3, 4] })
  return lines.map((line, at) => (at === 0 ? style('dim', line) : at === lines.length - 1 ? style('bold', line) : line))
}

const amount = (count: number): string =>
  count < 1e9 ? `${(count / 1e6).toFixed(2)} M` : `${(count / 1e9).toFixed(2)} G`
