import type { DownloadProgress } from '@ddnet/datasets'
import {
  type Config,
  checkSameData,
  createModel,
  createTask,
  createTrainer,
  type Environment,
  fitOptions,
  isSame,
  type LoadedData,
  loadRunData,
  type MetricsRecord,
  type OpenedCheckpoint,
  RunFolder,
  type RunTask,
  type TrainedRun,
  TrainingRun,
  totalSteps,
} from '@ddnet/experiment'
import { type ModuleOf, summary } from '@ddnet/layers'
import { dispose, memory } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import { type Callback, listCheckpoints, type NamedFile, type StepEvent, type Storage } from '@ddnet/trainer'
import { picturesOf, watchBatches } from './batch-pictures.ts'
import { catalog, configOf, firstBatch, pageHost, prepare } from './experiment.ts'
import { Gate } from './gate.ts'
import type { Outbox } from './outbox.ts'
import type { Report, ShownScore } from './protocol.ts'
import type { RunningBackend } from './run-record.ts'
import { clearRun, type Home, keepRun, openHome, packRun, runIn, unpackRun } from './run-storage.ts'
import type { PageSettings } from './settings.ts'
import { type StartedBackend, startBackend } from './start-backend.ts'

/** Where the images of a run have to be, that it may go on. */
const dataRemedy = 'Go on with `ddnet train --resume`, where the images are.'

/** The model, its data and its training: all that has tensors. It lives in a worker, and the page sees its reports. */
export class Session {
  readonly #gate = new Gate()
  #settings: PageSettings
  #config: Config
  #home!: Home
  #started!: StartedBackend
  #data!: LoadedData
  #model!: ModuleOf
  #task!: RunTask
  /** Where the run is kept. Until it begins, an earlier one may lie there. */
  #folder!: RunFolder
  #hasBegun = false
  /** Where it goes on. */
  #opened: OpenedCheckpoint | undefined
  /** What the next beginning takes in the place of new weights. */
  #next: { readonly opened: OpenedCheckpoint; readonly data: LoadedData; readonly run?: Storage } | undefined
  #running = false
  /** While a model is made: whoever wants to train waits for it. */
  #renewing: Promise<void> = Promise.resolve()
  #resetting = false
  #saving = false
  /** The step after which the model is exactly as the event says, and saved. */
  #exactStep = 0
  #picturesShown = 0

  constructor(
    private readonly outbox: Outbox<Report>,
    settings: PageSettings,
    private readonly pageUrl: string,
  ) {
    this.#settings = settings
    this.#config = configOf(settings)
  }

  /** Starts the backend, loads the data, makes a model; tells of a run that was left here. */
  async start(): Promise<void> {
    this.#started = await startBackend(this.#settings.backend)
    await this.#report({ kind: 'backend', backend: this.#backend, reason: this.#started.reason })
    this.#home = await openHome()
    this.#folder = new RunFolder(runIn(this.#home))
    this.#data = await this.#loadData(this.#config)
    await this.#renew()
    if (this.#home.note !== undefined) {
      await this.#report({ kind: 'refused', title: 'This run does not outlast the page', message: this.#home.note })
    }
    await this.#tellOfKept()
  }

  /** Trains, or goes on. */
  async train(): Promise<void> {
    await this.#renewing
    this.#gate.openUp()
    if (this.#running) await this.#report({ kind: 'training' })
    else await this.#train()
  }

  pause(): void {
    this.#gate.close()
  }

  /** Does one step, and pauses. */
  async step(): Promise<void> {
    await this.#renewing
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
    const run = await unpackRun(files)
    const opened = await new RunFolder(run).openCheckpoint('last', () => catalog)
    this.#next = { opened, data: await this.#dataOf(opened, run.path), run }
    await this.reset()
  }

  /** Goes on with the run that was left here. */
  async goOn(): Promise<void> {
    const opened = await this.#folder.openCheckpoint('last', () => catalog)
    this.#next = { opened, data: await this.#dataOf(opened, this.#folder.path) }
    await this.#renew()
  }

  get #trained(): TrainedRun {
    return { model: this.#model, task: this.#task, config: this.#config, data: this.#data }
  }

  get #backend(): RunningBackend {
    const { name, device } = this.#started.backend
    return { name, device }
  }

  get #environment(): Environment {
    return {
      system: navigator.userAgent,
      cores: navigator.hardwareConcurrency,
      backend: { ...this.#backend, title: this.#backend.device, reason: this.#started.reason },
      startedAt: new Date().toISOString(),
    }
  }

