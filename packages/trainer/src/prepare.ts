import { type Backend, dispose, random, tidy } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import type { Task, Tensors } from './task.ts'
import { rehearseStep, valuesOf } from './train-step.ts'

/** Batches of the shapes that will come; their values do not matter, and the caller disposes them. */
export interface PrepareOptions {
  /** `{ images: zeros([64, 32, 32, 3]), labels: zeros([64], 'int32') }`, and one of the last batch's size if it is smaller. */
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
  backend: Backend,
  { training, evaluation = [], onProgress }: PrepareOptions,
): Promise<void> {
  await backend.prepare?.(() => {
    const state = optimizer.init(valuesOf(task.model.parameters()))
    for (const batch of training) rehearseStep(task, optimizer, state, batch, random.key(0))
    dispose(Object.values(state.tensors))
    for (const batch of evaluation) {
      tidy(() => {
        task.run(batch)
      })
    }
  }, onProgress)
}
