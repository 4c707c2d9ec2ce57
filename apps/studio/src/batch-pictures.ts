import type { Loader } from '@ddnet/datasets'
import { type Config, type LoadedData, normalizationOf, type RunBatch } from '@ddnet/experiment'
import type { Pictures } from './protocol.ts'

/** The same batches, each shown to `look` before it is handed on. */
export const watchBatches = (
  batches: Loader<RunBatch>,
  look: (batch: RunBatch) => Promise<void>,
): Loader<RunBatch> => ({
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
  batch: RunBatch,
  config: Config,
  { facts: { classNames = [] } }: LoadedData,
  title: string,
  maxImages = 20,
): Promise<Pictures> {
  const [, height, width, channels] = batch.image.shape
  const { mean, std } = normalizationOf(config)
  const of = (values: number | readonly number[], channel: number) =>
    typeof values === 'number' ? values : (values[channel] as number)
  const [values, labels] = await Promise.all([batch.image.data(), batch.label.data()])
  const count = Math.min(maxImages, labels.length)
  const pixels = new Uint8ClampedArray(count * height * width * 4).fill(255)
  for (let pixel = 0; pixel < count * height * width; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = values[pixel * channels + Math.min(channel, channels - 1)] as number // gray is all three
      pixels[pixel * 4 + channel] = (value * of(std, channel) + of(mean, channel)) * 255
    }
  }
  const names = Array.from({ length: count }, (_, index) => classNames[labels[index] as number] ?? '')
  return { width, height, pixels, labels: names, title }
}
