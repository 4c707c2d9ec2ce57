import { type Key, random, type Tensor } from '@ddnet/ops'
import { defined, floats, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { BatchNorm } from './batch-norm.ts'
import { ConvTranspose2d } from './conv-transpose2d.ts'
import { Conv2d } from './conv2d.ts'
import { init } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'

const key: Key = random.key(5)

class Tree extends Module {
  readonly stages = [new Conv2d(3, 4, { kernelSize: 3 }), new Conv2d(4, 5, { kernelSize: 1, bias: false })]
  readonly heads = { class: new Linear(5, 2) }
  readonly norm = new BatchNorm(5)

  override forward(x: Tensor): Tensor {
    return x
  }
}

describe('a module', () => {
  beforeAll(() => useBackend('cpu'))

  test('names its parameters by the path of its fields', () => {
    expect([...new Tree().parameters().keys()]).toEqual([
      'stages.0.weight',
      'stages.0.bias',
      'stages.1.weight',
      'heads.class.weight',
      'heads.class.bias',
      'norm.weight',
      'norm.bias',
    ])
    expect([...new Tree().buffers().keys()]).toEqual(['norm.running_mean', 'norm.running_var'])
  })

  test('lays filters out as PyTorch does: OIHW for a convolution, IOHW for its transpose', async () => {
    const conv = await init(new Conv2d(3, 5, { kernelSize: 2 }), key).stateDict()
    expect(conv['weight']?.shape).toEqual([5, 3, 2, 2])
    const deconv = await init(new ConvTranspose2d(3, 5, { kernelSize: 2 }), key).stateDict()
    expect(deconv['weight']?.shape).toEqual([3, 5, 2, 2])
  })

  test('puts each filter value where PyTorch has it', async () => {
    const layer = init(new Conv2d(2, 3, { kernelSize: 2, bias: false }), key)
    const ours = await layer.weight.value.data() // [kernelHeight, kernelWidth, in, out]
    const theirs = floats(defined((await layer.stateDict())['weight'])) // [out, in, kernelHeight, kernelWidth]
    const at = (out: number, input: number, row: number, column: number) =>
      theirs[((out * 2 + input) * 2 + row) * 2 + column]
    expect(at(2, 1, 0, 1)).toBe(ours[((0 * 2 + 1) * 2 + 1) * 3 + 2])
    expect(at(1, 0, 1, 0)).toBe(ours[((1 * 2 + 0) * 2 + 0) * 3 + 1])
  })

  test('takes back what it gave', async () => {
    const [a, b] = [init(new Tree(), key), new Tree()]
    b.stages[0]?.weight.assign(random.normal(random.key(9), [3, 3, 3, 4]))
    b.loadStateDict(await a.stateDict())
    expect(await b.stateDict()).toEqual(await a.stateDict())
  })

  test("starts uniform within PyTorch's bound 1 / √fanIn, which for a transpose counts output channels", async () => {
    const largest = async (layer: Conv2d | ConvTranspose2d) =>
      Math.max(...(await init(layer, key).weight.value.data()).map(Math.abs))
    const conv = await largest(new Conv2d(30, 7, { kernelSize: 3 }))
    expect(conv).toBeLessThanOrEqual(1 / Math.sqrt(30 * 9))
    expect(conv).toBeGreaterThan(0.95 / Math.sqrt(30 * 9))
    const deconv = await largest(new ConvTranspose2d(30, 7, { kernelSize: 3 }))
    expect(deconv).toBeLessThanOrEqual(1 / Math.sqrt(7 * 9))
    expect(deconv).toBeGreaterThan(0.95 / Math.sqrt(7 * 9))
  })

  test('refuses a value of another shape', () => {
    const layer = new Linear(2, 3)
    expect(() => layer.weight.assign(random.uniform(key, [2, 2]))).toThrow(/expected shape \[3,2\], got \[2,2\]/)
  })
})
