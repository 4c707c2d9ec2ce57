import { conv2d, convTranspose2d } from '@ddnet/ops'
import { describeBackends, useBackend } from '@ddnet/testing'
import { test } from 'vitest'
import { type Convolution, convolutions, doubling, expectAsPlain, type Run, same } from '../../test/convolutions.ts'

const halving: Run = (x, filter) => conv2d(x, filter, { padding: 1, stride: 2 })

const own: readonly Convolution[] = [
  ['decoder 1', doubling, [1, 8, 8, 64], [3, 3, 32, 64]],
  ['weights of several panels', same, [2, 5, 3, 200], [3, 3, 200, 20]],
  ['more channels than a panel holds', same, [1, 3, 3, 700], [3, 3, 700, 5]],
  ['odd width and channels, stride 2', halving, [2, 11, 13, 5], [3, 3, 5, 7]],
  ['one output pixel', (x, f) => conv2d(x, f), [2, 3, 3, 9], [3, 3, 9, 9]],
  ['one channel', same, [2, 7, 6, 1], [3, 3, 1, 1]],
  ['1 × 1', (x, f) => conv2d(x, f), [2, 7, 5, 12], [1, 1, 12, 10]],
  ['no images', same, [0, 8, 8, 3], [3, 3, 3, 8]],
  ['rows wider than a block of pixels', same, [1, 3, 131, 4], [3, 3, 4, 8]],
  [
    'kernel 5 × 2, uneven strides',
    (x, f) => conv2d(x, f, { stride: [3, 1], padding: [2, 1] }),
    [2, 12, 9, 6],
    [5, 2, 6, 11],
  ],
  [
    'dilation with stride',
    (x, f) => conv2d(x, f, { stride: 2, dilation: [2, 3], padding: 3 }),
    [2, 14, 15, 4],
    [3, 3, 4, 6],
  ],
  ['stride beyond the kernel', (x, f) => convTranspose2d(x, f, { stride: 3 }), [2, 5, 4, 6], [2, 2, 5, 6]],
  ['depthwise', (x, f) => conv2d(x, f, { padding: 1, groups: 11 }), [3, 9, 7, 11], [3, 3, 1, 11]],
  ['depthwise, stride 2', (x, f) => conv2d(x, f, { padding: 1, stride: 2, groups: 8 }), [2, 9, 12, 8], [3, 3, 1, 8]],
  ['depthwise, two filters a channel', (x, f) => conv2d(x, f, { groups: 5 }), [2, 6, 7, 5], [3, 2, 1, 10]],
  ['depthwise, many filters a channel', (x, f) => conv2d(x, f, { groups: 2, padding: 1 }), [2, 5, 4, 2], [3, 3, 1, 38]],
  [
    'depthwise with stride and dilation',
    (x, f) => conv2d(x, f, { groups: 6, stride: [3, 2], dilation: [2, 3], padding: [2, 0] }),
    [2, 11, 13, 6],
    [2, 3, 1, 6],
  ],
  [
    'transposed, several filters a channel',
    (x, f) => convTranspose2d(x, f, { groups: 4, stride: 2 }),
    [2, 4, 5, 4],
    [3, 2, 3, 4],
  ],
  ['groups of no images', (x, f) => conv2d(x, f, { groups: 4 }), [0, 5, 5, 4], [3, 3, 1, 4]],
]

describeBackends('compiled convolution kernels', () => {
  test.each([...convolutions, ...own])('%s, as plain JavaScript computes it', (...convolution) =>
    expectAsPlain(convolution, () => useBackend('wasm')),
  )
}, ['wasm'])
