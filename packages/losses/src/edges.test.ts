import { concat, mul, random, type Scalar, split, sum, type Tensor, tensor, valueAndGrads, zeros } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  bceWithLogits,
  centerNetFocal,
  crossEntropy,
  diceLoss,
  gaussianKl,
  giouLoss,
  gradientPenalty,
  hingeGan,
  huber,
  klDiv,
  l1,
  mse,
  negativeElbo,
  nonSaturatingGan,
  type Summed,
  sigmoidFocal,
  smoothL1,
  ssimLoss,
  wassersteinGan,
} from './index.ts'

type Mean = { readonly mean: Scalar; readonly weight: Scalar | number }

const numberOf = async (x: Scalar | number): Promise<number> =>
  typeof x === 'number' ? x : Number((await x.data())[0])
const read = async ({ mean, weight }: Mean) => ({ mean: await numberOf(mean), weight: await numberOf(weight) })

const normal = (name: string, shape: number[]) => random.normal(random.key(7).fold(name), shape)
const uniform = (name: string, shape: number[]) => random.uniform(random.key(7).fold(name), shape)
const boxes = (name: string, batch: number) => {
  const corners = uniform(name, [batch, 3, 2])
  return concat([corners, mul(3, corners)], -1)
}
const labels = (batch: number) =>
  tensor(
    Array.from({ length: batch * 4 }, (_, at) => at % 3),
    [batch, 2, 2],
    'int32',
  )

/** Every loss that is a mean, of a batch of so many samples, whose draws have a name. */
const losses: Readonly<Record<string, (name: string, batch: number) => Mean>> = {
  crossEntropy: (name, batch) => crossEntropy(normal(name, [batch, 2, 2, 3]), labels(batch)),
  mse: (name, batch) => mse(normal(name, [batch, 3]), normal('t', [batch, 3])),
  l1: (name, batch) => l1(normal(name, [batch, 3]), normal('t', [batch, 3])),
  smoothL1: (name, batch) => smoothL1(normal(name, [batch, 3]), normal('t', [batch, 3])),
  huber: (name, batch) => huber(normal(name, [batch, 3]), normal('t', [batch, 3])),
  bceWithLogits: (name, batch) => bceWithLogits(normal(name, [batch, 3]), uniform('t', [batch, 3])),
  sigmoidFocal: (name, batch) => sigmoidFocal(normal(name, [batch, 3]), uniform('t', [batch, 3])),
  klDiv: (name, batch) => klDiv(normal(name, [batch, 3]), uniform('t', [batch, 3])),
  'klDiv by batches': (name, batch) =>
    klDiv(normal(name, [batch, 3]), uniform('t', [batch, 3]), { reduction: 'batchmean' }),
  gaussianKl: (name, batch) => gaussianKl({ mean: normal(name, [batch, 3]), logVariance: normal('t', [batch, 3]) }),
  'negativeElbo, reconstruction': (name, batch) =>
    negativeElbo(normal(name, [batch, 3]), uniform('t', [batch, 3]), { logits: normal('q', [batch, 2]) })
      .reconstruction,
  'negativeElbo, divergence': (name, batch) =>
    negativeElbo(normal('x', [batch, 3]), uniform('t', [batch, 3]), { logits: normal(name, [batch, 2]) }).kl,
  diceLoss: (name, batch) => diceLoss(normal(name, [batch, 2, 2, 3]), labels(batch)),
  ssimLoss: (name, batch) => ssimLoss(uniform(name, [batch, 11, 11, 1]), uniform('t', [batch, 11, 11, 1])),
  giouLoss: (name, batch) => giouLoss(boxes(name, batch), boxes('t', batch)),
  'nonSaturatingGan, discriminator': (name, batch) =>
    nonSaturatingGan.discriminator(normal(name, [batch, 1]), normal('t', [batch, 1])),
  'hingeGan, discriminator': (name, batch) => hingeGan.discriminator(normal(name, [batch, 1]), normal('t', [batch, 1])),
  'wassersteinGan, generator': (name, batch) => wassersteinGan.generator(normal(name, [batch, 1])),
}

