// Writes docs/numbers.md from what packages/ops/src/array/numbers.test.ts finds on every backend. Run: pnpm numbers
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

const head = `# Hard numbers

What each backend makes of long sums, of integers that float32 does not hold, of NaN, infinities and subnormal numbers, beside
what PyTorch makes of them. Written by \`pnpm numbers\`; a test compares each row with what the backends do.

- \`wasm\` and \`cpu\` (tfjs's reference in JavaScript, for tests) give the same on every machine.
- \`tensorflow\` is TensorFlow on a CPU, which takes subnormal numbers, those below 1.18e-38, for 0.
- \`webgpu\` is SwiftShader. WGSL lets an implementation assume that there are no NaNs and infinities, take subnormal numbers for
  0, and be less exact in functions: here a GPU may give another answer where NaN, ∞ or subnormal numbers come in. Read a value
  back and test it there (\`Number.isNaN\`) instead of testing it on the device; the trainer does so with each loss.
- \`PyTorch\` is its float32 on a CPU. It adds up int32 in int64; here a sum of int32 is int32, and wraps around.

An error is told as the power of ten that it is within, relative to the result; 1 stands for true and 0 for false. Subnormal
results that no formula needs (of \`sigmoid\` below −87, as a gradient) may be 0 on any backend.
[Every elementwise operator](operators.md) is compared with PyTorch at such numbers.
`

const backends = ['cpu', 'wasm', 'webgpu', 'tensorflow']
const folder = await mkdtemp(join(tmpdir(), 'ddnet-numbers-'))
try {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'packages/ops/src/array/numbers.test.ts', '--reporter=dot'],
    { cwd: root, env: { ...process.env, DDNET_NUMBERS_FOLDER: folder }, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (status !== 0) process.exit(status ?? 1)
  const { answers } = JSON.parse(await readFile(join(root, 'fixtures/numbers.json'), 'utf8'))
  const rows = new Map()
  for (const file of await readdir(folder)) {
    const { place, section, row, backend, cell } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    rows.set(row, { PyTorch: answers[row], ...rows.get(row), place, section, row, [backend]: cell })
  }
  await writeFile(join(root, 'docs/numbers.md'), render([...rows.values()]))
} finally {
  await rm(folder, { recursive: true, force: true })
}

function render(rows) {
  const columns = ['row', 'PyTorch', ...backends]
  const incomplete = rows.filter((each) => columns.some((column) => each[column] === undefined))
  if (incomplete.length > 0) {
    throw new Error(
      `not on every backend, or without PyTorch's answer: ${incomplete.map(({ row }) => row).join('; ')}. Run fixtures/make_numbers.py, and this where all four backends run.`,
    )
  }
  const sorted = rows.sort((a, b) => a.place - b.place)
  const sections = [...new Set(sorted.map(({ section }) => section))]
  return `${head}\n${sections.map((section) => `## ${section}\n\n${table(sorted.filter((each) => each.section === section))}`).join('\n')}`

  function table(part) {
    const cells = [['', ...columns.slice(1)], ...part.map((each) => columns.map((column) => each[column]))]
    const widths = columns.map((_, index) => Math.max(3, ...cells.map((row) => row[index].length)))
    const line = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`
    return `${[line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n')}\n`
  }
}
