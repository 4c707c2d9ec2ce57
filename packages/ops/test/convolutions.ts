import { conv2d, convTranspose2d, memory, type Tensor, tensor, toHost, valueAndGrads } from '@ddnet/ops'
import { expectTensorClose, useBackend } from '@ddnet/testing'
import { expect } from 'vitest'

// Convolutions of random values on kernels of ours, beside those of plain JavaScript.

export type Run = (x: Tensor, filter: Tensor) => Tensor

/** A name, what is run, and the shapes of images and filter. */
export type Convolution = readonly [name: string, run: Run, x: readonly number[], filter: readonly number[]]

export const same: Run = (x, filter) => conv2d(x, filter, { padding: 1 })
export const doubling: Run = (x, filter) => convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 })

/** What any backend's kernels are tried with; each adds what its own are divided by. */
export const convolutions: readonly Convolution[] = [
  ['encoder 0 of DDNet', same, [1, 32, 32, 3], [3, 3, 3, 32]],
  ['encoder 1', same, [3, 16, 16, 32], [3, 3, 32, 64]],
  ['encoder 2', same, [2, 8, 8, 64], [3, 3, 64, 128]],
  ['decoder 0', doubling, [3, 4, 4, 128], [3, 3, 64, 128]],
  ['decoder 2', doubling, [2, 16, 16, 32], [3, 3, 32, 32]],
  ['kernel 4, stride 2', (x, f) => convTranspose2d(x, f, { stride: 2, padding: 1 }), [2, 6, 5, 10], [4, 4, 9, 10]],
  ['wide groups', (x, f) => conv2d(x, f, { groups: 2, padding: 1 }), [2, 5, 5, 18], [3, 3, 9, 20]],
  ['narrow groups', (x, f) => conv2d(x, f, { groups: 4, padding: 1, stride: [1, 2] }), [2, 6, 9, 12], [3, 3, 3, 8]],
  [
    'depthwise, stride and dilation',
    (x, f) => conv2d(x, f, { groups: 6, stride: [2, 3], dilation: [2, 1], padding: [3, 1] }),
    [3, 11, 14, 6],
    [5, 4, 1, 6],
  ],
  [
    'depthwise, transposed',
    (x, f) => convTranspose2d(x, f, { groups: 9, stride: 2, padding: 1, outputPadding: 1 }),
    [2, 5, 6, 9],
    [3, 3, 1, 9],
  ],
  ['depthwise, two filters a channel', (x, f) => conv2d(x, f, { groups: 6, padding: 1 }), [2, 7, 5, 6], [3, 3, 1, 12]],
]

/** Values between −1 and 1 without a pattern, the same in every run. */
function noise(shape: readonly number[], seed: number): Tensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
  let state = seed
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = state / 2 ** 31 - 1
  }
  return tensor(data, [...shape])
}

interface Computed {
  readonly shape: number[]
  readonly data: Float32Array
}

/** The value and both gradients on the current backend, on the host. */
export async function compute([, run, x, filter]: Convolution): Promise<Computed[]> {
  const before = memory().numTensors
  const inputs = [noise(x, 1), noise(filter, 2)] as const
  const y = run(...inputs)
  const dy = noise(y.shape, 3)
  const { value, grads } = valueAndGrads(() => run(...inputs), [...inputs], dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [...inputs, y, dy, value, ...grads]) used.dispose()
  expect(memory().numTensors, 'tensors left behind').toBe(before)
  return results.map(({ shape, data }) => ({ shape: [...shape], data: data as Float32Array })) // of float32 tensors
}

/** Compares the value and both gradients with plain JavaScript's; `choose` makes the backend current. */
export async function expectAsPlain(convolution: Convolution, choose: () => Promise<void>): Promise<void> {
  await useBackend('cpu')
  const expected = await compute(convolution)
  await choose()
  const actual = await compute(convolution)
  for (const [index, name] of ['y', 'dx', 'dfilter'].entries()) {
    const { shape, data } = actual[index] as Computed
    const upload = tensor(data, shape)
    await expectTensorClose(upload, expected[index] as Computed, 1e-5, name)
    upload.dispose()
  }
}
