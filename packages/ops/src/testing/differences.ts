import { engine, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { add, mul } from '../array/arithmetic.ts'
import { sum } from '../array/sum.ts'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { entryOf, itemAt } from '../checks/item.ts'

/** Numbers with a shape. */
export interface Numbers {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
}

const upload = ({ data, shape }: Numbers): Tensor => tensor(Float32Array.from(data), [...shape])

type Inputs = Record<string, Tensor>

const STEP = 2 ** -8

/**
 * Moves all `inputs` of `f` at once along a direction u of ±1 and compares the central difference `(f(x + hu) − f(x − hu)) / 2h`
 * with the directional derivative: of `⟨f(x), dy⟩` with its gradient, and of `⟨∇⟨f(x), dy⟩, v⟩` with its gradient, v of ±1
 * too. The gradient is linear in dy as well: `∂⟨∇⟨f(x), dy⟩, u⟩ / ∂dy` must be the derivative of `f` along u.
 *
 * @throws Error with both numbers where they differ
 */
export async function expectDifferences(...parameters: Parameters<typeof compare>): Promise<void> {
  engine().startScope('differences') // a tidy that may wait
  try {
    await compare(...parameters)
  } finally {
    engine().endScope()
  }
}

async function compare(f: (inputs: Inputs) => Tensor, inputs: Record<string, Numbers>, dy: Numbers): Promise<void> {
  const roles = Object.keys(inputs)
  const directions = (salt: string): Float32Array[] =>
    roles.map((role) => signs(entryOf(inputs, role).data.length, role + salt))
  const [u, v, w] = [directions(''), directions('v'), signs(dy.data.length, 'dy')]
  const at = (h: number): Inputs =>
    Object.fromEntries(
      Object.entries(inputs).map(([role, { data, shape }], index) => [
        role,
        tensor(
          Float32Array.from(data, (value, place) => value + h * itemAt(u[index], place)),
          [...shape],
        ),
      ]),
    )
  const [seed, x, forward, backward] = [upload(dy), at(0), at(STEP), at(-STEP)]
  const list = (given: Inputs): Tensor[] => roles.map((role) => entryOf(given, role))
  const value = (given: Inputs): Tensor[] => [tidy(() => f(given))]
  const gradients = (given: Inputs): Tensor[] => valueAndGrads(() => f(given), list(given), seed).grads
  /** `⟨∇⟨f(x), dy⟩, by⟩`. */
  const slope = (by: readonly Float32Array[]): Tensor =>
    gradients(x)
      .map((gradient, index) => sum(mul(gradient, tensor(itemAt(by, index), gradient.shape))))
      .reduce((total, each) => add(total, each))
  const gradientOfSlope = (by: readonly Float32Array[], xs: Tensor[]): Tensor[] =>
    valueAndGrads(() => tidy(() => slope(by)), xs).grads

  const difference = async (g: (given: Inputs) => Tensor[], by: readonly ArrayLike<number>[]): Promise<number> => {
    const [after, before] = [await project(g(forward), by), await project(g(backward), by)]
    return (after.value - before.value) / (2 * STEP)
  }
  expectWithin(await difference(value, [dy.data]), await project(gradients(x), u), 'first order')
  expectWithin(await difference(gradients, v), await project(gradientOfSlope(v, list(x)), u), 'second order')
  expectWithin(await difference(value, [w]), await project(gradientOfSlope(u, [seed]), [w]), 'second order, by dy')
}

/** `⟨tensors, by⟩`, and how long `tensors` are, for an error to be measured by. */
async function project(
  tensors: readonly Tensor[],
  by: readonly ArrayLike<number>[],
): Promise<{ value: number; scale: number }> {
  let [value, squares] = [0, 0]
  for (const [index, each] of tensors.entries()) {
    const values = await each.data()
    each.dispose()
    for (const [place, component] of values.entries()) {
      value += component * itemAt(by[index], place)
      squares += component * component
    }
  }
  return { value, scale: Math.max(1, Math.sqrt(squares)) }
}

function expectWithin(difference: number, { value, scale }: { value: number; scale: number }, label: string): void {
  const error = Math.abs(difference - value)
  if (!(error <= 1e-2 * scale)) {
    throw new Error(
      `${label}: the directional derivative is ${value}, the central difference ${difference}; error ${error} > 0.01 × ${scale}`,
    )
  }
}

/** +1 and −1 without a pattern, the same in every run. */
export const signs = (length: number, salt: string): Float32Array =>
  Float32Array.from({ length }, (_, index) => {
    let hash = 2166136261
    for (const character of `${index}${salt}`) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619)
    return ((hash >>> 15) & 1) === 0 ? 1 : -1
  })
