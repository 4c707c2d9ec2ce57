import { BatchNorm, init, type Module, type ModuleOf } from '@ddnet/layers'
import { DDNet, SeedDDNet } from '@ddnet/models'
import { cifar10DDNet } from '@ddnet/models/cifar10'
import * as ops from '@ddnet/ops'
import { defined, describeBackends, itemAt, readTensors, torchState, tuple, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { runOnnx } from '../../test/onnx-runtime.ts'
import { readOnnx } from '../../test/read-onnx.ts'
import { exportOnnx, OnnxError } from './index.ts'

const { random } = ops

/** Test images of CIFAR-10, normalised. */
function photos(count: number, size = 32): ops.Tensor4D {
  const { testImages } = readTensors('one-model/logits.safetensors')
  const pixels = defined(testImages)
  const values = Float32Array.from(pixels.data, (value) => (value / 255 - 0.4734) / 0.2516)
  return ops.tidy(() => ops.slice(ops.tensor(values, tuple(pixels.shape, 4)), 0, [count, size, size, 3]))
}

/** Statistics as training leaves them, so that a norm changes what it normalises. */
function withStatistics<M extends Module>(model: M): M {
  for (const module of model.modules().values()) {
    if (!(module instanceof BatchNorm)) continue
    const key = random.key(3)
    module.running_mean?.assign(random.normal(key, [module.channels]))
    module.running_var?.assign(ops.add(random.uniform(key, [module.channels]), 0.1))
  }
  return model
}

function pretrained(): DDNet {
  const model = new DDNet()
  model.loadStateDict(torchState('one-model/initial.safetensors'))
  return withStatistics(model)
}

const models: Record<string, { make: () => ModuleOf; size: number }> = {
  DDNet: { make: pretrained, size: 32 },
  'the trained DDNet': { make: () => cifar10DDNet().model, size: 32 },
  'DDNet without normalisation': { make: () => init(new DDNet({ normalization: 'none' }), random.key(0)), size: 32 },
  'a narrow DDNet of two stages': {
    make: () => withStatistics(init(new DDNet({ channels: [8, 12], classes: 3 }), random.key(0))),
    size: 32,
  },
  SeedDDNet: { make: () => init(new SeedDDNet(), random.key(0)), size: 8 },
}

describeBackends('ONNX Runtime gives the logits of', () => {
  test.each(Object.entries(models))('%s on photos, to 1e-5, at two batch sizes', async (_, { make, size }) => {
    const model = make()
    const before = ops.memory().numTensors
    const file = await exportOnnx(model, [1, size, size, 3])
    expect(ops.memory().numTensors).toBe(before)
    for (const batch of [1, 3]) {
      const x = photos(batch, size)
      const expected = Array.from(await model.predict(x).data())
      const { output } = await runOnnx(file, { input: ops.transpose(x, [0, 3, 1, 2]) })
      expect(output?.shape).toEqual([batch, expected.length / batch])
      expect(output?.values.map((value, at) => Math.abs(value - itemAt(expected, at)) <= 1e-5)).toEqual(
        expected.map(() => true),
      )
    }
  })
}, ['wasm', 'tensorflow'])

describe('exportOnnx', () => {
  beforeAll(() => useBackend('cpu'))

  test('a stage is three nodes and a pooling, and nothing is transposed', async () => {
    const { nodes, opset, inputs, outputs } = readOnnx(
      await exportOnnx(init(new DDNet(), random.key(0)), [1, 16, 16, 3]),
    )
    const stages = [1, 2, 3]
    expect(nodes.map(({ type }) => type)).toEqual([
      ...stages.flatMap(() => ['Conv', 'BatchNormalization', 'Relu', 'MaxPool']),
      ...stages.flatMap(() => ['ConvTranspose', 'BatchNormalization', 'Relu']),
      'ReduceMean',
      'Gemm',
    ])
    expect(nodes[0]?.name).toBe('encoder.0.conv')
    expect(opset).toBe(17)
    expect(inputs).toEqual({ input: ['batch', 3, 16, 16] })
    expect(outputs).toEqual({ output: ['batch', 10] })
  })

  test('an input as pixels lie is transposed once', async () => {
    const { nodes, inputs } = readOnnx(
      await exportOnnx(init(new DDNet(), random.key(0)), [1, 16, 16, 3], { layout: 'NHWC' }),
    )
    expect(nodes.map(({ type }) => type).filter((type) => type === 'Transpose')).toHaveLength(1)
    expect(nodes[0]?.type).toBe('Transpose')
    expect(inputs).toEqual({ input: ['batch', 16, 16, 3] })
  })

  test('weights have the names, shapes and values of the checkpoint', async () => {
    const model = withStatistics(init(new DDNet(), random.key(0)))
    const { weights } = readOnnx(await exportOnnx(model, [1, 16, 16, 3]))
    const state = Object.entries(await model.stateDict()).filter(([, { dtype }]) => dtype === 'float32')
    expect(Object.keys(weights).sort()).toEqual(state.map(([name]) => name).sort())
    for (const [name, { shape, data }] of state) {
      const read = weights[name]
      expect([name, read?.shape]).toEqual([name, shape])
      expect(new Float32Array(Uint8Array.from(read?.bytes ?? []).buffer)).toEqual(data)
    }
  })

  test('float16 halves filters and matrices, and keeps vectors', async () => {
    const model = withStatistics(init(new DDNet(), random.key(0)))
    const [whole, half] = [
      await exportOnnx(model, [1, 16, 16, 3]),
      await exportOnnx(model, [1, 16, 16, 3], { weights: 'float16' }),
    ]
    const matrices = 195_434 - 10 - 2 * (32 + 64 + 128 + 64 + 32 + 32) // without the head's bias and the norms
    expect(whole.length - half.length).toBeGreaterThan(2 * matrices - 2000)
    expect(whole.length - half.length).toBeLessThan(2 * matrices)
    const { weights } = readOnnx(half)
    expect(weights['encoder.0.conv.weight']).toMatchObject({ type: 10, shape: [32, 3, 3, 3] })
    expect(weights['encoder.0.norm.running_var']).toMatchObject({ type: 1 })
    const x = ops.slice(photos(2), 0, [2, 16, 16, 3])
    const expected = await model.predict(x).data()
    const { output } = await runOnnx(half, { input: ops.transpose(x, [0, 3, 1, 2]) })
    // Rounding to 11 bits, through seven layers.
    expect(Math.max(...(output?.values ?? []).map((value, at) => Math.abs(value - itemAt(expected, at))))).toBeLessThan(
      5e-3,
    )
  })

  test('names, classes and preprocessing are in the file', async () => {
    const file = await exportOnnx(init(new DDNet({ classes: 2 }), random.key(0)), [1, 8, 8, 3], {
      inputName: 'images',
      outputName: 'logits',
      classes: ['cat', 'dog'],
      preprocessing: { mean: 0.5, std: [0.2, 0.3, 0.4] },
      metadata: { run: 'first' },
    })
    const { inputs, outputs, metadata } = readOnnx(file)
    expect({ inputs, outputs }).toEqual({ inputs: { images: ['batch', 3, 8, 8] }, outputs: { logits: ['batch', 2] } })
    expect(metadata).toEqual({
      layout: 'NCHW',
      classes: '["cat","dog"]',
      preprocessing: '{"mean":0.5,"std":[0.2,0.3,0.4],"pixels":"(value / 255 - mean) / std","colors":"RGB"}',
      run: 'first',
    })
    const { logits } = await runOnnx(file, { images: ops.zeros([2, 3, 8, 8]) })
    expect(logits?.shape).toEqual([2, 2])
  })

  test('several outputs are called by their keys; one tensor may be two of them', async () => {
    const file = await exportOnnx(
      (x) => {
        const features = ops.relu(x)
        return { features, same: features, mean: ops.mean(features, 1) }
      },
      [1, 3],
    )
    const { features, same, mean } = await runOnnx(file, { input: ops.tensor([-1, 2, 4], [1, 3]) })
    expect({ features, same, mean }).toEqual({
      features: { shape: [1, 3], values: [0, 2, 4] },
      same: { shape: [1, 3], values: [0, 2, 4] },
      mean: { shape: [1], values: [2] },
    })
  })

  test('an operator of the user is exported as what it is composed of', async () => {
    const cube = ops.defineOp('test/cube', {
      inputs: ['x'],
      forward: ({ x }: { x: ops.Tensor }) => ops.mul(x, ops.square(x)),
      gradient: { x: (dy, { x }) => ops.mul(dy, ops.mul(3, ops.square(x))) },
    })
    const file = await exportOnnx((x) => cube({ x }, {}), [1, 2])
    expect((await runOnnx(file, { input: ops.tensor([2, -3], [1, 2]) }))['output']?.values).toEqual([8, -27])
  })

  test('an operator without a counterpart is named', async () => {
    await expect(exportOnnx((x) => ops.topK(x, 2).values, [1, 5])).rejects.toThrow(
      /exportOnnx: the operator TopK has no counterpart in ONNX here/,
    )
  })

  test('what depends on the batch in another way is refused', async () => {
    await expect(exportOnnx((x) => ops.mul(x, random.normal(random.key(1), x.shape)), [1, 5])).rejects.toThrow(
      /a constant \[\d,5\] has other values for each input of the batch/,
    )
    await expect(exportOnnx((x) => ops.add(x, x.shape[0]), [1, 5])).rejects.toThrow(
      /a constant \[\] has other values at another batch size/,
    )
    await expect(exportOnnx((x) => (x.shape[0] === 2 ? ops.relu(x) : ops.abs(x)), [1, 5])).rejects.toThrow(
      /its operator 0 is Relu for two inputs and Abs for three/,
    )
    await expect(exportOnnx(() => ops.zeros([1]), [1, 5])).rejects.toThrow(/'output' does not depend on the input/)
  })

  test('options and inputs that cannot be are refused, and nothing is left behind', async () => {
    const before = ops.memory().numTensors
    const relu = (x: ops.Tensor) => ops.relu(x)
    await expect(exportOnnx(relu, [1, 0])).rejects.toThrow(/expected the input's shape .* got \[1,0\]/)
    // @ts-expect-error a layout has a batch
    await expect(exportOnnx(relu, [1, 2], { layout: 'CHW' })).rejects.toThrow(/'NCHW' or 'NHWC', got 'CHW'/)
    // @ts-expect-error float16 or float32
    await expect(exportOnnx(relu, [1, 2], { weights: 'int8' })).rejects.toThrow(/got 'int8'/)
    await expect(exportOnnx(() => ops.topK(ops.zeros([1]), 3).values, [1, 2])).rejects.toThrow()
    const big = ops.tensor(new Float32Array(36).fill(1e6), [6, 6])
    const wide = exportOnnx((x) => ops.matMul(x, big), [1, 6], { weights: 'float16' })
    await expect(wide).rejects.toThrow(/holds 1000000, and float16 ends at 65504/)
    await expect(wide).rejects.toBeInstanceOf(OnnxError)
    big.dispose()
    expect(ops.memory().numTensors).toBe(before)
  })
})
