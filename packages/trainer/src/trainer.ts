import type { Loader } from '@ddnet/datasets'
import type { Module } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import type { Backend, Key } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { Optimizer } from '@ddnet/optimizers'
import type { Callback } from './callback.ts'
import { checkFitOptions } from './check-fit-options.ts'
import { evaluateBatches, evaluationKey } from './evaluate.ts'
import { Fit } from './fit.ts'
import type { FitOptions, FitResult } from './fit-options.ts'
import type { Learner } from './learner.ts'
import { measureSeveral, measureSingle } from './measure-batch.ts'
import type { Several, Single, TrainingData } from './options.ts'
import type { Outcome } from './outcome.ts'
import { type PrepareOptions, prepare } from './prepare.ts'
import { type Profile, type ProfileOptions, profile } from './profile.ts'
import { type Running, scoresOf } from './running.ts'
import { scoreWatchers } from './score-watchers.ts'
import { SeveralLearner } from './several-learner.ts'
import { SingleLearner } from './single-learner.ts'
import type { Snapshot } from './snapshot.ts'
import type { Models, ScoresOf } from './step.ts'

/**
 * Trains a model, or several, by a step, and measures them.
 *
 * @example
 * const trainer = new Trainer({
 *   model,
 *   optimizer: adam({ learningRate: 1e-3 }),
 *   data: { train: loader(train, { batchSize: 64, shuffle: true, key }), validation: loader(validation, { batchSize: 500 }) },
 *   step: ({ image, label }, { model }) => {
 *     const logits = model.forward(image)
 *     return { loss: crossEntropy(logits, label), metrics: { accuracy: accuracy(logits, label) } }
 *   },
 *   monitor: 'accuracy',
 *   callbacks: [checkpoint({ directory: 'checkpoints' })],
 * })
 * await trainer.fit({ epochs: 10 })
 * @example
 * new Trainer({
 *   models: { generator, discriminator },
 *   optimizers: { generator: adam({ learningRate: 2e-4 }), discriminator: adam({ learningRate: 2e-4 }) },
 *   data: { train },
 *   step: ({ image }, { models: { generator, discriminator }, update, key }) => {
 *     const noise = random.normal(key, [image.shape[0], 64])
 *     const generated = generator.forward(noise)
 *     return {
 *       discriminator: update('discriminator', () => add(real(discriminator.forward(image)), fake(discriminator.forward(generated)))),
 *       generator: update('generator', () => real(discriminator.forward(generator.forward(noise)))),
 *     }
 *   },
 * })
 */
export class Trainer<B, M extends Measures, Net extends Module, Nets extends Models> {
  readonly #monitor: string
  readonly #callbacks: readonly Callback[]
  readonly #data: TrainingData<B> | undefined
  readonly #models: readonly Module[]
  readonly #optimizers: readonly Optimizer[]
  readonly #learner: (resume?: Snapshot) => Learner<B>
  readonly #measure: (batch: B, key: Key) => Outcome

  constructor(options: Single<B, M, Net>)
  constructor(options: Several<B, M, Nets>)
  constructor(options: Single<B, M, Net> | Several<B, M, Nets>) {
    const { monitor = 'loss', callbacks = [], data } = options
    this.#monitor = monitor
    this.#callbacks = callbacks
    this.#data = data
    if ('optimizer' in options) {
      expectAccumulate(options.accumulate)
      this.#models = [options.model]
      this.#optimizers = [options.optimizer]
      this.#learner = (resume) => new SingleLearner(options, options.optimizer, resume)
      this.#measure = (batch, key) => measureSingle(options, batch, key, 0)
    } else {
      expectOptimizers(options.models, options.optimizers)
      this.#models = Object.values(options.models)
      this.#optimizers = Object.values(options.optimizers)
      this.#learner = (resume) => new SeveralLearner(options, options.optimizers, resume)
      this.#measure = (batch, key) => measureSeveral(options, batch, key, 0)
    }
  }

