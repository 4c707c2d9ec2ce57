import type { Loader } from '@ddnet/datasets'
import { type Module, openPass, Updates, valueAndGrad } from '@ddnet/layers'
import type { LossValue } from '@ddnet/losses'
import { dispose, type Key, type Scalar, tidy } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import { findTrouble } from './find-trouble.ts'
import type { Learner, TakenStep } from './learner.ts'
import { type LossPart, lossPart, tensorsOf } from './loss-part.ts'
import { handles, OptimizedModel } from './optimized-model.ts'
import { type MeasuredBatch, readBatch, sizeOf } from './read-batch.ts'
import type { Scores } from './scores.ts'
import type { Snapshot } from './snapshot.ts'
import type { Step, UpdateContext } from './step-trainer.ts'
import type { MetricsOfHeads, Tensors } from './task.ts'

/** Models that learn by a step that the user wrote. */
export class CustomStep implements Learner {
  readonly batchesPerStep = 1
  readonly metrics: MetricsOfHeads = new Map()
  readonly namesLosses = true
  readonly #all: Module
  readonly #models: ReadonlyMap<string, OptimizedModel>
  readonly #step: Step<Tensors, string>
  #count: number
  #learningRate = Number.NaN
  #taken: TakenStep | undefined

  /** @param all the models as one, whose names begin with theirs */
  constructor(
    all: Module,
    optimizers: Readonly<Record<string, Optimizer>>,
    step: Step<Tensors, string>,
    resume?: Snapshot,
  ) {
    this.#all = all
    this.#step = step
    this.#count = resume?.step ?? 0
    if (resume !== undefined) expectModels(Object.keys(optimizers), resume)
    this.#models = new Map(
      [...all.children()].map(([name, model]) => [
        name,
        new OptimizedModel(model, optimizers[name] as Optimizer, resume && partOf(resume, name)),
      ]),
    )
  }

  learningRate(): number {
    return this.#learningRate
  }

  learn(batch: Tensors, key: Key): Promise<MeasuredBatch> {
    const [first] = this.#models.values()
    this.#learningRate = first?.learningRate as number // there is at least one model
    const before = [...this.#models.values()].map((model) => [model, handles(model.values())] as const)
    const forget = () => dispose(before.flatMap(([, values]) => Object.values(values)))
    this.#count++
    let losses: Readonly<Record<string, LossPart>>
    try {
      losses = this.#run(batch, key, this.#update)
    } catch (error) {
      forget()
      dispose(Object.values(batch))
      throw error
    }
    this.#taken = {
      dispose: forget,
      explain: (suspect) => {
        for (const [model, values] of before) model.assign(handles(values))
        return findTrouble(this.#all, suspect.batch, () =>
          dispose(Object.values(this.#run(batch, suspect.key, this.#rehearse)).flatMap(tensorsOf)),
        )
      },
    }
    return readBatch(this.metrics, batch, losses, {}, key)
  }

  update(): TakenStep {
    return this.#taken as TakenStep // of the `learn` before
  }

  #run(batch: Tensors, key: Key, update: Updating): Readonly<Record<string, LossPart>> {
    let updates = 0
    const context: UpdateContext<string> = {
      key,
      step: this.#count,
      update: (name, forward) => update(name, forward, key.fold('update').fold(updates++)),
    }
    // Norms take part in the pass, and only those inside an update count the batch.
    const pass = { training: true, root: this.#all, key: key.fold('step') }
    // biome-ignore lint/suspicious/noExplicitAny: tidy takes nested records of tensors and numbers, but its type has no names for them
    const losses = tidy(() => openPass(pass, () => this.#step(batch, context) as any)) as Readonly<
      Record<string, LossValue>
    >
    const entries = Object.entries(losses ?? {})
    if (entries.length === 0) throw new Error('StepTrainer: expected the step to return its losses, got none.')
    try {
      const parts = entries.map(
        ([name, loss]) => [name, lossPart(`StepTrainer: the loss '${name}'`, loss, sizeOf(batch))] as const,
      )
      return Object.fromEntries(parts)
    } catch (error) {
      dispose(losses as never) // whatever is in it
      throw error
    }
  }

  /** Runs forward what `update` runs, and changes nothing. */
  readonly #rehearse: Updating = (name, forward, key) => {
    const updates = new Updates()
    const { model } = this.#models.get(name) ?? { model: this.#all }
    try {
      return openPass({ training: true, root: model, key, updates }, forward)
    } finally {
      updates.discard()
    }
  }

  readonly #update: Updating = <L extends LossValue>(name: string, forward: () => L, key: Key): L => {
    const trained = this.#models.get(name)
    if (trained === undefined) {
      throw new Error(
        `StepTrainer: there is no model '${name}' to update, only ${[...this.#models.keys()].join(', ')}.`,
      )
    }
    let kind: 'scalar' | 'mean' | 'sum' = 'scalar'
    let weight: Scalar | number | undefined
    const { loss, aux, grads, updates } = valueAndGrad(
      trained.model,
      () => {
        const given = forward()
        const part = lossPart(`StepTrainer: the loss of '${name}'`, given, 1)
        kind = 'dtype' in given ? 'scalar' : 'sum' in given ? 'sum' : 'mean'
        if (typeof part.weight === 'number') weight = part.weight
        return { loss: part.value, aux: typeof part.weight === 'object' ? { weight: part.weight } : {} }
      },
      { key },
    )
    if (aux.weight !== undefined) weight = aux.weight // of the step, which disposes it
    try {
      trained.update(grads)
    } catch (error) {
      updates.discard()
      throw error
    } finally {
      dispose(Object.values(grads))
    }
    updates.commit()
    const value = kind === 'scalar' ? loss : kind === 'sum' ? { sum: loss } : { mean: loss, weight }
    return value as unknown as L // the form that `forward` gave
  }

  evaluate<B>(_: Loader<B>, __: () => boolean): Promise<Scores | undefined> {
    throw new Error('StepTrainer: fit takes no validation. Measure your models in a callback.')
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

type Updating = <L extends LossValue>(name: string, forward: () => L, key: Key) => L

function expectModels(names: readonly string[], { optimizer: { steps = {} } }: Snapshot): void {
  const saved = Object.keys(steps)
  if (saved.toSorted().join() === names.toSorted().join()) return
  throw new Error(
    `resume: the checkpoint is of ${saved.length === 0 ? 'a Trainer with one model' : `the models ${saved.join(', ')}`}, expected ${names.join(', ')}.`,
  )
}

function partOf({ model, optimizer }: Snapshot, name: string): Pick<Snapshot, 'model' | 'optimizer'> {
  const part = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(all).flatMap(([path, value]) =>
        path.startsWith(`${name}.`) ? [[path.slice(name.length + 1), value]] : [],
      ),
    )
  return {
    model: part(model),
    optimizer: { step: optimizer.steps?.[name] as number, tensors: part(optimizer.tensors) },
  }
}
