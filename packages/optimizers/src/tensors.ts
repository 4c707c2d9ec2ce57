import { type Tensor, zerosLike } from '@ddnet/ops'
import type { Tensors } from './gradient-transformation.ts'

export const mapTensors = (tensors: Tensors, change: (tensor: Tensor, name: string) => Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]))

export const filterTensors = (tensors: Tensors, keep: (name: string, tensor: Tensor) => boolean): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name, tensor]) => keep(name, tensor)))

/** Those of `tensors` whose names `others` has, too. */
export const matching = (tensors: Tensors, others: Tensors): Tensors =>
  filterTensors(tensors, (name) => others[name] !== undefined)

/** `SLOT.PATH` for each slot of each parameter. */
export const zerosOfSlots = (slots: readonly string[], params: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(params).flatMap(([path, parameter]) =>
      slots.map((slot) => [`${slot}.${path}`, zerosLike(parameter)]),
    ),
  )

/** `{ m }` as `{ 'prefix.m': m }` */
export const withPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}.${name}`, tensor]))

/** Those whose names begin with `prefix.`, without it. */
export const ofPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(`${prefix}.`) ? [[name.slice(prefix.length + 1), tensor]] : [],
    ),
  )
