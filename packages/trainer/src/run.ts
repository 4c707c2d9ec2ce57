import type { Loader } from '@ddnet/datasets'
import { dispose, type Key, random } from '@ddnet/ops'
import type { Optimizer, OptimizerState } from '@ddnet/optimizers'
import type { Callback, Control } from './callback.ts'
import { DivergedError } from './diverged-error.ts'
import { evaluate } from './evaluate.ts'
import type { EndReason, EpochEvent, StepEvent, ValidationEvent } from './events.ts'
import type { FitOptions, FitResult } from './fit-options.ts'
import { macrotask } from './macrotask.ts'
import { restoreOptimizerState, saveOptimizerState } from './optimizer-state.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import { addBatch, type Running, scoresOf, startRunning } from './running.ts'
import type { Json, Phase, Snapshot } from './snapshot.ts'
import type { Task, Tensors } from './task.ts'
import { trainStep, valuesOf } from './train-step.ts'

/** A step whose loss is still on its way to the host. */
interface Pending {
  readonly event: Omit<StepEvent, 'loss'>
  readonly measured: Promise<MeasuredBatch>
}

/** One call of `fit`: it owns the optimizer's state and everything that is in flight. */
export class Run<B> {
  readonly #task: Task
  readonly #optimizer: Optimizer
  readonly #callbacks: readonly Callback[]
  readonly #loader: Loader<Tensors>
  readonly #validation: Loader<B> | undefined
  readonly #validateEvery: number | undefined
  readonly #totalSteps: number
  readonly #lag: number
  readonly #key: Key

