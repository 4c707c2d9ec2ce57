import type { Loader } from '@ddnet/datasets'
import type { Measure } from '@ddnet/metrics'
import { type Key, random } from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'
import { disposeBatch, sizeOf } from './batch.ts'
import type { Callback, Control } from './callback.ts'
import { Callbacks, type EventName, type EventOf } from './callbacks.ts'
import { DivergedError } from './diverged-error.ts'
import { evaluationKey } from './evaluate.ts'
import type { EndReason, EpochEvent, StepEvent, ValidationEvent } from './events.ts'
import type { FitOptions, FitResult } from './fit-options.ts'
import type { Learner, TakenStep } from './learner.ts'
import { isBroken } from './loss-part.ts'
import { macrotask } from './macrotask.ts'
import type { TrainingData } from './options.ts'
import type { MeasuredBatch, Suspect } from './read-batch.ts'
import {
  addBatch,
  emptyRunning,
  namedLosses,
  type Running,
  savedRunning,
  saveRunning,
  scoresOf,
  totalLoss,
  withMeasures,
} from './running.ts'
import { formatScore, monitoredScore } from './scores.ts'
import type { Phase, Snapshot } from './snapshot.ts'

/** A run of weeks would fill the memory with its history. */
const STEPS_KEPT = 10_000

/** A step whose losses are still on their way to the host. */
interface Pending {
  readonly event: Omit<StepEvent, 'loss' | 'losses'>
  readonly batches: readonly Promise<MeasuredBatch>[]
  readonly taken: TakenStep
}

/** One call of `fit`: it owns the learner and everything that is in flight. */
export class Fit<B> {
  readonly #learner: Learner<B>
  readonly #callbacks: Callbacks
  readonly #loader: Loader<B>
  readonly #validation: Loader<B> | undefined
  readonly #validateEvery: number | undefined
  readonly #totalSteps: number
  readonly #lag: number
  readonly #key: Key
  readonly #resume: Snapshot | undefined
  readonly #signal: AbortSignal | undefined
  readonly #maxSeconds: number
  readonly #monitor: string

