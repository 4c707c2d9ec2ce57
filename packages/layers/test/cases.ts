import type { HostTensor } from '@ddnet/ops'
import { type FixtureTensor, jsonFixture, readTensors } from '@ddnet/testing'
import type { Module, StateDict } from '../src/index.ts'
import * as layers from '../src/index.ts'

export type Mode = 'training' | 'inference'

/** What PyTorch makes of one layer; fixtures/README.md has the roles of the tensors. */
export interface LayerCase {
  readonly layer: string
  /** What PyTorch calls it. */
  readonly torch: string
  readonly name: string
  readonly args: readonly unknown[]
  readonly modes: readonly Mode[]
  /** Whether both modes have the numbers of the training. */
  readonly alike: boolean
  /** Options of the forward pass. */
  readonly call?: Readonly<Record<string, unknown>>
  readonly tensors: Readonly<Record<string, FixtureTensor>>
}

/** All cases, in the order of the file. */
export function layerCases(): LayerCase[] {
  const { cases } = jsonFixture('layers/cases.json') as { cases: readonly Omit<LayerCase, 'tensors'>[] }
  const tensors = readTensors('layers/cases.safetensors')
  return cases.map((each, index) => ({ ...each, tensors: below(tensors, `${index}.`) }))
}

/** What begins so, without the beginning. */
export const below = <T>(record: Readonly<Record<string, T>>, prefix: string): Record<string, T> =>
  Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  )

/** Tensors of a fixture as a checkpoint has them. */
export const stateOf = (tensors: Readonly<Record<string, FixtureTensor>>): StateDict =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]): [string, HostTensor] => [
      name,
      name.endsWith('num_batches_tracked')
        ? { dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) }
        : { dtype: 'float32', shape, data: Float32Array.from(data) },
    ]),
  )

const isSpec = (value: unknown): value is { layer: string; args: readonly unknown[] } =>
  value !== null && typeof value === 'object' && 'layer' in value

/** The layer of a case, with arguments that may be, or hold, other layers: `{ layer: 'ReLU', args: [] }`. */
export function build(layer: string, args: readonly unknown[]): Module {
  const given = args.map((each) => {
    if (isSpec(each)) return build(each.layer, each.args)
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each
    return Object.fromEntries(
      Object.entries(each).map(([name, value]) => [name, isSpec(value) ? build(value.layer, value.args) : value]),
    )
  })
  // By names and arguments out of a file: their types are what the layers themselves check.
  const make = (layers as unknown as Record<string, (new (...args: unknown[]) => Module) | undefined>)[layer]
  if (make === undefined) throw new Error(`@ddnet/layers exports no ${layer}`)
  if (layer === 'spectralNorm') return layers.spectralNorm(given[0] as layers.Linear, given[1] as object | undefined)
  return new make(...given)
}
