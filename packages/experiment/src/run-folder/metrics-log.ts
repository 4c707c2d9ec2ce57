import { entryOf } from '@ddnet/ops/checks'
import {
  type Callback,
  type EpochEvent,
  type Json,
  keptEntries,
  nothingTold,
  type Scores,
  type Storage,
  type Told,
  tell,
  type ValidationEvent,
  withoutTimes,
} from '@ddnet/trainer'
import { z } from 'zod'
import { RunError } from './run-error.ts'

/** The loss and whatever else the task measures as a number. */
export type RecordedScores = { readonly loss: number } & Readonly<Record<string, number>>

/** One permanent line of a run. */
export interface MetricsRecord {
  readonly step: number
  readonly epoch: number
  /** Of the last step's update. */
  readonly learningRate: number
  /** Training time so far, validations included. */
  readonly seconds: number
  /** Of the training batches since the record before. */
  readonly train: RecordedScores
  /** None where a run trains on all images. */
  readonly validation?: (RecordedScores & { readonly images: number }) | undefined
}

const headOf = (names: readonly string[]): string => {
  const columns = (part: string) => names.map((name) => `${part}${name[0]?.toUpperCase()}${name.slice(1)}`)
  return `${['step,epoch,learningRate,seconds', ...columns('train'), ...columns('validation'), 'validationImages'].join(',')}\n`
}

const toCsv = (
  { step, epoch, learningRate, seconds, train, validation: held }: MetricsRecord,
  names: readonly string[],
): string => {
  const scores = [...names.map((name) => train[name]), ...names.map((name) => held?.[name])]
  return `${[step, epoch, learningRate, seconds, ...scores, held?.images].join(',')}\n`
}

const toJson = (record: MetricsRecord): string => `${JSON.stringify(record)}\n`

/** Where the log of a run goes on. */
export interface Continuation {
  /** The step of the checkpoint. */
  readonly step: number
  /** Whether the checkpoint knows of a validation after that step. */
  readonly isValidated: boolean
  /** What the checkpoint says of the log; nothing where it does not speak of it, as those of the page once did not. */
  readonly told: Told | undefined
  /** Told where the log is not what the checkpoint says. */
  readonly onMismatch: (message: string) => void
}

/** What the log has to know of its run. */
export interface LogOptions {
  /** The scores that are numbers: `loss`, `accuracy`. */
  readonly scoreNames: readonly string[]
  /** How many images a validation takes; 0 where there are none, and epochs get the records. */
  readonly validationImages: number
  /** The learning rate of the update that follows so many. */
  readonly schedule: (step: number) => number
}

const [lines, table] = ['metrics.jsonl', 'metrics.csv'] as const

/**
 * The records of a run in `metrics.jsonl`, and the same as a table in `metrics.csv`: one for each validation, or for each epoch of a run
 * without any. It is a callback of the run; those behind it find the record of their event in `records`.
 */
export class MetricsLog implements Callback {
  readonly name = 'metrics'
  readonly records: MetricsRecord[]
  readonly #storage: Storage
  readonly #options: LogOptions
  /** Seconds of the parts of this run that earlier processes did. */
  readonly #secondsBefore: number
  #began = performance.now()

  private constructor(storage: Storage, options: LogOptions, records: MetricsRecord[]) {
    this.#storage = storage
    this.#options = options
    this.records = records
    this.#secondsBefore = records.at(-1)?.seconds ?? 0
  }

  /**
   * Opens the log of a run that begins, or continues one: only the records that the checkpoint knows of stay, for what came
   * after it will be measured again. Whatever is written is on the disk before a checkpoint speaks of it.
   *
   * @param storage the run's
   */
  static async open(storage: Storage, options: LogOptions, continuation?: Continuation): Promise<MetricsLog> {
    const records = continuation === undefined ? [] : await keptRecords(storage, continuation)
    await storage.replaceFile(lines, encode(records.map(toJson).join('')))
    const rows = records.map((record) => toCsv(record, options.scoreNames))
    await storage.replaceFile(table, encode(headOf(options.scoreNames) + rows.join('')))
    return new MetricsLog(storage, options, records)
  }

