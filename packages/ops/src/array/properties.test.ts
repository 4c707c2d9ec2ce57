import { type BackendName, describeBackends, expectClose, itemAt } from '@ddnet/testing'
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { scatter, scatterAdd, takeAlongAxis } from './along-axis.ts'
import { add, exp, log, mul, sub } from './arithmetic.ts'
import { cumsum } from './cumsum.ts'
import { logSumExp } from './log-sum-exp.ts'
import { matMul } from './mat-mul.ts'
import { norm } from './norm.ts'
import { prod } from './prod.ts'
import { broadcastTo, expandDims, reverse, roll, squeeze } from './rearrange.ts'
import { max, mean, min } from './reduce.ts'
import { gather } from './select.ts'
import { concat, padConstant, reshape, slice, stack, transpose } from './shape.ts'
import { chunk, split, unstack } from './split.ts'
import { sum, tile } from './sum.ts'
import { sort, topK } from './top-k.ts'
import { variance } from './variance.ts'
import { where } from './where.ts'

const size = fc.integer({ min: 1, max: 4 })
const shapes = fc.array(size, { minLength: 1, maxLength: 4 })
/** A seed for `values`. */
const seed = fc.integer({ min: 1, max: 1e6 })
/** A shape, one of its axes, and a seed. */
const along = shapes.chain((shape) =>
  fc.record({ shape: fc.constant(shape), axis: fc.integer({ min: 0, max: shape.length - 1 }), seed }),
)

const count = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1)

/** Reproducible values between −2 and 2, no two of them close. */
function values(shape: readonly number[], from: number): Tensor {
  const places = Array.from({ length: count(shape) }, (_, index) => index)
  let state = from
  for (let index = places.length - 1; index > 0; index--) {
    state = (state * 48271) % 2147483647
    const other = state % (index + 1)
    ;[places[index], places[other]] = [itemAt(places, other), itemAt(places, index)]
  }
  const step = 4 / (places.length + 1)
  return tensor(
    places.map((place) => Math.fround(-2 + step * (place + 0.75))),
    [...shape],
  )
}

function integers(shape: readonly number[], from: number, below: number): Tensor {
  let state = from
  const next = (): number => {
    state = (state * 48271) % 2147483647
    return state % below
  }
  return tensor(Int32Array.from({ length: count(shape) }, next), [...shape], 'int32')
}

const close = async (actual: Tensor, expected: Tensor, tolerance = 1e-5): Promise<void> => {
  expect(actual.shape).toEqual(expected.shape)
  expectClose(await actual.data(), await expected.data(), tolerance)
}

/** ⟨f(x), y⟩ = ⟨x, fᵀ(y)⟩ for a linear `f`, whose adjoint is its gradient. */
const adjoint = async (f: (x: Tensor) => Tensor, x: Tensor, from: number): Promise<void> => {
  const shape = tidy(() => f(x).shape)
  const y = values(shape, from + 7)
  const { value, grads } = valueAndGrads(() => f(x), [x], y)
  await close(sum(mul(value, y)), sum(mul(x, grads[0])))
}

/** A property on random inputs, the same in every run; on WebGPU fewer, since every shape compiles its pipelines. */
const holds = <T>(backend: BackendName, inputs: fc.Arbitrary<T>, check: (input: T) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(inputs, check), { seed: 20, numRuns: backend === 'webgpu' ? 5 : 40 })

