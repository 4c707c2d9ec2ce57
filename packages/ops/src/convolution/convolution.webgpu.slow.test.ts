import { memory, type Tensor, tensor, toHost, valueAndGrads } from '@ddnet/ops'
import {
  describeBackends,
  describeOp,
  expectTensorClose,
  itemAt,
  putVariantBack,
  tuple,
  useBackend,
} from '@ddnet/testing'
import { engine, type Tensor4D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { type KernelVariant, useVariant } from '../webgpu.ts'
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
type Host = { shape: readonly number[]; data: Float32Array }

/** The value and both gradients on the current backend, on the host. */
async function compute(run: Run, x: number[], filter: number[]): Promise<Host[]> {
  const upload = ({ shape, data }: ReturnType<typeof noise>): Tensor4D => tensor(data, tuple(shape, 4))
  const before = memory().numTensors
  const inputs = [upload(noise(x, 1)), upload(noise(filter, 2))] as const
  const y = run(...inputs)
  const dy = upload(noise(y.shape, 3))
  const { value, grads } = valueAndGrads(() => run(...inputs), [...inputs], dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [...inputs, y, dy, value, ...grads]) used.dispose()
  expect(memory().numTensors, 'tensors left behind').toBe(before)
  return results as Host[]
}

const same: Run = (x, filter) => conv2d(x, filter, { padding: 1 })
const doubling: Run = (x, filter) => convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 })

const cases: [string, Run, number[], number[]][] = [
  ['encoder 0 of DDNet', same, [2, 32, 32, 3], [3, 3, 3, 32]],
  ['encoder 1', same, [1, 16, 16, 32], [3, 3, 32, 64]],
  ['encoder 2', same, [2, 8, 8, 64], [3, 3, 64, 128]],
  ['decoder 0', doubling, [3, 4, 4, 128], [3, 3, 64, 128]],
  ['decoder 2', doubling, [1, 16, 16, 32], [3, 3, 32, 32]],
  ['reconstruction head', (x, f) => conv2d(x, f), [1, 16, 16, 32], [1, 1, 32, 3]],
  ['kernel 4, stride 2', (x, f) => convTranspose2d(x, f, { stride: 2, padding: 1 }), [2, 6, 5, 12], [4, 4, 20, 12]],
  ['patches', (x, f) => conv2d(x, f, { stride: 4 }), [1, 14, 15, 5], [4, 4, 5, 24]],
  [
    'dilation and stride with a common divisor',
    (x, f) => conv2d(x, f, { stride: [2, 6], dilation: [2, 4], padding: 3 }),
    [2, 14, 23, 4],
    [3, 3, 4, 8],
  ],
  ['phases that no tap reaches', (x, f) => convTranspose2d(x, f, { stride: 4 }), [1, 3, 3, 6], [2, 1, 7, 6]],
  ['wide groups', (x, f) => conv2d(x, f, { groups: 2, padding: 1 }), [1, 7, 5, 72], [3, 3, 36, 40]],
  ['narrow groups', (x, f) => conv2d(x, f, { groups: 4, padding: 1 }), [1, 5, 6, 12], [3, 3, 3, 8]],
  ['narrow groups in fours', (x, f) => conv2d(x, f, { groups: 8, padding: 1 }), [1, 5, 6, 32], [3, 3, 4, 64]],
  ['depthwise', (x, f) => conv2d(x, f, { groups: 64, padding: 1 }), [2, 16, 16, 64], [3, 3, 1, 64]],
  [
    'depthwise, stride and dilation',
    (x, f) => conv2d(x, f, { groups: 6, stride: [2, 3], dilation: [2, 1], padding: [3, 1] }),
    [3, 11, 14, 6],
    [5, 4, 1, 6],
  ],
  [
    'depthwise, transposed',
    (x, f) => convTranspose2d(x, f, { groups: 8, stride: 2, padding: 1, outputPadding: 1 }),
    [2, 5, 7, 8],
    [3, 3, 1, 8],
  ],
  ['depthwise, two filters a channel', (x, f) => conv2d(x, f, { groups: 6, padding: 1 }), [2, 7, 5, 6], [3, 3, 1, 12]],
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

    test.each(cases)('%s, as plain JavaScript computes it', async (_, run, x, filter) => {
      await useBackend('cpu')
      const expected = await compute(run, x, filter)
      await choose()
      const actual = await compute(run, x, filter)
      for (const [index, name] of ['y', 'dx', 'dfilter'].entries()) {
        const { shape, data } = itemAt(actual, index)
        const upload = tensor(data, [...shape])
        await expectTensorClose(upload, itemAt(expected, index), 1e-5, name)
        upload.dispose()
      }
    })

    test('the same inputs give the same bits', async () => {
      const run = (): Promise<Host[]> => compute(same, [4, 16, 16, 8], [3, 3, 8, 8])
      expect(await run()).toEqual(await run())
    })
  })
}, ['webgpu'])
