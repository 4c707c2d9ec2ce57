import type { MetricsRecord } from '@ddnet/experiment'
import { errorMessage, tuple } from '@ddnet/ops/checks'
import type { StepEvent, ValidationEvent } from '@ddnet/trainer'
import { offerBenchmark } from './benchmark.ts'
import { drawCurve, formatTick, type Point, smoothed } from './curve.ts'
import { downloadFile } from './download-file.ts'
import { drawPictures } from './draw-pictures.ts'
import { element } from './element.ts'
import { formatBytes, formatCount, formatSeconds } from './format.ts'
import { drawModel } from './model-table.ts'
import type { Command, Report, ShownScore } from './protocol.ts'
import type { Memory, RunningBackend, SavedRun } from './run-record.ts'
import { defaults, type PageSettings, readSettings, writeSettings } from './settings.ts'

type State = 'loading' | 'ready' | 'training' | 'paused' | 'done' | 'failed'

const form = element<HTMLFormElement>('settings')
const [trainButton, stepButton, resetButton] = tuple(
  ['train', 'step', 'reset'].map((id) => element<HTMLButtonElement>(id)),
  3,
)
const files = element<HTMLInputElement>('open')

/** The page: it shows what the worker reports, and tells it what was clicked. It has no tensors. */
class Page {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  #settings: PageSettings
  #backend: RunningBackend | undefined
  #dispatches: number | undefined
  #state: State = 'loading'
  #validationImages = 0
  /** What a validation measures besides the loss, and the newest as people read it. */
  #score: ShownScore | undefined
  #scoreText: string | undefined
  #steps: (StepEvent & { memory: Memory })[] = []
  #validations: ValidationEvent[] = []
  #earlier: readonly MetricsRecord[] = []
  #drawing = false

