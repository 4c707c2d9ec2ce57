import {
  clone,
  engine,
  type GradConfig,
  getGradient,
  type NamedAttrMap,
  registerGradient,
  type Tensor,
  type TensorContainer,
  tidy,
} from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'

export type Inputs = Record<string, Tensor>
export type Outputs = Tensor | Tensor[]

/** What a gradient function may use: the inputs that were saved, and the output. */
export type Saved<I, O> = I & { readonly output: O }

/** The gradient of one operator: one lazy function per differentiable input. */
export interface GradientDefinition<I, A, O, Constant extends keyof I, Shared> {
  /**
   * The inputs whose values the gradients need (default: all), and 'output' where the output's value is needed.
   * Tensors listed here stay in memory until the backward pass; 'output' requires all inputs, to recompute it at higher orders.
   */
  readonly saves?: readonly (keyof I | 'output')[]
  /** Work that several gradients have in common, done once before them. */
  readonly shared?: (dy: O, saved: Saved<I, O>, attributes: A) => Shared
  readonly gradient: {
    readonly [K in Exclude<keyof I, Constant>]: (dy: O, saved: Saved<I, O>, attributes: A, shared: Shared) => Tensor
  }
  /** Inputs that have no derivative, each with the reason that an error gives. */
  readonly constants?: { readonly [K in Constant]: string }
}

/** True while operations are being recorded, so that a gradient computed now must itself be differentiable. */
export const isRecording = (): boolean => engine().state.gradientDepth > 0

// On the registered gradient, so that two copies of this package in one process know each other's.
const owner = Symbol.for('@ddnet/ops: whose gradient')
const ours = '@ddnet/ops'

/** Whose gradient a kernel has: a definition's (`ours` for the operators of this package), tfjs's ('other') or nobody's. */
export function gradientOwner(kernelName: string): unknown {
  const registered = getGradient(kernelName) as { [owner]?: unknown } | undefined // tfjs's type has no room for the mark
  return registered === undefined ? undefined : (registered[owner] ?? 'other')
}

/** Whether a kernel has the gradient of this package's operators. */
export const hasOurGradient = (kernelName: string): boolean => gradientOwner(kernelName) === ours

/** Registers a gradient in the place of any that tfjs has there: gradients of its own are wrong at higher orders. */
export const registerOwnGradient = (gradient: GradConfig, definition: unknown = ours): void =>
  registerGradient(Object.assign(gradient, { [owner]: definition }))

/**
 * Registers the gradient of kernel `kernelName` with tfjs's engine, once for each `definer`.
 *
 * tfjs clones a saved output before it records the operator itself, so that a second derivative through that clone is
 * silently wrong. Here `saved.output` is the saved value at first order, and is recomputed from the inputs, on the
 * tape, at every higher order.
 */
export function ensureGradient<I, A, O extends Outputs, C extends keyof I, S>(
  kernelName: string,
  inputNames: readonly string[],
  definition: GradientDefinition<I, A, O, C, S>,
  definer: unknown = ours,
): void {
  if (gradientOwner(kernelName) === definer) return
  const saves = (definition.saves ?? inputNames) as readonly string[]
  const inputsToSave = saves.filter((name) => name !== 'output')
  const savesOutput = saves.includes('output')
  const gradient: GradConfig = {
    kernelName,
    inputsToSave,
    // One flag an output; no operator here has more than eight.
    outputsToSave: Array.from({ length: 8 }, () => savesOutput),
    gradFunc: (dy, savedTensors, attributes) => {
      const inputs = Object.fromEntries(inputsToSave.map((name, index) => [name, itemAt(savedTensors, index)]))
      const saved = {
        ...inputs,
        get output() {
          if (!savesOutput)
            throw new Error(`${kernelName}: its gradient reads 'output' but does not list it in 'saves'`)
          if (isRecording()) return engine().runKernel(kernelName, inputs, attributes)
          const outputs = savedTensors.slice(inputsToSave.length)
          return outputs.length === 1 ? outputs[0] : outputs
        },
      } as unknown as Saved<I, O> // the engine's saved list is untyped; names and order come from `saves`
      const typedAttributes = attributes as A & NamedAttrMap
      // The engine runs this outside any tidy of its own: without this one, temporaries would live until the backward pass ends.
      const shared = (definition.shared &&
        tidy(() => definition.shared?.(dy as O, saved, typedAttributes) as TensorContainer)) as S
      const gradients: Record<string, () => Tensor> = {}
      for (const [name, gradient] of Object.entries(definition.gradient)) {
        gradients[name] = () => {
          const run = gradient as (dy: O, saved: Saved<I, O>, attributes: A, shared: S) => Tensor
          const dx = run(dy as O, saved, typedAttributes, shared)
          // The engine disposes a gradient when it adds another to it: one that several inputs share needs its own handle.
          return [dy, shared].flat().includes(dx) ? anotherHandle(dx) : dx
        }
      }
      for (const [name, reason] of Object.entries(definition.constants ?? {})) {
        gradients[name] = () => {
          throw new Error(`${kernelName} has no derivative with respect to '${name}': ${reason}`)
        }
      }
      return gradients
    },
  }
  registerOwnGradient(gradient, definer)
}

/** Another handle on the same values, whose gradient is that of `clone` of array/cast.ts: both are Identity's. */
function anotherHandle(x: Tensor): Tensor {
  ensureGradient('Identity', ['x'], { saves: [], gradient: { x: (dy: Tensor) => dy } })
  return clone(x)
}
