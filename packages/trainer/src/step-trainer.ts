import type { Batch, ClassificationSample, Loader } from '@ddnet/datasets'
import { Module } from '@ddnet/layers'
import type { LossValue } from '@ddnet/losses'
import type { Key } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import type { Callback } from './callback.ts'
import { checkFitOptions } from './check-fit-options.ts'
import { CustomStep } from './custom-step.ts'
import type { FitOptions, FitResult } from './fit-options.ts'
import { Run } from './run.ts'

/** What a step works with. */
export interface UpdateContext<Name extends string> {
  /**
   * Differentiates `forward`'s loss by the parameters of one model, and takes a step of that model's optimizer. Running
   * statistics of all models that ran in training are committed. Gives what `forward` gave: the loss before the update.
   *
   * @throws ShapeError unless the loss is a scalar, a mean with its weight, or a sum; Error if it depends on no parameter of
   * the model
   */
  update<L extends LossValue>(model: Name, forward: () => L): L
  /** Randomness of this step: the same in a resumed run. */
  readonly key: Key
  /** The number of this step, from 1. */
  readonly step: number
}

/**
 * One step, in plain code: updates models in any order, as often as it likes, and returns its losses by name. It must not
 * be asynchronous; it runs inside `tidy`, which disposes what it makes. In the scores of an epoch a loss that is a scalar counts
 * by the batch's samples; `{ mean, weight }` by its weight, and `{ sum }` is added.
 */
export type Step<B, Name extends string> = (
  batch: B,
  context: UpdateContext<Name>,
) => Readonly<Record<string, LossValue>>

export interface StepTrainerOptions<B, Name extends string> {
  readonly models: Readonly<Record<Name, Module>>
  /** One for each model, by the same names. The first one's learning rate is that of the events. */
  readonly optimizers: Readonly<Record<NoInfer<Name>, Optimizer>>
  readonly step: Step<B, NoInfer<Name>>
  readonly callbacks?: readonly Callback[]
}

/** Those of `Trainer.fit`, but for validation: measure your models in a callback. */
export type StepFitOptions<B> = FitOptions<B> & { readonly validation?: never; readonly validateEvery?: never }

/**
 * The trainer's loop with a step of your own: several models and optimizers, as in a GAN. Callbacks, checkpoints and exact
 * resume are those of `Trainer`; events carry the losses by name, and `loss` is their sum. Checkpoints hold all models,
 * as `generator.…` and `discriminator.…`, and all optimizers.
 *
 * @example
 * const gan = new StepTrainer({
 *   models: { generator, discriminator },
 *   optimizers: { generator: adam({ learningRate: 2e-4 }), discriminator: adam({ learningRate: 2e-4 }) },
 *   step: ({ image }: Batch<{ image: ImageField }>, { update, key }) => {
 *     const noise = random.normal(key, [image.shape[0], 64])
 *     const fake = generator.forward(noise)
 *     return {
 *       discriminator: update('discriminator', () =>
 *         add(real(discriminator.forward(image)), notReal(discriminator.forward(fake)))),
 *       generator: update('generator', () => real(discriminator.forward(generator.forward(noise)))),
 *     }
 *   },
 * })
 */
export class StepTrainer<Name extends string, B = Batch<ClassificationSample>> {
  readonly #options: StepTrainerOptions<B, Name>
  readonly #models: Models

  constructor(options: StepTrainerOptions<B, Name>) {
    const [models, optimizers] = [options.models, options.optimizers].map((record) => Object.keys(record).sort())
    if (models?.length === 0 || models?.join() !== optimizers?.join()) {
      throw new Error(
        `StepTrainer: expected an optimizer for each model, got models ${models?.join(', ')} and optimizers ${optimizers?.join(', ')}.`,
      )
    }
    this.#options = options
    this.#models = new Models(options.models)
  }

  /**
   * Trains the models in place.
   *
   * @throws DivergedError naming the step, the loss and, where it can be told, the layer; what `Trainer.fit` throws
   */
  async fit(loader: Loader<B>, options: StepFitOptions<B>): Promise<FitResult> {
    checkFitOptions(options)
    const { step, optimizers, callbacks = [] } = this.#options
    const learner = new CustomStep(this.#models, optimizers, step as never, options.resume)
    return new Run(learner, callbacks, loader, options).run()
  }
}

/** Several models as one, whose names begin with theirs. */
class Models extends Module {
  constructor(models: Readonly<Record<string, Module>>) {
    super()
    Object.assign(this, models)
  }

  override forward(): never {
    throw new Error('StepTrainer: its models have no common forward pass.')
  }
}
