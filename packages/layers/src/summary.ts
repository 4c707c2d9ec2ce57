import { tidy, zeros } from '@ddnet/ops'
import type { Module } from './module.ts'
import type { Parameter } from './parameter.ts'
import { shadowForward } from './shadow-forward.ts'

export interface SummaryRow {
  /** Dotted name, as in checkpoints. */
  readonly name: string
  /** Class name. */
  readonly type: string
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

const size = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1)

/** Runs one inference pass over zeros and notes what comes out of each innermost module. A parameter that is shared counts once. */
export function summarize(model: Module, inputShape: readonly number[]): Summary {
  const rows: SummaryRow[] = []
  const counted = new Set<Parameter>()
  const watch = (name: string, module: Module, run: () => void) => (): void =>
    shadowForward(
      module,
      (forward) => (x, context) => {
        const y = forward(x, context)
        const parameters = [...module.parameters().values()]
        const weight = parameters.find(({ shape }) => shape.length > 1)
        const fresh = parameters.filter((parameter) => !counted.has(parameter))
        for (const parameter of fresh) counted.add(parameter)
        rows.push({
          name,
          type: module.constructor.name,
          outputShape: y.shape,
          parameters: fresh.reduce((total, { shape }) => total + size(shape), 0),
          multiplyAdds: weight === undefined ? 0 : multiplyAdds(weight.shape, weight.filter, x.shape, y.shape, module),
        })
        return y
      },
      run,
    )
  const once = new Map([...innermost(model, '')].reverse().map(([name, module]) => [module, name])) // by its first name
  const run = [...once].reduce<() => void>(
    (run, [module, name]) => watch(name, module, run),
    () => {
      tidy(() => {
        model.forward(zeros([...inputShape]))
      })
    },
  )
  run()
  return {
    rows,
    parameters: [...model.parameters().values()].reduce((total, { shape }) => total + size(shape), 0),
    multiplyAdds: rows.reduce((total, row) => total + row.multiplyAdds, 0),
  }
}

/** Each filter tap meets each position of the smaller side once: the output's for a convolution, the input's for its transpose. */
function multiplyAdds(
  weight: number[],
  isFilter: boolean,
  inputShape: readonly number[],
  outputShape: readonly number[],
  module: Module,
): number {
  if (!isFilter) return (size(outputShape) / (outputShape.at(-1) as number)) * size(weight)
  const positions = module.transposed ? inputShape : outputShape
  return size(positions.slice(0, -1)) * size(weight)
}

function innermost(module: Module, name: string): Map<string, Module> {
  const children = module.children()
  if (children.size === 0) return new Map([[name, module]])
  return new Map(
    [...children].flatMap(([childName, child]) => [
      ...innermost(child, name === '' ? childName : `${name}.${childName}`),
    ]),
  )
}
