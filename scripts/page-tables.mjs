// What the scripts that write tables of docs/ from what tests find have in common; in the tests it is `keepForPage`.
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

/** Runs tests, by words for Vitest, and gives what each left for this page. Ends the process where one fails. */
export async function findings(page, ...words) {
  const folder = await mkdtemp(join(tmpdir(), `ddnet-${page}-`))
  try {
    const { status } = spawnSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...words, '--reporter=dot'],
      {
        cwd: root,
        env: { ...process.env, [`DDNET_${page.toUpperCase()}_FOLDER`]: folder },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    if (status !== 0) process.exit(status ?? 1)
    const files = await readdir(folder)
    return await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Findings of the same row made one. */
export function merged(found, key) {
  const rows = new Map()
  for (const facts of found) rows.set(facts[key], { ...rows.get(facts[key]), ...facts })
  return [...rows.values()]
}

/** Rows in the order of their first column, all of whose columns have to be there. */
export function complete(rows, columns) {
  const [key] = columns
  const missing = rows.filter((row) => columns.some((column) => row[column] === undefined)).map((row) => row[key])
  if (missing.length > 0) throw new Error(`not on every backend: ${missing.join(', ')}. The table needs all four.`)
  return rows.toSorted((a, b) => (a[key] < b[key] ? -1 : 1))
}

/** Rows as a table in Markdown, with columns as wide as they have to be. */
export function markdownTable(columns, rows) {
  const cells = [columns, ...rows.map((row) => columns.map((column) => row[column]))]
  const widths = columns.map((_, index) => Math.max(3, ...cells.map((row) => row[index].length)))
  const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |\n`
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('')
}
