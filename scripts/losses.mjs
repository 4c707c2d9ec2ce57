// Writes docs/losses.md from what the losses' tests find on every backend. Run: pnpm losses
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
const folder = await mkdtemp(join(tmpdir(), 'ddnet-losses-'))
try {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'packages/losses', '-t', 'docs/losses.md', '--reporter=dot'],
    { cwd: root, env: { ...process.env, DDNET_LOSSES_FOLDER: folder }, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (status !== 0) process.exit(status ?? 1)
  const rows = new Map()
  for (const file of await readdir(folder)) {
    const { loss, cases, backend, value, gradient } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    const cell = `${powerOfTen(value)} · ${powerOfTen(gradient)}`
    rows.set(loss, { ...rows.get(loss), loss: `\`${loss}\``, cases: String(cases), [backend]: cell })
  }
  for (const [loss, row] of rows) {
    const { source } = JSON.parse(await readFile(join(root, `fixtures/operators/${loss}.json`), 'utf8'))
    row.reference = source.replace(/, float64, by .*/, '')
    const missing = columns.filter((column) => row[column] === undefined)
    if (missing.length > 0) throw new Error(`${loss}: not on ${missing.join(', ')}. The table needs all four backends.`)
  }
  const sorted = [...rows.values()].sort((a, b) => (a.loss < b.loss ? -1 : 1))
  const cells = [columns, ...sorted.map((row) => columns.map((column) => row[column]))]
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at].length)))
  const line = (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`
  const ruler = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  const table = [line(cells[0]), ruler, ...cells.slice(1).map(line)].join('\n')
  await writeFile(join(root, 'docs/losses.md'), `${head}\n${table}\n`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** The least power of ten that is not below, from float32's precision on: below, it is another one on the next processor. */
function powerOfTen(error) {
  return `1e${Math.max(-6, Math.ceil(Math.log10(error)))}`
}