  #step = 0
  #phase: Phase = 'epoch'
  #state: OptimizerState
  /** Steps that ran and whose events did not, oldest first. */
  readonly #pending: Pending[] = []
  #sinceValidation: Running
  #inEpoch: Running
  #stop: { readonly message: string | undefined } | undefined
  /** When the step before ended, or whatever came after it. */
  #stepBegan = 0
  #epochBegan = 0
  readonly #history = {
    steps: [] as StepEvent[],
    validations: [] as ValidationEvent[],
    epochs: [] as EpochEvent[],
  }

  constructor(
    task: Task,
    optimizer: Optimizer,
    callbacks: readonly Callback[],
    loader: Loader<B>,
    options: FitOptions<B>,
  ) {
    this.#task = task
    this.#optimizer = optimizer
    this.#callbacks = callbacks
    this.#loader = loader as Loader<unknown> as Loader<Tensors> // `Task` checks each batch by name
    this.#validation = options.validation
    this.#validateEvery = options.validateEvery
    this.#lag = options.lag ?? 2
    this.#totalSteps = totalSteps(options, loader.length)
    expectWhole('lag', this.#lag, 0)
    if (options.validateEvery !== undefined) expectWhole('validateEvery', options.validateEvery, 1)

    const { resume } = options
    const params = () => valuesOf(task.model.parameters())
    this.#key = options.key ?? (resume === undefined ? random.key(0) : new random.Key(resume.key.high, resume.key.low))
    this.#sinceValidation = startRunning(task)
    this.#inEpoch = startRunning(task)
    if (resume === undefined) {
      this.#state = optimizer.init(params())
      return
    }
    if (this.#key.high !== resume.key.high || this.#key.low !== resume.key.low) {
      throw new Error('fit: the resumed run was started with another key. Leave `key` out to go on with its own.')
    }
    task.model.loadStateDict(resume.model)
    loader.restore(resume.loader)
    this.#state = restoreOptimizerState(resume.optimizer, optimizer, params())
    this.#step = resume.step
    this.#phase = resume.phase
    const running = resume.running as unknown as { sinceValidation: Running; inEpoch: Running } // as `#snapshot` made it
    this.#sinceValidation = running.sinceValidation
    this.#inEpoch = running.inEpoch
  }

  /** Trains to the end. @throws DivergedError after `onEnd`; whatever a callback throws */
  async run(): Promise<FitResult> {
    try {
      const reason = await this.#train()
      await this.#end(reason, this.#stop?.message)
      return { history: this.#history, reason }
    } catch (error) {
      await this.#abandonPending()
      if (error instanceof DivergedError) {
        this.#step = error.step
        await this.#end('diverged', error.message)
      }
      throw error
    } finally {
      dispose(Object.values(this.#state.tensors))
    }
  }

  async #train(): Promise<'done' | 'stopped'> {
    const stepsPerEpoch = this.#loader.length
    await this.#emit((callback, control) =>
      callback.onStart?.(
        {
          totalSteps: this.#totalSteps,
          stepsPerEpoch,
          epochs: Math.ceil(this.#totalSteps / stepsPerEpoch),
          startStep: this.#step,
        },
        control,
      ),
    )
    await this.#finishStep() // what the checkpoint that is resumed still owed
    this.#epochBegan = performance.now()
    this.#stepBegan = performance.now()
    let emptyEpochs = 0
    while (!this.#over()) {
      const before = this.#step
      for await (const batch of this.#loader) {
        await this.#trainOn(batch)
        if (this.#over()) break
      }
      // A loader restored behind its last batch owes nothing in its first epoch.
      emptyEpochs = this.#step === before ? emptyEpochs + 1 : 0
      if (emptyEpochs > 1) throw new Error('fit: the loader gave no batches.')
      if (!this.#over() && this.#step % stepsPerEpoch !== 0) {
        throw new Error(
          `fit: the loader's length is ${stepsPerEpoch} batches, but an epoch ended after ${this.#step % stepsPerEpoch}.`,
        )
      }
    }
    await this.#settle(0)
    return this.#stop === undefined ? 'done' : 'stopped'
  }

  #over(): boolean {
    return this.#stop !== undefined || this.#step >= this.#totalSteps
  }

  async #trainOn(batch: Tensors): Promise<void> {
    const dataSeconds = (performance.now() - this.#stepBegan) / 1000
    const batchSize = batch['images']?.shape[0] ?? 0
    let learningRate: number
    let measured: Promise<MeasuredBatch>
    try {
      learningRate = this.#optimizer.learningRate(this.#state.step)
      const key = this.#key.fold(this.#step + 1)
      const { loss, predictions, state } = trainStep(this.#task, this.#optimizer, this.#state, batch, key)
      this.#state = state
      measured = readBatch(this.#task, batch, loss, predictions)
    } catch (error) {
      dispose(Object.values(batch))
      throw error
    }
    this.#step++
    this.#phase = 'step'
    const epoch = Math.ceil(this.#step / this.#loader.length)
    const now = performance.now()
    const seconds = (now - this.#stepBegan) / 1000
    this.#stepBegan = now
    this.#pending.push({
      event: { step: this.#step, epoch, learningRate, batchSize, seconds, dataSeconds },
      measured,
    })
    await macrotask()
    await this.#settle(this.#mustSettle() ? 0 : this.#lag)
    if (this.#pending.length === 0) await this.#finishStep()
  }

  /** Whether something after this step looks at the model, so that its event may not lag behind. */
  #mustSettle(): boolean {
    // All are asked, for they may remember what they answered.
    const asking = this.#callbacks.filter((callback) => callback.needsState?.(this.#step))
    return asking.length > 0 || this.#step >= this.#totalSteps || this.#epochEnds() || this.#validationDue()
  }

  #epochEnds(): boolean {
    return this.#step % this.#loader.length === 0
  }

  #validationDue(): boolean {
    if (this.#validation === undefined) return false
    if (this.#step >= this.#totalSteps) return true
    return this.#validateEvery === undefined ? this.#epochEnds() : this.#step % this.#validateEvery === 0
  }

  /** Reads losses and emits their steps' events until at most `atMost` steps are pending. */
  async #settle(atMost: number): Promise<void> {
    while (this.#pending.length > atMost) {
      const [{ event, measured }] = this.#pending as [Pending]
      const batch = await measured
      this.#pending.shift()
      if (!Number.isFinite(batch.loss)) {
        throw new DivergedError(event.step, event.learningRate, `the loss is ${batch.loss}`)
      }
      this.#inEpoch = addBatch(this.#task, this.#inEpoch, batch)
      if (this.#validation !== undefined) this.#sinceValidation = addBatch(this.#task, this.#sinceValidation, batch)
      const stepEvent = { ...event, loss: batch.loss }
      this.#history.steps.push(stepEvent)
      await this.#emit((callback, control) => callback.onStep?.(stepEvent, control))
    }
  }

  /** What is due after a step whose event was emitted: the validation, then the end of the epoch. */
  async #finishStep(): Promise<void> {
    if (this.#step === 0) return
    const epoch = Math.ceil(this.#step / this.#loader.length)
    if (this.#phase === 'step' && this.#stop === undefined) {
      if (!this.#validationDue()) this.#phase = 'validation'
      else await this.#validate(epoch)
    }
    if (this.#phase === 'validation' && this.#stop === undefined) {
      if (!this.#epochEnds()) this.#phase = 'epoch'
      else await this.#endEpoch(epoch)
    }
    this.#stepBegan = performance.now()
  }

  async #validate(epoch: number): Promise<void> {
    const began = performance.now()
    const validation = await evaluate(this.#task, this.#validation as Loader<B>, () => this.#stop !== undefined)
    if (validation === undefined) return // a resumed run does it, since the phase is still 'step'
    const event: ValidationEvent = {
      step: this.#step,
      epoch,
      train: scoresOf(this.#task, this.#sinceValidation),
      validation,
      seconds: (performance.now() - began) / 1000,
    }
    this.#sinceValidation = startRunning(this.#task)
    this.#phase = 'validation'
    this.#history.validations.push(event)
    await this.#emit((callback, control) => callback.onValidation?.(event, control))
  }

  async #endEpoch(epoch: number): Promise<void> {
    const event: EpochEvent = {
      epoch,
      step: this.#step,
      train: scoresOf(this.#task, this.#inEpoch),
      seconds: (performance.now() - this.#epochBegan) / 1000,
    }
    this.#inEpoch = startRunning(this.#task)
    this.#phase = 'epoch'
    this.#epochBegan = performance.now()
    this.#history.epochs.push(event)
    await this.#emit((callback, control) => callback.onEpoch?.(event, control))
  }

  async #end(reason: EndReason, message: string | undefined): Promise<void> {
    const epoch = Math.ceil(this.#step / this.#loader.length)
    const event = { reason, step: this.#step, epoch, ...(message === undefined ? {} : { message }) }
    await this.#emit((callback, control) => callback.onEnd?.(event, control))
  }

  async #emit(call: (callback: Callback, control: Control) => void | Promise<void>): Promise<void> {
    const control: Control = {
      stop: (message) => {
        this.#stop ??= { message }
      },
      snapshot: () => this.#snapshot(),
    }
    for (const callback of this.#callbacks) await call(callback, control)
  }

  async #snapshot(): Promise<Snapshot> {
    if (this.#pending.length > 0) {
      throw new Error(
        `snapshot: the model is ${this.#pending.length} steps ahead of this event. Announce the step in needsState.`,
      )
    }
    const running = { sinceValidation: this.#sinceValidation, inEpoch: this.#inEpoch }
    return {
      step: this.#step,
      phase: this.#phase,
      model: await this.#task.model.stateDict(),
      optimizer: await saveOptimizerState(this.#state),
      loader: this.#loader.state(),
      key: { high: this.#key.high, low: this.#key.low },
      running: running as unknown as Json, // metrics keep their states plain
    }
  }

  /** Waits for the reads in flight, which dispose what they hold. */
  async #abandonPending(): Promise<void> {
    await Promise.allSettled(this.#pending.map(({ measured }) => measured))
    this.#pending.length = 0
  }
}

/** Steps of the whole run. */
function totalSteps<B>({ epochs, steps }: FitOptions<B>, stepsPerEpoch: number): number {
  if ((epochs === undefined) === (steps === undefined)) {
    throw new RangeError(`fit: expected either epochs or steps, got ${JSON.stringify({ epochs, steps })}.`)
  }
  if (epochs !== undefined) {
    expectWhole('epochs', epochs, 1)
    return epochs * stepsPerEpoch
  }
  expectWhole('steps', steps, 1)
  return steps as number
}

function expectWhole(name: string, value: number | undefined, minimum: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < minimum) {
    throw new RangeError(`fit: expected ${name} to be a whole number of at least ${minimum}, got ${value}.`)
  }
}
