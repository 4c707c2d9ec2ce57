import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { itemAt } from '@ddnet/ops/checks'

/**
 * Keeps what a test found of a row for `pnpm PAGE`, which writes `docs/PAGE.md` from it and sets `DDNET_PAGE_FOLDER` (the page's name in
 * capitals).
 *
 * @param file of what is told, for example `conv2d.wasm`
 * @returns false where nobody asks for it: there the test compares it with `pageRows`
 */
export function keepForPage(page: string, file: string, facts: object): boolean {
  const folder = process.env[`DDNET_${page.toUpperCase()}_FOLDER`]
  if (folder === undefined) return false
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/${file}.json`, JSON.stringify(facts))
  return true
}

/**
 * The rows of the tables of `docs/PAGE.md` by their first cells, each by the names of its table's columns, without backticks; where two
 * tables have a row of the same name, the first's.
 */
export function pageRows(page: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), 'utf8')
  const tables = text.match(/^\|.*\n(\|.*(\n|$))+/gm) ?? []
  const rows = tables.flatMap((table) => {
    const [head = [], , ...body] = table.trimEnd().split('\n').map(cellsOf)
    return body.map((cells): [string, Record<string, string>] => [
      itemAt(cells, 0),
      Object.fromEntries(head.map((name, at) => [name, itemAt(cells, at)])),
    ])
  })
  return new Map(rows.reverse())
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''))
