import * as ops from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { test } from 'vitest'

const sizes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
const count = (shape: number[]): number => shape.reduce((product, size) => product * size, 1)

/** Float32 values of moderate size for a shape. */
const values = (shape: number[]): fc.Arbitrary<Float32Array> =>
  fc
    .array(fc.integer({ min: -4096, max: 4096 }), { minLength: count(shape), maxLength: count(shape) })
    .map((wholes) => Float32Array.from(wholes, (whole) => whole / 1024))

/** A tensor of any shape, as values and shape. */
const anyTensor = sizes.chain((shape) => fc.record({ shape: fc.constant(shape), data: values(shape) }))

/** Two shapes that broadcast: of the full one, axes are left out in front or made 1. */
const anyPair = fc
  .tuple(sizes, fc.nat({ max: 4 }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.boolean())
  .chain(([full, missing, ones, swap]) => {
    const part = full.map((size, axis) => (ones[axis] ? 1 : size)).slice(Math.min(missing, full.length))
    const [a, b] = swap ? [part, full] : [full, part]
    return fc.record({
      a: fc.constant(a),
      b: fc.constant(b),
      full: fc.constant(full),
      as: values(a),
      bs: values(b),
      dys: values(full),
    })
  })

/** One side of each equation, and the other. */
const unary: Record<string, [(x: Tensor) => Tensor, (x: Tensor) => Tensor]> = {
  'sign(x) · |x| = x': [(x) => ops.mul(ops.sign(x), ops.abs(x)), (x) => x],
  '√(x²) = |x|': [(x) => ops.sqrt(ops.square(x)), ops.abs],
  'log eˣ = x': [(x) => ops.log(ops.exp(x)), (x) => x],
  'log1p(expm1 x) = x': [(x) => ops.log1p(ops.expm1(x)), (x) => x],
  'sin² + cos² = 1': [(x) => ops.add(ops.square(ops.sin(x)), ops.square(ops.cos(x))), ops.onesLike],
  'x² by pow': [(x) => ops.pow(x, 2), ops.square],
  'x³ by pow': [(x) => ops.pow(x, 3), (x) => ops.mul(x, ops.square(x))],
  'erf is odd': [(x) => ops.erf(ops.neg(x)), (x) => ops.neg(ops.erf(x))],
  'ceil x = −floor(−x)': [ops.ceil, (x) => ops.neg(ops.floor(ops.neg(x)))],
  'round is odd': [ops.round, (x) => ops.neg(ops.round(ops.neg(x)))],
  'relu x = max(x, 0)': [ops.relu, (x) => ops.maximum(x, 0)],
  'relu x − relu(−x) = x': [(x) => ops.sub(ops.relu(x), ops.relu(ops.neg(x))), (x) => x],
  'clamp twice is clamp': [
    (x) => ops.clamp(ops.clamp(x, { min: -1, max: 2 }), { min: -1, max: 2 }),
    (x) => ops.clamp(x, { min: -1, max: 2 }),
  ],
  'sigmoid x + sigmoid(−x) = 1': [(x) => ops.add(ops.sigmoid(x), ops.sigmoid(ops.neg(x))), ops.onesLike],
  'tanh x = 2 sigmoid(2x) − 1': [ops.tanh, (x) => ops.sub(ops.mul(2, ops.sigmoid(ops.mul(2, x))), 1)],
  'logSigmoid x = log sigmoid x': [ops.logSigmoid, (x) => ops.log(ops.sigmoid(x))],
  'gelu x − gelu(−x) = x': [(x) => ops.sub(ops.gelu(x), ops.gelu(ops.neg(x))), (x) => x],
  'silu x = x · sigmoid x': [ops.silu, (x) => ops.mul(x, ops.sigmoid(x))],
  'leakyRelu x = max(x, 0.2 x)': [
    (x) => ops.leakyRelu(x, { negativeSlope: 0.2 }),
    (x) => ops.maximum(x, ops.mul(0.2, x)),
  ],
  'elu = celu where alpha is 1': [ops.elu, ops.celu],
  'hardSwish x = x · hardSigmoid x': [ops.hardSwish, (x) => ops.mul(x, ops.hardSigmoid(x))],
}

const binary: Record<string, [(a: Tensor, b: Tensor) => Tensor, (a: Tensor, b: Tensor) => Tensor]> = {
  'a + b = b + a': [ops.add, (a, b) => ops.add(b, a)],
  'a − b = −(b − a)': [ops.sub, (a, b) => ops.neg(ops.sub(b, a))],
  'max + min = a + b': [(a, b) => ops.add(ops.maximum(a, b), ops.minimum(a, b)), ops.add],
  'max = −min(−a, −b)': [ops.maximum, (a, b) => ops.neg(ops.minimum(ops.neg(a), ops.neg(b)))],
  '(a − b)²': [ops.squaredDifference, (a, b) => ops.square(ops.sub(a, b))],
}

describeBackends('for any shape', (backend) => {
  // On WebGPU a new shape may take a new pipeline.
  const settings = { seed: 20, numRuns: backend === 'webgpu' ? 4 : 30 }

  const expectEqual = async (left: () => Tensor, right: () => Tensor): Promise<void> => {
    const [a, b] = [tidy(left), tidy(() => ops.mul(right(), 1))]
    expectClose(await a.data(), await b.data(), 1e-5)
    for (const each of [a, b]) each.dispose()
  }

  test.each(Object.entries(unary))('%s', async (_, [left, right]) => {
    await fc.assert(
      fc.asyncProperty(anyTensor, async ({ shape, data }) => {
        const x = tensor(data, shape)
        await expectEqual(
          () => left(x),
          () => right(x),
        )
        x.dispose()
      }),
      settings,
    )
  })

  test.each(Object.entries(binary))('%s', async (_, [left, right]) => {
    await fc.assert(
      fc.asyncProperty(anyPair, async (pair) => {
        const [a, b] = [tensor(pair.as, pair.a), tensor(pair.bs, pair.b)]
        await expectEqual(
          () => left(a, b),
          () => right(a, b),
        )
        for (const each of [a, b]) each.dispose()
      }),
      settings,
    )
  })

  test('a product is linear in each factor: ⟨a · b, dy⟩ = ⟨a, da⟩ = ⟨b, db⟩', async () => {
    await fc.assert(
      fc.asyncProperty(anyPair, async (pair) => {
        const [a, b] = [tensor(pair.as, pair.a), tensor(pair.bs, pair.b)]
        const dy = tensor(pair.dys, pair.full)
        const inner = (x: Tensor, y: Tensor): Tensor => ops.sum(ops.mul(x, y))
        const { value, grads } = ops.valueAndGrads(() => ops.mul(a, b), [a, b], dy)
        const [da, db] = grads
        const products = tidy(() => ops.stack([inner(value, dy), inner(a, da), inner(b, db)]))
        const [whole, first, second] = (await products.data()) as unknown as [number, number, number]
        expectClose([first, second], [whole, whole], 1e-4)
        for (const each of [a, b, dy, value, da, db, products]) each.dispose()
      }),
      settings,
    )
  })

  test('softmax sums to 1 along its axis, and does not see a shift', async () => {
    const anyRows = fc
      .tuple(anyTensor, fc.nat({ max: 3 }))
      .filter(([{ shape }]) => shape.length > 0 && count(shape) > 0)
    await fc.assert(
      fc.asyncProperty(anyRows, async ([{ shape, data }, place]) => {
        const x = tensor(data, shape)
        const axis = place % shape.length
        await expectEqual(
          () => ops.sum(ops.softmax(x, axis), axis),
          () => ops.onesLike(ops.sum(x, axis)),
        )
        await expectEqual(
          () => ops.softmax(ops.add(x, 5), axis),
          () => ops.softmax(x, axis),
        )
        await expectEqual(
          () => ops.exp(ops.logSoftmax(x, axis)),
          () => ops.softmax(x, axis),
        )
        x.dispose()
      }),
      settings,
    )
  })
})
