// Writes docs/operators.md from what the operators' tests find on every backend. Run: pnpm operators, or with paths of tests to
// write the rows of those alone.
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
const folder = await mkdtemp(join(tmpdir(), 'ddnet-operators-'))
try {
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...(paths.length === 0 ? ['packages/ops'] : paths),
      ...['-t', 'docs/operators.md', '--reporter=dot'],
    ],
    { cwd: root, env: { ...process.env, DDNET_OPERATORS_FOLDER: folder }, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (status !== 0) process.exit(status ?? 1)
  const operators = paths.length === 0 ? new Map() : rowsOf(await readFile(page, 'utf8'))
  for (const file of await readdir(folder)) {
    const facts = JSON.parse(await readFile(join(folder, file), 'utf8'))
    operators.set(facts.operator, { ...operators.get(facts.operator), ...facts })
  }
  await writeFile(page, render([...operators.values()]))
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** The rows that the page has. */
function rowsOf(text) {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return new Map(
    rows.map((row) => {
      const cells = row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      const facts = Object.fromEntries(columns.map((column, at) => [column, cells[at]]))
      const operator = facts.operator.replaceAll('`', '')
      return [operator, { ...facts, operator, nan: facts.nan === '—' ? undefined : facts.nan }]
    }),
  )
}

function render(operators) {
  const sorted = operators.sort((a, b) => (a.operator < b.operator ? -1 : 1))
  const incomplete = sorted.filter((each) => columns.slice(1, 5).some((column) => each[column] === undefined))
  if (incomplete.length > 0) {
    throw new Error(
      `not on every backend: ${incomplete.map(({ operator }) => operator).join(', ')}. The table needs all four.`,
    )
  }
  const cells = [
    columns,
    ...sorted.map((each) =>
      columns.map((column) => (column === 'operator' ? `\`${each.operator}\`` : (each[column] ?? '—'))),
    ),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index].length)))
  const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
  return `${head}\n${[line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n')}\n`
}