  constructor(settings: PageSettings) {
    this.#settings = settings
    this.#worker.addEventListener('error', ({ message }) => this.#fail('The page could not start', message))
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
      this.#show(data)
      this.#tell({ kind: 'shown' })
    })
    trainButton.addEventListener('click', () => this.#tell({ kind: this.#state === 'training' ? 'pause' : 'train' }))
    stepButton.addEventListener('click', () => this.#tell({ kind: 'step' }))
    resetButton.addEventListener('click', () => this.#tell({ kind: 'reset' }))
    element('download').addEventListener('click', () => this.#tell({ kind: 'save' }))
    element('save').addEventListener('click', () =>
      downloadFile('ddnet-run.json', JSON.stringify(this.record(), null, 2), 'application/json'),
    )
    element('go-on').addEventListener('click', () => this.#tell({ kind: 'goOn' }))
    files.addEventListener('change', () => this.#open())
    this.#showState('loading', 'Starting a backend…')
    this.#tell({ kind: 'start', settings, pageUrl: document.baseURI })
  }

  /** What was trained so far. */
  record(): SavedRun {
    const backend = this.#backend as RunningBackend
    return {
      settings: this.#settings,
      backend: { ...backend, ...(this.#dispatches !== undefined && { dispatches: this.#dispatches }) },
      earlier: this.#earlier,
      steps: this.#steps,
      validations: this.#validations,
    }
  }

  #tell(command: Command): void {
    this.#worker.postMessage(command)
  }

  async #open(): Promise<void> {
    const chosen = await Promise.all(
      [...(files.files ?? [])].map(async (file) => ({
        name: file.name,
        bytes: new Uint8Array(await file.arrayBuffer()),
      })),
    )
    files.value = '' // so that the same file can be chosen again
    this.#tell({ kind: 'open', files: chosen })
  }

  #show(report: Report): void {
    switch (report.kind) {
      case 'backend':
        this.#backend = report.backend
        showBackend(report.backend, report.reason)
        break
      case 'loading':
        this.#showLoading(report.receivedBytes, report.totalBytes)
        break
      case 'compiling':
        showProgress(report.done, report.total)
        this.#showState('loading', `Compiling kernels, ${report.done} of ${report.total}`)
        break
      case 'ready':
        this.#showReady(report)
        break
      case 'pictures':
        drawPictures(element('batch-images'), report.pictures)
        element('batch-title').textContent = report.pictures.title
        break
      case 'training':
        element('notice').hidden = true
        element('kept').hidden = true
        this.#showState('training', 'Training…')
        break
      case 'step':
        this.#steps.push({ ...report.event, memory: report.memory })
        this.#dispatches = report.dispatches
        element<HTMLButtonElement>('save').disabled = false
        if (this.#state === 'training')
          this.#showStatus(`Training, step ${report.event.step} of ${this.#settings.steps}`)
        this.#draw()
        break
      case 'validation':
        this.#validations.push(report.event)
        this.#scoreText = report.text
        this.#draw()
        break
      case 'paused':
        this.#showState('paused', `Paused after step ${report.step} of ${this.#settings.steps}`)
        break
      case 'done':
        this.#finish()
        break
      case 'kept':
        element('kept-message').textContent =
          `A run was left here after step ${formatCount(report.step)} of ${formatCount(report.steps)}. A new one takes its place when it begins.`
        element('kept').hidden = false
        break
      case 'lost':
        this.#goBackTo(report.step)
        showNotice('The device was lost', `${report.message} Training goes on after step ${report.step}.`)
        this.#showState('loading', 'Starting the device again…')
        break
      case 'checkpoint':
        downloadFile(`ddnet-step-${report.step}.tar`, report.tar, 'application/x-tar')
        break
      case 'refused':
        showNotice(report.title, report.message)
        break
      case 'failed':
        this.#fail(report.title, report.message)
        break
    }
  }

  #showLoading(receivedBytes: number, totalBytes: number): void {
    showProgress(receivedBytes, totalBytes)
    const share = totalBytes === 0 ? '…' : `, ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`
    this.#showState('loading', `Loading images${share}`)
  }

  #showReady(report: Extract<Report, { kind: 'ready' }>): void {
    const { settings, step, summary, validationImages, model, data, score, earlier, text } = report
    this.#settings = settings
    this.#score = score
    this.#scoreText = text
    this.#earlier = earlier
    this.#validationImages = validationImages
    // A checkpoint brings its own settings.
    history.replaceState(null, '', `${location.pathname}${writeSettings(settings)}`)
    fillForm(settings)
    drawModel(element('model-rows'), summary)
    element('about').textContent = `${model} on ${data}, trained in this page`
    element('model-title').textContent = `${model}, ${formatCount(summary.parameters)} parameters`
    showScore(score)
    element('notice').hidden = true
    element('kept').hidden = true
    this.#goBackTo(0)
    showProgress(step, settings.steps)
    if (step === 0) this.#showState('ready', 'Ready.')
    else this.#showState('paused', `Paused after step ${step} of ${settings.steps}`)
  }

  /** Forgets what came after a step. */
  #goBackTo(last: number): void {
    this.#steps = this.#steps.filter(({ step }) => step <= last)
    this.#validations = this.#validations.filter(({ step }) => step < last)
    this.#draw()
  }

  #finish(): void {
    const last = this.#validations.at(-1)
    if (last === undefined) {
      this.#showState('done', 'Done.')
      return
    }
    const [title, text] =
      this.#score === undefined || this.#scoreText === undefined
        ? ['loss', last.validation.loss.toPrecision(3)]
        : [this.#score.title, this.#scoreText]
    this.#showState('done', `Done: ${title} ${text} on ${formatCount(this.#validationImages)} validation images.`)
  }

  /** At the next frame, however many reports come before. */
  #draw(): void {
    if (this.#drawing) return
    this.#drawing = true
    requestAnimationFrame(() => {
      this.#drawing = false
      drawNumbers(this.record(), this.#settings.steps, this.#score, this.#scoreText)
    })
  }

  #showState(state: State, status: string): void {
    this.#state = state
    document.body.dataset['state'] = state
    this.#showStatus(status)
    const running = state === 'training' || state === 'paused'
    element<HTMLFieldSetElement>('fields').disabled = running
    trainButton.textContent = state === 'training' ? 'Pause' : state === 'paused' ? 'Resume' : 'Train'
    trainButton.disabled = state === 'loading' || state === 'done' || state === 'failed'
    stepButton.disabled = state !== 'ready' && state !== 'paused'
    resetButton.disabled = state === 'loading' || state === 'ready'
    element<HTMLButtonElement>('download').disabled = state === 'loading' || state === 'ready'
    element<HTMLButtonElement>('save').disabled = this.#steps.length === 0
    files.disabled = state === 'loading' || state === 'training' || state === 'failed'
  }

  #showStatus(status: string): void {
    element('status').textContent = status
  }

  #fail(title: string, message: string): void {
    if (this.#backend === undefined) element('backend').dataset['kind'] = 'none'
    element('error-title').textContent = title
    element('error-message').textContent = message
    element('error').hidden = false
    this.#showState('failed', `${title}.`)
  }
}

