import { type DataType, type Tensor, tidy, zeros } from '@ddnet/ops'
import { ConvTranspose2d } from './conv-transpose2d.ts'
import type { Module } from './module.ts'
import { observe } from './observe.ts'
import type { Parameter } from './parameter.ts'
import { inference } from './pass.ts'

export interface SummaryRow {
  /** Dotted name, as in checkpoints. */
  readonly name: string
  /** Class name. */
  readonly type: string
  /** Of several results, the first one's. */
  readonly outputShape: readonly number[]
  readonly parameters: number
  /** Multiply-adds of one forward pass; 0 for layers that only touch each element once. */
  readonly multiplyAdds: number
}

export interface Summary {
  readonly rows: readonly SummaryRow[]
  readonly parameters: number
  readonly multiplyAdds: number
}

/** An input that is not there: a float32 tensor of a shape, batch included, or one of another type. */
export type InputSpec = readonly number[] | { readonly shape: readonly number[]; readonly dtype: DataType }

const size = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1)

/**
 * Layers, output shapes, parameters and multiply-adds: runs one inference pass, and notes what comes out of each innermost
 * module. A parameter that is shared counts once.
 *
 * @param inputs one for each input of `forward`, all zeros; or one function that runs the model
 * @example summary(model, [1, 32, 32, 3]).parameters
 * @example summary(gpt, { shape: [1, 64], dtype: 'int32' })
 */
export function summary(model: Module, ...inputs: readonly InputSpec[] | readonly [run: () => unknown]): Summary {
  const rows: SummaryRow[] = []
  const counted = new Set<Parameter>()
  const parameters = model.parameters()
  const [first] = inputs
  const run =
    typeof first === 'function'
      ? first
      : () => model.forward(...((inputs as readonly InputSpec[]).map(zerosOf) as never[]))
  tidy(() => {
    observe(
      model,
      () => void inference(run),
      ({ path, module, inputs, output }) => {
        if (module.children().size > 0) return
        const own = [...module.parameters().values()]
        const fresh = own.filter((parameter) => !counted.has(parameter))
        for (const parameter of fresh) counted.add(parameter)
        const outputShape = shapeOf(output)
        rows.push({
          name: path,
          type: module.constructor.name,
          outputShape,
          parameters: fresh.reduce((total, { shape }) => total + size(shape), 0),
          multiplyAdds: multiplyAdds(module, shapeOf(inputs), outputShape),
        })
      },
    )
  })
  return {
    rows,
    parameters: [...parameters.values()].reduce((total, { shape }) => total + size(shape), 0),
    multiplyAdds: rows.reduce((total, row) => total + row.multiplyAdds, 0),
  }
}

function zerosOf(input: InputSpec): Tensor {
  return 'shape' in input ? zeros([...input.shape], input.dtype) : zeros([...input])
}

/** The shape of the first tensor in `value`. */
function shapeOf(value: unknown): readonly number[] {
  if (value === null || typeof value !== 'object') return []
  if ('dataId' in value) return (value as Tensor).shape
  return shapeOf(Object.values(value)[0])
}

/** Each filter tap meets each position of the smaller side once: the output's for a convolution, the input's for its transpose. */
function multiplyAdds(module: Module, inputShape: readonly number[], outputShape: readonly number[]): number {
  const weight = [...module.parameters().values()].find(({ shape }) => shape.length > 1)
  if (weight === undefined) return 0
  if (!weight.filter) return (size(outputShape) / (outputShape.at(-1) as number)) * size(weight.shape)
  const positions = module instanceof ConvTranspose2d ? inputShape : outputShape
  return size(positions.slice(0, -1)) * size(weight.shape)
}
