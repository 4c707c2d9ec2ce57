import { dispose, engine, keep, type Scalar, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { add } from '../array/arithmetic.ts'
import { cast, clone } from '../array/cast.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { hasOurGradient } from './gradient.ts'

/**
 * The engine itself adds gradients up (kernel Add) and copies tensors (Identity, whose gradient is Cast); for second
 * derivatives those kernels need gradients too, so they are registered before the first tape.
 */
function ensureEngineGradients(): void {
  if (['Add', 'Cast', 'Identity'].every(hasOurGradient)) return
  tidy(() => {
    clone(cast(add(tensor([0]), 0), 'float32'))
  })
}

/** A value that does not depend on anything that it is to be differentiated by. */
export class NoPathError extends Error {
  override readonly name = 'NoPathError'

  constructor(
    message = 'grad: the value does not depend on what it is differentiated by. Compute it from those tensors, inside the function, and by operators that have a derivative: comparisons, argMax and casts to integers have none.',
  ) {
    super(message)
  }
}

/** How often a derivative was asked for, so that `f` is known to have asked for one itself. */
const differentiations = { count: 0 }

/**
 * The value of `f()` and its gradients `∂f/∂x` for each x, in reverse mode; undefined for an x that the value does not
 * depend on, where PyTorch's `x.grad` is None.
 *
 * `f` must return one float32 tensor: of one value, or any shape where `dy` of that shape weighs its elements.
 *
 * @throws ShapeError if `f` returns several values and there is no `dy`, another dtype, or no tensor; if an x is not float32
 * @throws NoPathError if the value depends on no x at all, which of a loss is a mistake. It is none, and the gradients are zeros,
 * where `dy` is given, where the xs have no elements, and where `f` takes a derivative itself, since that may well be
 * constant, as ReLU's is
 */
export function valueAndSomeGrads<Y extends Tensor = Scalar>(
  f: () => Y,
  xs: readonly Tensor[],
  dy?: Tensor,
): { value: Y; grads: (Tensor | undefined)[] } {
  if (xs.length === 0)
    throw new NoPathError('grad: there is nothing to differentiate by, expected at least one tensor.')
  for (const [index, x] of xs.entries()) {
    if (x.dtype !== 'float32') {
      throw new ShapeError(
        `grad: expected float32 inputs, got ${x.dtype} at position ${index}. Integers have no derivative.`,
      )
    }
  }
  if (dy !== undefined && dy.dtype !== 'float32') throw new ShapeError(`grad: expected dy as float32, got ${dy.dtype}.`)
  ensureEngineGradients()
  const before = ++differentiations.count
  let influences: ReadonlySet<number> = new Set()
  const checked = (): Y => {
    const y = f()
    expectDifferentiable(y, dy)
    influences = influencesOn(y)
    return y
  }
  return disposingTapeOnError(() =>
    tidy(() => {
      const { value, grads } = engine().gradients(checked, [...xs], dy as Tensor, true)
      if (!xs.some(({ id }) => influences.has(id))) {
        const empty = xs.every(({ size }) => size === 0) // operators pass such tensors by
        if (dy === undefined && differentiations.count === before && !empty) {
          throw new NoPathError()
        }
        return { value: value as Y, grads: xs.map(({ shape }) => zeros(shape)) }
      }
      return {
        value: value as Y,
        grads: xs.map(({ id, shape }, index) => (influences.has(id) ? (grads[index] ?? zeros(shape)) : undefined)),
      }
    }),
  )
}

/**
 * As `valueAndSomeGrads`, with zeros for inputs that the value does not depend on
 * (as `torch.autograd.grad(…, allow_unused=True, materialize_grads=True)`).
 *
 * @throws what `valueAndSomeGrads` throws; that no input has an influence is an error here, too
 */
export function valueAndGrads<Y extends Tensor = Scalar, const Xs extends readonly Tensor[] = readonly Tensor[]>(
  f: () => Y,
  xs: Xs,
  dy?: Tensor,
): { value: Y; grads: { -readonly [Index in keyof Xs]: Xs[Index] } }
export function valueAndGrads(f: () => Tensor, xs: readonly Tensor[], dy?: Tensor): { value: Tensor; grads: Tensor[] } {
  const { value, grads } = valueAndSomeGrads(f, xs, dy)
  return { value, grads: xs.map(({ shape }, index) => grads[index] ?? zeros(shape)) }
}

/** The ids of all tensors that `y` was computed from through real numbers: the result of a comparison is a constant. */
function influencesOn(y: Tensor): ReadonlySet<number> {
  const found = new Set([y.id])
  for (const { inputs, outputs } of [...(engine().state.activeTape ?? [])].reverse()) {
    if (!outputs.some(({ id, dtype }) => dtype === 'float32' && found.has(id))) continue
    for (const { id, dtype } of Object.values(inputs)) if (dtype === 'float32') found.add(id)
  }
  return found
}

function expectDifferentiable(y: unknown, dy: Tensor | undefined): void {
  if (y === null || typeof y !== 'object' || !('dtype' in y && 'shape' in y)) {
    const got = y instanceof Promise ? 'a promise. Functions that are differentiated must not be async' : String(y)
    throw new ShapeError(`grad: expected a tensor to differentiate, got ${got}.`)
  }
  const { dtype, shape, size } = y as Tensor
  if (dtype !== 'float32') {
    throw new ShapeError(
      `grad: expected a float32 value to differentiate, got ${dtype}. Only real numbers have a derivative.`,
    )
  }
  if (dy === undefined && size !== 1) {
    throw new ShapeError(
      `grad: expected one value to differentiate, got [${shape}]. Take its mean or sum, over all axes, or give dy of that shape.`,
    )
  }
  if (dy !== undefined && dy.shape.join() !== shape.join()) {
    throw new ShapeError(`grad: expected dy of the value's shape [${shape}], got [${dy.shape}].`)
  }
}

/** The engine frees what its tape saved at the end of the backward pass; where that never comes, we do. */
function disposingTapeOnError<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const { state } = engine()
    if (state.gradientDepth === 0) {
      for (const { saved } of state.activeTape ?? []) dispose(saved ?? [])
      state.activeTape = []
    }
    throw error
  }
}

/**
 * The gradient function of `f`: `grad(f)(x)` is `∂f/∂x`, and can itself be differentiated. `f` gives one value, or `dy`
 * weighs its elements.
 * @throws what `valueAndGrads` throws
 */
export function grad<X extends Tensor>(f: (x: X) => Tensor): (x: X, dy?: Tensor) => X {
  return (x, dy) => tidy(() => valueAndGrads(() => f(x), [x], dy).grads[0])
}

/** As `grad`, for a function of several tensors: `grads(f)(a, b)` is `[∂f/∂a, ∂f/∂b]`. */
export function grads<X extends Tensor[]>(f: (...xs: X) => Tensor): (...xs: X) => X {
  return (...xs) => tidy(() => valueAndGrads(() => f(...xs), xs).grads)
}

/** Keeps every tensor of a record alive beyond the enclosing `tidy`; whoever asked for them disposes them. */
export function keepAll<T extends Record<string, Tensor>>(tensors: T): T {
  for (const tensor of Object.values(tensors)) keep(tensor)
  return tensors
}
