import { BatchNorm, Conv2d, ConvTranspose2d, init, Linear, Module } from '@ddnet/layers'
import { cifar10DDNet } from '@ddnet/models/cifar10'
import * as ops from '@ddnet/ops'
import { defined, describeBackends, itemAt, readTensors, tuple } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { runOnnx } from '../../test/onnx-runtime.ts'
import { readOnnx } from '../../test/read-onnx.ts'
import { exportQuantizedOnnx, OnnxError, type QuantizedLayer } from './index.ts'

const { random, relu } = ops
const key = random.key(11)

/** Test images of CIFAR-10, normalised. */
function photos(count: number): ops.Tensor4D {
  const { testImages } = readTensors('one-model/logits.safetensors')
  const pixels = defined(testImages)
  const values = Float32Array.from(pixels.data, (value) => (value / 255 - 0.4734) / 0.2516)
  return ops.tidy(() => ops.slice(ops.tensor(values, tuple(pixels.shape, 4)), 0, [count, 32, 32, 3]))
}

const arithmetic = (layers: readonly QuantizedLayer[]) =>
  layers.map(({ name, arithmetic, reason }) => [name, arithmetic, ...(reason === undefined ? [] : [reason])])

/** The largest distance of two lists. */
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - itemAt(b, at))))

class OneLayer extends Module {
  readonly fc = new Linear(6, 4)
  override forward(x: ops.Tensor): ops.Tensor {
    return this.fc.forward(x)
  }
}

/** Convolutions in groups, each with a norm behind it, and one whose result is the output. */
class Grouped extends Module {
  readonly conv = new Conv2d(4, 6, { kernelSize: 3, padding: 1, groups: 2 })
  readonly norm = new BatchNorm(6)
  readonly deconv = new ConvTranspose2d(6, 4, { kernelSize: 2, stride: 2, groups: 2 })
  readonly denorm = new BatchNorm(4)
  readonly head = new Conv2d(4, 3, { kernelSize: 1 })
  override forward(x: ops.Tensor): ops.Tensor {
    const small = relu(this.norm.forward(this.conv.forward(x)))
    return this.head.forward(relu(this.denorm.forward(this.deconv.forward(small))))
  }
}

function grouped(): Grouped {
  const model = init(new Grouped(), key)
  for (const [at, norm] of [model.norm, model.denorm].entries()) {
    const { channels } = norm
    norm.running_mean?.assign(random.normal(key.fold(`mean ${at}`), [channels]))
    norm.running_var?.assign(ops.add(random.uniform(key.fold(`variance ${at}`), [channels]), 0.2))
    norm.weight?.assign(ops.add(random.uniform(key.fold(`weight ${at}`), [channels]), 0.5))
    norm.bias?.assign(random.normal(key.fold(`bias ${at}`), [channels]))
  }
  return model
}

