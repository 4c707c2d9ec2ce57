import { type Module, shadowForward } from '@ddnet/layers'
import type { Tensor } from '@ddnet/ops'

/** A module inside `model` by its dotted name, as checkpoints write it: `encoder.0`, `decoder.2.norm`. */
export function moduleAt(model: Module, name: string): Module {
  const found = descendants(model).get(name)
  if (found !== undefined) return found
  throw new RangeError(
    `${model.constructor.name} has no layer ${JSON.stringify(name)}. Its layers are ${[...descendants(model).keys()].join(', ')}.`,
  )
}

function descendants(module: Module, prefix = ''): Map<string, Module> {
  return new Map(
    [...module.children()].flatMap(([name, child]): [string, Module][] => [
      [`${prefix}${name}`, child],
      ...descendants(child, `${prefix}${name}.`),
    ]),
  )
}

/**
 * Runs `run` while each output of `module` goes through `replace`: what it returns is what the rest of the network sees.
 */
export function withOutput<T>(module: Module, replace: (output: Tensor) => Tensor, run: () => T): T {
  return shadowForward(module, (forward) => (x, context) => replace(forward(x, context)), run)
}
