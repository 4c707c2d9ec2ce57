import type { Loader } from '@ddnet/datasets'
import { gradients, openPass, Updates } from '@ddnet/layers'
import type { Loss } from '@ddnet/losses'
import type { Measures } from '@ddnet/metrics'
import { dispose, type Key, random, type Scalar, type Tensor, tidy } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import type { Optimizer, Tensors } from '@ddnet/optimizers'
import { disposeBatch, sizeOf } from './batch.ts'
import { evaluateBatches, outOfTidy } from './evaluate.ts'
import { findDivergence } from './find-divergence.ts'
import type { EvaluateOptions, Learner, ProfilePhase, TakenStep } from './learner.ts'
import { cloneParts, isLoss, type LossParts, lossParts, tensorsOf, totalOf } from './loss-part.ts'
import { measureSeveral, withoutEvaluate } from './measure-batch.ts'
import { handles, OptimizedModel } from './optimized-model.ts'
import type { SeveralModels } from './options.ts'
import { disposeOutcome, numbered, type Outcome } from './outcome.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import type { Running } from './running.ts'
import type { Snapshot } from './snapshot.ts'
import type { Losses, Models } from './step.ts'

/** Several models that learn by a step which updates them. */
export class SeveralLearner<B, M extends Measures, Nets extends Models> implements Learner<B> {
  readonly batchesPerStep = 1
  phase: ProfilePhase = 'forward'
  readonly #options: SeveralModels<B, M, Nets>
  readonly #models: ReadonlyMap<string, OptimizedModel>
  #count: number
  #learningRate = Number.NaN
  #taken: TakenStep | undefined

