import type { Loader } from '@ddnet/datasets'
import { openPass, Updates } from '@ddnet/layers'
import { dispose, type Key, tidy } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import { computeGradients } from './compute-gradients.ts'
import { evaluate } from './evaluate.ts'
import { findTrouble } from './find-trouble.ts'
import { GradientMeans } from './gradient-mean.ts'
import type { Learner, TakenStep } from './learner.ts'
import { handles, OptimizedModel } from './optimized-model.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import type { Scores } from './scores.ts'
import type { Snapshot } from './snapshot.ts'
import type { MetricsOfHeads, Task, Tensors } from './task.ts'

/** One model that learns one task. */
export class Supervised implements Learner {
  readonly namesLosses = false
  readonly metrics: MetricsOfHeads
  /** What is being computed, for the profiler. */
  phase: 'forward' | 'backward' | 'update' = 'forward'
  readonly #task: Task
  readonly #model: OptimizedModel
  readonly #gradients = new GradientMeans()
  /** The buffers' next values, which the next forward pass or the update commits. */
  #updates: Updates | undefined

  constructor(
    task: Task,
    optimizer: Optimizer,
    readonly batchesPerStep: number,
    resume?: Snapshot,
  ) {
    this.#task = task
    this.metrics = task.metrics
    this.#model = new OptimizedModel(task.model, optimizer, resume)
  }

  learningRate(): number {
    return this.#model.learningRate
  }

  learn(batch: Tensors, key: Key): Promise<MeasuredBatch> {
    this.#updates?.commit()
    this.#updates = undefined
    try {
      const accumulates = this.batchesPerStep > 1
      const { losses, predictions, parts, updates } = computeGradients(this.#task, batch, key, accumulates, (phase) => {
        this.phase = phase
      })
      this.#updates = updates
      this.#gradients.add(parts)
      return readBatch(this.metrics, batch, losses, predictions, key)
    } catch (error) {
      dispose(Object.values(batch))
      throw error
    }
  }

  update(): TakenStep {
    this.phase = 'update'
    const before = handles(this.#model.values())
    const grads = this.#gradients.take()
    try {
      this.#model.update(grads)
    } catch (error) {
      dispose(Object.values(before))
      throw error
    } finally {
      dispose(Object.values(grads))
    }
    this.#updates?.commit()
    this.#updates = undefined
    return {
      dispose: () => dispose(Object.values(before)),
      explain: (suspect) => {
        this.#model.assign(handles(before))
        return findTrouble(this.#task.model, suspect.batch, () => {
          const updates = new Updates()
          const pass = { training: true, root: this.#task.model, key: suspect.key, updates }
          try {
            tidy(() => void openPass(pass, () => this.#task.run(suspect.batch)))
          } finally {
            updates.discard()
          }
        })
      },
    }
  }

  evaluate<B>(loader: Loader<B>, stopped: () => boolean): Promise<Scores | undefined> {
    return this.#model.evaluated(() => evaluate(this.#task, loader, stopped))
  }

  save(): Promise<Pick<Snapshot, 'model' | 'optimizer'>> {
    return this.#model.save()
  }

  finish(): void {
    this.#model.finish()
  }

  dispose(): void {
    this.#updates?.discard()
    dispose(Object.values(this.#gradients.take()))
    this.#model.dispose()
  }
}
