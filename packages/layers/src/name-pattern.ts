import { isModule, type Root } from './discover.ts'
import { listed } from './listed.ts'

/** What fits dotted names by a pattern: a parameter's, or a module's for all of its; `*` stands for any characters, dots too. */
export function matcherOf(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${escaped}(\\..*)?$`, 's')
}

/** The error of a pattern that fits none of the names. */
export function unknownName(
  what: string,
  pattern: string,
  model: Root,
  names: readonly string[],
  noun = 'parameter',
): RangeError {
  const whose = isModule(model) ? `this ${model.constructor.name}. It has` : 'these models. They have'
  return new RangeError(`${what}: '${pattern}' names no ${noun} of ${whose} ${listed(names, ', ')}.`)
}
