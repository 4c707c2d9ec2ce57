// Writes docs/layers.md from what the layers' tests find on every backend. Run: pnpm layers
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { complete, findings, markdownTable, merged } from './page-tables.mjs'
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
const found = await findings('layers', 'packages/layers/test/parity.test.ts')
const rows = complete(merged(found, 'layer'), columns).map((row) => ({
  ...row,
  layer: `\`${row.layer}\``,
  torch: `\`${row.torch}\``,
}))
await writeFile(join(root, 'docs/layers.md'), `${head}\n${markdownTable(columns, rows)}`)
