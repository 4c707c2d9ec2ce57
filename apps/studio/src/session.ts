import type { DownloadProgress } from '@ddnet/datasets'
import {
  type Config,
  createModel,
  isSameData,
  type LoadedData,
  type RunRecord,
  runDataOf,
  totalSteps,
  trainingLoader,
} from '@ddnet/experiment'
import { type ModuleOf, summary } from '@ddnet/layers'
import { dispose, memory } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import type { Callback, Control, Snapshot, StepEvent, ValidationEvent } from '@ddnet/trainer'
import { picturesOf, watchBatches } from './batch-pictures.ts'
import { configOf, loadData, pageHost, prepare, train } from './experiment.ts'
import { Gate } from './gate.ts'
import type { Outbox } from './outbox.ts'
import type { NamedFile, Report } from './protocol.ts'
import { betterThan, type KeptBest, type OpenedRun, openRun, packRun } from './run-folder.ts'
import type { RunningBackend } from './run-record.ts'
import type { Settings } from './settings.ts'
import { type StartedBackend, startBackend } from './start-backend.ts'

/** Steps between the snapshots that a run goes on from when the device is lost. */
const snapshotEvery = 50

/** The model, its data and its training: all that has tensors. It lives in a worker, and the page sees its reports. */
export class Session {
  readonly #gate = new Gate()
  #settings: Settings
  #config: Config
  #started!: StartedBackend
  #data!: LoadedData
  #model!: ModuleOf
  #validations: ValidationEvent[] = []
  /** Where the run goes on. */
  #snapshot: Snapshot | undefined
  /** What the next beginning takes in the place of new weights. */
  #opened: (OpenedRun & { readonly data: LoadedData }) | undefined
  /** What the run that goes on here had in its folder. */
  #folder: OpenedRun['folder'] = []
  #best: KeptBest | undefined
  #running = false
  #resetting = false
  #saving = false
  /** The step after which the model is exactly as the event says. */
  #exactStep = 0
  #picturesShown = 0

  constructor(
    private readonly outbox: Outbox<Report>,
    settings: Settings,
    private readonly dataUrl: string,
  ) {
    this.#settings = settings
    this.#config = configOf(settings)
  }

  /** Starts the backend, loads the data, makes a model. */
  async start(): Promise<void> {
    this.#started = await startBackend(this.#settings.backend)
    await this.#report({ kind: 'backend', backend: this.#backend, reason: this.#started.reason })
    this.#data = await this.#loadData(this.#config)
    await this.#renew()
  }

  /** Trains, or goes on. */
  async train(): Promise<void> {
    this.#gate.openUp()
    if (this.#running) await this.#report({ kind: 'training' })
    else await this.#train()
  }

  pause(): void {
    this.#gate.close()
  }

  /** Does one step, and pauses. */
  async step(): Promise<void> {
    this.#gate.close()
    if (this.#running) this.#gate.passOne()
    else await this.#train()
  }

  /** Ends what is running, and begins again: with new weights, or from the checkpoint that was opened. */
  async reset(): Promise<void> {
    this.#resetting = this.#running
    this.#gate.openUp()
    if (!this.#running) await this.#renew()
  }

  /** Sends the run as it is, or as it will be after a step or two. */
  async save(): Promise<void> {
    if (this.#running && this.#gate.open) this.#saving = true
    else await this.#sendRun()
  }

  /** Goes on from a checkpoint of this page or of `ddnet train`. */
  async open(files: readonly NamedFile[]): Promise<void> {
    const opened = await openRun(files)
    const { config } = opened.record.saved
    const data = hasSameData(config, this.#config) ? this.#data : await this.#loadData(config)
    checkData(data, opened.record)
    this.#opened = { ...opened, data }
    await this.reset()
  }

  get #backend(): RunningBackend {
    const { name, device } = this.#started.backend
    return { name, device }
  }

  #report(report: Report, transfer: Transferable[] = []): Promise<void> {
    return this.outbox.send(report, transfer)
  }

  async #loadData(config: Config): Promise<LoadedData> {
    let shown = 0
    await this.#report({ kind: 'loading', receivedBytes: 0, totalBytes: 0 })
    const onProgress = ({ receivedBytes, totalBytes = 0 }: DownloadProgress): void => {
      // Chunks are small and many.
      if (receivedBytes - shown < totalBytes / 100) return
      shown = receivedBytes
      this.#report({ kind: 'loading', receivedBytes, totalBytes })
    }
    try {
      return await loadData(config, pageHost(this.dataUrl, onProgress))
    } catch (error) {
      if (config.data.name !== 'cifar10') throw error
      throw new Error(`${errorMessage(error)} In this repository: pnpm --filter @ddnet/studio shards`, {
        cause: error,
      })
    }
  }

  /** A model as it is before the first step, or in a checkpoint; compiled for. */
  async #renew(): Promise<void> {
    const opened = this.#opened
    const snapshot = opened?.checkpoint
    if (opened !== undefined) {
      this.#config = opened.record.saved.config
      this.#data = opened.data
      const { batchSize, seed, validation } = this.#config
      const steps = totalSteps(this.#config, this.#data.train.length)
      this.#settings = { steps, batchSize, seed, validationImages: validation.images, backend: this.#settings.backend }
      this.#opened = undefined
    }
    this.#folder = opened?.folder ?? []
    this.#best = opened?.best
    this.#model?.dispose()
    this.#model = createModel(this.#config, this.#data.facts)
    this.#snapshot = snapshot
    this.#validations = []
    await this.#prepare()
    const { height, width, channels } = this.#data.facts.image
    await this.#report({
      kind: 'ready',
      settings: this.#settings,
      step: snapshot?.step ?? 0,
      summary: summary(this.#model, [1, height, width, channels]),
      validationImages: Math.min(this.#config.validation.images, this.#data.validation?.length ?? 0),
    })
    const title = `the first of ${this.#data.train.length.toLocaleString('en-US')} images`
    for await (const batch of trainingLoader(this.#data.train, this.#config)) {
      await this.#sendPictures(await picturesOf(batch, this.#config, this.#data, title))
      dispose([batch.image, batch.label])
      break
    }
  }

  #prepare(): Promise<void> {
    return prepare(this.#started.backend, this.#model, this.#data, this.#config, (progress) => {
      this.#report({ kind: 'compiling', ...progress })
    })
  }

  async #sendPictures(pictures: Extract<Report, { kind: 'pictures' }>['pictures']): Promise<void> {
    await this.#report({ kind: 'pictures', pictures }, [pictures.pixels.buffer])
  }