  /**
   * Trains in place. Every batch is disposed after its step. Where the optimizer averages weights, validation and checkpoints take
   * the average, and in the end the model has it.
   *
   * @throws DivergedError, after `onEnd`, when a loss is not finite: it names the step and the layer
   * @throws CallbackError naming the callback that threw
   * @throws RangeError for options out of range; Error for batches, steps and states that do not fit
   */
  async fit(options: FitOptions<B>): Promise<FitResult> {
    checkFitOptions(options)
    const data = this.#dataOr('fit', options.data)
    const learner = this.#learner(options.resume)
    if (data.validation !== undefined && learner.unmeasurable !== undefined) {
      learner.dispose()
      throw new Error(`fit: ${learner.unmeasurable}. Add it, or leave out the validation data.`)
    }
    const watchers = scoreWatchers(this.#optimizers)
    if (data.validation === undefined && watchers.length > 0) {
      learner.dispose()
      throw new Error(
        `fit: the learning rate follows the scores of validations (${watchers[0]?.name}), and there are none. Give validation data, or take a schedule of the step alone.`,
      )
    }
    return new Fit(learner, [...watchers, ...this.#callbacks], data, options, this.#monitor).run()
  }

  /**
   * Loss and metrics over one epoch, in inference.
   *
   * @param loader by default the validation data
   * @param options.key the randomness of steps that draw in an evaluation
   * @throws Error where nothing counts, as where all labels are ignored: there is no mean then
   */
  async evaluate(
    loader: Loader<B> | undefined = this.#data?.validation,
    { key = evaluationKey }: { readonly key?: Key } = {},
  ): Promise<ScoresOf<M>> {
    if (loader === undefined) throw new Error('evaluate: expected a loader, or a trainer with data: { validation }.')
    const measured = await evaluateBatches(loader, { key, step: 0, stopped: () => false }, this.#measure)
    return scoresOf(measured as Running) as ScoresOf<M> // nothing stopped it; one value for each measure of M
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
  prepare(backend: Backend, options: PrepareOptions<B>): Promise<void> {
    return prepare(() => this.#learner(), backend, options)
  }

  /**
   * Runs some steps, each of which waits for the device, and tells where their time and memory go: by kernel and by forward
   * pass, backward pass and update. Models and loader are afterwards what they were before.
   *
   * @throws RangeError for options out of range; what the models or the loader throw
   * @example console.log(profileTable(await trainer.profile({ steps: 10 })))
   */
  async profile(options: ProfileOptions & { readonly data?: TrainingData<B> } = {}): Promise<Profile> {
    const { train } = this.#dataOr('profile', options.data)
    const weights = await Promise.all(this.#models.map((model) => model.stateDict()))
    const position = train.state()
    const learner = this.#learner()
    try {
      train.restore({ ...position, position: 0 })
      return await profile(learner, train, options)
    } finally {
      learner.dispose()
      for (const [at, model] of this.#models.entries()) model.loadStateDict(itemAt(weights, at))
      train.restore(position)
    }
  }

  #dataOr(what: string, given: TrainingData<B> | undefined): TrainingData<B> {
    const data = given ?? this.#data
    if (data !== undefined) return data
    throw new Error(`${what}: expected data, here or in the trainer's options, as in: data: { train, validation }.`)
  }
}

function expectAccumulate(accumulate = 1): void {
  if (Number.isSafeInteger(accumulate) && accumulate >= 1) return
  throw new RangeError(`Trainer: expected accumulate to be a whole number of at least 1, got ${accumulate}.`)
}

function expectOptimizers(models: Models, optimizers: Readonly<Record<string, unknown>>): void {
  const [names, others] = [models, optimizers].map((record) => Object.keys(record).sort())
  if (names?.length !== 0 && names?.join() === others?.join()) return
  throw new Error(
    `Trainer: expected an optimizer for each model, got models ${names?.join(', ')} and optimizers ${others?.join(', ')}.`,
  )
}
