import { engine, grad, mul, random, scalar, type Tensor, type Tensor1D, tidy, valueAndGrads, zeros } from '@ddnet/ops'
import { type KernelVariant, useVariant } from '@ddnet/ops/webgpu'
import { describeBackends, expectClose, floatsOf, itemAt, putVariantBack } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { batchNorm } from './batch-norm.ts'
import { groupNorm } from './group-norm.ts'
import { layerNorm } from './layer-norm.ts'

/** x as `[outer, rows, channels]`, normalised over the rows and each of the groups. */
interface View {
  readonly outer: number
  readonly rows: number
  readonly channels: number
  readonly groups: number
}

type Numbers = ArrayLike<number>
type Inputs = Record<'x' | 'weight' | 'bias' | 'dy', Numbers>

/** `relu(x̂ · weight + bias)` and its gradients, in float64 by the formula. */
function reference({ x, weight, bias, dy }: Inputs, { outer, rows, channels, groups }: View) {
  const y = new Float64Array(x.length)
  const dx = new Float64Array(x.length)
  const dweight = new Float64Array(channels)
  const dbias = new Float64Array(channels)
  const variances: number[] = []
  const wide = channels / groups
  for (let group = 0; group < outer * groups; group++) {
    const first = (group % groups) * wide
    const places = Array.from({ length: rows * wide }, (_, index) => {
      const row = Math.floor(group / groups) * rows + Math.floor(index / wide)
      return [row * channels + first + (index % wide), first + (index % wide)] as const
    })
    const average = (of: (at: number, channel: number) => number): number =>
      places.reduce((total, [at, channel]) => total + of(at, channel), 0) / places.length
    const mean = average((at) => itemAt(x, at))
    const variance = average((at) => (itemAt(x, at) - mean) ** 2)
    variances.push(variance)
    const hat = (at: number): number => (itemAt(x, at) - mean) / Math.sqrt(variance + 1e-5)
    const linear = (at: number, c: number): number => hat(at) * itemAt(weight, c) + itemAt(bias, c)
    const d = (at: number, c: number): number => (linear(at, c) > 0 ? itemAt(dy, at) : 0)
    const offset = average((at, c) => d(at, c) * itemAt(weight, c))
    const slope = average((at, c) => d(at, c) * itemAt(weight, c) * hat(at))
    for (const [at, c] of places) {
      y[at] = Math.max(0, linear(at, c))
      dx[at] = (d(at, c) * itemAt(weight, c) - offset - hat(at) * slope) / Math.sqrt(variance + 1e-5)
      dweight[c] = itemAt(dweight, c) + d(at, c) * hat(at)
      dbias[c] = itemAt(dbias, c) + d(at, c)
    }
  }
  return { y, dx, dweight, dbias, variances }
}

const key = random.key(3)
const values = async (x: Tensor): Promise<Float32Array> => await floatsOf(x)

/** The operators whose programs a run dispatches, by their labels. */
function dispatches(run: () => void): string[] {
  const backend = engine().backend as unknown as {
    recordAndSubmit(program: { constructor: { name: string } }, ...rest: unknown[]): void
  }
  const { recordAndSubmit } = backend
  const labels: string[] = []
  backend.recordAndSubmit = (program, ...rest) => {
    labels.push(program.constructor.name)
    recordAndSubmit.call(backend, program, ...rest)
  }
  try {
    run()
  } finally {
    backend.recordAndSubmit = recordAndSubmit
  }
  return labels
}

type Norm = (x: Tensor, weight: Tensor1D, bias: Tensor1D) => Tensor

const activation = 'relu' as const
const batch: Norm = (x, weight, bias) => {
  const channels = weight.size
  const running = { runningMean: zeros([channels]), runningVar: zeros([channels]) }
  return batchNorm(x, { ...running, weight, bias, training: true, activation }).y
}
const grouped =
  (groups: number): Norm =>
  (x, weight, bias) =>
    groupNorm(x, { groups, weight, bias, activation })
const layer: Norm = (x, weight, bias) => layerNorm(x, { normalizedShape: weight.size, weight, bias, activation })

