import * as ops from '@ddnet/ops'
import { type Tensor, type Tensor1D, type Tensor4D, tensor, toHost, valueAndGrads } from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'
import { describeBackends, itemAt } from '@ddnet/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runWith, startKernels } from './wasm-heap.ts'
import { compileKernels, instantiateKernels, localRunner, type Runner, sharedKernelNames } from './wasm-kernels.ts'

/** Among how many parts jobs are divided, which kernels ran, and where two parts of one of them wrote the same words. */
const watched = { parts: 1, ran: new Set<string>(), conflicts: [] as string[] }

/** Runs the parts of each job from the memory as it was before the job: none sees anything of the others. */
async function startWatched(memory: WebAssembly.Memory): Promise<Runner> {
  const kernels = await instantiateKernels(await compileKernels(memory), memory)
  return {
    ...localRunner(kernels),
    get parts() {
      return watched.parts
    },
    run: (kernel, job) => {
      if (watched.parts === 1) return kernels[kernel](job, 0, 1)
      watched.ran.add(kernel)
      const buffer = memory.buffer // one thread's
      const before = new Uint32Array(buffer.slice(0))
      const after = before.slice()
      const written = new Uint8Array(before.length)
      let shared = 0
      for (let part = 0; part < watched.parts; part++) {
        kernels[kernel](job, part, watched.parts)
        for (const words of changedBlocks(buffer, before.buffer)) {
          const first = words.byteOffset / 4
          for (const [at, value] of words.entries()) {
            if (value === before[first + at]) continue
            shared += itemAt(written, first + at)
            written[first + at] = 1
            after[first + at] = value
          }
          words.set(before.subarray(first, first + words.length))
        }
      }
      new Uint32Array(buffer).set(after)
      if (shared > 0) watched.conflicts.push(`${kernel}: ${shared} words by several of ${watched.parts} parts`)
    },
  }
}

/** The blocks of two memories of one size in which they differ, as words of the first. */
function* changedBlocks(now: ArrayBuffer, before: ArrayBuffer): Generator<Uint32Array> {
  const block = 65_536
  for (let at = 0; at < now.byteLength; at += block) {
    if (Buffer.compare(Buffer.from(now, at, block), Buffer.from(before, at, block)) !== 0)
      yield new Uint32Array(now, at, block / 4)
  }
}

const draw = (seed: number, shape: number[]): Tensor => ops.random.normal(ops.random.key(seed), shape)
const labels = (): Tensor =>
  tensor(
    Int32Array.from({ length: 1300 }, (_, row) => (row * 31) % 13),
    [1300],
    'int32',
  )