  #report(report: Report, transfer: Transferable[] = []): Promise<void> {
    return this.outbox.send(report, transfer)
  }

  async #tellOfKept(): Promise<void> {
    if (!(await this.#folder.hasCheckpoint())) return
    try {
      const { checkpoint, config, record } = await this.#folder.openCheckpoint('last', () => catalog)
      const steps = totalSteps(config, record.data.trainImages)
      await this.#report({ kind: 'kept', step: checkpoint.step, steps })
    } catch (error) {
      const message = `${errorMessage(error)} A new run takes its place.`
      await this.#report({ kind: 'refused', title: 'The run that was left here cannot be read', message })
    }
  }

  /** The data of a run that was opened, which must be those that it began with. */
  async #dataOf({ config, record }: OpenedCheckpoint, path: string): Promise<LoadedData> {
    if (record.teacher !== undefined) {
      throw new Error(
        `the run ${path} learns from a teacher, and a page has none. Go on with \`ddnet train --resume\`.`,
      )
    }
    const data = hasSameData(config, this.#config) ? this.#data : await this.#loadData(config)
    checkSameData(data, record.data, path, dataRemedy)
    return data
  }

  #loadData(config: Config): Promise<LoadedData> {
    let shown = 0
    this.#report({ kind: 'loading', receivedBytes: 0, totalBytes: 0 })
    const onProgress = ({ receivedBytes, totalBytes = 0 }: DownloadProgress): void => {
      // Chunks are small and many.
      if (receivedBytes - shown < totalBytes / 100) return
      shown = receivedBytes
      this.#report({ kind: 'loading', receivedBytes, totalBytes })
    }
    return loadRunData(config, pageHost(this.pageUrl, onProgress))
  }

  /** A model as it is before the first step, or in a checkpoint; compiled for. */
  #renew(): Promise<void> {
    const renewing = this.#makeModel()
    this.#renewing = renewing.catch(() => {}) // whoever asked for it is told
    return renewing
  }

  async #makeModel(): Promise<void> {
    const next = this.#next
    this.#next = undefined
    this.#opened = next?.opened
    this.#hasBegun = next !== undefined
    if (next !== undefined) {
      if (next.run !== undefined) await keepRun(this.#home, next.run)
      this.#config = next.opened.config
      this.#data = next.data
      const { batchSize, seed, validation } = this.#config
      const steps = totalSteps(this.#config, this.#data.train.length)
      this.#settings = { steps, batchSize, seed, validationImages: validation.images, backend: this.#settings.backend }
    }
    this.#task = createTask(this.#config, this.#data.facts)
    this.#model?.dispose()
    this.#model = createModel(this.#config, this.#data.facts)
    await this.#prepare()
    const { height, width, channels } = this.#data.facts.image
    const [score] = Object.entries(this.#task.scores).filter(([name]) => name !== 'loss')
    const { earlier, damage } = await this.#earlier()
    const newest = score && earlier.findLast(({ validation }) => validation !== undefined)?.validation?.[score[0]]
    const { definition, options, name } = this.#config.data
    await this.#report({
      kind: 'ready',
      settings: this.#settings,
      step: this.#opened?.checkpoint.step ?? 0,
      summary: summary(this.#model, [1, height, width, channels]),
      validationImages: Math.min(this.#config.validation.images, this.#data.validation?.length ?? 0),
      model: this.#model.constructor.name,
      data: definition.title?.(options) ?? name,
      ...(score?.[1] && { score: shownScore(score[0], score[1]) }),
      earlier,
      ...(newest !== undefined && { text: score?.[1]?.format(newest) ?? '' }),
    })
    if (damage !== undefined)
      await this.#report({ kind: 'refused', title: 'The curve so far cannot be shown', message: damage })
    const title = `the first of ${this.#data.train.length.toLocaleString('en-US')} images`
    const batch = await firstBatch(this.#trained)
    await this.#sendPictures(await picturesOf(batch, this.#config, this.#data, title))
    dispose(batch)
  }

  /** The curve of the run that goes on, up to where it does; a run can do without it. */
  async #earlier(): Promise<{ readonly earlier: readonly MetricsRecord[]; readonly damage?: string }> {
    if (this.#opened === undefined) return { earlier: [] }
    try {
      return { earlier: await this.#folder.readRecords(this.#opened.checkpoint) }
    } catch (error) {
      return { earlier: [], damage: errorMessage(error) }
    }
  }

  #prepare(): Promise<void> {
    return prepare(this.#started.backend, this.#trained, (progress) => {
      this.#report({ kind: 'compiling', ...progress })
    })
  }

  async #sendPictures(pictures: Extract<Report, { kind: 'pictures' }>['pictures']): Promise<void> {
    await this.#report({ kind: 'pictures', pictures }, [pictures.pixels.buffer])
  }

  /** The run as it is written: one that begins, in the place of what was kept, or one that goes on. */
  async #write(): Promise<TrainingRun> {
    const backend = this.#backend
    const environment = this.#environment
    const parts = { config: this.#config, data: this.#data, task: this.#task, backend, environment }
    if (this.#opened !== undefined) {
      return TrainingRun.goOn(this.#folder, this.#opened, parts, {
        dataRemedy,
        onNote: (message) => this.#report({ kind: 'refused', title: 'Something of the run was missing', message }),
      })
    }
    await clearRun(this.#home)
    this.#hasBegun = true
    return TrainingRun.begin(this.#folder, parts)
  }

  async #train(): Promise<void> {
    this.#running = true
    try {
      await this.#report({ kind: 'training' })
      let lostAt: number | undefined
      for (;;) {
        try {
          const run = await this.#write()
          await createTrainer(this.#trained, {
            callbacks: [...run.callbacks(this.#model, { when: (step) => this.#isExact(step) }), this.#callback()],
            watchTraining: (batches) => watchBatches(batches, (batch) => this.#look(batch)),
          }).fit({ ...fitOptions(this.#trained), ...(run.resume && { resume: run.resume }) })
          this.#running = false
          if (this.#resetting) await this.#renew()
          else await this.#report({ kind: 'done' })
          return
        } catch (error) {
          const step = await this.#lastStep()
          // A device that is lost twice without a step to show for it will be lost again.
          if (!isDeviceLost(error) || lostAt === step) throw error
          lostAt = step
          await this.#replaceDevice(error, step)
        }
      }
    } finally {
      this.#running = false
      this.#resetting = false
    }
  }

  /** The step of the last checkpoint of this run; 0 where it has none yet. */
  async #lastStep(): Promise<number> {
    return (await listCheckpoints(this.#folder.checkpoints))[0]?.step ?? 0
  }

  /** The lost device's tensors are gone: a new one, and a model to go on with from the last checkpoint. */
  async #replaceDevice({ message }: Error, step: number): Promise<void> {
    await this.#report({ kind: 'lost', message, step })
    this.#model.dispose()
    this.#started.backend.dispose()
    this.#started = await startBackend(this.#settings.backend)
    await this.#report({ kind: 'backend', backend: this.#backend, reason: this.#started.reason })
    this.#model = createModel(this.#config, this.#data.facts)
    this.#opened = step === 0 ? undefined : await this.#folder.openCheckpoint('last', () => catalog)
    await this.#prepare()
    await this.#report({ kind: 'training' })
  }

  /** Whether the run is to be saved after a step, because it may be held there or somebody wants to have it. */
  #isExact(step: number): boolean {
    const exact = !this.#gate.open || this.#saving
    if (exact) this.#exactStep = step
    return exact
  }

  /** What the page is told, and what holds the run. It comes behind the checkpoint. */
  #callback(): Callback {
    this.#exactStep = 0 // a run before this one may have come further
    return {
      onStep: async (event, control) => {
        await this.#reportStep(event)
        if (event.step === this.#exactStep && event.step < this.#settings.steps && !this.#resetting) {
          if (this.#saving) await this.#sendRun()
          await this.#gate.pass(() => this.#report({ kind: 'paused', step: event.step }))
        }
        if (this.#resetting) control.stop()
      },
      onValidation: async (event, control) => {
        const [name, score] = Object.entries(event.validation).find(([name]) => name !== 'loss') ?? []
        const text = name === undefined || score === undefined ? '' : control.format(name, score)
        await this.#report({ kind: 'validation', event, text })
      },
      onEnd: async () => {
        if (this.#saving && !this.#resetting) await this.#sendRun()
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

  async #sendRun(): Promise<void> {
    this.#saving = false
    if (!this.#hasBegun || (await this.#lastStep()) === 0) {
      await this.#report({ kind: 'refused', title: 'Nothing to save', message: 'Train a step first.' })
      return
    }
    const tar = await packRun(this.#folder.storage)
    await this.#report({ kind: 'checkpoint', step: await this.#lastStep(), tar }, [tar.buffer])
  }

  async #look(batch: Parameters<typeof picturesOf>[0]): Promise<void> {
    if (performance.now() - this.#picturesShown < 500) return
    this.#picturesShown = performance.now()
    await this.#sendPictures(await picturesOf(batch, this.#config, this.#data, 'now training'))
  }
}

const shownScore = (
  name: string,
  { title, percent = false, unit }: NonNullable<RunTask['scores'][string]>,
): ShownScore => ({
  name,
  title,
  percent,
  ...(unit !== undefined && { unit }),
})

/** Whether two runs are of the same samples. */
const hasSameData = (a: Config, b: Config): boolean =>
  a.data.name === b.data.name && isSame(a.data.options, b.data.options)

const isDeviceLost = (error: unknown): error is Error => error instanceof Error && error.name === 'DeviceLost'
