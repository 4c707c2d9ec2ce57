import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Leaves what a reliability test measured for `pnpm reliability`, which makes a row of a table of it
 * (`scripts/reliability-page.mjs` knows the tables). Elsewhere it does nothing.
 */
export function recordFigures(table: string, row: string, figures: Readonly<Record<string, number | string>>): void {
  const folder = process.env['DDNET_RELIABILITY_FOLDER']
  if (folder === undefined) return
  const file = `${table}-${row}.json`.replaceAll(/[^\w.-]+/g, '-')
  writeFileSync(join(folder, file), JSON.stringify({ table, row, figures }))
}
