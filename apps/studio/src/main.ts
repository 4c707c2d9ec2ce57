import { type Cifar10, cifar10 } from '@ddnet/datasets'
import type { DDNet } from '@ddnet/models'
import { dispose, getBackend } from '@ddnet/ops'
import type { StepEvent, ValidationEvent } from '@ddnet/trainer'
import { drawBatch, watchBatches } from './batch-images.ts'
import { drawCurve, smoothed } from './curve.ts'
import { element } from './element.ts'
import { createModel, train, trainingBatches } from './experiment.ts'
import { formatBytes, formatCount, formatSeconds, formatShare } from './format.ts'
import { Gate } from './gate.ts'
import { drawModel } from './model-table.ts'
import { offerRecord } from './run-record.ts'
import { defaults, readSettings, type Settings, writeSettings } from './settings.ts'
import { type StartedBackend, startBackend } from './start-backend.ts'

type State = 'loading' | 'ready' | 'training' | 'paused' | 'done' | 'failed'

const form = element<HTMLFormElement>('settings')
const trainButton = element<HTMLButtonElement>('train')
const stepButton = element<HTMLButtonElement>('step')
const resetButton = element<HTMLButtonElement>('reset')

main().catch((error) => fail('The page could not start', error))

async function main(): Promise<void> {
  fillForm(defaults)
  form.addEventListener('change', changeSettings)
  form.addEventListener('submit', (event) => event.preventDefault())
  const settings = readSettings(location.search)
  fillForm(settings)
  showState('loading', 'Starting a backend…')
  const started = await startBackend(settings.backend).catch((error) => {
    element('backend').dataset['kind'] = 'none'
    throw error
  })
  showBackend(started)
  const data = await loadData()
  await new Experiment(settings, started, data).begin()
}

/** Settings belong to the address, and a page to its settings. */
function changeSettings(): void {
  if (!form.reportValidity()) return
  const address = writeSettings(readForm())
  location.assign(`${location.pathname}${address}`)
}

function fillForm(settings: Settings): void {
  for (const [name, value] of Object.entries(settings)) {
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = String(value)
  }
}

function readForm(): Settings {
  const fields = new FormData(form)
  const entries = Object.keys(defaults).map((name) => [name, String(fields.get(name))])
  return readSettings(`?${new URLSearchParams(entries)}`)
}

async function loadData(): Promise<Cifar10> {
  showState('loading', 'Loading images…')
  const progress = element<HTMLProgressElement>('progress')
  try {
    return await cifar10({
      onProgress: ({ receivedBytes, totalBytes = 0 }) => {
        progress.value = totalBytes === 0 ? 0 : receivedBytes / totalBytes
        element('status').textContent = `Loading images, ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`
      },
    })
  } catch (error) {
    throw new Error(`${(error as Error).message} In this repository: pnpm --filter @ddnet/studio shards`, {
      cause: error,
    })
  }
}

/** One model and its training. */
class Experiment {
  readonly #gate = new Gate()
  #model: DDNet
  #steps: StepEvent[] = []
  #validations: ValidationEvent[] = []
  #running = false
  #resetting = false
  #lastBatchShown = 0

  constructor(
    private readonly settings: Settings,
    private readonly started: StartedBackend,
    private readonly data: Cifar10,
  ) {
    this.#model = createModel(settings)
  }

  /** Shows what there is to train, and waits for the buttons. */
  async begin(): Promise<void> {
    const summary = this.#model.summary([1, 32, 32, 3])
    drawModel(element('model-rows'), summary)
    element('model-title').textContent = `DDNet, ${formatCount(summary.parameters)} parameters`
    trainButton.addEventListener('click', () => this.#toggle())
    stepButton.addEventListener('click', () => this.#stepOnce())
    resetButton.addEventListener('click', () => this.#reset())
    await this.#showNew()
  }

  async #showNew(): Promise<void> {
    this.#draw()
    for await (const batch of trainingBatches(this.data, this.settings)) {
      await drawBatch(element('batch-images'), batch, this.data.classNames)
      dispose([batch.images, batch.labels])
      break
    }
    element('batch-title').textContent = `the first of ${formatCount(this.data.train.length)} images`
    showState('ready', 'Ready.')
  }

  #toggle(): void {
    if (!this.#running) {
      this.#gate.openUp()
      this.#train()
    } else if (this.#gate.open) this.#gate.close()
    else this.#gate.openUp()
  }

  #stepOnce(): void {
    this.#gate.close()
    if (this.#running) this.#gate.passOne()
    else this.#train()
  }

  #reset(): void {
    if (this.#running) {
      this.#resetting = true
      this.#gate.openUp()
    } else this.#renew()
  }

  #renew(): void {
    this.#model.dispose()
    this.#model = createModel(this.settings)
    this.#steps = []
    this.#validations = []
    this.#resetting = false
    element('error').hidden = true
    element('save').hidden = true
    this.#showNew().catch((error) => fail('The images could not be shown', error))
  }

