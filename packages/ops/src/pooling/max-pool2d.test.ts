import { tensor, valueAndGrads } from '@ddnet/ops'
import { defined, describeBackends, describeOp, expectTensorClose, operatorFixtures, upload } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { type MaxPool2dOptions, maxPool2d, maxPool2dWithIndices } from './max-pool2d.ts'

describeOp('maxPool2d', {
  inputs: ['x'],
  run: ({ x }, options) => maxPool2d(x, options),
})

describeBackends('maxPool2dWithIndices', (backend) => {
  test('finds each channel its own maximum, of many channels', async () => {
    // Channel c has its maximum at position c of the 3 × 3.
    const x = tensor(
      Array.from({ length: 81 }, (_, at) => (Math.floor(at / 9) === at % 9 ? 1 + (at % 9) : 0)),
      [1, 3, 3, 9],
    )
    const { values, indices } = maxPool2dWithIndices(x, { kernelSize: 3 })
    await expectTensorClose(values, { shape: [1, 1, 1, 9], data: [1, 2, 3, 4, 5, 6, 7, 8, 9] })
    await expectTensorClose(indices, { shape: [1, 1, 1, 9], data: [0, 1, 2, 3, 4, 5, 6, 7, 8] })
  })

  const cases = operatorFixtures('maxPool2d')
  // WGSL lets an implementation assume that there are no NaNs.
  test.each(cases.filter(({ nan }) => nan !== true || backend !== 'webgpu'))('$name', async (one) => {
    const { x, indices, y, dy, dx } = one.tensors
    const given = upload(defined(x))
    const options = one.options as MaxPool2dOptions
    const pooled = maxPool2dWithIndices(given, options)
    expect(pooled.indices.dtype).toBe('int32')
    await expectTensorClose(pooled.values, defined(y), 1e-7, 'values')
    if (one.nan === true) return
    await expectTensorClose(pooled.indices, defined(indices), 0, 'indices')
    const seed = upload(defined(dy))
    const [gradient] = valueAndGrads(() => maxPool2dWithIndices(given, options).values, [given], seed).grads
    await expectTensorClose(gradient, defined(dx), undefined, 'dx')
  })
})
