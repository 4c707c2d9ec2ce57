import {
  groupNorm,
  instanceNorm,
  layerNorm,
  mul,
  ones,
  random,
  reshape,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  type Tensor1D,
  tensor,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { floats } from '@ddnet/testing'
import { testSameBits } from '../test/same-bits.ts'

const draw = (seed: number, shape: number[]): Tensor => random.normal(random.key(seed), shape)

/** Norms and the loss, with odd sizes, so that shares differ; larger than what is done on one thread alone. */
async function differentiate(): Promise<Float32Array[]> {
  const inputs = [draw(1, [7, 13, 11, 37]), draw(2, [37]), draw(3, [37])] as [Tensor, Tensor1D, Tensor1D]
  const labels = tensor(
    Int32Array.from({ length: 1001 }, (_, row) => (row * 31) % 37),
    [1001],
    'int32',
  )
  const seed = ones([1001])
  const { value, grads } = valueAndGrads(
    () => {
      const [x, weight, bias] = inputs
      const rows = layerNorm(x, { normalizedShape: 37, weight, bias, activation: 'relu' })
      const groups = groupNorm(rows, { groups: 1, weight, bias })
      const logits = instanceNorm(groups, { weight, bias })
      return softmaxCrossEntropy(reshape(logits, [1001, 37]), labels, { labelSmoothing: 0.1, reduction: 'none' })
    },
    inputs,
    seed,
  )
  const total = sum(mul(value, value))
  const results = await Promise.all([value, total, ...grads].map(toHost))
  for (const used of [...inputs, labels, seed, value, total, ...grads]) used.dispose()
  return results.map(floats)
}

testSameBits('norms and cross-entropy give the same bits on one, two and three threads', differentiate)
