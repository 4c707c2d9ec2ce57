// Writes docs/models.md from what the models' tests find on every backend. Run: pnpm models
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

const head = `# Models

Written by \`pnpm models\`; a test of each family compares its row with what it checks.

\`parameters\` are those of the \`variants\` at full size, one after another, as \`source\` counted them; the test compares multiply-adds, too.
On every backend \`cases\` small networks of the family are given the same weights and inputs as PyTorch's
([\`make_models.py\`](../fixtures/make_models.py), [\`make_networks.py\`](../fixtures/make_networks.py)), in its names and layouts, and their logits in inference and the loss and all gradients of a
training pass are compared with PyTorch's in float64. A backend's cell is the largest difference of a logit, over the largest of them or 1 (the
test allows 2e-6), and of a gradient, over the norm of its parameter's gradient (1e-5). \`wasm\` ran with SIMD, \`webgpu\` on SwiftShader, which
computes on the CPU, and \`tensorflow\` on the CPU.

Each also learns eight images by heart, which it does not with its parameters frozen
([\`by-heart.test.ts\`](../packages/models/test/by-heart.test.ts),
[\`generative-by-heart.test.ts\`](../packages/models/test/generative-by-heart.test.ts)).
`

const columns = ['model', 'variants', 'parameters', 'source', 'cases', 'cpu', 'wasm', 'webgpu', 'tensorflow']
const folder = await mkdtemp(join(tmpdir(), 'ddnet-models-'))
try {
  const tests = ['parity', 'generative'].map((name) => `packages/models/test/${name}.test.ts`)
  const words = ['node_modules/vitest/vitest.mjs', 'run', ...tests, '--reporter=dot']
  const env = { ...process.env, DDNET_MODELS_FOLDER: folder }
  const { status } = spawnSync(process.execPath, words, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
  const models = new Map()
  for (const file of await readdir(folder)) {
    const facts = JSON.parse(await readFile(join(folder, file), 'utf8'))
    models.set(facts.model, { ...models.get(facts.model), ...facts })
  }
  await writeFile(join(root, 'docs/models.md'), render([...models.values()]))
} finally {
  await rm(folder, { recursive: true, force: true })
}

function render(models) {
  const incomplete = models.filter((each) => columns.some((column) => each[column] === undefined))
  if (incomplete.length > 0) {
    throw new Error(
      `not on every backend: ${incomplete.map(({ model }) => model).join(', ')}. The table needs all four.`,
    )
  }
  const sorted = models.sort((a, b) => (a.model < b.model ? -1 : 1))
  const named = ({ variants, ...each }) => ({
    ...each,
    model: `\`${each.model}\``,
    variants: variants.replaceAll(/\w+/g, '`$&`'),
  })
  const cells = [columns, ...sorted.map((each) => columns.map((column) => named(each)[column]))]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index].length)))
  const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  return `${head}\n${[line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n')}\n`
}
