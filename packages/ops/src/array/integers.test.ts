import * as ops from '@ddnet/ops'
import { describeBackends, itemAt, lastItem } from '@ddnet/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

// Integers are exact in all of int32, far beyond the 2²⁴ of float32, and wrap around beyond it, as in PyTorch.

const [least, most] = [-(2 ** 31), 2 ** 31 - 1]
const edge = 2 ** 24
const values = [7, least, edge + 1, -1, most, edge, -edge - 1, 0, least + 1, 1, -edge, most - 1, 100, -7, edge + 3]
const int = (data: readonly number[], shape: readonly number[] = [data.length]): Tensor =>
  tensor(Int32Array.from(data), [...shape], 'int32')

const pairs = values.flatMap((a) => values.map((b): [number, number] => [a, b]))
const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)
const dataOf = async (x: Tensor): Promise<number[]> => Array.from((await ops.toHost(x)).data as Int32Array)
const sums = (numbers: readonly number[]): number[] => {
  let sum = 0
  return numbers.map((each) => (sum = (sum + each) | 0))
}

type Binary = (a: Tensor | number, b: Tensor | number) => Tensor
const binaries: Record<string, [Binary, (a: number, b: number) => number]> = {
  add: [ops.add, (a, b) => (a + b) | 0],
  sub: [ops.sub, (a, b) => (a - b) | 0],
  mul: [ops.mul, Math.imul],
  maximum: [ops.maximum, Math.max],
  minimum: [ops.minimum, Math.min],
  squaredDifference: [ops.squaredDifference, (a, b) => Math.imul(a - b, a - b)],
  equal: [ops.equal, (a, b) => Number(a === b)],
  notEqual: [ops.notEqual, (a, b) => Number(a !== b)],
  less: [ops.less, (a, b) => Number(a < b)],
  lessEqual: [ops.lessEqual, (a, b) => Number(a <= b)],
  greater: [ops.greater, (a, b) => Number(a > b)],
  greaterEqual: [ops.greaterEqual, (a, b) => Number(a >= b)],
}

const unaries: Record<string, [(x: Tensor) => Tensor, (x: number) => number]> = {
  neg: [ops.neg, (x) => -x | 0],
  abs: [ops.abs, (x) => Math.abs(x) | 0],
  sign: [ops.sign, Math.sign],
  square: [ops.square, (x) => Math.imul(x, x)],
  relu: [ops.relu, (x) => Math.max(0, x)],
  floor: [ops.floor, (x) => x],
  ceil: [ops.ceil, (x) => x],
  round: [ops.round, (x) => x],
  clone: [ops.clone, (x) => x],
  'cast to float32': [(x) => ops.cast(x, 'float32'), Math.fround],
  'cast to bool': [(x) => ops.cast(x, 'bool'), (x) => Number(x !== 0)],
  zerosLike: [ops.zerosLike, () => 0],
  onesLike: [ops.onesLike, () => 1],
  detach: [ops.detach, (x) => x],
}

