import type { Tensor } from '@ddnet/ops'
import type { Context } from './context.ts'
import type { Module } from './module.ts'

type Forward = (x: Tensor, context?: Context) => Tensor

/**
 * Runs `run` while `around` stands in for the `forward` of `module`: it gets what it replaces. Afterwards, whatever happens, the
 * module has what it had: the method of its class, or a property of its own with all of that property's attributes.
 * The same module may be shadowed again inside.
 */
export function shadowForward<T>(module: Module, around: (forward: Forward) => Forward, run: () => T): T {
  const own = Object.getOwnPropertyDescriptor(module, 'forward')
  const { forward } = module
  Object.defineProperty(module, 'forward', {
    value: around((x, context) => forward.call(module, x, context)),
    configurable: true,
    enumerable: false,
    writable: true,
  })
  try {
    return run()
  } finally {
    if (own === undefined) Reflect.deleteProperty(module, 'forward')
    else Object.defineProperty(module, 'forward', own)
  }
}
