import {
  fromHost,
  type HostTensor,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@ddnet/ops'
import { checkSample, type SampleOfFields } from './check-sample.ts'
import { DatasetError } from './dataset-error.ts'
import {
  type ArrayField,
  type BoxesField,
  type BoxLabelsField,
  type Field,
  type FieldKind,
  type ImageField,
  isArray,
  kindOf,
  type MaskField,
  type ProbabilitiesField,
} from './fields.ts'

/** A record of fields, of which `collate` knows how to make tensors. */
export type Collatable<T> = { readonly [Name in keyof T]: Field | undefined }

/**
 * The tensors of several samples, under the names of their fields:
 *
 * | field                     | tensor                                                                             |
 * | ------------------------- | ---------------------------------------------------------------------------------- |
 * | a number, which is a class | `[batch]`, int32                                                                  |
 * | `float(0.5)`              | `[batch]`, float32                                                                 |
 * | array of `shape`          | `[batch, ...shape]`, float32 of a Float32Array, else int32                         |
 * | image                     | `[batch, height, width, channels]`, float32; bytes are divided by 255              |
 * | mask                      | `[batch, height, width]`, int32                                                    |
 * | boxes                     | `[batch, most, 4]`, float32; samples that have fewer are filled up with zeros      |
 * | box labels                | `[batch, most]`, int32; filled up with −1                                          |
 * | probabilities             | `[batch, classes]`, float32                                                        |
 */
export type Batch<T> = T extends unknown ? { readonly [Name in keyof T]: TensorOf<T[Name]> } : never

type TensorOf<Value> = Value extends undefined
  ? undefined
  : Value extends number
    ? Tensor1D
    : Value extends { readonly kind: 'image' }
      ? Tensor4D
      : Value extends { readonly kind: 'mask' | 'boxes' }
        ? Tensor3D
        : Value extends { readonly kind: 'boxLabels' | 'probabilities' } | Float32Array | Int32Array | Uint8Array
          ? Tensor2D
          : Value extends { readonly shape: infer Shape }
            ? TensorOfShape<Shape>
            : never

type TensorOfShape<Shape> = Shape extends readonly []
  ? Tensor1D
  : Shape extends readonly [number]
    ? Tensor2D
    : Shape extends readonly [number, number]
      ? Tensor3D
      : Shape extends readonly [number, number, number]
        ? Tensor4D
        : Tensor

/**
 * Samples side by side, as loaders do it that are given no `collate` of their own.
 *
 * @throws DatasetError for samples with other fields, kinds or shapes than the first one, and for values that are not fields
 * @example loader(texts, { batchSize, collate: (samples) => collate(samples.map(({ text }) => ({ tokens: padded(text) }))) })
 */
export function collate<T extends Collatable<T>>(samples: readonly T[]): Batch<T> {
  const host = collateOnHost(
    samples.map(checkSample),
    samples.map((_, index) => index),
  )
  return toDevice(host) as Batch<T> // collateOnHost makes what the type says
}

export type HostBatch = Readonly<Record<string, HostTensor>>

export const toDevice = (batch: HostBatch): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, fromHost(tensor)]))

/** @param indices how errors name the samples */
export function collateOnHost(samples: readonly SampleOfFields[], indices: readonly number[]): HostBatch {
  const [first] = samples
  if (first === undefined) throw new DatasetError('collate: expected samples, got none')
  for (const [at, sample] of samples.entries()) {
    const extra = namesOf(sample).find((name) => first[name] === undefined)
    if (extra === undefined) continue
    throw new DatasetError(
      `loader: sample ${indices[at]} has ${extra}, but sample ${indices[0]} of the same batch has not. Give all samples the same fields.`,
    )
  }
  return Object.fromEntries(
    namesOf(first).map((name) => {
      const kind = kindOf(first[name]) as FieldKind // each sample was checked
      const values = samples.map((sample, at) => {
        const value = sample[name]
        if (kindOf(value) === kind) return value as never // which every one is
        const what = value === undefined ? `has no ${name}` : `has ${name} of the kind '${kindOf(value)}'`
        const other = value === undefined ? 'has' : `has '${kind}'`
        throw new DatasetError(
          `loader: sample ${indices[at]} ${what}, but sample ${indices[0]} of the same batch ${other}`,
        )
      })
      return [name, collators[kind](values, { name, indices })]
    }),
  )
}