  async #train(): Promise<void> {
    this.#running = true
    try {
      await this.#report({ kind: 'training' })
      let lostAt: number | undefined
      for (;;) {
        try {
          await train(this.#model, this.#data, this.#config, {
            callback: this.#callback(),
            watch: (batches) => watchBatches(batches, (batch) => this.#look(batch)),
            resume: this.#snapshot,
          })
          this.#running = false
          if (this.#resetting) await this.#renew()
          else await this.#report({ kind: 'done' })
          return
        } catch (error) {
          const step = this.#snapshot?.step ?? 0
          // A device that is lost twice without a step to show for it will be lost again.
          if (!isDeviceLost(error) || lostAt === step) throw error
          lostAt = step
          await this.#replaceDevice(error)
        }
      }
    } finally {
      this.#running = false
      this.#resetting = false
    }
  }

  /** The lost device's tensors are gone: a new one, and a model to go on with from the last snapshot. */
  async #replaceDevice({ message }: Error): Promise<void> {
    const step = this.#snapshot?.step ?? 0
    await this.#report({ kind: 'lost', message, step })
    this.#model.dispose()
    this.#started.backend.dispose()
    this.#started = await startBackend(this.#settings.backend)
    await this.#report({ kind: 'backend', backend: this.#backend, reason: this.#started.reason })
    this.#model = createModel(this.#config, this.#data.facts)
    this.#validations = this.#validations.filter((validation) => validation.step < step)
    await this.#prepare()
    await this.#report({ kind: 'training' })
  }

  #callback(): Callback {
    this.#exactStep = 0 // a run before this one may have come further
    return {
      needsState: (step) => {
        const exact = !this.#gate.open || this.#saving || step % snapshotEvery === 0
        if (exact) this.#exactStep = step
        return exact
      },
      onStep: async (event, control) => {
        await this.#reportStep(event)
        if (event.step === this.#exactStep && event.step < this.#settings.steps && !this.#resetting) {
          await this.#keep(control)
          await this.#gate.pass(() => this.#report({ kind: 'paused', step: event.step }))
        }
        if (this.#resetting) control.stop()
      },
      onValidation: async (event, control) => {
        this.#validations.push(event)
        const best = betterThan(this.#best, event)
        if (best !== undefined) this.#best = { ...best, snapshot: await control.snapshot() }
        await this.#report({ kind: 'validation', event })
      },
      onEnd: async (_event, control) => {
        if (!this.#resetting) await this.#keep(control)
      },
    }
  }

  async #reportStep(event: StepEvent): Promise<void> {
    const { backend } = this.#started
    const { numTensors, numBytes } = memory()
    await this.#report({
      kind: 'step',
      event,
      memory: { tensors: numTensors, bytes: numBytes },
      ...('dispatchCount' in backend && { dispatches: backend.dispatchCount() }),
    })
  }

  async #keep(control: Control): Promise<void> {
    this.#snapshot = await control.snapshot()
    if (!this.#saving) return
    this.#saving = false
    await this.#sendRun()
  }

  async #sendRun(): Promise<void> {
    const snapshot = this.#snapshot
    if (snapshot === undefined) {
      await this.#report({ kind: 'refused', title: 'Nothing to save', message: 'Train a step first.' })
      return
    }
    const validations = this.#validations
    const tar = await packRun({
      snapshot,
      config: this.#config,
      validations,
      backend: this.#backend,
      data: this.#data,
      folder: this.#folder,
      best: this.#best,
    })
    await this.#report({ kind: 'checkpoint', step: snapshot.step, tar }, [tar.buffer])
  }

  async #look(batch: Parameters<typeof picturesOf>[0]): Promise<void> {
    if (performance.now() - this.#picturesShown < 500) return
    this.#picturesShown = performance.now()
    await this.#sendPictures(await picturesOf(batch, this.#config, this.#data, 'now training'))
  }
}

/** Whether two runs are of the same samples. */
const hasSameData = (a: Config, b: Config): boolean =>
  a.data.name === b.data.name && JSON.stringify(a.data.options) === JSON.stringify(b.data.options)

/** @throws Error where a run was trained on other data than there are */
function checkData(data: LoadedData, { data: then }: RunRecord): void {
  const now = runDataOf(data)
  if (!isSameData(now, then)) throw new Error(`the run was trained on ${tell(then)}, and the page has ${tell(now)}.`)
}

const tell = ({ trainImages, validationImages, testImages, classNames }: ReturnType<typeof runDataOf>): string =>
  `${trainImages} + ${validationImages} + ${testImages} images of ${classNames.length} classes (${classNames.slice(0, 3).join(', ')} …)`

const isDeviceLost = (error: unknown): error is Error => error instanceof Error && error.name === 'DeviceLost'
