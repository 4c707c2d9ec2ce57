import { dispose, engine, keep, type Scalar, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { add } from '../array/arithmetic.ts'
import { cast, clone } from '../array/shape.ts'
import { hasOurGradient } from './gradient.ts'
import { ShapeError } from './shape-error.ts'

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

/**
 * The value of `f(xs)` and its gradients `∂f/∂x` for each x, in reverse mode.
 *
 * `f` must return one float32 tensor. A non-scalar result is seeded with `dy`, or with ones.
 * Inputs that `f` does not use get a gradient of zeros (as `torch.autograd.grad(..., allow_unused=True, materialize_grads=True)`).
 */
export function valueAndGrads<Y extends Tensor = Scalar>(
  f: () => Y,
  xs: readonly Tensor[],
  dy?: Tensor,
): { value: Y; grads: Tensor[] } {
  for (const [index, x] of xs.entries()) {
    if (x.dtype !== 'float32') {
      throw new ShapeError(
        `grad: expected float32 inputs, got ${x.dtype} at position ${index}. Integers have no derivative.`,
      )
    }
  }
  ensureEngineGradients()
  const { value, grads } = disposingTapeOnError(() => engine().gradients(f, [...xs], dy as Tensor, true))
  return {
    value: value as Y, // what `f` returned
    grads: grads.map((gradient, index) => {
      if (gradient != null) return gradient
      return zeros((xs[index] as Tensor).shape)
    }),
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

/** The gradient function of `f`: `grad(f)(x)` is `∂f/∂x`, and can itself be differentiated. */
export function grad<X extends Tensor>(f: (x: X) => Tensor): (x: X, dy?: Tensor) => X {
  return (x, dy) => tidy(() => valueAndGrads(() => f(x), [x], dy).grads[0] as X)
}

/** As `grad`, for a function of several tensors: `grads(f)(a, b)` is `[∂f/∂a, ∂f/∂b]`. */
export function grads<X extends Tensor[]>(f: (...xs: X) => Tensor): (...xs: X) => X {
  return (...xs) => tidy(() => valueAndGrads(() => f(...xs), xs).grads as X)
}

/** The value and the gradient of `f` at `x`. */
export function valueAndGrad<X extends Tensor, Y extends Tensor>(f: (x: X) => Y): (x: X) => { value: Y; grad: X } {
  return (x) => {
    const { value, grads } = valueAndGrads(() => f(x), [x])
    return { value, grad: grads[0] as X }
  }
}

/** Keeps every tensor of a record alive beyond the enclosing `tidy`; whoever asked for them disposes them. */
export function keepAll<T extends Record<string, Tensor>>(tensors: T): T {
  for (const tensor of Object.values(tensors)) keep(tensor)
  return tensors
}
