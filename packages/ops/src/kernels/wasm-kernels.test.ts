import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { generate, generateFused, generateStructs } from '../../assembly/build.mjs'

test.each([
  ['wasm-kernels', generate],
  ['wasm-fused', generateFused],
  ['wasm-structs', generateStructs],
])('%s.generated.ts, as committed, is what the AssemblyScript sources give', async (name, generated) => {
  const committed = await readFile(new URL(`./${name}.generated.ts`, import.meta.url), 'utf8')
  expect(committed === (await generated()), 'out of date: run node packages/ops/assembly/build.mjs').toBe(true)
})
