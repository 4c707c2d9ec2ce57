import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getBackend } from '@ddnet/ops'
import { kernelSource } from '@ddnet/ops/kernels'
import { checkOp } from '@ddnet/ops/testing'
import { cpu } from './backend.mjs'
import { squareplus } from './squareplus.mjs'

test('the backend runs an operator that it has no kernel for, also when it was disposed and started again', async () => {
  for (let start = 0; start < 2; start++) {
    const backend = await cpu()
    assert.equal(getBackend(), 'cpu')
    await checkOp(({ x, b }) => squareplus(x, b), {
      inputs: { x: { shape: [2], data: [0, 1.5] }, b: { shape: [], data: [4] } },
      output: { shape: [2], data: [1, 2] },
    })
    assert.equal(kernelSource('ddnet-example/squareplus', 'cpu'), 'composition')
    backend.dispose()
  }
})
