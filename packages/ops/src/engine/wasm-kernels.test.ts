import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { generate } from '../../assembly/build.mjs'

test('the committed kernels are what the AssemblyScript sources compile to', async () => {
  const committed = await readFile(new URL('./wasm-kernels.generated.ts', import.meta.url), 'utf8')
  expect(committed === (await generate()), 'out of date: run node packages/ops/assembly/build.mjs').toBe(true)
})
