import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { wasm } from '@ddnet/backend-wasm'
import { kernelSource } from '@ddnet/ops/kernels'
import { checkOp } from '@ddnet/ops/testing'
import { registerKernels, squareplus } from './squareplus.mjs'

before(async () => {
  registerKernels()
  await wasm()
})

test('squareplus is (x + √(x² + b)) / 2, with right derivatives, by its kernel and by its composition', () => {
  const x = [-3, -0.5, 0, 0.25, 2, 10]
  return checkOp(({ x, b }) => squareplus(x, b), {
    inputs: { x: { shape: [2, 3], data: x }, b: { shape: [], data: [4] } },
    output: { shape: [2, 3], data: x.map((each) => (each + Math.sqrt(each ** 2 + 4)) / 2) },
  })
})

test('it runs our kernel on WebAssembly', () => {
  assert.equal(kernelSource('ddnet-example/squareplus', 'wasm'), 'own')
})

test('what is wrong is told', async () => {
  const check = {
    inputs: { x: { shape: [1], data: [1] }, b: { shape: [], data: [4] } },
    output: { shape: [1], data: [1] },
  }
  await assert.rejects(
    checkOp(({ x, b }) => squareplus(x, b), check),
    /the result at 0: expected 1, got 1\.618/,
  )
})