  #train(): void {
    this.#running = true
    showState('training', 'Compiling for the first step…')
    const callback = {
      onStep: async (event: StepEvent, control: { stop(): void }) => {
        this.#steps.push(event)
        this.#draw()
        showState('training', `Training, step ${event.step} of ${this.settings.steps}`)
        const last = event.step === this.settings.steps
        if (!last && !this.#resetting) await this.#gate.pass(() => this.#pause(event.step))
        if (this.#resetting) control.stop()
      },
      onValidation: (event: ValidationEvent) => {
        this.#validations.push(event)
        this.#draw()
      },
    }
    train(this.#model, this.data, this.settings, callback, (batches) =>
      watchBatches(batches, async (batch) => {
        if (performance.now() - this.#lastBatchShown < 500) return
        this.#lastBatchShown = performance.now()
        await drawBatch(element('batch-images'), batch, this.data.classNames)
        element('batch-title').textContent = `of step ${this.#steps.length + 1}`
      }),
    )
      .then(({ reason }) => {
        this.#running = false
        if (reason === 'stopped') this.#renew()
        else this.#finish()
      })
      .catch((error) => {
        this.#running = false
        this.#offerRecord()
        fail('The training stopped', error)
        resetButton.disabled = false
      })
  }

  #pause(step: number): void {
    this.#offerRecord()
    showState('paused', `Paused after step ${step} of ${this.settings.steps}`)
  }

  #finish(): void {
    this.#offerRecord()
    const accuracy = this.#validations.at(-1)?.validation['accuracy'] as number
    const count = formatCount(Math.min(this.settings.testImages, this.data.test.length))
    showState('done', `Done: ${formatShare(accuracy)} of ${count} test images are right.`)
  }

  #offerRecord(): void {
    const { backend, dispatchCount } = this.started
    offerRecord(element<HTMLAnchorElement>('save'), {
      settings: this.settings,
      backend: {
        name: getBackend(),
        device: backend.device,
        ...(dispatchCount && { dispatches: dispatchCount() }),
      },
      steps: this.#steps,
      validations: this.#validations,
    })
  }

  #draw(): void {
    const { steps } = this.settings
    const step = this.#steps.at(-1)
    const losses = this.#steps.map(({ step, loss }) => ({ step, value: loss }))
    const validated = (of: (event: ValidationEvent) => number) =>
      this.#validations.map((event) => ({ step: event.step, value: of(event) }))
    drawCurve(
      element<SVGSVGElement>('loss-curve'),
      [
        { points: losses, look: 'faint' },
        { points: smoothed(losses), look: 'train' },
        { points: validated(({ validation }) => validation.loss), look: 'test', dots: true },
      ],
      { steps, format: (value) => value.toFixed(1) },
    )
    drawCurve(
      element<SVGSVGElement>('accuracy-curve'),
      [
        { points: validated(({ train }) => train['accuracy'] as number), look: 'train', dots: true },
        { points: validated(({ validation }) => validation['accuracy'] as number), look: 'test', dots: true },
      ],
      { steps, top: 1, format: (value) => `${Math.round(value * 100)} %` },
    )
    const accuracy = this.#validations.at(-1)?.validation['accuracy'] as number | undefined
    element('number-step').textContent = step === undefined ? '–' : formatCount(step.step)
    element('number-loss').textContent = step === undefined ? '–' : step.loss.toFixed(3)
    element('number-accuracy').textContent = accuracy === undefined ? '–' : formatShare(accuracy)
    element('number-rate').textContent = step === undefined ? '–' : step.learningRate.toExponential(1)
    element('number-time').textContent = step === undefined ? '–' : formatSeconds(step.seconds)
    element<HTMLProgressElement>('progress').value = (step?.step ?? 0) / steps
    showDispatches(this.started)
  }
}

function showBackend(started: StartedBackend): void {
  const { backend, reason } = started
  const onGpu = backend.name === 'webgpu' && !backend.device.endsWith('(software)')
  element('backend').dataset['kind'] = onGpu ? 'gpu' : 'cpu'
  element('backend-name').textContent = backend.name === 'webgpu' ? 'WebGPU' : 'WebAssembly'
  element('backend-device').textContent =
    backend.name === 'webgpu' ? backend.device : backend.device.replace('WebAssembly ', '')
  element('backend-reason').textContent = reason
  showDispatches(started)
}

function showDispatches({ dispatchCount }: StartedBackend): void {
  element('dispatches').textContent = dispatchCount === undefined ? '' : `${formatCount(dispatchCount())} dispatches.`
}

function showState(state: State, status: string): void {
  document.body.dataset['state'] = state
  element('status').textContent = status
  const running = state === 'training' || state === 'paused'
  element<HTMLFieldSetElement>('fields').disabled = running
  trainButton.textContent = state === 'training' ? 'Pause' : state === 'paused' ? 'Resume' : 'Train'
  trainButton.disabled = state === 'loading' || state === 'done' || state === 'failed'
  stepButton.disabled = state !== 'ready' && state !== 'paused'
  resetButton.disabled = state === 'loading' || state === 'ready' || state === 'failed'
}

function fail(title: string, error: unknown): void {
  console.error(error)
  element('error-title').textContent = title
  element('error-message').textContent = error instanceof Error ? error.message : String(error)
  element('error').hidden = false
  showState('failed', `${title}.`)
}
