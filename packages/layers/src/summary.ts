import { onShapes, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { type KernelCall, observeKernels } from '@ddnet/ops/kernels'
import { isModule, isParameter, partsOf } from './discover.ts'
import { type RunSpec, runOf, tensorsIn } from './input-spec.ts'
import type { Module } from './module.ts'
import { observe } from './observe.ts'
import type { Parameter } from './parameter.ts'
import { inference } from './pass.ts'

export interface SummaryRow {
  /** Dotted name, as in checkpoints; '' of the model itself. */
  readonly name: string
  /** Class name. */
  readonly type: string
  /** Of several results, the first one's. */
  readonly outputShape: readonly number[]
  /** Its own, without those of the modules in it. */
  readonly parameters: number
  /** Multiply-adds of convolutions and matrix products in one forward pass, its own; 0 for what touches each element once. */
  readonly multiplyAdds: number
}

export interface Summary {
  readonly rows: readonly SummaryRow[]
  readonly parameters: number
  readonly multiplyAdds: number
}

/**
 * Layers, output shapes, parameters and multiply-adds of one inference pass. It runs on shapes alone: nothing is computed, and
 * the model needs no values and no backend. There is a row for each innermost module, and for another one where it has
 * parameters or multiply-adds of its own. A parameter that is shared counts once.
 *
 * @param inputs one for each input of `forward`; or a function that runs the model
 * @throws what operators throw about shapes
 * @example summary(model, [1, 32, 32, 3]).parameters
 * @example summary(gpt, { shape: [1, 64], dtype: 'int32' })
 * @example summary(unet, () => unet.forward(zeros([1, 64, 64, 3]), zeros([1, 8])))
 */
export function summary(model: Module, ...inputs: RunSpec<unknown>): Summary {
  const rows: SummaryRow[] = []
  const counted = new Set<Parameter>()
  /** Of the modules under way, the innermost last; the first one is what runs outside of all. */
  const underWay: number[] = [0]
  onShapes(() => {
    const stop = countMultiplyAdds((count) => {
      underWay.push((underWay.pop() as number) + count)
    })
    try {
      inference(() =>
        observe(
          model,
          runOf(model, inputs, (output) => output),
          ({ path, module, output }) => {
            const own = underWay.pop() as number
            const { parameters, isInnermost } = ownOf(module, counted)
            if (!isInnermost && parameters + own === 0) return
            const outputShape = tensorsIn(output)[0]?.shape ?? []
            rows.push({ name: path, type: module.constructor.name, outputShape, parameters, multiplyAdds: own })
          },
          { before: () => void underWay.push(0) },
        ),
      )
    } finally {
      stop()
    }
  })
  return {
    rows,
    parameters: [...model.parameters().values()].reduce((total, { shape }) => total + size(shape), 0),
    multiplyAdds: rows.reduce((total, row) => total + row.multiplyAdds, itemAt(underWay, 0)),
  }
}

const size = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1)

/** How many values a module has in parameters of its own that were not counted yet. */
function ownOf(module: Module, counted: Set<Parameter>): { parameters: number; isInnermost: boolean } {
  const parts = [...partsOf(module).values()]
  const fresh = parts.filter(isParameter).filter((parameter) => !counted.has(parameter))
  for (const parameter of fresh) counted.add(parameter)
  return {
    parameters: fresh.reduce((total, { shape }) => total + size(shape), 0),
    isInnermost: !parts.some(isModule),
  }
}

/** Tells of each convolution and matrix product, until the returned function is called. */
function countMultiplyAdds(tell: (count: number) => void): () => void {
  let depth = 0
  return observeKernels((call) => {
    depth++
    return (outputs) => {
      // What another one is composed of is that one's.
      if (--depth === 0 && outputs?.[0] !== undefined) tell(multiplyAdds(call, outputs[0]))
    }
  })
}

/** Each filter tap meets each position of the smaller side once: the output's for a convolution, the input's for its transpose. */
function multiplyAdds({ kernelName, inputs, attributes }: KernelCall, output: Tensor): number {
  const positions = ({ shape }: Tensor): number => size(shape.slice(0, -1))
  const { filter, dy, a } = inputs
  switch (kernelName) {
    case 'conv2d':
    case 'biasedConv2d':
      return positions(output) * size((filter as Tensor).shape)
    case 'conv2dInputGradient':
    case 'biasedConv2dInputGradient':
      return positions(dy as Tensor) * size((filter as Tensor).shape)
    case 'BatchMatMul':
      return output.size * itemAt((a as Tensor).shape, (a as Tensor).rank - (attributes['transposeA'] === true ? 2 : 1))
    default:
      return 0
  }
}
