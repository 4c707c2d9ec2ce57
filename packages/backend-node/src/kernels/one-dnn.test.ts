import {
  batchNorm,
  conv2d,
  maxPool2d,
  ones,
  random,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  valueAndGrads,
  zeros,
} from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { findBackend } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import { useOneDnn, usesOneDnn } from './one-dnn.ts'
import { useOneDnnIfRight } from './one-dnn-check.ts'

const backend = () => findBackend('tensorflow') as NodeJSKernelBackend

const isExpected = (): boolean =>
  process.arch === 'x64' && !backend().binding.isUsingGpuDevice() && process.env['TF_ENABLE_ONEDNN_OPTS'] !== '0'

/** Runs `run` on a backend whose addon answers calls of oneDNN's kernels by `answer`. */
function withAddon<T>(answer: () => never, run: () => T): T {
  const real = backend()
  const { binding } = real
  const executeOp: typeof binding.executeOp = (name, ...rest) =>
    name.startsWith('_MklNative') ? answer() : binding.executeOp(name, ...rest)
  const replaced = {
    ...Object.fromEntries(Object.getOwnPropertyNames(binding).map((key) => [key, binding[key as never]])),
    executeOp,
  }
  Object.assign(real, { binding: replaced })
  try {
    return run()
  } finally {
    Object.assign(real, { binding })
    useOneDnnIfRight(real)
  }
}

describeBackends('oneDNN in TensorFlow', () => {
  test('is used on the CPU of x86, unless the environment turns it off', () => {
    expect(usesOneDnn(backend())).toBe(isExpected())
  })

  test('gives the value and the gradients that TensorFlow has without it', async () => {
    const key = random.key(3)
    const inputs = [
      random.normal(key.fold(0), [4, 8, 8, 3]),
      random.normal(key.fold(1), [3, 3, 3, 8]),
      ones([8]),
      zeros([8]),
    ]
    const [runningMean, runningVar] = [zeros([8]), ones([8])] as [Tensor1D, Tensor1D]
    const layer = () => {
      const [x, filter, weight, bias] = inputs as [Tensor4D, Tensor4D, Tensor1D, Tensor1D]
      const options = { weight, bias, runningMean, runningVar, training: true, activation: 'relu' } as const
      const { y } = batchNorm(conv2d(x, filter, { padding: 1 }), options)
      return sum(maxPool2d(y, { kernelSize: 2 }))
    }
    const results = (uses: boolean): Tensor[] => {
      useOneDnn(backend(), uses)
      const { value, grads } = valueAndGrads(layer, inputs)
      return [value, ...grads]
    }
    const plain = results(false)
    for (const [index, actual] of results(true).entries()) {
      expectClose(await actual.data(), (await (plain[index] as Tensor).data()) as Float32Array, 1e-5)
    }
  })

  test('is left where a build of TensorFlow has it not', () => {
    const missing = () => {
      throw new Error("Op type not registered '_MklNativeConv2D'")
    }
    const uses = withAddon(missing, () => {
      useOneDnnIfRight(backend())
      return usesOneDnn(backend())
    })
    expect(uses).toBe(false)
    expect(usesOneDnn(backend())).toBe(isExpected())
  })
}, ['tensorflow'])