/** Shapes of odd sizes, so that shares differ, and larger than what is done on one thread alone. */
const cases: [string, shapes: number[][], (inputs: Tensor[]) => Tensor][] = [
  [
    'convolution with many output channels',
    [[7, 9, 11, 5], [3, 3, 5, 37], [37]],
    ([x, filter, bias]) =>
      ops.conv2d(x as Tensor4D, filter as Tensor4D, { padding: 1, bias: bias as Tensor1D, activation: 'relu' }),
  ],
  [
    'convolution with many input channels',
    [
      [2, 7, 9, 37],
      [3, 3, 37, 5],
    ],
    ([x, filter]) => ops.conv2d(x as Tensor4D, filter as Tensor4D, { stride: 2, padding: 1 }),
  ],
  [
    'depthwise convolution',
    [
      [3, 17, 19, 21],
      [3, 3, 1, 21],
    ],
    ([x, filter]) => ops.conv2d(x as Tensor4D, filter as Tensor4D, { groups: 21, padding: 1 }),
  ],
  [
    'products of matrices',
    [
      [5, 37, 45],
      [5, 45, 29],
    ],
    (inputs) => ops.matMul(...tuple(inputs, 2)),
  ],
  [
    'a product with few columns',
    [
      [1001, 70],
      [70, 3],
    ],
    (inputs) => ops.matMul(...tuple(inputs, 2)),
  ],
  [
    'batch norm',
    [[7, 21, 13, 13], [13], [13]],
    ([x, weight, bias]) => {
      const [runningMean, runningVar] = [ops.zeros([13]), ops.ones([13])]
      const options = { runningMean, runningVar, training: true, activation: 'relu' } as const
      return ops.batchNorm(x as Tensor, { ...options, weight: weight as Tensor1D, bias: bias as Tensor1D }).y
    },
  ],
  [
    'group norm',
    [[7, 11, 13, 36], [36], [36]],
    ([x, weight, bias]) =>
      ops.groupNorm(x as Tensor, { groups: 4, weight: weight as Tensor1D, bias: bias as Tensor1D, activation: 'relu' }),
  ],
  [
    'layer norm',
    [[1001, 37], [37], [37]],
    ([x, weight, bias]) =>
      ops.layerNorm(x as Tensor, { normalizedShape: 37, weight: weight as Tensor, bias: bias as Tensor }),
  ],
  [
    'max pooling and its inverse',
    [[7, 13, 17, 13]],
    ([x]) => {
      const { values, indices } = ops.maxPool2dWithIndices(x as Tensor4D, { kernelSize: 2 })
      const y = ops.maxPool2d(x as Tensor4D, { kernelSize: 3, stride: 2, padding: 1 })
      return ops.add(ops.sum(ops.square(ops.maxUnpool2d(values, indices, { outputSize: [13, 17] }))), ops.sum(y))
    },
  ],
  [
    'average pooling',
    [[7, 13, 17, 13]],
    ([x]) => ops.avgPool2d(x as Tensor4D, { kernelSize: 3, stride: 2, padding: 1 }),
  ],
  [
    'cross-entropy',
    [[1300, 13]],
    ([logits]) => ops.softmaxCrossEntropy(logits as Tensor, labels(), { labelSmoothing: 0.1, reduction: 'none' }),
  ],
  ['pixel shuffle', [[3, 17, 19, 20]], ([x]) => ops.pixelShuffle(x as Tensor4D, 2)],
  ['resizing', [[3, 17, 19, 13]], ([x]) => ops.interpolate(x as Tensor4D, { size: [23, 29], mode: 'bilinear' })],
  ['sums and copies', [[131, 37, 5]], ([x]) => ops.tile(ops.sum(ops.maximum(x as Tensor, 0.5), 1), [3, 1])],
  [
    'Adam',
    [[20_001], [20_001], [20_001]],
    ([parameter, gradient, m]) => {
      const rates = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0, decoupled: false, step: 1 }
      const state = { m: ops.detach(m as Tensor), v: ops.ones([20_001]) }
      const inputs = { parameter: ops.detach(parameter as Tensor), gradient: ops.detach(gradient as Tensor), ...state }
      return ops.mul(ops.stack(ops.adamUpdate(inputs, rates)), ops.sum(parameter as Tensor))
    },
  ],
]

describeBackends('the parts of a job', () => {
  beforeAll(() => runWith(ops.engine().backend, startWatched))
  afterAll(() => startKernels(ops.engine().backend, 1, false))

  async function compute(parts: number, shapes: number[][], run: (inputs: Tensor[]) => Tensor) {
    Object.assign(watched, { parts: 1, conflicts: [] })
    const inputs = shapes.map((shape, index) => draw(index + 1, shape))
    const dy = draw(9, run(inputs).shape)
    Object.assign(watched, { parts })
    const { value, grads } = valueAndGrads(() => run(inputs), inputs, dy)
    return Promise.all([value, ...grads].map(async (x) => (await toHost(x)).data))
  }

  test.each(cases)('write apart from each other what one alone writes: %s', async (_, shapes, run) => {
    const expected = await compute(1, shapes, run)
    const actual = await compute(3, shapes, run)
    expect(watched.conflicts).toEqual([])
    for (const [index, values] of actual.entries()) expect(values).toEqual(expected[index])
  })

  test('are of every kernel that threads share', () => {
    expect(sharedKernelNames.filter((kernel) => !watched.ran.has(kernel))).toEqual([])
  })
}, ['wasm'])
