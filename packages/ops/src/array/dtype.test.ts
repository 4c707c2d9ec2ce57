import * as ops from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

const values = [1, 2, 5, 7]
const int32 = (data = values): Tensor => tensor(data, [data.length], 'int32')

/** The functions whose values are real numbers: PyTorch promotes integers and booleans to float32. */
const promoted: Record<string, [(x: Tensor) => Tensor, (x: number) => number]> = {
  sqrt: [ops.sqrt, Math.sqrt],
  rsqrt: [ops.rsqrt, (x) => 1 / Math.sqrt(x)],
  exp: [ops.exp, Math.exp],
  log: [ops.log, Math.log],
  log1p: [ops.log1p, Math.log1p],
  expm1: [ops.expm1, Math.expm1],
  sin: [ops.sin, Math.sin],
  cos: [ops.cos, Math.cos],
  reciprocal: [ops.reciprocal, (x) => 1 / x],
  sigmoid: [ops.sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  tanh: [ops.tanh, Math.tanh],
  'division by integers': [(x) => ops.div(x, int32([2])), (x) => x / 2],
  'division of integers': [(x) => ops.div(int32([9]), x), (x) => 9 / x],
  'addition of a fraction': [(x) => ops.add(x, 0.5), (x) => x + 0.5],
  'power of integers': [(x) => ops.pow(tensor([2]), x), (x) => 2 ** x],
}

/** Those that keep integers. */
const kept: Record<string, [(x: Tensor) => Tensor, (x: number) => number]> = {
  relu: [ops.relu, (x) => Math.max(x, 0)],
  neg: [ops.neg, (x) => -x],
  abs: [ops.abs, Math.abs],
  sign: [ops.sign, Math.sign],
  square: [ops.square, (x) => x * x],
  floor: [ops.floor, (x) => x],
  ceil: [ops.ceil, (x) => x],
  round: [ops.round, (x) => x],
  maximum: [(x) => ops.maximum(x, int32([2])), (x) => Math.max(x, 2)],
  'maximum, the integer first': [(x) => ops.maximum(int32([2]), x), (x) => Math.max(x, 2)],
  minimum: [(x) => ops.minimum(x, int32([2])), (x) => Math.min(x, 2)],
  add: [(x) => ops.add(x, int32([3])), (x) => x + 3],
  sub: [(x) => ops.sub(x, int32([3])), (x) => x - 3],
  mul: [(x) => ops.mul(x, int32([3])), (x) => x * 3],
  squaredDifference: [(x) => ops.squaredDifference(x, int32([3])), (x) => (x - 3) ** 2],
}

describeBackends('dtypes', (backend) => {
  test.each(Object.entries(promoted))('%s of integers is float32', async (_, [run, expected]) => {
    const x = int32()
    const { numTensors } = memory()
    const y = run(x)
    expect(memory().numTensors - numTensors, 'tensors made').toBeLessThanOrEqual(2) // the result, and an operand
    expect(y.dtype).toBe('float32')
    expectClose(await y.data(), values.map(expected), 1e-6)
  })

  test.each(Object.entries(kept))('%s of integers is int32', async (_, [run, expected]) => {
    // tfjs-backend-webgpu multiplies integers in float32, exactly below 2²⁴.
    const large = backend === 'webgpu' ? 4001 : 5001
    const signed = [-large, -7, -1, 0, 1, 2, 7, large]
    const y = run(int32(signed))
    expect(y.dtype).toBe('int32')
    expect([...(await y.data())].map((value) => value + 0)).toEqual(signed.map((x) => expected(x) + 0))
  })
})
