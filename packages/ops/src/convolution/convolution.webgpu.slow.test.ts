import { conv2d, convTranspose2d, engine } from '@ddnet/ops'
import { describeBackends, describeOp, putVariantBack, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Convolution, compute, convolutions, expectAsPlain, same } from '../../test/convolutions.ts'
import { type KernelVariant, useVariant } from '../webgpu.ts'

const own: readonly Convolution[] = [
  ['reconstruction head', (x, f) => conv2d(x, f), [1, 16, 16, 32], [1, 1, 32, 3]],
  [
    'kernel 4, stride 2, in fours',
    (x, f) => convTranspose2d(x, f, { stride: 2, padding: 1 }),
    [2, 6, 5, 12],
    [4, 4, 20, 12],
  ],
  ['patches', (x, f) => conv2d(x, f, { stride: 4 }), [1, 14, 15, 5], [4, 4, 5, 24]],
  [
    'dilation and stride with a common divisor',
    (x, f) => conv2d(x, f, { stride: [2, 6], dilation: [2, 4], padding: 3 }),
    [2, 14, 23, 4],
    [3, 3, 4, 8],
  ],
  ['phases that no tap reaches', (x, f) => convTranspose2d(x, f, { stride: 4 }), [1, 3, 3, 6], [2, 1, 7, 6]],
  ['wide groups in fours', (x, f) => conv2d(x, f, { groups: 2, padding: 1 }), [1, 7, 5, 72], [3, 3, 36, 40]],
  ['narrow groups of one image', (x, f) => conv2d(x, f, { groups: 4, padding: 1 }), [1, 5, 6, 12], [3, 3, 3, 8]],
  ['narrow groups in fours', (x, f) => conv2d(x, f, { groups: 8, padding: 1 }), [1, 5, 6, 32], [3, 3, 4, 64]],
  ['depthwise', (x, f) => conv2d(x, f, { groups: 64, padding: 1 }), [2, 16, 16, 64], [3, 3, 1, 64]],
  [
    'depthwise, transposed, in fours',
    (x, f) => convTranspose2d(x, f, { groups: 8, stride: 2, padding: 1, outputPadding: 1 }),
    [2, 5, 7, 8],
    [3, 3, 1, 8],
  ],
  ['one image row', (x, f) => conv2d(x, f), [1, 1, 300, 8], [1, 5, 8, 4]],
]

describeBackends('convolution kernels', () => {
  putVariantBack()
  describe.each<KernelVariant>(['gpu', 'software'])('for %s', (variant) => {
    const choose = async (): Promise<void> => {
      await useBackend('webgpu')
      useVariant(engine().backend, variant)
    }
    beforeAll(choose)

    // The operators' own tests run the software variant wherever there is no GPU.
    if (variant === 'gpu') {
      describeOp('conv2d', {
        inputs: ['x', 'filter', 'bias?'],
        run: ({ x, filter, bias }, options) => conv2d(x, filter, { ...options, ...(bias && { bias }) }),
        differences: 'plain',
        backends: ['webgpu'],
      })
      describeOp('convTranspose2d', {
        inputs: ['x', 'filter', 'bias?'],
        run: ({ x, filter, bias }, options) => convTranspose2d(x, filter, { ...options, ...(bias && { bias }) }),
        backends: ['webgpu'],
      })
    }

    test.each([...convolutions, ...own])('%s, as plain JavaScript computes it', (...convolution) =>
      expectAsPlain(convolution, choose),
    )

    test('the same inputs give the same bits', async () => {
      const run = () => compute(['', same, [4, 16, 16, 8], [3, 3, 8, 8]])
      expect(await run()).toEqual(await run())
    })
  })
}, ['webgpu'])
