import type { Batch, ClassificationSample, Loader } from '@ddnet/datasets'
import type { RunTask } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { evaluate } from '@ddnet/trainer'
import type { Split } from '../data/labelled-images.ts'

/** How a model does on images that it was not trained on. */
export interface Evaluation {
  readonly split: Split
  readonly loss: number
  readonly accuracy: number
  readonly correct: number
  readonly images: number
  /** `confusion[label][prediction]` */
  readonly confusion: readonly (readonly number[])[]
}

/** Measures the model on everything that the loader gives. */
export async function evaluateModel(
  model: ModuleOf,
  images: Loader<Batch<ClassificationSample>>,
  task: RunTask,
): Promise<Omit<Evaluation, 'split'>> {
  const scores = await evaluate({ model, data: images, step: task.evaluate })
  const { loss } = scores
  const confusion = scores['confusion'] as readonly (readonly number[])[] // of a classification
  const correct = confusion.reduce((sum, row, label) => sum + (row[label] as number), 0)
  const count = confusion.flat().reduce((sum, each) => sum + each, 0)
  return { loss, accuracy: correct / count, correct, images: count, confusion }
}

/** Per class: how many of its images were recognised, and what it was taken for most often otherwise. */
export function perClass({ confusion }: Pick<Evaluation, 'confusion'>, classNames: readonly string[]) {
  return confusion.map((row, label) => {
    const images = row.reduce((sum, each) => sum + each, 0)
    const others = row.map((count, prediction) => (prediction === label ? -1 : count))
    const rival = others.indexOf(Math.max(...others))
    return {
      name: classNames[label] as string,
      accuracy: (row[label] as number) / images,
      rival: { name: classNames[rival] as string, share: (row[rival] as number) / images },
    }
  })
}

/** The same loader, telling after each batch how many were taken. */
export function counted<B>(loader: Loader<B>, onBatch: (done: number, total: number) => void): Loader<B> {
  return {
    length: loader.length,
    state: () => loader.state(),
    restore: (state) => loader.restore(state),
    async *[Symbol.asyncIterator]() {
      let done = 0
      for await (const batch of loader) {
        yield batch
        onBatch(++done, loader.length)
      }
    },
  }
}
