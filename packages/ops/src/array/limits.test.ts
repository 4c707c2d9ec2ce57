import * as ops from '@ddnet/ops'
import { defined, describeBackends, expectClose, floatsOf, itemAt, operatorFixtures, upload } from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

const functions = new Map<string, unknown>(Object.entries(ops))

// WGSL lets an implementation assume that there are no infinities.
describeBackends('at infinities, PyTorch’s values', () => {
  test.each(operatorFixtures('limits'))('$name', async ({ name, tensors: { x, y: expected } }) => {
    const run = functions.get(name) as (x: Tensor) => Tensor // the fixture is called like the function
    const given = upload(defined(x))
    const y = run(given)
    const values = await floatsOf(y)
    for (const [index, value] of [...defined(expected).data].entries()) {
      if (Number.isFinite(value)) expectClose([itemAt(values, index)], [value], 1e-5, `y[${index}]`)
      else expect(values[index], `y[${index}]`).toBe(value)
    }
    for (const tensor of [given, y]) tensor.dispose()
  })
}, ['cpu', 'wasm', 'tensorflow'])