describeBackends('array operators', (backend) => {
  test('takeAlongAxis and scatterAdd are adjoint, at positions that repeat', () =>
    holds(backend, fc.tuple(along, size), async ([{ shape, axis, seed }, length]) => {
      const at = integers(shape.toSpliced(axis, 1, length), seed, itemAt(shape, axis))
      const [x, y] = [values(shape, seed), values(at.shape, seed + 1)]
      const zeros = mul(x, 0)
      await close(sum(mul(takeAlongAxis(x, at, axis), y)), sum(mul(x, scatterAdd(zeros, at, y, axis))))
      await adjoint((v) => takeAlongAxis(v, at, axis), x, seed)
      await adjoint((v) => scatterAdd(zeros, at, v, axis), y, seed)
      expect((await sum(scatterAdd(zeros, at, y, axis)).data())[0]).toBeCloseTo(itemAt(await sum(y).data(), 0), 4)
    }))

  test('gather is takeAlongAxis with the same positions everywhere, and its gradient its adjoint', () =>
    holds(backend, fc.tuple(along, size), async ([{ shape, axis, seed }, length]) => {
      const [x, at] = [values(shape, seed), integers([length], seed, itemAt(shape, axis))]
      const spread = reshape(
        at,
        shape.map((_, each) => (each === axis ? length : 1)),
      )
      await close(gather(x, at, axis), takeAlongAxis(x, spread, axis))
      await adjoint((v) => gather(v, at, axis), x, seed)
    }))

  test('scatter writes what takeAlongAxis reads, and nothing else', () =>
    holds(backend, along, async ({ shape, axis, seed }) => {
      const [x, y] = [values(shape, seed), values(shape, seed + 1)]
      const { indices } = sort(y, { axis }) // each position once
      const written = scatter(x, indices, y, axis)
      await close(takeAlongAxis(written, indices, axis), y)
      const first = slice(
        indices,
        0,
        shape.map((full, each) => (each === axis ? 1 : full)),
      )
      await close(sub(sum(scatter(x, first, 0, axis)), sum(x)), mul(sum(takeAlongAxis(x, first, axis)), -1), 1e-4)
    }))

  test('split, chunk and unstack are undone by concat and stack', () =>
    holds(backend, fc.tuple(along, size), async ([{ shape, axis, seed }, parts]) => {
      const x = values(shape, seed)
      await close(concat(split(x, parts, axis), axis), x)
      await close(concat(chunk(x, parts, axis), axis), x)
      await close(stack(unstack(x, axis), axis), x)
      await close(squeeze(expandDims(x, axis), axis), x)
    }))

  test('transpose is undone by its inverse, slice undoes padConstant', () =>
    holds(backend, along, async ({ shape, axis, seed }) => {
      const x = values(shape, seed)
      const permutation = shape.map((_, each) => (each + axis) % shape.length)
      const inverse = shape.map((_, each) => permutation.indexOf(each))
      await close(transpose(transpose(x, permutation), inverse), x)
      const paddings = shape.map((_, each): [number, number] => [(each + seed) % 3, (axis + each) % 2])
      const begin = paddings.map(([before]) => before)
      await close(slice(padConstant(x, paddings, 9), begin, shape), x)
      await adjoint((v) => padConstant(v, paddings), x, seed)
      await adjoint((v) => transpose(v, permutation), x, seed)
    }))

  test('reverse and roll are undone by themselves, and keep sums', () =>
    holds(backend, fc.tuple(along, fc.integer({ min: -5, max: 5 })), async ([{ shape, axis, seed }, shift]) => {
      const x = values(shape, seed)
      await close(reverse(reverse(x, axis), axis), x)
      await close(roll(roll(x, shift, axis), -shift, axis), x)
      await close(sum(roll(x, shift, axis), axis), sum(x, axis))
      await adjoint((v) => roll(reverse(v, axis), shift, axis), x, seed)
    }))

  test('cumsum from the end is cumsum of the reversed, and the exclusive one leaves the value out', () =>
    holds(backend, along, async ({ shape, axis, seed }) => {
      const x = values(shape, seed)
      const fromEnd = cumsum(x, axis, { reverse: true })
      await close(fromEnd, reverse(cumsum(reverse(x, axis), axis), axis))
      await close(add(cumsum(x, axis, { exclusive: true }), x), cumsum(x, axis))
      await close(sub(add(fromEnd, cumsum(x, axis)), x), broadcastTo(sum(x, axis, true), shape))
      await adjoint((v) => cumsum(v, axis, { exclusive: true }), x, seed)
    }))

  test('sums over axes one by one are the sum over all of them; extremes, means and norms agree', () =>
    holds(backend, along, async ({ shape, axis, seed }) => {
      const x = values(shape, seed)
      const axes = shape.map((_, each) => each).filter((each) => each !== axis)
      if (axes.length > 0) await close(sum(sum(x, axis, true), axes, true), sum(x, undefined, true))
      await close(max(x, axis), mul(min(mul(x, -1), axis), -1))
      await close(mean(x, axis), mul(sum(x, axis), 1 / itemAt(shape, axis)))
      await close(mul(norm(x, { axis }), norm(x, { axis })), sum(mul(x, x), axis))
      const spread = sub(mean(mul(x, x), axis), mul(mean(x, axis), mean(x, axis)))
      await close(variance(x, axis, { correction: 0 }), spread)
      await close(logSumExp(x, axis), log(sum(exp(x), axis)))
      const positive = add(mul(x, x), 0.1)
      await close(prod(positive, axis), exp(sum(log(positive), axis)), 1e-4)
      await adjoint((v) => mean(v, axis), x, seed)
    }))

  test('tile and broadcastTo are adjoint to sums', () =>
    holds(backend, fc.tuple(along, size), async ([{ shape, axis, seed }, times]) => {
      const x = values(shape, seed)
      const reps = shape.map((_, each) => (each === axis ? times : 1))
      await close(sum(tile(x, reps), axis), mul(sum(x, axis), times))
      await adjoint((v) => tile(v, reps), x, seed)
      await adjoint((v) => broadcastTo(v, [times, ...shape]), x, seed)
    }))

  test('sort is in order and keeps the values; topK is its beginning', () =>
    holds(backend, along, async ({ shape, axis, seed }) => {
      const x = values(shape, seed)
      const length = itemAt(shape, axis)
      const { values: descending } = sort(x, { axis, descending: true })
      await close(sum(descending, axis), sum(x, axis))
      await close(reverse(sort(x, { axis }).values, axis), descending)
      const k = 1 + (seed % length)
      const extent = shape.map((full, each) => (each === axis ? k : full))
      await close(topK(x, k, { axis }).values, slice(descending, 0, extent))
    }))

  test('matMul is associative, transposed by its flags, and broadcasts', () =>
    holds(backend, fc.tuple(size, size, size, size, size, seed), async ([batch, m, k, n, l, seed]) => {
      const [a, b, c] = [values([batch, 1, m, k], seed), values([3, k, n], seed + 1), values([n, l], seed + 2)]
      const product = matMul(matMul(a, b), c) // [batch, 3, m, l]
      expect(product.shape).toEqual([batch, 3, m, l])
      await close(product, matMul(a, matMul(b, c)), 1e-4)
      const swap = (x: Tensor): Tensor => transpose(x, [...x.shape.keys()].slice(0, -2).concat(x.rank - 1, x.rank - 2))
      await close(matMul(swap(a), swap(b), true, true), matMul(a, b))
      await adjoint((v) => matMul(v, b), a, seed)
      await adjoint((v) => matMul(a, v), b, seed)
    }))

  test('where chooses between two tensors: the gradients add up to the whole', () =>
    holds(backend, along, async ({ shape, axis, seed }) => {
      const [a, b] = [values(shape, seed), values(shape.slice(axis), seed + 1)]
      const condition = tensor(await integers(shape, seed, 2).data(), shape, 'bool')
      await close(add(where(condition, a, b), where(condition, b, a)), add(a, broadcastTo(b, shape)))
      await adjoint((v) => where(condition, v, 0), a, seed)
      await adjoint((v) => where(condition, 0, v), b, seed)
    }))
})
