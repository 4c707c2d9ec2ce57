// Writes docs/numbers.md from what packages/ops/src/array/numbers.slow.test.ts finds on every backend. Run: pnpm numbers
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findings, markdownTable, merged } from './page-tables.mjs'
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

const columns = ['row', 'PyTorch', 'cpu', 'wasm', 'webgpu', 'tensorflow']
const { answers } = JSON.parse(await readFile(join(root, 'fixtures/numbers.json'), 'utf8'))
const found = await findings('numbers', 'packages/ops/src/array/numbers.slow.test.ts')
const rows = merged(
  found.map(({ place, section, row, backend, cell }) => ({
    ...{ place, section, row, [backend]: cell },
    ...(answers[row] !== undefined && { PyTorch: answers[row] }),
  })),
  'row',
).toSorted((a, b) => a.place - b.place)
const incomplete = rows.filter((row) => columns.some((column) => row[column] === undefined))
if (incomplete.length > 0) {
  throw new Error(
    `not on every backend, or without PyTorch's answer: ${incomplete.map(({ row }) => row).join('; ')}. Run fixtures/make_numbers.py, and this where all four backends run.`,
  )
}
const sections = [...new Set(rows.map(({ section }) => section))].map((section) => {
  const part = rows.filter((row) => row.section === section).map(({ row, ...cells }) => ({ '': row, ...cells }))
  return `## ${section}\n\n${markdownTable(['', ...columns.slice(1)], part)}`
})
await writeFile(join(root, 'docs/numbers.md'), `${head}\n${sections.join('\n')}`)
