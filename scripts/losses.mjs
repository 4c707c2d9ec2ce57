// Writes docs/losses.md from what the losses' tests find on every backend. Run: pnpm losses
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { complete, findings, markdownTable, merged } from './page-tables.mjs'
import { root } from './pnpm.mjs'

const head = `# Losses

Written by \`pnpm losses\`; a test of each loss compares its row with what it finds.

Each cell says how far a backend is from the reference, which is computed in float64: the largest error of a value · of a gradient over
all cases, rounded up to a power of ten and to 1e-6 at least, relative to the largest expected number of a case, or to 1. The same tests
compare second derivatives with PyTorch's, values and both orders with central differences, and where a NaN goes. \`webgpu\` is SwiftShader.

\`crossEntropy\` is the operator \`softmaxCrossEntropy\`: [its kernels](operators.md), and its tests with every pair of options, are there.
\`fixtures/make_losses.py\` computes the reference. SSIM is compared with scikit-image's as [a metric](metrics.md).
`

const backends = ['cpu', 'wasm', 'webgpu', 'tensorflow']
const columns = ['loss', 'reference', 'cases', ...backends]
const found = await findings('losses', 'packages/losses', '-t', 'docs/losses.md')
const told = await Promise.all(
  found.map(async ({ loss, cases, backend, value, gradient }) => {
    const { source } = JSON.parse(await readFile(join(root, `fixtures/operators/${loss}.json`), 'utf8'))
    return {
      loss: `\`${loss}\``,
      reference: source.replace(/, float64, by .*/, ''),
      cases: String(cases),
      [backend]: `${powerOfTen(value)} · ${powerOfTen(gradient)}`,
    }
  }),
)
const table = markdownTable(columns, complete(merged(told, 'loss'), columns))
await writeFile(join(root, 'docs/losses.md'), `${head}\n${table}`)

/** The least power of ten that is not below, from float32's precision on: below, it is another one on the next processor. */
function powerOfTen(error) {
  return `1e${Math.max(-6, Math.ceil(Math.log10(error)))}`
}