/** Settings belong to the address, and a page to its settings. */
function changeSettings(): void {
  if (!form.reportValidity()) return
  location.assign(`${location.pathname}${writeSettings(readForm())}`)
}

function fillForm(settings: PageSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = String(value)
  }
}

function readForm(): PageSettings {
  const fields = new FormData(form)
  const entries = Object.keys(defaults).map((name) => [name, String(fields.get(name))])
  return readSettings(`?${new URLSearchParams(entries)}`)
}

/** The number and the chart of what a validation measures besides the loss; none of a task that measures nothing else. */
function showScore(score: ShownScore | undefined): void {
  for (const id of ['score-number', 'score-chart']) element(id).hidden = score === undefined
  if (score === undefined) return
  const title = `${score.title[0]?.toUpperCase()}${score.title.slice(1)}`
  element('score-label').textContent = `Val. ${score.title}`
  element('score-title').textContent = title
  element('score-curve').setAttribute('aria-label', `${title} by step`)
}

function drawNumbers(
  { earlier, steps: events, validations, backend }: SavedRun,
  steps: number,
  score: ShownScore | undefined,
  scoreText: string | undefined,
): void {
  const last = events.at(-1)
  const losses = events.map(({ step, loss }) => ({ step, value: loss }))
  const scoresOf = (part: 'train' | 'validation', name: string): Point[] =>
    [...earlier, ...validations].flatMap(({ step, [part]: scores }) =>
      scores === undefined ? [] : [{ step, value: Number(scores[name]) }],
    )
  drawCurve(
    element<SVGSVGElement>('loss-curve'),
    [
      { points: losses, look: 'faint' },
      // Of what was trained elsewhere, means are known, and not each step.
      {
        points: [...earlier.map(({ step, train }) => ({ step, value: train.loss })), ...smoothed(losses)],
        look: 'train',
      },
      { points: scoresOf('validation', 'loss'), look: 'validation', dots: true },
    ],
    { steps, range: [0, 0] },
  )
  if (score !== undefined) {
    drawCurve(
      element<SVGSVGElement>('score-curve'),
      [
        { points: scoresOf('train', score.name), look: 'train', dots: true },
        { points: scoresOf('validation', score.name), look: 'validation', dots: true },
      ],
      score.percent
        ? { steps, range: [0, 1], format: (value) => `${Math.round(value * 100)}%` }
        : { steps, format: (value, gap) => [formatTick(value, gap), score.unit].filter(Boolean).join(' ') },
    )
  }
  const number = (id: string, value: string | undefined): void => {
    element(`number-${id}`).textContent = value ?? '–'
  }
  number('step', last && formatCount(last.step))
  number('loss', last?.loss.toFixed(3))
  number('score', scoreText)
  number('rate', last?.learningRate.toExponential(1))
  number('time', last && formatSeconds(last.seconds))
  number('memory', last && formatBytes(last.memory.bytes))
  if (last !== undefined) showProgress(last.step, steps)
  element('dispatches').textContent =
    backend?.dispatches === undefined ? '' : `${formatCount(backend.dispatches)} dispatches.`
}

function showBackend({ name, device }: RunningBackend, reason: string): void {
  const onGpu = name === 'webgpu' && !device.endsWith('(software)')
  element('backend').dataset['kind'] = onGpu ? 'gpu' : 'cpu'
  element('backend-name').textContent = name === 'webgpu' ? 'WebGPU' : 'WebAssembly'
  element('backend-device').textContent = name === 'webgpu' ? device : device.replace('WebAssembly ', '')
  element('backend-reason').textContent = reason
}

function showProgress(done: number, total: number): void {
  element<HTMLProgressElement>('progress').value = total === 0 ? 0 : done / total
}

function showNotice(title: string, message: string): void {
  element('notice-title').textContent = title
  element('notice-message').textContent = message
  element('notice').hidden = false
}

function start(): void {
  fillForm(defaults)
  form.addEventListener('change', changeSettings)
  form.addEventListener('submit', (event) => event.preventDefault())
  offerBenchmark()
  try {
    const settings = readSettings(location.search)
    fillForm(settings)
    const page = new Page(settings)
    // For whoever looks in the console.
    Object.assign(globalThis, { record: () => page.record() })
  } catch (error) {
    element('error-title').textContent = 'The page could not start'
    element('error-message').textContent = errorMessage(error)
    element('error').hidden = false
    document.body.dataset['state'] = 'failed'
    element('status').textContent = 'The page could not start.'
  }
}

start()
