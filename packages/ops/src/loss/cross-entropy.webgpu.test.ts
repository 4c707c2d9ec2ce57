import { engine, ones, random, softmaxCrossEntropy, type Tensor, tensor, toHost, valueAndGrads } from '@ddnet/ops'
import { withCompositions } from '@ddnet/ops/kernels'
import { type KernelVariant, useVariant } from '@ddnet/ops/webgpu'
import { describeBackends, expectClose, itemAt, putVariantBack } from '@ddnet/testing'
import { expect, test } from 'vitest'

const key = random.key(5)

/** The losses and the gradient of `rows` of random logits; every seventh label is ignored. */
async function compute(rows: number, classes: number, labelSmoothing: number): Promise<Float32Array[]> {
  const logits = random.normal(key.fold(1), [rows, classes], 0, 3)
  const dy = random.normal(key.fold(2), [rows])
  const classWeights = random.uniform(key.fold(3), [classes], 0.5, 2)
  const drawn = random.uniformValues(key.fold(4), rows)
  const chosen = Int32Array.from(drawn, (value, row) => (row % 7 === 3 ? -100 : Math.floor(value * classes)))
  const labels = tensor(chosen, [rows], 'int32')
  const run = () => softmaxCrossEntropy(logits, labels, { classWeights, labelSmoothing, reduction: 'none' })
  const { value, grads } = valueAndGrads(run, [logits], dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [logits, dy, classWeights, labels, value, ...grads]) used.dispose()
  return results.map(({ data }) => data as Float32Array)
}

describeBackends('the kernel of softmaxCrossEntropy', () => {
  putVariantBack()

  test.each<[KernelVariant, number, number]>([
    ['software', 130, 10],
    ['software', 5, 100],
    ['gpu', 130, 10],
    ['gpu', 5, 64],
    ['gpu', 3, 203],
  ])('for %s equals its composition on %i rows of %i classes', async (variant, rows, classes) => {
    useVariant(engine().backend, variant)
    for (const labelSmoothing of [0, 0.1]) {
      const actual = await compute(rows, classes, labelSmoothing)
      const names = ['softmaxCrossEntropy', 'softmaxCrossEntropyGradient']
      const expected = await withCompositions(names, 'webgpu', () => compute(rows, classes, labelSmoothing))
      for (const [index, values] of expected.entries()) {
        expectClose(itemAt(actual, index), values, 2e-6, ['losses', 'dlogits'][index])
      }
    }
  })

  test.each<KernelVariant>(['software', 'gpu'])(
    'for %s makes a NaN or an infinite logit a loss and a gradient of NaN',
    async (variant) => {
      useVariant(engine().backend, variant)
      for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const values = Float32Array.from({ length: 200 }, (_, index) => (index === 70 ? broken : index / 50))
        const logits = tensor(values, [2, 100])
        const labels = tensor([3, 4], [2], 'int32')
        const run = (): Tensor => softmaxCrossEntropy(logits, labels, { reduction: 'none' })
        const { value, grads } = valueAndGrads(run, [logits], ones([2]))
        expect([...(await value.data())].map(Number.isNaN)).toEqual([true, false])
        const gradient = [...(await grads[0].data())].map(Number.isNaN)
        expect(gradient).toEqual(gradient.map((_, index) => index < 100))
        for (const used of [logits, labels, value, ...grads]) used.dispose()
      }
    },
  )

  test.each<[KernelVariant, number]>([
    ['software', 130],
    ['software', 9000],
    ['gpu', 130],
    ['gpu', 9000],
  ])('for %s the mean over %i rows equals its composition, and so does its gradient', async (variant, rows) => {
    useVariant(engine().backend, variant)
    const logits = random.normal(key.fold(1), [rows, 3])
    const classWeights = tensor([0.5, 1, 2])
    const labels = tensor(
      Int32Array.from({ length: rows }, (_, row) => row % 3),
      [rows],
      'int32',
    )
    const run = async (): Promise<Float32Array[]> => {
      const { value, grads } = valueAndGrads(() => softmaxCrossEntropy(logits, labels, { classWeights }), [logits])
      const hosts = await Promise.all([value, ...grads].map(toHost))
      for (const used of [value, ...grads]) used.dispose()
      return hosts.map(({ data }) => data as Float32Array)
    }
    const [value, gradient] = await run()
    const composed = await withCompositions(['dividedSum', 'dividedSumGradient'], 'webgpu', run)
    expectClose(value as Float32Array, itemAt(composed, 0), 2e-6, 'mean')
    expectClose(gradient as Float32Array, itemAt(composed, 1), 2e-6, 'dlogits')
    for (const used of [logits, classWeights, labels]) used.dispose()
  })

  test('a label that is no class makes the loss NaN', async () => {
    const loss = softmaxCrossEntropy(tensor([[1, 2]]), tensor([2], [1], 'int32'))
    expect((await loss.data())[0]).toBeNaN()
    loss.dispose()
  })
}, ['webgpu'])