const threeEach = (name: string) => ['sums', 'finish', 'apply'].map((pass) => `${name} ${pass}`)
const columns = [...threeEach('groupNorm'), ...threeEach('groupNormGradient')]
const rows = ['groupNorm rows', 'groupNormGradient rows', 'groupNormGradient sums', 'groupNormGradient finish']
const cases: [string, Norm, View, string[]][] = [
  [
    'batch norm of 3 channels',
    batch,
    { outer: 1, rows: 300, channels: 3, groups: 3 },
    [...threeEach('batchNorm'), ...threeEach('batchNormGradient')],
  ],
  [
    'batch norm of 72 channels',
    batch,
    { outer: 1, rows: 217, channels: 72, groups: 72 },
    [...threeEach('batchNorm'), ...threeEach('batchNormGradient')],
  ],
  ['group norm in fours', grouped(3), { outer: 2, rows: 70, channels: 24, groups: 3 }, columns],
  ['group norm in threes', grouped(2), { outer: 3, rows: 40, channels: 6, groups: 2 }, columns],
  ['instance norm', grouped(8), { outer: 3, rows: 100, channels: 8, groups: 8 }, columns],
  ['layer norm of 300 features', layer, { outer: 5, rows: 1, channels: 300, groups: 1 }, rows],
  ['layer norm of 6 features', layer, { outer: 30, rows: 1, channels: 6, groups: 1 }, rows],
  ['group norm of rows', grouped(4), { outer: 9, rows: 1, channels: 20, groups: 4 }, rows],
]

describeBackends('norms on WebGPU', () => {
  beforeAll(() => void tidy(() => grad((x) => mul(x, x))(scalar(1)))) // what the first gradient of a process computes
  putVariantBack()

  describe.each<KernelVariant>(['software', 'gpu'])('%s', (variant) => {
    test.each(cases)('%s is the formula’s, in its few dispatches', async (_, norm, view, labels) => {
      useVariant(engine().backend, variant)
      const { outer, rows: count, channels } = view
      const shape = norm === batch ? [count, channels] : norm === layer ? [outer, channels] : [outer, count, channels]
      const x = random.normal(key.fold(1), shape, 3, 2)
      const weight = random.normal(key.fold(2), [channels], 1, 0.5)
      const bias = random.normal(key.fold(3), [channels])
      const dy = random.normal(key.fold(4), shape)
      const results: Tensor[] = []
      const recorded = dispatches(() => {
        const { value, grads } = valueAndGrads(() => norm(x, weight, bias), [x, weight, bias], dy)
        results.push(value, ...grads)
      })
      expect(recorded).toEqual(labels)
      const inputs = {
        x: await values(x),
        weight: await values(weight),
        bias: await values(bias),
        dy: await values(dy),
      }
      const { y, dx, dweight, dbias } = reference(inputs, view)
      for (const [index, each] of [y, dx, dweight, dbias].entries()) {
        expectClose(await values(itemAt(results, index)), each, 1e-5, ['y', 'dx', 'dweight', 'dbias'][index])
      }
      for (const used of [x, weight, bias, dy, ...results]) used.dispose()
    })

    test('keeps the variance of values whose mean is 10,000 times their deviation', async () => {
      useVariant(engine().backend, variant)
      const x = random.normal(key, [4000, 4], 1e4, 1)
      const running = { runningMean: zeros([4]), runningVar: zeros([4]) }
      const next = batchNorm(x, { ...running, training: true, momentum: 1 })
      const flat = new Float32Array(4)
      const inputs = { x: await values(x), weight: flat, bias: flat, dy: new Float32Array(16_000) }
      const { variances } = reference(inputs, { outer: 1, rows: 4000, channels: 4, groups: 4 })
      const unbiased = variances.map((variance) => (variance * 4000) / 3999)
      expectClose(await values(next.runningVar), unbiased, 2e-6, 'runningVar')
      for (const used of [x, ...Object.values(running), ...Object.values(next)]) used.dispose()
    })
  })
}, ['webgpu'])
