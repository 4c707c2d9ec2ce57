// Writes the table of docs/optimizers.md from what the optimizers' tests find on every backend. Run: pnpm optimizers
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

const columns = ['optimizer', 'reference', 'cases', 'cpu', 'wasm', 'webgpu', 'tensorflow']
const page = join(root, 'docs/optimizers.md')
const folder = await mkdtemp(join(tmpdir(), 'ddnet-optimizers-'))
try {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'packages/optimizers', '--reporter=dot', '--maxWorkers=1'],
    { cwd: root, env: { ...process.env, DDNET_OPTIMIZERS_FOLDER: folder }, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (status !== 0) process.exit(status ?? 1)
  const rows = new Map()
  for (const file of await readdir(folder)) {
    const facts = JSON.parse(await readFile(join(folder, file), 'utf8'))
    rows.set(facts.optimizer, { ...rows.get(facts.optimizer), ...facts })
  }
  const [before, , after] = (await readFile(page, 'utf8')).split(/<!-- \/?table -->\n/)
  await writeFile(page, `${before}<!-- table -->\n${render([...rows.values()])}<!-- /table -->\n${after}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

function render(rows) {
  const incomplete = rows.filter((row) => columns.some((column) => row[column] === undefined))
  if (incomplete.length > 0) {
    throw new Error(
      `not on every backend: ${incomplete.map(({ optimizer }) => optimizer).join(', ')}. The table needs all four.`,
    )
  }
  const sorted = rows.sort((a, b) => (a.optimizer < b.optimizer ? -1 : 1))
  const cells = [
    columns,
    ...sorted.map((row) => columns.map((column) => (column === 'optimizer' ? `\`${row[column]}\`` : row[column]))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index].length)))
  const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |\n`
  return [line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('')
}
