import { memory, type Tensor, tensor, toHost, valueAndGrads } from '@ddnet/ops'
import { describeBackends, expectTensorClose, itemAt, tuple, useBackend } from '@ddnet/testing'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { convTranspose2d } from './conv-transpose2d.ts'
import { conv2d } from './conv2d.ts'

/** Values between −1 and 1 without a pattern, the same in every run. */
function noise(shape: number[], seed: number): { shape: number[]; data: Float32Array } {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
  let state = seed
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = state / 2 ** 31 - 1
  }
  return { shape, data }
}

type Run = (x: Tensor4D, filter: Tensor4D) => Tensor

/** The value and both gradients on one backend, on the host. */
async function compute(
  backend: 'cpu' | 'wasm',
  run: Run,
  x: number[],
  filter: number[],
): Promise<{ shape: number[]; data: Float32Array }[]> {
  await useBackend(backend)
  const upload = ({ shape, data }: ReturnType<typeof noise>): Tensor4D => tensor(data, tuple(shape, 4))
  const before = memory().numTensors
  const inputs = [upload(noise(x, 1)), upload(noise(filter, 2))] as const
  const y = run(...inputs)
  const dy = upload(noise(y.shape, 3))
  const { value, grads } = valueAndGrads(() => run(...inputs), [...inputs], dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [...inputs, y, dy, value, ...grads]) used.dispose()
  expect(memory().numTensors, 'tensors left behind').toBe(before)
  return results.map(({ shape, data }) => ({ shape: [...shape], data: data as Float32Array }))
}

const same: Run = (x, filter) => conv2d(x, filter, { padding: 1 })
const halving: Run = (x, filter) => conv2d(x, filter, { padding: 1, stride: 2 })
const doubling: Run = (x, filter) => convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 })

const cases: [string, Run, number[], number[]][] = [
  ['encoder 0 of DDNet', same, [1, 32, 32, 3], [3, 3, 3, 32]],
  ['encoder 1, three images', same, [3, 16, 16, 32], [3, 3, 32, 64]],
  ['encoder 2', same, [2, 8, 8, 64], [3, 3, 64, 128]],
  ['decoder 0', doubling, [3, 4, 4, 128], [3, 3, 64, 128]],
  ['decoder 1', doubling, [1, 8, 8, 64], [3, 3, 32, 64]],
  ['decoder 2', doubling, [2, 16, 16, 32], [3, 3, 32, 32]],
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
    'transposed depthwise',
    (x, f) => convTranspose2d(x, f, { groups: 9, stride: 2, padding: 1, outputPadding: 1 }),
    [2, 5, 6, 9],
    [3, 3, 1, 9],
  ],
  [
    'transposed, several filters a channel',
    (x, f) => convTranspose2d(x, f, { groups: 4, stride: 2 }),
    [2, 4, 5, 4],
    [3, 2, 3, 4],
  ],
  ['narrow groups', (x, f) => conv2d(x, f, { groups: 4, padding: 1, stride: [1, 2] }), [2, 6, 9, 12], [3, 3, 3, 8]],
  ['wide groups', (x, f) => conv2d(x, f, { groups: 2, padding: 1 }), [2, 5, 5, 18], [3, 3, 9, 20]],
  ['groups of no images', (x, f) => conv2d(x, f, { groups: 4 }), [0, 5, 5, 4], [3, 3, 1, 4]],
  ['kernel 4, stride 2', (x, f) => convTranspose2d(x, f, { stride: 2, padding: 1 }), [2, 6, 5, 10], [4, 4, 9, 10]],
]

describeBackends('compiled convolution kernels', () => {
  describe('equal those of plain JavaScript', () => {
    test.each(cases)('%s', async (_, run, x, filter) => {
      const expected = await compute('cpu', run, x, filter)
      const actual = await compute('wasm', run, x, filter)
      for (const [index, name] of ['y', 'dx', 'dfilter'].entries()) {
        const result = itemAt(actual, index)
        const upload = tensor(result.data, result.shape)
        await expectTensorClose(upload, itemAt(expected, index), 1e-5, name)
        upload.dispose()
      }
    })
  })
}, ['wasm'])