describeBackends('exportQuantizedOnnx', () => {
  test('stores a weight as round(w / scale), with the largest of each row at 127', async () => {
    const model = init(new OneLayer(), key)
    const x = random.normal(key.fold('x'), [64, 6])
    const { bytes, layers } = await exportQuantizedOnnx(model, [1, 6], { calibration: [x] })
    expect(layers).toEqual([{ name: 'fc', type: 'Gemm', weights: 'int8', arithmetic: 'int8' }])
    const { weights } = readOnnx(bytes)
    const stored = defined(weights['fc.weight_quantized'])
    expect([stored.type, stored.shape]).toEqual([3, [4, 6]]) // TensorProto's INT8
    const original = await model.fc.weight.value.data()
    const rows = Array.from({ length: 4 }, (_, row) => Array.from(original.slice(6 * row, 6 * row + 6), Number))
    expect([...new Int8Array(stored.bytes.slice().buffer)]).toEqual(
      rows.flatMap((row) => {
        const scale = Math.fround(Math.max(...row.map(Math.abs)) / 127)
        return row.map((value) => Math.round(value / scale))
      }),
    )
  })

  test('is off by no more than half a step of each factor', async () => {
    const model = init(new OneLayer(), key)
    const x = random.normal(key.fold('x'), [64, 6])
    const { bytes } = await exportQuantizedOnnx(model, [1, 6], { calibration: [x] })
    const inputs = [...(await x.data())]
    const [weight, bias] = [[...(await model.fc.weight.value.data())], [...(await defined(model.fc.bias).value.data())]]
    const step = (Math.max(...inputs, 0) - Math.min(...inputs, 0)) / 255
    const { output } = await runOnnx(bytes, { input: x })
    for (const [at, value] of defined(output).values.entries()) {
      const [sample, row] = [Math.floor(at / 4), at % 4]
      const w = weight.slice(6 * row, 6 * row + 6)
      const steps = Math.max(...w.map(Math.abs)) / 127
      let [sum, bound] = [itemAt(bias, row), (step * steps) / 2]
      for (const [column, factor] of w.entries()) {
        const given = itemAt(inputs, 6 * sample + column)
        sum += factor * given
        // Half a step of rounding, and half a step of the zero point, which is a whole number too.
        bound += Math.abs(factor) * step + Math.abs(given) * (steps / 2) + (step * steps) / 2
      }
      expect(Math.abs(value - sum)).toBeLessThanOrEqual(bound + 1e-5)
    }
  })

  test('takes norms into the convolutions before them, also in groups', async () => {
    const model = grouped()
    const x = random.normal(key.fold('images'), [8, 5, 6, 4])
    const before = ops.memory().numTensors
    const { bytes, layers } = await exportQuantizedOnnx(model, [1, 5, 6, 4], { calibration: [x] })
    expect(ops.memory().numTensors).toBe(before)
    expect(readOnnx(bytes).nodes.map(({ type }) => type)).not.toContain('BatchNormalization')
    expect(arithmetic(layers)).toEqual([
      ['conv', 'int8'],
      ['deconv', 'float32', 'ONNX has no transposed convolution of integers'],
      ['head', 'float32', 'its result is the output, which stays float32'],
    ])
    const expected = await ops.transpose(model.predict(x), [0, 3, 1, 2]).data()
    const { output } = await runOnnx(bytes, { input: ops.transpose(x, [0, 3, 1, 2]) })
    const reach = Math.max(...expected) - Math.min(...expected)
    expect(distance(defined(output).values, expected)).toBeLessThan(0.03 * reach)
  })

  test('leaves the trained DDNet what it is, in a third of the bytes', async () => {
    const { model } = await cifar10DDNet()
    const images = photos(16)
    // In two batches, whose ranges are one.
    const calibration = [ops.slice(images, 0, 8), ops.slice(images, 8, 8)]
    const { bytes } = await exportQuantizedOnnx(model, [1, 32, 32, 3], { calibration })
    const parameters = [...model.parameters().values()].reduce((sum, { value }) => sum + value.size, 0)
    expect(bytes.length).toBeLessThan((4 * parameters) / 3)
    const expected = [...(await model.predict(images).data())]
    const { output } = await runOnnx(bytes, { input: ops.transpose(images, [0, 3, 1, 2]) })
    const { values } = defined(output)
    expect(distance(values, expected)).toBeGreaterThan(1e-3)
    expect(distance(values, expected)).toBeLessThan(0.3) // of logits from −8 to 7
    const best = (logits: number[], at: number) => {
      const own = logits.slice(10 * at, 10 * at + 10)
      return own.indexOf(Math.max(...own))
    }
    const agreeing = Array.from({ length: 16 }, (_, at) => best(values, at) === best(expected, at))
    expect(agreeing.filter(Boolean).length).toBeGreaterThanOrEqual(15)
  })

  test('needs something to calibrate by', async () => {
    const model = init(new OneLayer(), key)
    const failing = exportQuantizedOnnx(model, [1, 6], { calibration: [] })
    await expect(failing).rejects.toThrow(OnnxError)
    await expect(failing).rejects.toThrow('the calibration has no batches')
  })

  test('leaves in float32 what has no range', async () => {
    const model = init(new OneLayer(), key)
    const x = ops.tensor(new Array(12).fill(Number.POSITIVE_INFINITY), [2, 6])
    const { layers } = await exportQuantizedOnnx(model, [1, 6], { calibration: [x] })
    expect(arithmetic(layers)).toEqual([['fc', 'float32', 'what it takes has no range that is known']])
  })
}, ['cpu', 'wasm'])
