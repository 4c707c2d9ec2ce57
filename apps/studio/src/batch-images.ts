import type { Batch, Loader } from '@ddnet/datasets'
import { mean, std } from './experiment.ts'

/** The same batches, each shown to `look` before it is handed on. */
export const watchBatches = (batches: Loader<Batch>, look: (batch: Batch) => Promise<void>): Loader<Batch> => ({
  ...batches,
  async *[Symbol.asyncIterator]() {
    for await (const batch of batches) {
      await look(batch)
      yield batch
    }
  },
})

/** Draws the first images of a batch with their class names. */
export async function drawBatch(
  list: HTMLElement,
  batch: Batch,
  classNames: readonly string[],
  count = 20,
): Promise<void> {
  const [, height, width] = batch.images.shape
  const [pixels, labels] = await Promise.all([batch.images.data(), batch.labels.data()])
  const size = height * width * 3
  const items = Array.from({ length: Math.min(count, labels.length) }, (_, index) => {
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const image = new ImageData(width, height)
    for (let pixel = 0; pixel < height * width; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = pixels[index * size + pixel * 3 + channel] as number
        image.data[pixel * 4 + channel] = (value * std + mean) * 255
      }
      image.data[pixel * 4 + 3] = 255
    }
    canvas.getContext('2d')?.putImageData(image, 0, 0)
    const item = document.createElement('li')
    item.append(canvas, classNames[labels[index] as number] ?? '?')
    return item
  })
  list.replaceChildren(...items)
}
