import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { generate, generateFused } from '../../assembly/build.mjs'

test('the committed kernels are what the AssemblyScript sources compile to', async () => {
  const committed = (name: string) => readFile(new URL(`./${name}.generated.ts`, import.meta.url), 'utf8')
  const remedy = 'out of date: run node packages/ops/assembly/build.mjs'
  expect((await committed('wasm-kernels')) === (await generate()), remedy).toBe(true)
  expect((await committed('wasm-fused')) === (await generateFused()), remedy).toBe(true)
})
