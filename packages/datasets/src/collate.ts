import type { HostTensor } from '@ddnet/ops'
import type { Picture } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'

/** What a sample may hold besides its picture. */
export type AnySample = Picture & {
  readonly label?: number
  readonly probabilities?: Float32Array
  readonly boxLabels?: Int32Array
}

export type HostBatch = Readonly<Record<string, HostTensor>>

/** Where a box is missing because others of the batch have more. */
const NO_BOX = -1

/** Samples side by side, as `loader` describes it. */
export function collate(samples: readonly AnySample[], indices: readonly number[]): HostBatch {
  const [first] = samples as [AnySample, ...AnySample[]]
  const { shape } = first
  const size = shape[0] * shape[1] * shape[2]
  const count = samples.length
  for (const [at, sample] of samples.entries()) {
    if (sample.shape.some((side, axis) => side !== shape[axis]) || sample.image.length !== size) {
      throw new DatasetError(
        `loader: sample ${indices[at]} is [${sample.shape}] with ${sample.image.length} values, but sample ${indices[0]} ` +
          `of the same batch is [${shape}]. Bring them to one shape, for instance with resize([height, width]).`,
      )
    }
  }
  const fields = ['label', 'probabilities', 'mask', 'boxes'] as const
  for (const [at, sample] of samples.entries()) {
    const extra = fields.find((field) => sample[field] !== undefined && first[field] === undefined)
    if (extra !== undefined) {
      throw new DatasetError(
        `loader: sample ${indices[at]} has ${extra}, but sample ${indices[0]} of the same batch has not. Give all samples the same fields.`,
      )
    }
    if (sample.image instanceof Float32Array !== first.image instanceof Float32Array) {
      const kind = ({ image }: AnySample) => (image instanceof Float32Array ? 'floats' : 'bytes')
      throw new DatasetError(
        `loader: the image of sample ${indices[at]} is of ${kind(sample)}, but that of sample ${indices[0]} of the same batch of ${kind(first)}, and only bytes are divided by 255. Give all images alike.`,
      )
    }
  }
  const all = <T>(name: string, get: (sample: AnySample) => T | undefined): T[] =>
    samples.map((sample, at) => {
      const value = get(sample)
      if (value !== undefined) return value
      throw new DatasetError(
        `loader: sample ${indices[at]} has no ${name}, but sample ${indices[0]} of the same batch has`,
      )
    })

  const batch: Record<string, HostTensor> = {
    images: { dtype: 'float32', shape: [count, ...shape], data: imagesOf(samples, size) },
  }
  if (first.label !== undefined) {
    const labels = Int32Array.from(all('label', ({ label }) => label))
    batch.labels = { dtype: 'int32', shape: [count], data: labels }
  }
  if (first.probabilities) {
    const classes = first.probabilities.length
    const rows = all('probabilities', ({ probabilities }) => probabilities)
    batch.labels = {
      dtype: 'float32',
      shape: [count, classes],
      data: join(rows, classes, new Float32Array(count * classes), indices),
    }
  }
  if (first.mask) {
    const pixels = shape[0] * shape[1]
    const masks = join(
      all('mask', ({ mask }) => mask),
      pixels,
      new Int32Array(count * pixels),
      indices,
    )
    const alone = batch.labels === undefined && first.boxes === undefined
    batch[alone ? 'labels' : 'masks'] = { dtype: 'int32', shape: [count, shape[0], shape[1]], data: masks }
  }
  if (first.boxes) {
    const most = Math.max(...all('boxes', ({ boxes }) => boxes).map(({ length }) => length / 4))
    const boxes = new Float32Array(count * most * 4)
    const boxLabels = new Int32Array(count * most).fill(NO_BOX)
    for (const [at, { boxes: own = [], boxLabels: ownLabels = [] }] of samples.entries()) {
      boxes.set(own, at * most * 4)
      boxLabels.set(ownLabels, at * most)
    }
    batch.boxes = { dtype: 'float32', shape: [count, most, 4], data: boxes }
    batch.boxLabels = { dtype: 'int32', shape: [count, most], data: boxLabels }
  }
  return batch
}

/** Bytes are divided by 255. */
function imagesOf(samples: readonly AnySample[], size: number): Float32Array {
  const images = new Float32Array(samples.length * size)
  for (const [at, { image }] of samples.entries()) {
    const start = at * size
    if (image instanceof Float32Array) images.set(image, start)
    else for (let value = 0; value < size; value++) images[start + value] = (image[value] as number) / 255
  }
  return images
}

function join<A extends Float32Array | Int32Array>(
  rows: readonly ArrayLike<number>[],
  size: number,
  target: A,
  indices: readonly number[],
): A {
  for (const [at, row] of rows.entries()) {
    if (row.length !== size) {
      throw new DatasetError(`loader: sample ${indices[at]} has ${row.length} values where ${size} were expected`)
    }
    target.set(row, at * size)
  }
  return target
}
