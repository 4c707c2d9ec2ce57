import type { Loader } from '@ddnet/datasets'
import { type Context, type Module, Updates, valueAndGrad } from '@ddnet/layers'
import { dispose, type Key, type Scalar, tidy, toHost } from '@ddnet/ops'
import type { Optimizer } from '@ddnet/optimizers'
import { findTrouble } from './find-trouble.ts'
import type { Learner, TakenStep } from './learner.ts'
import { handles, OptimizedModel } from './optimized-model.ts'
import { handled, type MeasuredBatch, sizeOf } from './read-batch.ts'
import type { Scores } from './scores.ts'
import type { Snapshot } from './snapshot.ts'
import type { Step, StepContext } from './step-trainer.ts'
import type { MetricsOfHeads, Tensors } from './task.ts'

type Update = StepContext<string>['update']

/** Models that learn by a step that the user wrote. */
export class CustomStep implements Learner {
  readonly batchesPerStep = 1
  readonly metrics: MetricsOfHeads = new Map()
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
    let losses: Readonly<Record<string, Scalar>>
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
          dispose(Object.values(this.#run(batch, suspect.key, rehearse))),
        )
      },
    }
    return handled(readLosses(losses, batch, key))
  }

  update(): TakenStep {
    return this.#taken as TakenStep // of the `learn` before
  }

  #run(batch: Tensors, key: Key, update: (name: string, forward: (context: Context) => Scalar, key: Key) => Scalar) {
    let updates = 0
    const losses = tidy(() => {
      const context: StepContext<string> = {
        key,
        step: this.#count,
        update: (name, forward) => update(name, forward, key.fold('update').fold(updates++)),
      }
      return this.#step(batch, context) as Record<string, Scalar>
    })
    if (Object.keys(losses).length === 0)
      throw new Error('StepTrainer: expected the step to return its losses, got none.')
    return losses
  }

  readonly #update = (name: string, forward: Parameters<Update>[1], key: Key): Scalar => {
    const trained = this.#models.get(name)
    if (trained === undefined) {
      throw new Error(
        `StepTrainer: there is no model '${name}' to update, only ${[...this.#models.keys()].join(', ')}.`,
      )
    }
    const { loss, grads, updates } = valueAndGrad(trained.model, (context) => ({ loss: forward(context) }), { key })
    try {
      trained.update(grads)
    } catch (error) {
      updates.discard()
      throw error
    } finally {
      dispose(Object.values(grads))
    }
    updates.commit()
    return loss
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

/** Runs forward what `update` runs, and changes nothing. */
function rehearse(_: string, forward: (context: Context) => Scalar, key: Key): Scalar {
  const updates = new Updates()
  const loss = forward({ training: true, key, updates })
  updates.discard()
  return loss
}

async function readLosses(losses: Readonly<Record<string, Scalar>>, batch: Tensors, key: Key): Promise<MeasuredBatch> {
  let diverged = false
  try {
    const hosts = Object.entries(losses).map(
      async ([name, loss]) => [name, Number((await toHost(loss)).data[0])] as const,
    )
    const values = Object.fromEntries(await Promise.all(hosts))
    const loss = Object.values(values).reduce((sum, value) => sum + value, 0)
    diverged = !Number.isFinite(loss)
    return { loss, losses: values, size: sizeOf(batch), heads: {}, ...(diverged ? { suspect: { batch, key } } : {}) }
  } finally {
    dispose([...Object.values(losses), ...(diverged ? [] : Object.values(batch))])
  }
}

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
