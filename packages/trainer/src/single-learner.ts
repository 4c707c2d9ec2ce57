import type { Loader } from '@ddnet/datasets'
import { type Module, openPass, Updates } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import { dispose, type Key, random, tidy } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import { disposeBatch } from './batch.ts'
import { computeGradients } from './compute-gradients.ts'
import { evaluateBatches } from './evaluate.ts'
import { findDivergence } from './find-divergence.ts'
import { GradientMeans } from './gradient-mean.ts'
import type { EvaluateOptions, Learner, ProfilePhase, TakenStep } from './learner.ts'
import { measureSingle } from './measure-batch.ts'
import { handles, OptimizedModel } from './optimized-model.ts'
import type { SingleModel } from './options.ts'
import { disposeOutcome, type Outcome, outcomeOf } from './outcome.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import type { Running } from './running.ts'
import type { Snapshot } from './snapshot.ts'

/** One model that learns by the step that it was given. */
export class SingleLearner<B, M extends Measures, Net extends Module> implements Learner<B> {
  readonly batchesPerStep: number
  phase: ProfilePhase = 'forward'
  readonly unmeasurable = undefined
  readonly #options: SingleModel<B, M, Net>
  readonly #model: OptimizedModel
  readonly #gradients = new GradientMeans()
  /** The buffers' next values, which the next forward pass or the update commits. */
  #updates: Updates | undefined
  #steps: number

  constructor(options: SingleModel<B, M, Net>, optimizer: Optimizer, resume?: Snapshot) {
    this.batchesPerStep = options.accumulate ?? 1
    this.#options = options
    this.#steps = resume?.step ?? 0
    if (resume?.optimizer.steps !== undefined) {
      throw new Error(
        `resume: the checkpoint is of a trainer with the models ${Object.keys(resume.optimizer.steps).join(', ')}, expected one model.`,
      )
    }
    this.#model = new OptimizedModel(options.model, optimizer, resume)
  }

  learningRate(): number {
    return this.#model.learningRate
  }

  lastLearningRate(): number {
    return this.#model.lastLearningRate
  }

  learn(batch: B, key: Key): Promise<MeasuredBatch> {
    this.#updates?.commit()
    this.#updates = undefined
    try {
      const { outcome, parts, updates } = computeGradients(
        this.#options.model,
        () => this.#run(batch, key),
        key,
        this.batchesPerStep > 1,
        (phase) => {
          this.phase = phase
        },
      )
      this.#updates = updates
      this.#gradients.add(parts)
      return readBatch(batch, outcome, key)
    } catch (error) {
      disposeBatch(batch)
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
    const step = ++this.#steps
    return {
      dispose: () => dispose(Object.values(before)),
      explain: ({ batch, key }) => {
        this.#model.assign(handles(before))
        return findDivergence({ '': this.#options.model }, batch, () => this.#replay(batch as B, key, step)) // a batch of `learn`
      },
    }
  }

  evaluate(loader: Loader<B>, options: EvaluateOptions): Promise<Running | undefined> {
    return this.#model.evaluated(() =>
      evaluateBatches(loader, options, (batch, key) => measureSingle(this.#options, batch, key, options.step)),
    )
  }

  rehearse(batch: B): void {
    const accumulates = this.batchesPerStep > 1
    const key = random.key(0)
    const { outcome, parts, updates } = computeGradients(
      this.#options.model,
      () => this.#run(batch, key),
      key,
      accumulates,
    )
    const gradients = new GradientMeans()
    // Adding a mean to itself leaves it as it is, and runs what adding another one will run.
    if (accumulates) gradients.add(parts.map((part) => ({ ...part, grads: handles(part.grads) })))
    gradients.add(parts)
    const mean = gradients.take()
    this.#model.rehearse(mean)
    updates.discard()
    disposeOutcome(outcome)
    dispose(Object.values(mean))
  }

  rehearseEvaluation(batch: B): void {
    tidy(() => void measureSingle(this.#options, batch, random.key(0), 0))
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

  #run(batch: B, key: Key, step: number = this.#steps + 1): Outcome {
    return outcomeOf(this.#options.step(batch, { model: this.#options.model, key, step, training: true }), batch)
  }

  /** The forward pass of a step that was taken; nothing is changed. */
  #replay(batch: B, key: Key, step: number): void {
    const updates = new Updates()
    try {
      tidy(
        () =>
          void openPass({ training: true, root: this.#options.model, key, updates }, () => this.#run(batch, key, step)),
      )
    } finally {
      updates.discard()
    }
  }
}
