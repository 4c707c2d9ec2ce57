import { add, engine, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from './index.ts'
import { recordWork } from './recorder.ts'

beforeAll(async () => {
  await webgpu()
})

const device = (): GPUDevice => (engine().backend as unknown as { device: GPUDevice }).device

/** `values + 1` on the device. */
async function plusOne(values: number[] | Float32Array | boolean[], dtype?: 'int32' | 'bool'): Promise<number[]> {
  const sum = tidy(() => add(tensor(values, undefined, dtype), 1))
  const data = [...(await sum.data())]
  sum.dispose()
  return data
}

test('uploads floats, integers, truth values and parts of longer arrays', async () => {
  expect(await plusOne([0.5, -2, 3])).toEqual([1.5, -1, 4])
  expect(await plusOne(Float32Array.of(9, 1, 2, 9).subarray(1, 3))).toEqual([2, 3])
  expect(await plusOne([7, -7], 'int32')).toEqual([8, -6])
  expect(await plusOne([true, false], 'bool')).toEqual([2, 1])
})

test('uploads into a buffer that is used again by what is not submitted yet', async () => {
  const results: Tensor[] = tidy(() => [1, 2, 3, 4].map((value) => add(tensor([value, value]), 1)))
  expect(await Promise.all(results.map(async (each) => (await each.data())[0]))).toEqual([2, 3, 4, 5])
  for (const each of results) each.dispose()
})

test('creates no buffer for what it had buffers for, and is told to submit once', async () => {
  const run = () => plusOne([1, 2, 3, 4, 5])
  for (let warmUp = 0; warmUp < 2; warmUp++) await run()
  const { work } = await recordWork(device(), run)
  expect(work).toMatchObject({ buffers: 0, bufferBytes: 0, pipelines: 0, submits: 1 })
  expect(work.dispatches.map(({ kernel, label, grid }) => ({ kernel, label, grid }))).toEqual([
    { kernel: 'Add', label: 'BinaryOpProgram', grid: [1, 1, 1] },
  ])
  // Five floats and one, the sum, and what tfjs tells a program; read back with a copy.
  expect(work.dispatches[0]?.bytes).toBe((5 + 1 + 5) * 4)
  expect(work.copiedBytes).toBeGreaterThanOrEqual((5 + 1 + 5) * 4)
})
