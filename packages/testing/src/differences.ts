import { add, engine, mul, sum, type Tensor, tensor, tidy, toHost, valueAndGrads } from '@ddnet/ops'
import { expect } from 'vitest'
import { type FixtureTensor, upload } from './fixtures.ts'

type Inputs = Record<string, Tensor>

const STEP = 2 ** -8

/**
 * Moves all `inputs` of `f` at once along a direction of ±1 and compares the central difference `(f(x + hu) − f(x − hu)) / 2h`
 * with the directional derivative: of `⟨f(x), dy⟩` with its gradient, and of `⟨∇⟨f(x), dy⟩, v⟩` with its gradient.
 */
export async function expectDifferences(...parameters: Parameters<typeof compare>): Promise<void> {
  engine().startScope('differences') // a tidy that may wait
  try {
    await compare(...parameters)
  } finally {
    engine().endScope()
  }
}

async function compare(
  f: (inputs: Inputs) => Tensor,
  inputs: Record<string, FixtureTensor>,
  dy: FixtureTensor,
): Promise<void> {
  const roles = Object.keys(inputs)
  const at = (h: number): Inputs =>
    Object.fromEntries(
      Object.entries(inputs).map(([role, { data, shape }]) => [
        role,
        tensor(
          Float32Array.from(data, (value, index) => value + h * sign(index, role)),
          shape,
        ),
      ]),
    )
  const [seed, x, forward, backward] = [upload(dy), at(0), at(STEP), at(-STEP)]
  const list = (given: Inputs): Tensor[] => roles.map((role) => given[role] as Tensor)
  const gradients = (given: Inputs): Tensor[] => valueAndGrads(() => f(given), list(given), seed).grads
  // v: ±1 again, in another pattern.
  const directions = roles.map((role): FixtureTensor => {
    const { shape, data } = inputs[role] as FixtureTensor
    return { shape, dtype: 'float32', data: Float32Array.from(data, (_, index) => sign(index, `${role}v`)) }
  })
  const weights = directions.map((direction) => upload(direction))
  const slope = (given: Inputs): Tensor =>
    gradients(given)
      .map((gradient, index) => sum(mul(gradient, weights[index] as Tensor)))
      .reduce((total, each) => add(total, each))

  const along = async (grads: Tensor[]): Promise<{ value: number; scale: number }> => {
    let [value, squares] = [0, 0]
    for (const [index, gradient] of grads.entries()) {
      const values = (await toHost(gradient)).data as Float32Array
      for (const [place, each] of values.entries()) {
        value += each * sign(place, roles[index] as string)
        squares += each * each
      }
    }
    return { value, scale: Math.max(1, Math.sqrt(squares)) }
  }
  const difference = async (g: (given: Inputs) => Tensor[], by: readonly FixtureTensor[]): Promise<number> => {
    const project = async (given: Inputs): Promise<number> => {
      let total = 0
      for (const [index, each] of g(given).entries()) {
        const weight = by[index]?.data
        const values = (await toHost(each)).data as Float32Array
        each.dispose()
        for (const [place, value] of values.entries()) total += value * (weight?.[place] as number)
      }
      return total
    }
    return ((await project(forward)) - (await project(backward))) / (2 * STEP)
  }

  const first = await along(gradients(x))
  const firstDifference = await difference((given) => [tidy(() => f(given))], [dy])
  expectWithin(firstDifference, first, 'first order')

  const second = await along(valueAndGrads(() => tidy(() => slope(x)), list(x)).grads)
  const secondDifference = await difference(gradients, directions)
  expectWithin(secondDifference, second, 'second order')
}

function expectWithin(difference: number, { value, scale }: { value: number; scale: number }, label: string): void {
  const error = Math.abs(difference - value)
  if (!(error <= 1e-2 * scale)) {
    expect.fail(
      `${label}: the directional derivative is ${value}, the central difference ${difference}; error ${error} > 0.01 × ${scale}`,
    )
  }
}

/** +1 or −1 without a pattern, the same in every run. */
function sign(index: number, salt: string): number {
  let hash = 2166136261
  for (const character of `${index}${salt}`) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619)
  return ((hash >>> 15) & 1) === 0 ? 1 : -1
}
