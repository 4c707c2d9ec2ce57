import type { Config, MetricsLog, MetricsRecord, RecordedScores, RunTask } from '@ddnet/experiment'
import type { Callback, EpochEvent, StartEvent, StepEvent, ValidationEvent } from '@ddnet/trainer'
import { formatDuration } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import type { LiveLine } from '../terminal/live-line.ts'
import { countLine, type Progress, progressLine, progressText } from '../terminal/progress-line.ts'
import { type Style, styleFor } from '../terminal/style.ts'

/** Off a terminal, a line this often shows that the run is alive. */
const secondsBetweenLines = 30
/** Weight of the newest step in the averages that the progress line shows. */
const newest = 0.1

export interface TrainingReportOptions {
  readonly io: Io
  readonly line: LiveLine
  /** It has the record of a validation or epoch before this is told of it. */
  readonly log: Pick<MetricsLog, 'records'>
  readonly config: Pick<Config, 'validation' | 'epochs'>
  readonly task: Pick<RunTask, 'scores'>
  /** How many images a validation takes; 0 where there are none, and epochs get the lines. */
  readonly validationImages: number
}

/**
 * Shows a run while it trains: the live line, and a permanent line for each validation, or for each epoch of a run without
 * any.
 */
export class TrainingReport implements Callback {
  readonly #io: Io
  readonly #line: LiveLine
  readonly #log: TrainingReportOptions['log']
  readonly #config: TrainingReportOptions['config']
  readonly #task: TrainingReportOptions['task']
  readonly #validationImages: number
  readonly #style: Style
  #start: StartEvent | undefined
  #last: StepEvent | undefined
  readonly #average = { seconds: 0, dataSeconds: 0, loss: 0 }
  #validationSeconds = 0
  #saidAt = 0

  constructor({ io, line, log, config, task, validationImages }: TrainingReportOptions) {
    this.#io = io
    this.#line = line
    this.#log = log
    this.#config = config
    this.#task = task
    this.#validationImages = validationImages
    this.#style = styleFor(io.stderr, io.env)
  }

  /** Steps done. */
  get step(): number {
    return this.#last?.step ?? this.#start?.startStep ?? 0
  }

  onStart(event: StartEvent): void {
    this.#start = event
    this.#saidAt = performance.now()
  }

  onStep(event: StepEvent): void {
    const weight = this.#last === undefined ? 1 : newest
    for (const key of ['seconds', 'dataSeconds', 'loss'] as const)
      this.#average[key] += weight * (event[key] - this.#average[key])
    this.#last = event
    const progress = this.#progress(event)
    this.#line.update((columns) => progressLine(progress, columns, this.#style))
    const now = performance.now()
    if (this.#line.live || now - this.#saidAt < secondsBetweenLines * 1000) return
    this.#saidAt = now
    this.#io.stderr.write(`${progressText(progress)}\n`)
  }

  /** Shows how far a validation is. */
  onValidationBatch(done: number, total: number): void {
    this.#line.update((columns) => countLine('validating', done, total, columns, this.#style))
  }

  onValidation(event: ValidationEvent): void {
    this.#validationSeconds = event.seconds
    this.#record(event)
  }

  onEpoch(event: EpochEvent): void {
    if (this.#validationImages === 0) this.#record(event)
  }

  #record(event: EpochEvent | ValidationEvent): void {
    const record = this.#log.records.at(-1) as MetricsRecord // it comes before this
    this.#line.clear()
    this.#saidAt = performance.now()
    this.#io.stdout.write(
      `${metricsLine(record, this.#counter(event), styleFor(this.#io.stdout, this.#io.env), this.#task.scores)}\n`,
    )
  }

  onEnd(): void {
    this.#line.clear()
  }

  /** `epoch  3/10` where lines come by epoch, else `step 150/300`. */
  #counter({ step, epoch }: EpochEvent | ValidationEvent): string {
    const { totalSteps, epochs } = this.#start as StartEvent // it came before any of them
    const [name, now, all] =
      this.#config.epochs !== null && this.#config.validation.every === 'epoch'
        ? ['epoch', epoch, epochs]
        : ['step', step, totalSteps]
    return `${name} ${String(now).padStart(String(all).length)}/${all}`
  }

  #progress({ step, epoch, learningRate }: StepEvent): Progress {
    const { totalSteps, stepsPerEpoch, epochs } = this.#start as StartEvent // it came before any step
    const byEpoch = this.#config.epochs !== null
    const { every } = this.#config.validation
    // Those of a run without any take no time.
    const validationsLeft = Math.ceil((totalSteps - step) / (every === 'epoch' ? stepsPerEpoch : every))
    return {
      label: byEpoch ? `epoch ${epoch}/${epochs}` : 'train',
      done: byEpoch ? step - (epoch - 1) * stepsPerEpoch : step,
      total: byEpoch ? stepsPerEpoch : totalSteps,
      secondsAStep: this.#average.seconds,
      loss: this.#average.loss,
      learningRate,
      secondsLeft: (totalSteps - step) * this.#average.seconds + validationsLeft * this.#validationSeconds,
      dataShare: this.#average.dataSeconds / this.#average.seconds,
    }
  }
}

/** `step  50/300 | train loss 1.923 acc 31.2% | val loss 1.754 acc 38.0% | 0:32`: short, so that 80 columns hold it. */
export function metricsLine(
  { train, validation, seconds }: MetricsRecord,
  counter: string,
  style: Style,
  views: RunTask['scores'],
): string {
  const scores = (name: string, values: RecordedScores, look: (text: string) => string) => {
    const others = Object.entries(views).flatMap(([key, view]) => {
      const value = values[key]
      return key === 'loss' || view === undefined || value === undefined
        ? []
        : [`${view.short} ${look(view.format(value).padStart(5))}`]
    })
    return [`${name} loss ${values.loss.toFixed(3)}`, ...others].join(' ')
  }
  const parts = [
    style('bold', counter),
    scores('train', train, (text) => text),
    ...(validation === undefined ? [] : [scores('val', validation, (text) => style('green', text))]),
    formatDuration(seconds),
  ]
  return parts.join(' | ')
}