  constructor(options: SeveralModels<B, M, Nets>, optimizers: Readonly<Record<string, Optimizer>>, resume?: Snapshot) {
    this.#options = options
    this.#count = resume?.step ?? 0
    if (resume !== undefined) expectModels(Object.keys(options.models), resume)
    this.#models = new Map(
      Object.entries(options.models).map(([name, model]) => [
        name,
        new OptimizedModel(model, entryOf(optimizers, name), resume && partOf(resume, name)),
      ]),
    )
  }

  /** Why they cannot be measured, where that is so. */
  get unmeasurable(): string | undefined {
    return this.#options.evaluate === undefined ? withoutEvaluate : undefined
  }

  learningRate(): number {
    return this.#learningRate
  }

  lastLearningRate(): number {
    const [first] = this.#models.values()
    return first?.lastLearningRate as number // there is at least one model
  }

  learn(batch: B, key: Key): Promise<MeasuredBatch> {
    const [first] = this.#models.values()
    this.#learningRate = first?.learningRate as number // there is at least one model
    const before = [...this.#models.values()].map((model) => [model, handles(model.values())] as const)
    const forget = () => dispose(before.flatMap(([, values]) => Object.values(values)))
    const step = ++this.#count
    const updates = new Updates()
    let outcome: Outcome
    try {
      outcome = this.#run(
        batch,
        key,
        step,
        updates,
        this.#updating((model, grads) => model.update(grads)),
      )
    } catch (error) {
      updates.discard()
      forget()
      disposeBatch(batch)
      throw error
    }
    updates.commit()
    this.#taken = {
      dispose: forget,
      explain: (suspect) => {
        for (const [model, values] of before) model.assign(handles(values))
        return findDivergence(this.#options.models, suspect.batch, () => {
          const again = new Updates()
          try {
            disposeOutcome(this.#run(batch, suspect.key, step, again, (_, forward) => forward()))
          } finally {
            again.discard()
          }
        })
      },
    }
    return readBatch(batch, outcome, key)
  }

  update(): TakenStep {
    return this.#taken as TakenStep // of the `learn` before
  }

  /** One pass over the whole step; what it made is out of tidy. */
  #run(batch: B, key: Key, step: number, updates: Updates, update: Update): Outcome {
    const { models } = this.#options
    const size = sizeOf(batch)
    return outOfTidy(() =>
      openPass({ training: true, root: models, key, updates }, () => {
        this.phase = 'forward'
        const losses = this.#options.step(batch, {
          models,
          key,
          step,
          update: (name, forward) => update(name, forward, size),
        })
        if (isLoss(losses)) {
          throw new Error('Trainer: expected the step of several models to return its losses by name, in a record.')
        }
        return { losses: lossParts('Trainer: the loss', losses, size), measures: {} }
      }),
    )
  }

  /** Differentiates by one model, in the pass of the step, and lets `take` do the rest. */
  #updating(take: (model: OptimizedModel, grads: Tensors) => void): Update {
    return <L extends Losses>(name: string, forward: () => L, size: number): L => {
      const trained = this.#models.get(name)
      if (trained === undefined) {
        throw new Error(`Trainer: there is no model '${name}' to update, only ${[...this.#models.keys()].join(', ')}.`)
      }
      let given: L | undefined
      let parts: LossParts = {}
      this.phase = 'forward'
      const { aux, grads } = gradients(trained.model, () => {
        given = forward()
        const found = lossParts(`Trainer: the loss of '${name}'`, given, size)
        parts = cloneParts(found)
        this.phase = 'backward'
        return { loss: totalOf(Object.values(found)), aux: numbered(tensorsOf(parts)) }
      })
      this.phase = 'update'
      try {
        take(trained, grads)
      } finally {
        dispose(Object.values(grads))
      }
      this.phase = 'forward'
      return inForm(given as L, Object.values(aux)) // `forward` has run
    }
  }

  evaluate(loader: Loader<B>, options: EvaluateOptions): Promise<Running | undefined> {
    const run = () =>
      evaluateBatches(loader, options, (batch, key) => measureSeveral(this.#options, batch, key, options.step))
    return [...this.#models.values()].reduce((inner, model) => () => model.evaluated(inner), run)()
  }

  rehearse(batch: B): void {
    const updates = new Updates()
    try {
      const rehearsing = this.#updating((model, grads) => model.rehearse(grads))
      disposeOutcome(this.#run(batch, random.key(0), this.#count + 1, updates, rehearsing))
    } finally {
      updates.discard()
    }
  }

  rehearseEvaluation(batch: B): void {
    tidy(() => void measureSeveral(this.#options, batch, random.key(0), 0))
  }

  async save(): Promise<Pick<Snapshot, 'model' | 'optimizer'>> {
    const parts = await Promise.all([...this.#models].map(async ([name, model]) => [name, await model.save()] as const))
    const merged = <T>(of: (part: (typeof parts)[number][1]) => Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(
        parts.flatMap(([name, part]) => Object.entries(of(part)).map(([inner, value]) => [`${name}.${inner}`, value])),
      )
    return {
      model: merged(({ model }) => model),
      optimizer: {
        step: this.#count,
        steps: Object.fromEntries(parts.map(([name, { optimizer }]) => [name, optimizer.step])),
        tensors: merged(({ optimizer }) => optimizer.tensors),
      },
    }
  }

  finish(): void {
    for (const model of this.#models.values()) model.finish()
  }

  dispose(): void {
    for (const model of this.#models.values()) model.dispose()
  }
}

type Update = <L extends Losses>(name: string, forward: () => L, size: number) => L

/** Losses in the form that they were given in, of other tensors: of each the value, then its weight where that is one. */
function inForm<L extends Losses>(given: L, tensors: Tensor[]): L {
  const next = () => tensors.shift() as Scalar
  const one = (loss: Loss): Loss => {
    if ('dtype' in loss) return next()
    if ('sum' in loss) return { sum: next() }
    return { mean: next(), weight: typeof loss.weight === 'object' ? next() : loss.weight }
  }
  const formed = isLoss(given)
    ? one(given)
    : Object.fromEntries(
        Object.entries(given as Readonly<Record<string, Loss>>).map(([name, loss]) => [name, one(loss)]),
      )
  return formed as L // of the same form
}

function expectModels(names: readonly string[], { optimizer: { steps = {} } }: Snapshot): void {
  const saved = Object.keys(steps)
  if (saved.toSorted().join() === names.toSorted().join()) return
  throw new Error(
    `resume: the checkpoint is of ${saved.length === 0 ? 'a trainer with one model' : `the models ${saved.join(', ')}`}, expected ${names.join(', ')}.`,
  )
}

/** What a snapshot has of one of the models. */
function partOf({ model, optimizer }: Snapshot, name: string): Pick<Snapshot, 'model' | 'optimizer'> {
  const part = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(all).flatMap(([path, value]) =>
        path.startsWith(`${name}.`) ? [[path.slice(name.length + 1), value]] : [],
      ),
    )
  return {
    model: part(model),
    optimizer: { step: entryOf(optimizer.steps, name), tensors: part(optimizer.tensors) },
  }
}
