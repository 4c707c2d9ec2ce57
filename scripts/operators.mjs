// Writes docs/operators.md from what the operators' tests find on every backend. Run: pnpm operators, or with paths of tests to
// write the rows of those alone.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { complete, findings, markdownTable, merged } from './page-tables.mjs'
import { root } from './pnpm.mjs'

const head = `# Operators

Written by \`pnpm operators\`; a test of each operator compares its row with what the operator does.

Each cell says how a backend computes the value · all gradients of one case of the operator's tests: with kernels of our
\`own\`, with \`stock\` kernels of tfjs, or with several of them, counted. \`none\` is needed where a gradient is zero or
copies; a reshape does not count. On every backend the same tests compare values, first and second derivatives with
PyTorch's numbers and with central differences. \`nan\` says whether a NaN goes on WebGPU where it goes in PyTorch: WGSL
lets an implementation assume that there is none, so this is SwiftShader's answer and no promise; on the other backends
a test asserts it. \`webgpu\` is SwiftShader too, where some kernels are other ones than on a GPU.

Higher orders follow, since gradients are made of these operators. Kernels that compute a gradient in one call
(\`batchNormGradient\`, \`softmaxCrossEntropyGradient\` …) stand aside while a gradient is being recorded, and throw by name where
they are differentiated themselves.

Tested without a row: \`dropout\` (by the formula, with its mask), \`maxPool2dWithIndices\` (with the cases of \`maxPool2d\`),
\`adamUpdate\`, \`adamUpdates\`, \`sgdUpdates\` (with the optimizers). Integers, truth values and constants, which have no derivative: \`argMax\`, \`argMin\`,
\`argSort\`, \`oneHot\`, \`eye\`, \`zerosLike\`, \`onesLike\`, \`detach\`, \`equal\`, \`notEqual\`, \`greater\`, \`greaterEqual\`, \`less\`,
\`lessEqual\`, \`logicalAnd\`, \`logicalOr\`, \`logicalNot\`, \`isNaN\`, \`isFinite\`, \`all\`, \`any\`.
`

const columns = ['operator', 'cpu', 'wasm', 'webgpu', 'tensorflow', 'nan']
const paths = process.argv.slice(2)
const page = join(root, 'docs/operators.md')
const found = await findings('operators', ...(paths.length === 0 ? ['packages/ops'] : paths), '-t', 'docs/operators.md')
const before = paths.length === 0 ? [] : rowsOf(await readFile(page, 'utf8'))
const rows = complete(merged([...before, ...found], 'operator'), columns.slice(0, 5)).map((row) => ({
  nan: '—',
  ...row,
  operator: `\`${row.operator}\``,
}))
await writeFile(page, `${head}\n${markdownTable(columns, rows)}`)

/** The rows that the page has. */
function rowsOf(text) {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) => {
    const cells = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''))
    return Object.fromEntries(columns.map((column, at) => [column, cells[at]]))
  })
}