const several: Record<string, [(x: Tensor) => Tensor, () => number[]]> = {
  sum: [(x) => ops.sum(x), () => [lastItem(sums(values))]],
  'sum of columns': [(x) => ops.sum(ops.reshape(x, [3, 5]), 0), () => columns((each) => lastItem(sums(each)))],
  'sum of rows': [(x) => ops.sum(ops.reshape(x, [3, 5]), 1), () => rows((each) => lastItem(sums(each)))],
  prod: [(x) => ops.prod(ops.slice(x, 2, 4)), () => [values.slice(2, 6).reduce(Math.imul)]],
  cumsum: [(x) => ops.cumsum(x, 0), () => sums(values)],
  'cumsum from the end': [(x) => ops.cumsum(x, 0, { reverse: true }), () => sums(values.toReversed()).reverse()],
  max: [(x) => ops.max(x), () => [most]],
  min: [(x) => ops.min(x), () => [least]],
  'max of rows': [(x) => ops.max(ops.reshape(x, [3, 5]), 1), () => rows((each) => Math.max(...each))],
  'min of columns': [(x) => ops.min(ops.reshape(x, [3, 5]), 0), () => columns((each) => Math.min(...each))],
  argMax: [(x) => ops.argMax(x), () => [values.indexOf(most)]],
  argMin: [(x) => ops.argMin(x), () => [values.indexOf(least)]],
  'argMax of neighbours': [(x) => ops.argMax(ops.gather(x, int([5, 2, 5]))), () => [1]],
  'argMin of neighbours': [(x) => ops.argMin(ops.gather(x, int([2, 5, 2]))), () => [1]],
  'sort, ascending': [(x) => ops.sort(x).values, () => ascending(values)],
  'sort, descending': [(x) => ops.sort(x, { descending: true }).values, () => ascending(values).reverse()],
  argSort: [(x) => ops.argSort(x), () => ascending(values).map((each) => values.indexOf(each))],
  'topK, largest': [(x) => ops.topK(x, 6).values, () => ascending(values).reverse().slice(0, 6)],
  'topK, smallest': [(x) => ops.topK(x, 6, { largest: false }).values, () => ascending(values).slice(0, 6)],
  gather: [(x) => ops.gather(x, int([4, 1, 1])), () => [most, least, least]],
  takeAlongAxis: [(x) => ops.takeAlongAxis(x, int([2, 4]), 0), () => [edge + 1, most]],
  where: [(x) => ops.where(ops.greater(x, 0), x, -edge - 1), () => values.map((x) => (x > 0 ? x : -edge - 1))],
  oneHot: [(x) => ops.oneHot(ops.slice(x, 0, 3), 8), () => [...Array(24).keys()].map((at) => Number(at === 7))],
  reverse: [(x) => ops.reverse(x), () => values.toReversed()],
  roll: [(x) => ops.roll(x, 2), () => [...values.slice(-2), ...values.slice(0, -2)]],
  transpose: [(x) => ops.transpose(ops.reshape(x, [3, 5])), () => columns((each) => each).flat()],
  concat: [(x) => ops.concat([x, x]), () => [...values, ...values]],
  tile: [(x) => ops.tile(x, [2]), () => [...values, ...values]],
  broadcastTo: [(x) => ops.broadcastTo(x, [2, 15]), () => [...values, ...values]],
  padConstant: [(x) => ops.padConstant(x, [[1, 2]], edge + 1), () => [edge + 1, ...values, edge + 1, edge + 1]],
  slice: [(x) => ops.slice(x, 3, 4), () => values.slice(3, 7)],
  stack: [(x) => ops.stack([x, x]), () => [...values, ...values]],
  split: [(x) => itemAt(ops.split(x, 5), 1), () => values.slice(5, 10)],
}

const rows = <T>(run: (row: number[]) => T): T[] => [0, 1, 2].map((row) => run(values.slice(5 * row, 5 * row + 5)))
const columns = <T>(run: (column: number[]) => T): T[] =>
  [0, 1, 2, 3, 4].map((column) => run([0, 1, 2].map((row) => itemAt(values, 5 * row + column))))

describeBackends('integers are exact', (backend) => {
  // JavaScript's product of two numbers is a float64.
  const exact = (name: string): boolean =>
    backend !== 'cpu' || !['mul', 'squaredDifference', 'square', 'prod'].includes(name)
  const fits = (value: number): boolean => Number.isSafeInteger(value)

  test.each(Object.entries(binaries))('%s', async (name, [run, expected]) => {
    const kept = exact(name) ? pairs : pairs.filter(([a, b]) => fits(a * b) && fits((a - b) ** 2))
    const y = run(int(kept.map(([a]) => a)), int(kept.map(([, b]) => b)))
    expect(await dataOf(y)).toEqual(kept.map(([a, b]) => expected(a, b) + 0))
    expect(y.dtype).toBe(name.includes('qual') || ['less', 'greater'].includes(name) ? 'bool' : 'int32')
  })

  test.each(Object.entries(binaries))('%s with a whole number, and with a broadcast', async (name, [run, expected]) => {
    const number = edge + 1
    const kept = exact(name) ? values : values.filter((each) => fits(each * number) && fits((each - number) ** 2))
    const forward = await dataOf(run(int(kept), number))
    expect(forward).toEqual(kept.map((each) => expected(each, number) + 0))
    expect(await dataOf(run(number, int(kept)))).toEqual(kept.map((each) => expected(number, each) + 0))
    expect(await dataOf(run(int(kept, [kept.length, 1]), int([number])))).toEqual(forward)
  })

  test.each(Object.entries(unaries))('%s', async (name, [run, expected]) => {
    const kept = exact(name) ? values : values.filter((each) => fits(each * each))
    expect(await dataOf(run(int(kept)))).toEqual(kept.map((each) => expected(each) + 0))
  })

  test.each(Object.entries(several))('%s', async (name, [run, expected]) => {
    if (exact(name)) expect(await dataOf(run(int(values)))).toEqual(expected())
  })

  test('with a number that is not whole they are real numbers', async () => {
    const x = int([-3, 4])
    expect(await dataOf(ops.add(x, 0.5))).toEqual([-2.5, 4.5])
    expect(await dataOf(ops.mul(0.5, x))).toEqual([-1.5, 2])
    expect(await dataOf(ops.greater(x, 3.5))).toEqual([0, 1])
    expect(await dataOf(ops.where(ops.greater(x, 0), x, 0.5))).toEqual([0.5, 4])
  })
})