describeBackends('every loss', () => {
  describe.each(Object.entries(losses))('%s', (_, loss) => {
    test('over no samples is NaN, and weighs nothing', async () => {
      expect(await read(loss('a', 0))).toEqual({ mean: Number.NaN, weight: 0 })
    })

    test('weighs three samples three times as much as one', async () => {
      const [one, three] = [await read(loss('a', 1)), await read(loss('a', 3))]
      expect(one.weight).toBeGreaterThan(0)
      expect(three.weight).toBe(3 * one.weight)
    })
  })

  test('of two batches, by their weights, is that of both together', async () => {
    const [logits, targets] = [normal('logits', [5, 3, 3, 2]), uniform('targets', [5, 3, 3, 2])]
    const parted = (x: Tensor) => split(x, [4, 1])
    for (const loss of [
      (a: Tensor, b: Tensor): Mean => huber(a, b),
      (a: Tensor, b: Tensor): Mean => sigmoidFocal(a, b),
      (a: Tensor, b: Tensor): Mean => diceLoss(a, b),
      (a: Tensor, b: Tensor): Mean => gaussianKl({ mean: a, logVariance: b }),
      (a: Tensor, b: Tensor): Mean => ssimLoss(a, b, { windowSize: 3 }),
      (a: Tensor, b: Tensor): Mean => hingeGan.discriminator(a, b),
    ]) {
      const whole = await read(loss(logits, targets))
      const others = parted(targets)
      const parts = await Promise.all(parted(logits).map((each, at) => read(loss(each, others[at] as Tensor)))) // as many
      const weight = parts.reduce((sum, each) => sum + each.weight, 0)
      expect(weight).toBe(whole.weight)
      expect(parts.reduce((sum, each) => sum + each.mean * each.weight, 0) / weight).toBeCloseTo(whole.mean, 5)
    }
  })
})

describeBackends('edges of losses', (backend) => {
  test('centerNetFocal is divided by its objects, and by 1 where there are none', async () => {
    const heatMap = (values: number[]) => tensor(values, [1, 2, 2, 1])
    const weight = async (values: number[]) => (await read(centerNetFocal(zeros([1, 2, 2, 1]), heatMap(values)))).weight
    expect(await weight([1, 0.5, 1, 0])).toBe(2)
    expect(await weight([0, 0.5, 0, 0])).toBe(1)
    // Logits of 0: ½² · log 2 at each place, times (1 − t)⁴.
    const { mean } = await read(centerNetFocal(zeros([1, 2, 2, 1]), heatMap([0, 0.5, 0, 0])))
    expect(mean).toBeCloseTo(0.25 * Math.LN2 * (3 + 0.5 ** 4), 6)
  })

  test('what is exactly right has the loss 0 and the gradient 0, below an exponent of 1, too', async () => {
    const [logits, targets] = [tensor([200, -200]), tensor([1, 0])]
    for (const loss of [
      (x: Tensor) => sigmoidFocal(x, targets, { gamma: 0.5 }).mean,
      (x: Tensor) => centerNetFocal(x, targets, { alpha: 0.5 }).mean,
    ]) {
      const { value, grads } = valueAndGrads(() => loss(logits), [logits])
      expect([...(await value.data()), ...((await grads[0]?.data()) ?? [])].map(Math.abs)).toEqual([0, 0, 0])
    }
  })

  test('diceLoss of nothing but ignored pixels is 0', async () => {
    const ignored = tensor([-100, -100], [1, 2], 'int32')
    expect((await read(diceLoss(normal('dice', [1, 2, 3]), ignored))).mean).toBe(0)
  })

  test('a label that is no class is an error that names it, or NaN where the labels are on a device', async () => {
    const run = (label: number) => diceLoss(zeros([1, 2, 3]), tensor([0, label], [1, 2], 'int32'))
    for (const label of [3, -1, 255]) {
      if (backend === 'cpu' || backend === 'wasm') {
        expect(() => run(label)).toThrow(
          `diceLoss: expected labels in 0 … 2 or -100, got ${label} at position 1 of [1,2].`,
        )
      } else expect((await read(run(label))).mean).toBeNaN()
    }
    const ignored = await read(diceLoss(zeros([1, 2, 3]), tensor([0, 255], [1, 2], 'int32'), { ignoreIndex: 255 }))
    expect(ignored.mean).toBeLessThan(1)
  })

  test('gradientPenalty looks at points between real and fake samples, which its key draws', async () => {
    const [real, fake] = [tensor([[1], [1], [1]]), tensor([[3], [3], [3]])]
    // The slope of ½x² is x, here 3 − 2 · share.
    const critic = (x: Tensor) => mul(0.5, mul(x, x))
    const key = random.key(3)
    const shares = Array.from(await random.uniform(key, [3, 1]).data())
    const expected = shares.reduce((sum, share) => sum + (3 - 2 * share) ** 2, 0) / 3
    expect((await read(gradientPenalty(critic, real, fake, { key, target: 0 }))).mean).toBeCloseTo(expected, 5)
    expect((await read(gradientPenalty(critic, zeros([0, 1]), zeros([0, 1]), { key }))).weight).toBe(0)
  })

  test('gradientPenalty of a critic that is flat is the target², and has no NaN', async () => {
    const x = tensor([[1, 2]])
    const { mean, weight } = await read(gradientPenalty((x) => sum(mul(0, x)), x, x, { key: random.key(1) }))
    expect([mean, weight]).toEqual([1, 1])
  })
})

