import { DatasetError } from './dataset-error.ts'
import {
  type BoxesField,
  type BoxLabelsField,
  type Field,
  type FieldKind,
  type ImageField,
  isArray,
  isBoxes,
  isBoxLabels,
  kindOf,
} from './fields.ts'

export type SampleOfFields = Readonly<Record<string, Field | undefined>>

/** What `crossEntropy` leaves out by default. */
const ignored = -100

/**
 * Checks what a dataset gave, before it becomes part of a batch: conversions to float32 and int32 would make a number of
 * whatever it is, of NaN 0 and of 2³¹ −2³¹.
 *
 * @throws DatasetError naming the field and its value
 */
export function checkSample(sample: unknown): SampleOfFields {
  if (sample === null || typeof sample !== 'object' || Array.isArray(sample) || ArrayBuffer.isView(sample)) {
    throw new DatasetError(`expected a sample as a record of fields, as { image, label }, got ${shown(sample)}`)
  }
  const fields = Object.entries(sample).filter(([, value]) => value !== undefined)
  for (const [name, value] of fields) {
    const kind = kindOf(value)
    if (kind === undefined) throw new DatasetError(noField(name, value))
    checks[kind](name, value as never) // of this kind
  }
  const boxes = fields.find(([, value]) => isBoxes(value)) as [string, BoxesField] | undefined
  for (const [name, value] of fields) {
    if (!isBoxLabels(value)) continue
    const count = (boxes?.[1].data.length ?? 0) / 4
    if (value.data.length !== count)
      throw new DatasetError(`expected one of ${name} for each of ${count} boxes, got ${value.data.length}`)
  }
  return sample as SampleOfFields // each was checked
}

const noField = (name: string, value: unknown): string =>
  `expected ${name} as a class (a whole number from 0, or ${ignored} for one that is to be ignored), float(0.5), a Float32Array or Int32Array, ` +
  `{ data, shape }, or an image, mask or boxes (imageField(data, shape) …), got ${shown(value)}. ` +
  'Leave the field out with map, or give the loader your own collate.'

const checks: { readonly [Kind in FieldKind]: (name: string, value: never) => void } = {
  class: (name, value: number) => {
    if (Number.isInteger(value) && ((value >= 0 && value < 2 ** 31) || value === ignored)) return
    throw new DatasetError(
      `expected ${name} as a class, a whole number from 0, or ${ignored} for one that is to be ignored, got ${value}. ` +
        `A number that is measured is float(${value}).`,
    )
  },
  array: (name, value: object) => {
    if (isArray(value)) return
    const { data, shape } = value as ImageField // as it should be
    expectArray(`${name}.data`, data, Float32Array, Int32Array, Uint8Array)
    expectShape(name, data, shape, undefined)
  },
  image: (name, { data, shape }: ImageField) => {
    if (!(data instanceof Uint8Array || data instanceof Float32Array)) {
      throw new DatasetError(
        `expected ${name}.data as a Uint8Array of 0 … 255 or a Float32Array of 0 … 1, got ${shown(data)}`,
      )
    }
    expectShape(name, data, shape, ['height', 'width', 'channels'])
  },
  mask: (name, { data, shape }: { data: Uint8Array; shape: readonly number[] }) => {
    expectArray(`${name}.data`, data, Uint8Array, Int32Array)
    expectShape(name, data, shape, ['height', 'width'])
  },
  boxes: (name, { data }: BoxesField) => {
    expectArray(`${name}.data`, data, Float32Array)
    if (data.length % 4 !== 0) throw new DatasetError(`expected ${name} as [count, 4], got ${data.length} values`)
  },
  boxLabels: (name, { data }: BoxLabelsField) => expectArray(`${name}.data`, data, Int32Array),
  probabilities: (name, { data }: { data: Float32Array }) => expectArray(`${name}.data`, data, Float32Array),
}

type ArrayType = new (...values: never[]) => object

function expectArray(field: string, value: unknown, ...types: readonly ArrayType[]): void {
  if (types.some((type) => value instanceof type)) return
  throw new DatasetError(`expected ${field} as a ${types.map(({ name }) => name).join(' or a ')}, got ${shown(value)}`)
}

/** @param axes what they are called, where the kind says how many there are */
function expectShape(
  field: string,
  data: { readonly length: number },
  shape: unknown,
  axes: readonly string[] | undefined,
): void {
  const least = axes ? 1 : 0
  const isShape =
    Array.isArray(shape) &&
    shape.length === (axes?.length ?? shape.length) &&
    shape.every((side) => Number.isSafeInteger(side) && side >= least)
  if (!isShape) {
    throw new DatasetError(`expected ${field}.shape as [${axes ? axes.join(', ') : 'sizes …'}], got ${shown(shape)}`)
  }
  const size = (shape as number[]).reduce((product, side) => product * side, 1)
  if (data.length === size) return
  throw new DatasetError(`expected ${field} to have the ${size} values of [${shape.join(', ')}], got ${data.length}`)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `the bigint ${value}`
  if (Array.isArray(value)) return `[${value.slice(0, 4).map(String).join(', ')}${value.length > 4 ? ', …' : ''}]`
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'null-prototype object'}`
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value)
}
