import { type Backend, dispose, random, tidy } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import { computeGradients } from './compute-gradients.ts'
import { GradientMeans } from './gradient-mean.ts'
import { tensorsOf } from './loss-part.ts'
import { handles, OptimizedModel } from './optimized-model.ts'
import type { Task, Tensors } from './task.ts'

/** Batches of the shapes that will come; their values do not matter, and the caller disposes them. */
export interface PrepareOptions {
  /** `{ image: zeros([64, 32, 32, 3]), label: zeros([64], 'int32') }`, and one of the last batch's size if it is smaller. */
  readonly training: readonly Tensors[]
  /** Those of validation and evaluation. */
  readonly evaluation?: readonly Tensors[]
  /** How many programs are compiled, of how many. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/** Compiles what training needs; the model stays as it is. */
export async function prepare(
  task: Task,
  optimizer: Optimizer,
  batchesPerStep: number,
  backend: Backend,
  { training, evaluation = [], onProgress }: PrepareOptions,
): Promise<void> {
  await backend.prepare?.(() => {
    const model = new OptimizedModel(task.model, optimizer)
    for (const batch of training) rehearseStep(task, model, batch, batchesPerStep > 1)
    model.dispose()
    for (const batch of evaluation) {
      tidy(() => {
        task.run(batch)
      })
    }
  }, onProgress)
}

/** Runs all that a step runs, and leaves the model, the state and the batch as they are. */
function rehearseStep(task: Task, model: OptimizedModel, batch: Tensors, accumulates: boolean): void {
  const { losses, predictions, parts, updates } = computeGradients(task, batch, random.key(0), accumulates)
  const gradients = new GradientMeans()
  // Adding a mean to itself leaves it as it is, and runs what adding another one will run.
  if (accumulates) gradients.add(parts.map((part) => ({ ...part, grads: handles(part.grads) })))
  gradients.add(parts)
  const mean = gradients.take()
  model.rehearse(mean)
  updates.discard()
  dispose([...Object.values(losses).flatMap(tensorsOf), ...Object.values(predictions), ...Object.values(mean)])
}