describeBackends('errors of losses', () => {
  const [two, three, integers] = [() => zeros([2, 4]), () => zeros([3, 4]), () => zeros([2, 4], 'int32')]

  test.each<[string, () => unknown, string]>([
    ['l1', () => l1(two(), three()), 'l1: expected targets of the same shape as predictions, [2,4], got [3,4]'],
    ['huber', () => huber(two(), three()), 'huber: expected targets of the same shape'],
    [
      'a type',
      () => bceWithLogits(two(), integers()),
      'bceWithLogits: expected targets to be float32, got int32. Cast',
    ],
    [
      'a weight',
      () => bceWithLogits(two(), two(), { posWeight: zeros([3]) }),
      "bceWithLogits: expected a float32 posWeight whose shape broadcasts to the targets' [2,4], got float32 [3].",
    ],
    ['delta', () => huber(two(), two(), { delta: 0 }), 'huber: expected delta above 0, got 0.'],
    ['beta', () => smoothL1(two(), two(), { beta: -1 }), 'smoothL1: expected beta of at least 0, got -1.'],
    ['alpha', () => sigmoidFocal(two(), two(), { alpha: 2 }), 'sigmoidFocal: expected alpha in 0 … 1'],
    [
      'gamma',
      () => sigmoidFocal(two(), two(), { gamma: Number.NaN }),
      'sigmoidFocal: expected gamma of at least 0, got NaN',
    ],
    ['corners', () => giouLoss(zeros([2, 3]), zeros([2, 3])), 'giouLoss: expected boxes […, 4] of left, top'],
    [
      'Gaussians',
      () => gaussianKl({ mean: two(), logVariance: three() }),
      'gaussianKl: expected logVariance of the same',
    ],
    [
      'a posterior of other images',
      () => negativeElbo(two(), two(), { logits: three() }),
      'negativeElbo: expected a posterior of each of the 2 images, got [3',
    ],
    [
      'a likelihood',
      () => negativeElbo(two(), two(), { logits: two() }, { likelihood: 'poisson' as 'gaussian' }),
      "negativeElbo: expected likelihood to be 'bernoulli' or 'gaussian', got 'poisson'.",
    ],
    ['scalars', () => gaussianKl({ mean: tensor(0), logVariance: tensor(0) }), "expected [batch, …] for 'batchmean'"],
    ['dice', () => diceLoss(two(), zeros([3], 'int32')), 'and int32 labels [batch, …], or float32 masks'],
    [
      'labels of floats',
      () => diceLoss(two(), tensor([Number.NaN, 1])),
      'diceLoss: expected targets of the same shape',
    ],
    ['smooth', () => diceLoss(two(), two(), { smooth: 0 }), 'diceLoss: expected smooth above 0, got 0.'],
    [
      'small pictures',
      () => ssimLoss(zeros([1, 8, 20, 1]), zeros([1, 8, 20, 1])),
      'at least 11 × 11 pixels, the window',
    ],
    ['an even window', () => ssimLoss(zeros([1, 8, 8, 1]), zeros([1, 8, 8, 1]), { windowSize: 4 }), 'an odd number'],
    ['pictures', () => ssimLoss(two(), two()), 'ssimLoss: expected [batch, height, width, channels], got [2,4].'],
    [
      'as many fakes',
      () => hingeGan.discriminator(two(), three()),
      'hingeGan.discriminator: expected fake of the same',
    ],
    ['a reduction', () => mse(two(), two(), { reduction: 'max' as 'mean' }), "'mean', 'sum' or 'none', got 'max'"],
    [
      'an option',
      () => huber(two(), two(), { sigma: 1 } as object),
      "huber: there is no option 'sigma'. The options are",
    ],
  ])('%s', (_, run, message) => expect(run).toThrow(message))
}, ['cpu'])

test('a loss has the type of its reduction', () => {
  const x = undefined as unknown as Tensor
  const typed = () => ({
    mean: mse(x, x),
    sum: mse(x, x, { reduction: 'sum' }),
    none: l1(x, x, { reduction: 'none' }),
    kl: gaussianKl({ mean: x, logVariance: x }),
    either: huber(x, x, { reduction: 'sum' as 'sum' | 'mean' }),
  })
  expectTypeOf(typed).returns.toHaveProperty('sum').toEqualTypeOf<Summed>()
  expectTypeOf(typed).returns.toHaveProperty('none').toEqualTypeOf<Tensor>()
  expectTypeOf(typed).returns.toHaveProperty('mean').toExtend<Mean>()
  expectTypeOf(typed).returns.toHaveProperty('kl').toExtend<Mean>()
  expectTypeOf(typed).returns.toHaveProperty('either').toExtend<Mean | Summed>()
})
