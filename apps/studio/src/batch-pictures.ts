import type { Batch, ClassificationSample, Loader } from '@ddnet/datasets'
import { mean, std } from './experiment.ts'
import type { Pictures } from './protocol.ts'

/** The same batches, each shown to `look` before it is handed on. */
export const watchBatches = (
  batches: Loader<Batch<ClassificationSample>>,
  look: (batch: Batch<ClassificationSample>) => Promise<void>,
): Loader<Batch<ClassificationSample>> => ({
  ...batches,
  async *[Symbol.asyncIterator]() {
    for await (const batch of batches) {
      await look(batch)
      yield batch
    }
  },
})

/** The first images of a batch with their class names. */
export async function picturesOf(
  batch: Batch<ClassificationSample>,
  classNames: readonly string[],
  title: string,
  most = 20,
): Promise<Pictures> {
  const [, height, width] = batch.image.shape
  const [values, labels] = await Promise.all([batch.image.data(), batch.label.data()])
  const count = Math.min(most, labels.length)
  const pixels = new Uint8ClampedArray(count * height * width * 4).fill(255)
  for (let pixel = 0; pixel < count * height * width; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels[pixel * 4 + channel] = ((values[pixel * 3 + channel] as number) * std + mean) * 255
    }
  }
  const names = Array.from({ length: count }, (_, index) => classNames[labels[index] as number] ?? '?')
  return { width, height, pixels, labels: names, title }
}
