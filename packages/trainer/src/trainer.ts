import type { Loader } from '@ddnet/datasets'
import type { Module } from '@ddnet/layers'
import type { Metric } from '@ddnet/metrics'
import type { Backend } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import type { Callback } from './callback.ts'
import { checkFitOptions } from './check-fit-options.ts'
import { evaluate } from './evaluate.ts'
import type { FitOptions, FitResult } from './fit-options.ts'
import { type PrepareOptions, prepare } from './prepare.ts'
import { type Profile, type ProfileOptions, profile } from './profile.ts'
import { Run } from './run.ts'
import { Supervised } from './supervised.ts'
import { type Forward, type Losses, type Metrics, Task } from './task.ts'

export interface TrainerOptions<M extends Metrics> {
  readonly model: Module
  /** A loss on the batch's `label`, or one a head on the batch's tensors of the heads' names; they are added up. */
  readonly loss: Losses
  readonly optimizer: Optimizer
  /** Measured on training batches before their update, and in evaluation. */
  readonly metrics?: M
  readonly callbacks?: readonly Callback[]
  /** How to run the model, where it has several heads: a record of predictions. Default: `model.forward`. */
  readonly forward?: Forward
  /**
   * How many batches make one step (default 1): its gradient is the mean over all their samples, as of one batch of them
   * all. Norms normalise each batch by itself, and count it in their running statistics, as in PyTorch. An epoch's last
   * step takes the batches that are left.
   */
  readonly accumulate?: number
}

/** The mean loss and each metric's value. */
export type ScoresOf<M extends Metrics> = { readonly loss: number } & {
  readonly [Name in keyof M]: M[Name] extends Metric<infer _, infer Value> ? Value : never
}

/**
 * Trains a model and measures it.
 *
 * @example
 * const trainer = new Trainer({
 *   model: init(new DDNet(), random.key(42)),
 *   loss: crossEntropy(),
 *   metrics: { accuracy: accuracy() },
 *   optimizer: adam({ learningRate: oneCycle({ maxLearningRate: 4e-3, steps }) }),
 *   callbacks: [checkpoint({ directory: 'checkpoints' })],
 * })
 * await trainer.fit(loader(train, { batchSize: 64, shuffle: true, key }), { steps, validation: loader(test, { batchSize: 500 }) })
 */
export class Trainer<const M extends Metrics = Record<never, never>> {
  readonly #task: Task
  readonly #optimizer: Optimizer
  readonly #callbacks: readonly Callback[]
  readonly #accumulate: number

  constructor({ model, loss, optimizer, metrics, callbacks = [], forward, accumulate = 1 }: TrainerOptions<M>) {
    if (!Number.isSafeInteger(accumulate) || accumulate < 1) {
      throw new RangeError(`Trainer: expected accumulate to be a whole number of at least 1, got ${accumulate}.`)
    }
    this.#task = new Task(model, loss, metrics ?? {}, forward)
    this.#optimizer = optimizer
    this.#callbacks = callbacks
    this.#accumulate = accumulate
  }

  /**
   * Trains the model in place. Every batch is disposed after its step. Where the optimizer averages weights, validation and
   * checkpoints take the average, and in the end the model has it.
   *
   * @throws DivergedError, after `onEnd`, when a loss is not finite: it names the step and the layer
   * @throws CallbackError naming the callback that threw
   * @throws RangeError for options out of range; Error for batches and states that do not fit
   */
  async fit<B>(loader: Loader<B>, options: FitOptions<B>): Promise<FitResult> {
    checkFitOptions(options)
    const learner = new Supervised(this.#task, this.#optimizer, this.#accumulate, options.resume)
    return new Run(learner, this.#callbacks, loader, options).run()
  }

  /**
   * Compiles ahead of use, off this thread and with progress, what training and evaluation need, so that the first steps
   * do not freeze. The model stays as it is. On a backend that compiles nothing there is nothing to do.
   *
   * @param backend what `await webgpu()` returned
   * @throws DeviceError of the backend naming what the device refused
   * @example
   * const batch = { image: zeros([64, 32, 32, 3]), label: zeros([64], 'int32') }
   * await trainer.prepare(backend, { training: [batch], onProgress: ({ done, total }) => console.log(done / total) })
   * dispose(batch)
   */
  prepare(backend: Backend, options: PrepareOptions): Promise<void> {
    return prepare(this.#task, this.#optimizer, this.#accumulate, backend, options)
  }

  /**
   * Runs some steps, each of which waits for the device, and tells where their time and memory go: by kernel and by forward
   * pass, backward pass and update. The model and the loader are afterwards what they were before.
   *
   * @throws RangeError for options out of range; what the model or the loader throws
   * @example console.log(profileTable(await trainer.profile(train, { steps: 10 })))
   */
  async profile<B>(loader: Loader<B>, options: ProfileOptions = {}): Promise<Profile> {
    const { model } = this.#task
    const weights = await model.stateDict()
    const position = loader.state()
    const learner = new Supervised(this.#task, this.#optimizer, this.#accumulate)
    try {
      loader.restore({ ...position, position: 0 })
      return await profile(learner, loader, options)
    } finally {
      learner.dispose()
      model.loadStateDict(weights)
      loader.restore(position)
    }
  }

  /** Loss and metrics over one epoch of `loader`, in inference. */
  async evaluate<B>(loader: Loader<B>): Promise<ScoresOf<M>> {
    return (await evaluate(this.#task, loader, () => false)) as unknown as ScoresOf<M> // one value for each metric of M
  }
}