const namesOf = (sample: SampleOfFields): string[] => Object.keys(sample).filter((name) => sample[name] !== undefined)

interface Place {
  readonly name: string
  readonly indices: readonly number[]
}

/** Where a box is missing because others of the batch have more. */
const NO_BOX = -1

const collators: { readonly [Kind in FieldKind]: (values: never[], place: Place) => HostTensor } = {
  class: (values: number[]) => ({ dtype: 'int32', shape: [values.length], data: Int32Array.from(values) }),

  array(values: (ArrayField | ArrayField['data'])[], place) {
    const arrays = values.map((value) => (isArray(value) ? { data: value, shape: [value.length] } : value))
    const shape = commonShape(arrays, place, 'Bring them to one shape with map, or give the loader your own collate.')
    return isFloats(arrays, place, 'Give all arrays alike.')
      ? { dtype: 'float32', shape, data: joined(arrays, new Float32Array(sizeOf(shape))) }
      : { dtype: 'int32', shape, data: joined(arrays, new Int32Array(sizeOf(shape))) }
  },

  image(images: ImageField[], place) {
    const shape = commonShape(images, place, 'Bring them to one shape, for instance with resize([height, width]).')
    const floats = isFloats(images, place, 'Only bytes are divided by 255: give all images alike.')
    const data = joined(images, new Float32Array(sizeOf(shape)))
    if (!floats) for (let at = 0; at < data.length; at++) data[at] = (data[at] as number) / 255
    return { dtype: 'float32', shape, data }
  },

  mask(masks: MaskField[], place) {
    const shape = commonShape(masks, place, 'Bring them to one shape, for instance with resize([height, width]).')
    return { dtype: 'int32', shape, data: joined(masks, new Int32Array(sizeOf(shape))) }
  },

  boxes(values: BoxesField[]) {
    const most = Math.max(...values.map(({ data }) => data.length / 4))
    const data = new Float32Array(values.length * most * 4)
    for (const [at, boxes] of values.entries()) data.set(boxes.data, at * most * 4)
    return { dtype: 'float32', shape: [values.length, most, 4], data }
  },

  boxLabels(values: BoxLabelsField[]) {
    const most = Math.max(...values.map(({ data }) => data.length))
    const data = new Int32Array(values.length * most).fill(NO_BOX)
    for (const [at, labels] of values.entries()) data.set(labels.data, at * most)
    return { dtype: 'int32', shape: [values.length, most], data }
  },

  probabilities(values: ProbabilitiesField[], place) {
    const rows = values.map(({ data }) => ({ data, shape: [data.length] }))
    const shape = commonShape(rows, place, 'Give all samples the same classes.')
    return { dtype: 'float32', shape, data: joined(rows, new Float32Array(sizeOf(shape))) }
  },
}

interface Shaped {
  readonly data: ArrayLike<number>
  readonly shape: readonly number[]
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1)

/** `[batch, ...shape]` */
function commonShape(values: readonly Shaped[], { name, indices }: Place, remedy: string): readonly number[] {
  const [{ shape }] = values as readonly [Shaped, ...Shaped[]]
  for (const [at, value] of values.entries()) {
    if (value.shape.length === shape.length && value.shape.every((side, axis) => side === shape[axis])) continue
    throw new DatasetError(
      `loader: ${name} of sample ${indices[at]} is [${value.shape.join(', ')}], but that of sample ${indices[0]} of the same batch ` +
        `[${shape.join(', ')}]. ${remedy}`,
    )
  }
  return [values.length, ...shape]
}

function isFloats(values: readonly Shaped[], { name, indices }: Place, remedy: string): boolean {
  const kindAt = (at: number) => (values[at]?.data instanceof Float32Array ? 'floats' : 'whole numbers')
  const other = values.findIndex((_, at) => kindAt(at) !== kindAt(0))
  if (other < 0) return kindAt(0) === 'floats'
  throw new DatasetError(
    `loader: ${name} of sample ${indices[other]} has ${kindAt(other)}, but that of sample ${indices[0]} of the same batch ${kindAt(0)}. ${remedy}`,
  )
}

function joined<A extends Float32Array | Int32Array>(values: readonly Shaped[], target: A): A {
  let at = 0
  for (const { data } of values) {
    target.set(data, at)
    at += data.length
  }
  return target
}
