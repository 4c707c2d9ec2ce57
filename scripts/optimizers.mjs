// Writes the table of docs/optimizers.md from what the optimizers' tests find on every backend. Run: pnpm optimizers
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { complete, findings, markdownTable, merged } from './page-tables.mjs'
import { root } from './pnpm.mjs'

const columns = ['optimizer', 'reference', 'cases', 'cpu', 'wasm', 'webgpu', 'tensorflow']
const page = join(root, 'docs/optimizers.md')
const found = await findings('optimizers', 'packages/optimizers', '--maxWorkers=1')
const rows = complete(merged(found, 'optimizer'), columns).map((row) => ({ ...row, optimizer: `\`${row.optimizer}\`` }))
const [before, , after] = (await readFile(page, 'utf8')).split(/<!-- \/?table -->\n/)
await writeFile(page, `${before}<!-- table -->\n${markdownTable(columns, rows)}<!-- /table -->\n${after}`)