  /** What a checkpoint is to say of the log. */
  get told(): Told {
    return this.records.map(withoutTimes).reduce(tell, nothingTold)
  }

  state(): Json {
    return { ...this.told }
  }

  onStart(): void {
    this.#began = performance.now()
  }

  async onValidation(event: ValidationEvent): Promise<void> {
    const images = this.#options.validationImages
    await this.append(this.#recordOf(event, { ...measured(event.validation), images }))
  }

  async onEpoch(event: EpochEvent): Promise<void> {
    if (this.#options.validationImages === 0) await this.append(this.#recordOf(event))
  }

  async append(record: MetricsRecord): Promise<void> {
    this.records.push(record)
    for (const [name, text] of [
      [lines, toJson(record)],
      [table, toCsv(record, this.#options.scoreNames)],
    ] as const) {
      await this.#storage.append(name, encode(text))
      await this.#storage.flush(name)
    }
  }

  #recordOf(
    { step, epoch, train, learningRate }: EpochEvent & Partial<Pick<ValidationEvent, 'learningRate'>>,
    validation?: MetricsRecord['validation'],
  ): MetricsRecord {
    return {
      step,
      epoch,
      learningRate: learningRate ?? this.#options.schedule(step - 1),
      seconds: this.#secondsBefore + (performance.now() - this.#began) / 1000,
      train: measured(train),
      ...(validation && { validation }),
    }
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The scores that are numbers. */
const measured = ({ loss, ...others }: Scores): RecordedScores => ({
  loss,
  ...Object.fromEntries(
    Object.entries(others).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  ),
})

async function keptRecords(storage: Storage, { step, isValidated, told, onMismatch }: Continuation) {
  const entries = (await readLines(storage)).flatMap(({ record }) =>
    record === undefined
      ? [] // missing from what the checkpoint knows of, or behind it
      : [{ record, step: record.step, key: String(record.step), form: withoutTimes(record) }],
  )
  const last = isValidated ? step : step - 1
  return keptEntries(`${storage.path}/${lines}`, entries, { step: last, expected: told, onMismatch })
    .map(({ record }) => record)
    .filter((record) => record.step <= last)
}

// JSON has no NaN: it is written as null. Their order stays, for a checkpoint knows the log as it was written.
const scores = z.record(
  z.string(),
  z
    .number()
    .nullable()
    .transform((value) => value ?? Number.NaN),
)
const withNumber = <Name extends string>(name: Name) =>
  [(values: Record<string, number>) => values[name] !== undefined, `expected ${name}`] as const

const recordSchema = z.object({
  step: z.number(),
  epoch: z.number(),
  learningRate: z.number(),
  seconds: z.number(),
  train: scores.refine(...withNumber('loss')).transform((values) => ({ ...values, loss: entryOf(values, 'loss') })),
  validation: scores
    .refine(...withNumber('loss'))
    .refine(...withNumber('images'))
    .transform((values) => ({ ...values, loss: entryOf(values, 'loss'), images: entryOf(values, 'images') }))
    .optional(),
})

/**
 * The records of a run; none where it has no log.
 *
 * @throws RunError naming the line that is none
 */
export async function readRecords(storage: Storage): Promise<MetricsRecord[]> {
  return (await readLines(storage)).map(({ record, error }, index) => {
    if (record !== undefined) return record
    throw new RunError(
      `${storage.path}/${lines}:${index + 1} is damaged: expected the JSON of a validation. Remove the line: a run can do without.`,
      { cause: error },
    )
  })
}

async function readLines(storage: Storage): Promise<{ record?: MetricsRecord; error?: unknown }[]> {
  const text = new TextDecoder().decode((await storage.readFile(lines)) ?? new Uint8Array(0))
  // A process that was killed while it wrote leaves a line without its end.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      try {
        return { record: recordSchema.parse(JSON.parse(line)) }
      } catch (error) {
        return { error }
      }
    })
}
