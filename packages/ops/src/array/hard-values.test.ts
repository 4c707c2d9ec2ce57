import * as ops from '@ddnet/ops'
import {
  type BackendName,
  defined,
  describeBackends,
  entryOf,
  type FixtureCase,
  itemAt,
  operatorFixtures,
  upload,
} from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

// Every elementwise operator where float32 is hard: tiny and huge values, NaN, infinities, zeros of both signs.
// PyTorch's float64 is the judge, and its float32 the measure where the formula itself loses digits.

const functions = new Map<string, unknown>(Object.entries(ops))
type Run = (...inputs: unknown[]) => Tensor

function call({ operator, ...options }: FixtureCase['options'], inputs: readonly Tensor[]): Tensor {
  const run = functions.get(operator) as Run // the fixture names our operators
  if (operator === 'pow' && inputs.length === 1) return run(inputs[0], options['exponent'])
  if (operator === 'norm') return run(ops.expandDims(itemAt(inputs, 0), 1), { ...options, axis: 1 })
  const y = Object.keys(options).length === 0 ? run(...inputs) : run(...inputs, options)
  return y.dtype === 'bool' ? ops.cast(y, 'float32') : y
}

const smallest = 2 ** -126 // of float32's normal numbers
const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < smallest
const spacing = (x: number): number => Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23))

/** Backends whose processors take subnormal numbers for 0. */
const flushing: readonly BackendName[] = ['webgpu', 'tensorflow']

/** Why a point is not held to PyTorch's value; undefined where it is. */
function exempt(backend: BackendName, operator: string, at: readonly number[], role: string): string | undefined {
  if (flushing.includes(backend) && at.some(isSubnormal)) return 'subnormal inputs are 0'
  if (operator === 'norm' && at.some(isSubnormal)) return 'no reciprocal in float32'
  if (operator === 'norm' && role !== 'y' && Math.abs(itemAt(at, 0)) > 1e38) return 'its double is beyond float32'
  if (operator === 'pow' && backend === 'cpu' && Math.abs(itemAt(at, 0)) === 1 && !Number.isFinite(at[1])) {
    return 'JavaScript says that 1 to the power of NaN or infinity is NaN'
  }
  return undefined
}

/** What operators may be off whose formula takes a value from 1, or (erf) that say so. Others: 4 units in the last place. */
const absolute: Record<string, number> = { erf: 2e-7, gelu: 2e-6, tanh: 3e-7, mish: 2e-6 }

const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b))

describeBackends('hard values', (backend) => {
  test.each(operatorFixtures('hardValues'))('$name', async ({ options, tensors }) => {
    const roles = ['x', 'a', 'b'].filter((role) => tensors[role] !== undefined)
    const numbers = (role: string): ArrayLike<number> => defined(tensors[role]?.data)
    const given = roles.map((role): Tensor => upload(entryOf(tensors, role)))
    const { value, grads } = ops.valueAndGrads(() => call(options, given), given, ops.ones(given[0]?.shape ?? []))
    const results = new Map([['y', value], ...roles.map((role, index) => [`d${role}`, grads[index]] as const)])
    const wrong: string[] = []
    for (const [role, result] of results) {
      const got = await defined(result).data()
      for (const [index, y] of got.entries()) {
        // A gradient of prelu's weight, which is a sum over many, has no point of its own.
        const at =
          got.length === numbers(itemAt(roles, 0)).length ? roles.flatMap((each) => numbers(each)[index] ?? []) : [] // prelu has fewer weights
        if (exempt(backend, options['operator'], at, role) !== undefined) continue
        const exact = itemAt(numbers(role), index)
        const single = numbers(`${role}32`)?.[index] ?? Number.NaN // which not every case has
        if (same(y, exact) || same(y, single)) continue
        const vanishing = flushing.includes(backend) ? 1e-35 : role === 'y' ? 0 : smallest
        if (y === 0 && [exact, single].some((each) => Math.abs(each) < vanishing)) continue
        const error = Math.abs(y - exact)
        const within = Math.max(2 * Math.abs(single - exact), absolute[options['operator']] ?? 0)
        if (error <= within || [exact, single].some((each) => Math.abs(y - each) <= 4 * spacing(each))) continue
        wrong.push(`${role} at ${at.join(', ')}: got ${y}, expected ${exact} (PyTorch's float32: ${single})`)
      }
    }
    expect(wrong).toEqual([])
    for (const tensor of [...given, value, ...grads]) tensor.dispose()
  })
})
