import {
  add,
  logSoftmax,
  mul,
  neg,
  oneHot,
  random,
  softmax,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tensor,
  tidy,
  valueAndGrads,
} from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const given = fc
  .record({
    rows: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 2, max: 9 }),
    seed: fc.nat({ max: 1000 }),
  })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      labels: fc.array(fc.nat({ max: shape.classes - 1 }), { minLength: shape.rows, maxLength: shape.rows }),
      labelSmoothing: fc.constantFrom(0, 0.1, 0.7),
    }),
  )

type Case = { logits: Tensor; labels: Tensor; probabilities: Tensor; classes: number; labelSmoothing: number }

describeBackends('softmaxCrossEntropy', (backend) => {
  // Each shape compiles pipelines on WebGPU.
  const runs = { seed: 14, numRuns: backend === 'webgpu' ? 4 : 30 }
  const check = (property: (one: Case) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(given, async ({ shape: { rows, classes, seed }, labels, labelSmoothing }) => {
        const logits = random.normal(random.key(seed).fold(1), [rows, classes], 0, 2)
        const probabilities = tidy(() => softmax(random.normal(random.key(seed).fold(2), [rows, classes])))
        const chosen = tensor(labels, [rows], 'int32')
        await property({ logits, labels: chosen, probabilities, classes, labelSmoothing })
        for (const used of [logits, probabilities, chosen]) used.dispose()
      }),
      runs,
    )

  test('of labels is that of their one-hot rows, and so is its gradient', () =>
    check(async ({ logits, labels, classes, labelSmoothing }) => {
      const hot = oneHot(labels, classes)
      const one = valueAndGrads(() => softmaxCrossEntropy(logits, labels, { labelSmoothing }), [logits])
      const other = valueAndGrads(() => softmaxCrossEntropy(logits, hot, { labelSmoothing }), [logits])
      expectClose(await one.value.data(), await other.value.data(), 2e-6)
      expectClose(await one.grads[0].data(), await other.grads[0].data(), 2e-6)
      for (const used of [hot, one.value, other.value, ...one.grads, ...other.grads]) used.dispose()
    }))

  test('is at least the entropy of the targets, and equals it where the prediction is the target', () =>
    check(async ({ logits, probabilities }) => {
      const [loss, entropy, own] = tidy(() => {
        const logs = logSoftmax(logits)
        return [
          softmaxCrossEntropy(logits, probabilities, { reduction: 'sum' }),
          softmaxCrossEntropy(logs, softmax(logits), { reduction: 'sum' }),
          neg(sum(mul(softmax(logits), logs))),
        ]
      })
      const bound = tidy(() => neg(sum(mul(probabilities, logSoftmax(logits)))))
      expectClose(await loss.data(), await bound.data(), 1e-5)
      expectClose(await entropy.data(), await own.data(), 1e-5)
      const p = Array.from(await probabilities.data())
      const least = p.reduce((total, value) => total - value * Math.log(value), 0)
      expect((await loss.data())[0]).toBeGreaterThan(least - 1e-4)
      for (const used of [loss, entropy, own, bound]) used.dispose()
    }))

  test('a shift of all logits changes nothing, and the gradient of a row adds up to 0', () =>
    check(async ({ logits, labels, labelSmoothing }) => {
      const options = { labelSmoothing, reduction: 'sum' } as const
      const { value, grads } = valueAndGrads(() => softmaxCrossEntropy(logits, labels, options), [logits])
      const [shifted, sums] = tidy(() => [softmaxCrossEntropy(add(logits, 4), labels, options), sum(grads[0], -1)])
      expectClose(await shifted.data(), await value.data(), 1e-5)
      expectClose(await sums.data(), new Float32Array(sums.size), 1e-5)
      for (const used of [value, ...grads, shifted, sums]) used.dispose()
    }))
})
