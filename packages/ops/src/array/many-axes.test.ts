import { describeBackends, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { cumsum, padConstant, reverse, type Tensor, tensor, tile, transpose, where } from '../index.ts'

type At = (place: readonly number[]) => number

/** Row by row, what `at` says of each place. */
const filled = (shape: readonly number[], at: At): number[] =>
  shape
    .reduce<number[][]>(
      (places, size) => places.flatMap((place) => [...Array(size).keys()].map((i) => [...place, i])),
      [[]],
    )
    .map(at)

/** A number of its own at each place, whole and small: every order of additions is exact. */
const numbers: At = (place) => place.reduce((number, i) => 3 * number + i, 1) % 64
const weights: At = (place) => place.reduce((number, i, axis) => number + (axis + 1) * i, 1) % 7

/** Sizes 2, 1, 3, 2, 1, 3, …: no two neighbours are alike, so that no kernel can take them for one axis. */
const sizesOf = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => [2, 1, 3][axis % 3] as number)
const odd = (rank: number): number[] => [...Array(rank).keys()].filter((axis) => axis % 2 === 1)

/** What an operator of a rank does, by places: `y` at a place, and which weights come together in `dx` at a place. */
interface Rule {
  readonly run: (x: Tensor) => Tensor
  readonly shape: readonly number[]
  readonly y: At
  readonly dx: At
}

const isInside = (place: readonly number[], shape: readonly number[]): boolean =>
  place.every((i, axis) => i >= 0 && i < itemAt(shape, axis))

const rules: Record<string, (rank: number) => Rule> = {
  padConstant: (rank) => {
    const shape = sizesOf(rank)
    const before = shape.map((_, axis) => Number(axis % 2 === 1 || axis === 0))
    const inner = (place: readonly number[]) => place.map((i, axis) => i - itemAt(before, axis))
    return {
      run: (x) =>
        padConstant(
          x,
          before.map((each) => [each, 0] as const),
          9,
        ),
      shape: shape.map((size, axis) => size + itemAt(before, axis)),
      y: (place) => (isInside(inner(place), shape) ? numbers(inner(place)) : 9),
      dx: (place) => weights(place.map((i, axis) => i + itemAt(before, axis))),
    }
  },
  tile: (rank) => {
    const shape = sizesOf(rank)
    const times = shape.map((_, axis) => (axis % 3 === 1 ? 2 : 1))
    const copies = filled(times, () => 0).length
    const repeated = shape.map((size, axis) => size * itemAt(times, axis))
    return {
      run: (x) => tile(x, times),
      shape: repeated,
      y: (place) => numbers(place.map((i, axis) => i % itemAt(shape, axis))),
      dx: (place) => {
        let total = 0
        filled(times, (copy) => {
          total += weights(place.map((i, axis) => i + itemAt(copy, axis) * itemAt(shape, axis)))
          return 0
        })
        expect(copies).toBeGreaterThan(1)
        return total
      },
    }
  },
  reverse: (rank) => {
    const shape = sizesOf(rank)
    const turned = (place: readonly number[]) =>
      place.map((i, axis) => (axis % 2 === 1 ? itemAt(shape, axis) - 1 - i : i))
    return {
      run: (x) => reverse(x, odd(rank)),
      shape,
      y: (place) => numbers(turned(place)),
      dx: (place) => weights(turned(place)),
    }
  },
  transpose: (rank) => {
    const shape = sizesOf(rank)
    const perm = [...odd(rank), ...[...Array(rank).keys()].filter((axis) => axis % 2 === 0)]
    const back = (place: readonly number[]) => shape.map((_, axis) => itemAt(place, perm.indexOf(axis)))
    return {
      run: (x) => transpose(x, perm),
      shape: perm.map((axis) => itemAt(shape, axis)),
      y: (place) => numbers(back(place)),
      dx: (place) => weights(perm.map((axis) => itemAt(place, axis))),
    }
  },
  where: (rank) => {
    const shape = sizesOf(rank)
    const isTaken = (place: readonly number[]) => weights(place) % 2 === 1
    return {
      run: (x) =>
        where(
          tensor(
            filled(shape, (place) => Number(isTaken(place))),
            shape,
            'bool',
          ),
          x,
          -5,
        ),
      shape,
      y: (place) => (isTaken(place) ? numbers(place) : -5),
      dx: (place) => (isTaken(place) ? weights(place) : 0),
    }
  },
  cumsum: (rank) => {
    const shape = sizesOf(rank)
    const row = (place: readonly number[], from: number, to: number, at: At) =>
      Array.from({ length: to - from }, (_, i) => at(place.with(2, from + i))).reduce((sum, each) => sum + each, 0)
    return {
      run: (x) => cumsum(x, 2),
      shape,
      y: (place) => row(place, 0, itemAt(place, 2) + 1, numbers),
      dx: (place) => row(place, itemAt(place, 2), itemAt(shape, 2), weights),
    }
  },
}

describeBackends('of five to nine axes', () => {
  test.each(Object.keys(rules).flatMap((name) => [5, 6, 7, 8, 9].map((rank) => [name, rank] as const)))(
    '%s of %i axes does what it does of few',
    async (name, rank) => {
      const { run, shape, y, dx } = (rules[name] as (rank: number) => Rule)(rank)
      const sizes = sizesOf(rank)
      const x = tensor(filled(sizes, numbers), sizes)
      const { value, grads } = valueAndGrads(() => run(x), [x], tensor(filled(shape, weights), [...shape]))
      expect(value.shape).toEqual(shape)
      expect([...(await value.data())]).toEqual(filled(shape, y))
      expect([...(await grads[0].data())]).toEqual(filled(sizes, dx))
    },
  )
})
