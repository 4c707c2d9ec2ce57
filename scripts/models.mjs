// Writes docs/models.md from what the models' tests find on every backend. Run: pnpm models
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { complete, findings, markdownTable, merged } from './page-tables.mjs'
import { root } from './pnpm.mjs'

const head = `# Models

Written by \`pnpm models\`; a test of each family compares its row with what it checks.

\`parameters\` are those of the \`variants\` at full size, one after another, as \`source\` counted them; the test compares multiply-adds, too.
On every backend \`cases\` small networks of the family are given the same weights and inputs as PyTorch's
([\`make_models.py\`](../fixtures/make_models.py), [\`make_networks.py\`](../fixtures/make_networks.py)), in its names and layouts, and their logits in inference and the loss and all gradients of a
training pass are compared with PyTorch's in float64. A backend's cell is the largest difference of a logit, over the largest of them or 1 (the
test allows 2e-6), and of a gradient, over the norm of its parameter's gradient (1e-5). \`wasm\` ran with SIMD, \`webgpu\` on SwiftShader, which
computes on the CPU, and \`tensorflow\` on the CPU.

\`model=dcgan\` is \`DCGAN\`'s generator and discriminator as one model, \`dcgan\`.

Each also learns eight images by heart, which it does not with its parameters frozen
([\`by-heart.test.ts\`](../packages/models/test/by-heart.test.ts),
[\`generative-by-heart.slow.test.ts\`](../packages/models/test/generative-by-heart.slow.test.ts)).
`

const columns = ['model', 'variants', 'parameters', 'source', 'cases', 'cpu', 'wasm', 'webgpu', 'tensorflow']
const tests = ['parity', 'generative'].map((name) => `packages/models/test/${name}.test.ts`)
const rows = complete(merged(await findings('models', ...tests), 'model'), columns).map((row) => ({
  ...row,
  model: `\`${row.model}\``,
  variants: row.variants.replaceAll(/\w+/g, '`$&`'),
}))
await writeFile(join(root, 'docs/models.md'), `${head}\n${markdownTable(columns, rows)}`)
