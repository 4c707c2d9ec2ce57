// Writes docs/layers.md from what the layers' tests find on every backend. Run: pnpm layers
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

const head = `# Layers

Written by \`pnpm layers\`; a test of each layer compares its row with what it checks.

On every backend each case loads a state dict of PyTorch's, by its names and in its layouts, runs forwards and backwards in training and in
inference, and compares all numbers with PyTorch's in float64: results, gradients by every input and parameter (\`gradients\`), and
the buffers after the training pass; and runs on shapes alone, as summaries do. A backend's cell is the largest difference that was found, over the largest number of its
tensor or 1; the tests allow 1e-5. \`wasm\` ran with SIMD, \`webgpu\` on SwiftShader, which computes on the CPU, and \`tensorflow\` on the CPU.

What draws at random draws other numbers than PyTorch: \`Dropout\` and its relatives are compared in inference, and in training by
their formula. Where PyTorch itself has no such layer, the case is its formula written with \`torch.nn\`
([\`make_layers.py\`](../fixtures/make_layers.py)).

Initialisers (\`initializers\`) have PyTorch's formulas, and no generator of its own in common: their tests compare bounds, means, variances and
the distribution itself, QᵀQ of \`orthogonal\`, and fans of every layout with those that PyTorch computes
([\`initializers.test.ts\`](../packages/layers/src/initializers.test.ts)).
`

const columns = ['layer', 'torch', 'cases', 'compared', 'cpu', 'wasm', 'webgpu', 'tensorflow']
const folder = await mkdtemp(join(tmpdir(), 'ddnet-layers-'))
try {
  const words = ['node_modules/vitest/vitest.mjs', 'run', 'packages/layers/test/parity.test.ts', '--reporter=dot']
  const env = { ...process.env, DDNET_LAYERS_FOLDER: folder }
  const { status } = spawnSync(process.execPath, words, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
  const layers = new Map()
  for (const file of await readdir(folder)) {
    const facts = JSON.parse(await readFile(join(folder, file), 'utf8'))
    layers.set(facts.layer, { ...layers.get(facts.layer), ...facts })
  }
  await writeFile(join(root, 'docs/layers.md'), render([...layers.values()]))
} finally {
  await rm(folder, { recursive: true, force: true })
}

function render(layers) {
  const incomplete = layers.filter((each) => columns.some((column) => each[column] === undefined))
  if (incomplete.length > 0) {
    throw new Error(
      `not on every backend: ${incomplete.map(({ layer }) => layer).join(', ')}. The table needs all four.`,
    )
  }
  const sorted = layers.sort((a, b) => (a.layer < b.layer ? -1 : 1))
  const cells = [
    columns,
    ...sorted.map((each) =>
      columns.map((column) => (column === 'layer' || column === 'torch' ? `\`${each[column]}\`` : each[column])),
    ),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index].length)))
  const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  return `${head}\n${[line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n')}\n`
}
