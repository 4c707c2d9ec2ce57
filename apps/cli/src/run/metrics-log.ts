import { entryOf } from '@ddnet/ops/checks'
import { keptEntries, nothingTold, type Told, tell, withoutTimes } from '@ddnet/trainer/node'
import { z } from 'zod'
import { CliError } from '../errors.ts'
import { append, readText, writeWhole } from '../files.ts'

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
  /** What the checkpoint says of the log; nothing where it does not speak of it, as one of the page. */
  readonly told: Told | undefined
  /** Told where the log is not what the checkpoint says. */
  readonly onMismatch: (message: string) => void
}

/** Where a log lies, and which scores its table has. */
interface LogFiles {
  readonly metrics: string
  readonly metricsTable: string
  /** `loss`, `accuracy` */
  readonly scoreNames: readonly string[]
}

/** The records of a run in `metrics.jsonl`, and the same as a table in `metrics.csv`. */
export class MetricsLog {
  private constructor(
    private readonly paths: LogFiles,
    readonly records: MetricsRecord[],
  ) {}

  /**
   * Opens the log of a run that begins, or continues one: only the records that the checkpoint knows of stay, for what came
   * after it will be measured again. Whatever is written is on the disk before a checkpoint speaks of it.
   *
   * @param path what the log is called, for messages
   */
  static async open(paths: LogFiles, path: string, continuation?: Continuation): Promise<MetricsLog> {
    const records = continuation === undefined ? [] : await keptRecords(paths.metrics, path, continuation)
    await writeWhole(paths.metrics, records.map(toJson).join(''))
    await writeWhole(
      paths.metricsTable,
      headOf(paths.scoreNames) + records.map((record) => toCsv(record, paths.scoreNames)).join(''),
    )
    return new MetricsLog(paths, records)
  }

  /** What a checkpoint is to say of the log. */
  get told(): Told {
    return this.records.map(withoutTimes).reduce(tell, nothingTold)
  }

  async append(record: MetricsRecord): Promise<void> {
    this.records.push(record)
    await append(this.paths.metrics, toJson(record))
    await append(this.paths.metricsTable, toCsv(record, this.paths.scoreNames))
  }
}

async function keptRecords(file: string, path: string, { step, isValidated, told, onMismatch }: Continuation) {
  const entries = (await readLines(file)).flatMap(({ record }) =>
    record === undefined
      ? [] // missing from what the checkpoint knows of, or behind it
      : [{ record, step: record.step, key: String(record.step), form: withoutTimes(record) }],
  )
  const last = isValidated ? step : step - 1
  return keptEntries(path, entries, { step: last, expected: told, onMismatch })
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
 * The records of a log; none where there is no log.
 *
 * @throws CliError naming the line that is none
 */
export async function readRecords(path: string): Promise<MetricsRecord[]> {
  return (await readLines(path)).map(({ record, error }, index) => {
    if (record !== undefined) return record
    throw new CliError(
      `${path}:${index + 1} is damaged: expected the JSON of a validation. Remove the line: a run can do without.`,
      undefined,
      { cause: error },
    )
  })
}

async function readLines(path: string): Promise<{ record?: MetricsRecord; error?: unknown }[]> {
  const text = (await readText(path)) ?? ''
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
