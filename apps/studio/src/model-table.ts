import type { Summary } from '@ddnet/layers'
import { formatCount } from './format.ts'

/** Fills the table with a row a layer and one with the totals. */
export function drawModel(body: HTMLElement, { rows, parameters, multiplyAdds }: Summary): void {
  const lines = [
    ...rows.map((row) => [
      row.name,
      row.type,
      row.outputShape.join(' × '),
      formatCount(row.parameters),
      row.multiplyAdds === 0 ? '' : formatCount(row.multiplyAdds),
    ]),
    ['Total', '', '', formatCount(parameters), formatCount(multiplyAdds)],
  ]
  body.replaceChildren(
    ...lines.map((line) => {
      const tableRow = document.createElement('tr')
      tableRow.append(
        ...line.map((text, column) => {
          const cell = document.createElement('td')
          cell.textContent = text
          if (column >= 3) cell.className = 'number'
          return cell
        }),
      )
      return tableRow
    }),
  )
}
