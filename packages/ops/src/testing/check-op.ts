import { getBackend, memory, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { kernelSource, withCompositions } from '../kernels/kernel-source.ts'
import { observeKernels } from '../kernels/observe-kernels.ts'
import { expectDifferences, type Numbers, signs } from './differences.ts'

/** What an operator is checked on. */
export interface OpCheck<Input extends string = string> {
  /** Float32 inputs by name, small, and off the kinks of the operator. */
  readonly inputs: Readonly<Record<Input, Numbers>>
  /** What PyTorch, a formula or another judge says that the result is. */
  readonly output: Numbers
  /** Relative to the largest expected value, or to 1: 1e-5 by default. */
  readonly tolerance?: number
}

/**
 * Checks an operator on the current backend: its value, its first and second derivatives by central differences, your kernels with the
 * compositions that they stand for, and that it leaves no tensor behind. It needs no test runner.
 *
 * @param run the operator; what it makes on its way is disposed
 * @throws Error with both numbers where two differ
 * @example
 * test('cube', () => checkOp(({ x }) => cube(x), {
 *   inputs: { x: { shape: [2], data: [1, 2] } },
 *   output: { shape: [2], data: [1, 8] },
 * }))
 */
export async function checkOp<Input extends string>(
  run: (inputs: Record<Input, Tensor>) => Tensor,
  { inputs, output, tolerance = 1e-5 }: OpCheck<Input>,
): Promise<void> {
  const dy = { shape: output.shape, data: signs(output.data.length, 'dy') }
  const names = Object.keys(inputs) as Input[] // no others are in it
  const xs = names.map((name) => tensor(Float32Array.from(inputs[name].data), [...inputs[name].shape]))
  const given = Object.fromEntries(names.map((name, index) => [name, xs[index]])) as Record<Input, Tensor>
  const seed = tensor(dy.data, [...dy.shape])

  const made = memory().numTensors
  const value = run(given)
  const left = memory().numTensors - made - 1
  if (left !== 0)
    throw new Error(`expected the result alone to be left, got ${left} tensors more. Make them inside tidy.`)
  if (value.shape.join() !== output.shape.join()) {
    throw new Error(`the result: expected shape [${output.shape}], got [${value.shape}].`)
  }
  expectNear('the result', await value.data(), output.data, tolerance)

  const kernels = new Set<string>()
  const stop = observeKernels(({ kernelName }) => void kernels.add(kernelName))
  let all: Tensor[]
  try {
    all = listed(valueAndGrads(() => run(given), xs, seed))
  } finally {
    stop()
  }
  const own = [...kernels].filter((kernel) => kernelSource(kernel, getBackend()) === 'own')
  if (own.length > 0) {
    const composed = withCompositions(own, getBackend(), () => listed(valueAndGrads(() => run(given), xs, seed)))
    for (const [index, each] of composed.entries()) {
      const what = index === 0 ? 'the result' : `the gradient of ${names[index - 1]}`
      expectNear(`${what}, beside the composition,`, await (all[index] ?? each).data(), await each.data(), tolerance)
    }
    for (const each of composed) each.dispose()
  }
  for (const each of [value, ...all, ...xs, seed]) each.dispose()

  await expectDifferences((changed) => run(changed as Record<Input, Tensor>), inputs, dy) // with the same names
}

const listed = ({ value, grads }: { value: Tensor; grads: readonly Tensor[] }): Tensor[] => [value, ...grads]

function expectNear(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const scale = Array.from(expected, Math.abs).reduce((most, each) => Math.max(most, each), 1)
  for (const [index, wanted] of Array.from(expected).entries()) {
    const got = actual[index] ?? Number.NaN
    if (Object.is(got, wanted) || Math.abs(got - wanted) <= tolerance * scale) continue
    throw new Error(`${what} at ${index}: expected ${wanted}, got ${got} (tolerance ${tolerance * scale}).`)
  }
}
