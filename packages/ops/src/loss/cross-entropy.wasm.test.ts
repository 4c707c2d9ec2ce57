import { ones, random, softmaxCrossEntropy, tensor, toHost, valueAndGrads } from '@ddnet/ops'
import { withCompositions } from '@ddnet/ops/kernels'
import { describeBackends, expectClose, floats, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'

const key = random.key(5)

/** The losses and the gradient of `rows` of random logits; every seventh label is ignored. */
async function compute(rows: number, classes: number, scale: number, labelSmoothing: number): Promise<Float32Array[]> {
  const logits = random.normal(key.fold(1), [rows, classes], 0, scale)
  const dy = random.normal(key.fold(2), [rows])
  const classWeights = random.uniform(key.fold(3), [classes], 0.5, 2)
  const drawn = random.uniformValues(key.fold(4), rows)
  const labels = tensor(
    Int32Array.from(drawn, (value, row) => (row % 7 === 3 ? -100 : Math.floor(value * classes))),
    [rows],
    'int32',
  )
  const run = () => softmaxCrossEntropy(logits, labels, { classWeights, labelSmoothing, reduction: 'none' })
  const { value, grads } = valueAndGrads(run, [logits], dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [logits, dy, classWeights, labels, value, ...grads]) used.dispose()
  return results.map(floats)
}

describeBackends('the kernel of softmaxCrossEntropy', () => {
  test.each([
    [10, 2, 1],
    [3000, 10, 3],
    [70, 1003, 1],
    [5, 21, 30],
    [6, 1, 1],
  ])('equals its composition on %d rows of %d classes times %d', async (rows, classes, scale) => {
    for (const labelSmoothing of [0, 0.1]) {
      const actual = await compute(rows, classes, scale, labelSmoothing)
      const names = ['softmaxCrossEntropy', 'softmaxCrossEntropyGradient']
      const expected = await withCompositions(names, 'wasm', () => compute(rows, classes, scale, labelSmoothing))
      for (const [index, values] of expected.entries()) {
        expectClose(itemAt(actual, index), values, 2e-6, ['losses', 'dlogits'][index])
      }
    }
  })

  test('finds the largest logit wherever it is', async () => {
    const classes = 23
    const every = Array.from({ length: classes }, (_, index) => index)
    const logits = tensor(
      every.map((row) => every.map((column) => (row === column ? 1000 : 0))),
      [classes, classes],
    )
    const losses = softmaxCrossEntropy(logits, tensor(every, [classes], 'int32'), { reduction: 'none' })
    expect([...(await losses.data())]).toEqual(every.map(() => 0))
  })

  test('its exponential and logarithm are exact to 1e-6 from −87 to 0', async () => {
    const differences = Array.from({ length: 699 }, (_, index) => -index / 8)
    // Of two logits 0 and d with the label of 0, the loss is log(1 + e^d), and the gradient of d is p = 1 / (1 + e^−d).
    const logits = tensor(
      differences.flatMap((difference) => [0, difference]),
      [699, 2],
    )
    const labels = tensor(new Int32Array(699), [699], 'int32')
    const { value, grads } = valueAndGrads(
      () => softmaxCrossEntropy(logits, labels, { reduction: 'none' }),
      [logits],
      ones([699]),
    )
    const [losses, gradient] = [await value.data(), await grads[0].data()]
    for (const [row, difference] of differences.entries()) {
      const p = 1 / (1 + Math.exp(-difference))
      expect(Math.abs(itemAt(gradient, 2 * row + 1) / p - 1), `p at ${difference}`).toBeLessThan(1e-6)
      expect(Math.abs(itemAt(losses, row) - Math.log1p(Math.exp(difference)))).toBeLessThan(1e-6)
    }
  })
}, ['wasm'])