  #step = 0
  #phase: Phase = 'epoch'
  /** Batches of the step under way. */
  #batches: Promise<MeasuredBatch>[] = []
  #began = 0
  #dataSeconds = 0
  #waitBegan = 0
  #batchSize = 0
  /** Steps that ran and whose events did not, oldest first. */
  readonly #pending: Pending[] = []
  #sinceValidation = emptyRunning
  #inEpoch = emptyRunning
  /** The measures of the newest batch, which know how their values are written, and which are better. */
  #measures: Readonly<Record<string, Measure<unknown>>> = {}
  #stop: { readonly message: string | undefined } | undefined
  /** Why a snapshot could not be read: the device's failure, and not that of the callback that asked for it. */
  #unreadable: { readonly error: unknown } | undefined
  /** When the step before ended, or whatever came after it. */
  #stepBegan = 0
  #epochBegan = 0
  readonly #history = {
    steps: [] as StepEvent[],
    validations: [] as ValidationEvent[],
    epochs: [] as EpochEvent[],
  }

  /** @param monitor which score of the validation decides what is the best */
  constructor(
    learner: Learner<B>,
    callbacks: readonly Callback[],
    { train, validation }: TrainingData<B>,
    options: FitOptions<B>,
    monitor: string,
  ) {
    this.#learner = learner
    this.#callbacks = new Callbacks(callbacks)
    this.#loader = train
    this.#validation = validation
    this.#monitor = monitor
    this.#validateEvery = options.validateEvery
    this.#lag = options.lag ?? 2
    this.#signal = options.signal
    this.#maxSeconds = options.maxSeconds ?? Number.POSITIVE_INFINITY
    this.#totalSteps = totalSteps(options, this.#stepsPerEpoch)
    this.#resume = options.resume
    this.#key = options.key ?? (options.resume === undefined ? random.key(0) : keyOf(options.resume))
  }

  /** Trains to the end. @throws DivergedError after `onEnd`; CallbackError for whatever a callback throws */
  async run(): Promise<FitResult> {
    try {
      if (this.#resume !== undefined) this.#restore(this.#resume)
      const reason = await this.#train()
      const message = this.#stop?.message
      await this.#end(reason, message)
      this.#learner.finish()
      return { history: this.#history, reason, ...(message === undefined ? {} : { message }) }
    } catch (error) {
      await this.#abandon()
      if (error instanceof DivergedError) {
        this.#step = error.step
        await this.#end('diverged', error.message)
      }
      throw error
    } finally {
      this.#learner.dispose()
    }
  }

  #restore({ loader, step, phase, running, callbacks }: Snapshot): void {
    this.#loader.restore(loader)
    this.#step = step
    this.#phase = phase
    const { sinceValidation, inEpoch } = savedRunning(running)
    this.#sinceValidation = sinceValidation
    this.#inEpoch = inEpoch
    this.#callbacks.restore(callbacks)
  }

  get #stepsPerEpoch(): number {
    return Math.ceil(this.#loader.length / this.#learner.batchesPerStep)
  }

  get #epoch(): number {
    return Math.ceil(this.#step / this.#stepsPerEpoch)
  }

  async #train(): Promise<'done' | 'stopped'> {
    const stepsPerEpoch = this.#stepsPerEpoch
    this.#began = performance.now()
    await this.#emit('onStart', {
      totalSteps: this.#totalSteps,
      stepsPerEpoch,
      epochs: Math.ceil(this.#totalSteps / stepsPerEpoch),
      startStep: this.#step,
    })
    await this.#finishStep() // what the checkpoint that is resumed still owed
    this.#epochBegan = performance.now()
    this.#beginStep(performance.now())
    let emptyEpochs = 0
    while (!this.#over()) {
      const before = this.#step
      // What a resumed epoch has behind it: its steps are whole.
      let batches = (before % stepsPerEpoch) * this.#learner.batchesPerStep
      for await (const batch of this.#loader) {
        batches++
        await this.#trainOn(batch, batches >= this.#loader.length)
        if (this.#batches.length === 0 && this.#over()) break
      }
      // A loader restored behind its last batch owes nothing in its first epoch.
      emptyEpochs = this.#step === before ? emptyEpochs + 1 : 0
      if (emptyEpochs > 1) throw new Error('fit: the loader gave no batches.')
      if (!this.#over() && (this.#step % stepsPerEpoch !== 0 || this.#batches.length > 0)) {
        throw new Error(
          `fit: the loader's length is ${this.#loader.length} batches, but an epoch ended after ${batches}.`,
        )
      }
    }
    await this.#settle(0)
    return this.#stop === undefined ? 'done' : 'stopped'
  }

  #over(): boolean {
    return this.#stopped() || this.#step >= this.#totalSteps
  }

  /** Whether a callback, the signal or the time budget ends the run. */
  #stopped(): boolean {
    if (this.#stop === undefined && this.#signal?.aborted === true) {
      const { reason } = this.#signal
      this.#stop = { message: reason instanceof Error ? reason.message : String(reason) }
    }
    if (this.#stop === undefined && (performance.now() - this.#began) / 1000 >= this.#maxSeconds) {
      this.#stop = { message: `Time limit reached (maxSeconds: ${this.#maxSeconds}).` }
    }
    return this.#stop !== undefined
  }

  async #trainOn(batch: B, epochEnds: boolean): Promise<void> {
    this.#dataSeconds += (performance.now() - this.#waitBegan) / 1000
    const learner = this.#learner
    const key = this.#key.fold(this.#step + 1)
    this.#batchSize += sizeOf(batch)
    this.#batches.push(learner.learn(batch, learner.batchesPerStep === 1 ? key : key.fold(this.#batches.length)))
    if (this.#batches.length < learner.batchesPerStep && !epochEnds) {
      await macrotask()
      this.#waitBegan = performance.now()
      return
    }
    const learningRate = learner.learningRate()
    const taken = learner.update()
    this.#step++
    this.#phase = 'step'
    const now = performance.now()
    const event = {
      step: this.#step,
      epoch: this.#epoch,
      learningRate,
      batchSize: this.#batchSize,
      seconds: (now - this.#stepBegan) / 1000,
      dataSeconds: this.#dataSeconds,
    }
    this.#pending.push({ event, batches: this.#batches, taken })
    this.#batches = []
    this.#beginStep(now)
    await macrotask()
    await this.#settle(this.#mustSettle() ? 0 : this.#lag)
    if (this.#pending.length === 0) await this.#finishStep()
    this.#waitBegan = performance.now()
  }

  #beginStep(now: number): void {
    this.#stepBegan = now
    this.#waitBegan = now
    this.#dataSeconds = 0
    this.#batchSize = 0
  }

  /** Whether something after this step looks at the model, so that its event may not lag behind. */
  #mustSettle(): boolean {
    const isAsked = this.#callbacks.needState(this.#step) // each time, for callbacks may remember what they answered
    return isAsked || this.#step >= this.#totalSteps || this.#epochEnds() || this.#validationDue()
  }

  #epochEnds(): boolean {
    return this.#step % this.#stepsPerEpoch === 0
  }

  #validationDue(): boolean {
    if (this.#validation === undefined) return false
    if (this.#step >= this.#totalSteps) return true
    return this.#validateEvery === undefined ? this.#epochEnds() : this.#step % this.#validateEvery === 0
  }

  /** Reads losses and emits their steps' events until at most `atMost` steps are pending. */
  async #settle(atMost: number): Promise<void> {
    while (this.#pending.length > atMost) {
      const [{ event, batches, taken }] = tuple(this.#pending, 1)
      const measured = await Promise.all(batches)
      const diverged = measured.find(({ suspect }) => suspect !== undefined)
      if (diverged !== undefined) throw await this.#divergence(event, diverged, taken)
      this.#pending.shift()
      taken.dispose()
      let step = emptyRunning
      for (const batch of measured) {
        step = addBatch(step, { losses: batch.losses, measures: {} })
        this.#inEpoch = addBatch(this.#inEpoch, batch)
        if (this.#validation !== undefined) this.#sinceValidation = addBatch(this.#sinceValidation, batch)
        this.#know(batch)
      }
      const losses = namedLosses(step)
      const stepEvent = { ...event, loss: totalLoss(step), ...(losses && { losses }) }
      this.#history.steps.push(stepEvent)
      if (this.#history.steps.length > STEPS_KEPT) this.#history.steps.shift()
      await this.#emit('onStep', stepEvent)
    }
  }

  async #divergence(event: Pending['event'], batch: MeasuredBatch, taken: TakenStep): Promise<DivergedError> {
    const { what, layer } = await taken.explain(batch.suspect as Suspect)
    const broken = Object.entries(batch.losses).filter(([, loss]) => isBroken(loss))
    const loss = broken
      .map(([name, { value, weight }]) => {
        const what = Object.keys(batch.losses).length === 1 ? 'the loss' : `the loss '${name}'`
        return Number.isFinite(value) ? `the weight of ${what} is ${weight}` : `${what} is ${value}`
      })
      .join(', ')
    return new DivergedError(
      event.step,
      event.learningRate,
      what === undefined ? loss : `${loss}, and before it ${what}`,
      layer,
    )
  }

  /** What is due after a step whose event was emitted: the validation, then the end of the epoch. */
  async #finishStep(): Promise<void> {
    if (this.#step === 0) return
    const epoch = this.#epoch
    if (this.#phase === 'step' && this.#stop === undefined) {
      if (!this.#validationDue()) this.#phase = 'validation'
      else await this.#validate(epoch)
    }
    if (this.#phase === 'validation' && this.#stop === undefined) {
      if (!this.#epochEnds()) this.#phase = 'epoch'
      else await this.#endEpoch(epoch)
    }
    this.#beginStep(performance.now())
  }

  async #validate(epoch: number): Promise<void> {
    const began = performance.now()
    const measured = await this.#learner.evaluate(this.#validation as Loader<B>, {
      key: evaluationKey,
      step: this.#step,
      stopped: () => this.#stopped(),
    })
    if (measured === undefined) return // a resumed run does it, since the phase is still 'step'
    this.#know(measured)
    const validation = scoresOf(measured)
    const event: ValidationEvent = {
      step: this.#step,
      epoch,
      train: scoresOf(withMeasures(this.#sinceValidation, this.#measures)),
      validation,
      monitored: monitoredScore(this.#monitor, validation, this.#measures),
      learningRate: this.#learner.lastLearningRate(),
      seconds: (performance.now() - began) / 1000,
    }
    this.#sinceValidation = emptyRunning
    this.#phase = 'validation'
    this.#history.validations.push(event)
    await this.#emit('onValidation', event)
  }

  #know({ measures }: Pick<MeasuredBatch, 'measures'> | Running): void {
    const known = Object.entries(measures).flatMap(([name, { measure }]) =>
      measure === undefined ? [] : [[name, measure] as const],
    )
    if (known.length > 0) this.#measures = { ...this.#measures, ...Object.fromEntries(known) }
  }

  async #endEpoch(epoch: number): Promise<void> {
    const event: EpochEvent = {
      epoch,
      step: this.#step,
      train: scoresOf(withMeasures(this.#inEpoch, this.#measures)),
      seconds: (performance.now() - this.#epochBegan) / 1000,
    }
    this.#inEpoch = emptyRunning
    this.#phase = 'epoch'
    this.#epochBegan = performance.now()
    this.#history.epochs.push(event)
    await this.#emit('onEpoch', event)
  }

  async #end(reason: EndReason, message: string | undefined): Promise<void> {
    await this.#emit('onEnd', {
      reason,
      step: this.#step,
      epoch: this.#epoch,
      ...(message === undefined ? {} : { message }),
    })
  }

  /** Tells every callback. @throws CallbackError naming the one that fails; errors that name themselves pass */
  #emit<E extends EventName>(name: E, event: EventOf<E>): Promise<void> {
    const control: Control = {
      stop: (message) => {
        this.#stop ??= { message }
      },
      snapshot: () => this.#snapshot(),
      format: (score, value) => formatScore(this.#measures[score], value),
    }
    const isOurs = (error: unknown): boolean => this.#unreadable !== undefined && error === this.#unreadable.error
    return this.#callbacks.emit(name, event, control, this.#step, isOurs)
  }

  async #snapshot(): Promise<Snapshot> {
    if (this.#pending.length > 0) {
      throw new Error(
        `snapshot: the model is ${this.#pending.length} steps ahead of this event. Announce the step in needsState.`,
      )
    }
    await this.#callbacks.flush(this.#step)
    const running = { sinceValidation: saveRunning(this.#sinceValidation), inEpoch: saveRunning(this.#inEpoch) }
    const states = this.#callbacks.states()
    return {
      step: this.#step,
      phase: this.#phase,
      ...(await this.#read()),
      loader: this.#loader.state(),
      key: { high: this.#key.high, low: this.#key.low },
      running,
      ...(Object.keys(states).length === 0 ? {} : { callbacks: states }),
    }
  }

  async #read(): ReturnType<Learner<B>['save']> {
    try {
      return await this.#learner.save()
    } catch (error) {
      this.#unreadable = { error }
      throw error
    }
  }

  /** Waits for the reads in flight, and disposes what is left of them. */
  async #abandon(): Promise<void> {
    const batches = [...this.#pending.flatMap(({ batches }) => batches), ...this.#batches]
    for (const read of await Promise.allSettled(batches)) {
      if (read.status === 'fulfilled') disposeBatch(read.value.suspect?.batch ?? {})
    }
    for (const { taken } of this.#pending) taken.dispose()
    this.#pending.length = 0
    this.#batches = []
  }
}

const keyOf = ({ key: { high, low } }: Snapshot): Key => new random.Key(high, low)

/** Steps of the whole run. */
const totalSteps = <B>({ epochs, steps }: FitOptions<B>, stepsPerEpoch: number): number =>
  epochs === undefined ? steps : epochs * stepsPerEpoch
