import type { Backend, Tensor } from '@ddnet/ops'
import type { Learner } from './learner.ts'

/** A batch, of whose tensors the types need not tell the rank. */
export type BlankBatch<B> = { readonly [Name in keyof B]: B[Name] extends Tensor ? Tensor : B[Name] }

/** Batches of the shapes that will come; their values do not matter, and the caller disposes them. */
export interface PrepareOptions<B> {
  /** `{ image: zeros([64, 32, 32, 3]), label: zeros([64], 'int32') }`, and one of the last batch's size if it is smaller. */
  readonly training: readonly BlankBatch<B>[]
  /** Those of validation and evaluation. */
  readonly evaluation?: readonly BlankBatch<B>[]
  /** How many programs are compiled, of how many. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/** Compiles what training needs; the models stay as they are. */
export async function prepare<B>(
  createLearner: () => Learner<B>,
  backend: Backend,
  { training, evaluation = [], onProgress }: PrepareOptions<B>,
): Promise<void> {
  await backend.prepare?.(() => {
    const learner = createLearner()
    try {
      for (const batch of training) learner.rehearse(batch as B)
      for (const batch of evaluation) learner.rehearseEvaluation(batch as B)
    } finally {
      learner.dispose()
    }
  }, onProgress)
}
