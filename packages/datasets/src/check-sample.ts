import type { AnySample } from './collate.ts'
import { DatasetError } from './dataset-error.ts'

/** What `crossEntropy` leaves out by default. */
const ignored = -100

/**
 * Checks what a dataset gave, before it becomes part of a batch: conversions to float32 and int32 would make a number of
 * whatever it is, of NaN 0 and of 2³¹ −2³¹.
 *
 * @throws DatasetError naming the field and its value
 */
export function checkSample(sample: unknown): AnySample {
  if (sample === null || typeof sample !== 'object') {
    throw new DatasetError(`expected a sample { image, shape, … }, got ${shown(sample)}`)
  }
  const { image, shape, label, probabilities, mask, boxes, boxLabels } = sample as Partial<Record<string, unknown>>
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every((side) => Number.isSafeInteger(side) && side > 0)) {
    throw new DatasetError(`expected shape as [height, width, channels], got ${shown(shape)}`)
  }
  if (!(image instanceof Uint8Array || image instanceof Float32Array)) {
    throw new DatasetError(`expected image as a Uint8Array of 0 … 255 or a Float32Array of 0 … 1, got ${shown(image)}`)
  }
  if (label !== undefined && !isLabel(label)) {
    throw new DatasetError(
      `expected label as a class, a whole number from 0, or ${ignored} for one that is to be ignored, got ${shown(label)}`,
    )
  }
  expectArray('probabilities', probabilities, Float32Array)
  expectArray('mask', mask, Uint8Array, Int32Array)
  expectArray('boxes', boxes, Float32Array)
  expectArray('boxLabels', boxLabels, Int32Array)
  if (boxes !== undefined) {
    const count = (boxes as Float32Array).length / 4
    if (!Number.isInteger(count)) {
      throw new DatasetError(`expected boxes as [count, 4], got ${(boxes as Float32Array).length} values`)
    }
    const labels = (boxLabels as Int32Array | undefined)?.length ?? 0
    if (labels !== count) throw new DatasetError(`expected one of boxLabels for each of ${count} boxes, got ${labels}`)
  }
  return sample as AnySample
}

const isLabel = (label: unknown): boolean =>
  typeof label === 'number' && Number.isInteger(label) && ((label >= 0 && label < 2 ** 31) || label === ignored)

type ArrayType = new (...values: never[]) => object

function expectArray(field: string, value: unknown, ...types: readonly ArrayType[]): void {
  if (value === undefined || types.some((type) => value instanceof type)) return
  throw new DatasetError(`expected ${field} as a ${types.map(({ name }) => name).join(' or a ')}, got ${shown(value)}`)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `the bigint ${value}`
  if (Array.isArray(value)) return `[${value.slice(0, 4).map(String).join(', ')}${value.length > 4 ? ', …' : ''}]`
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'null-prototype object'}`
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value)
}
