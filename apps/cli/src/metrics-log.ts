import { readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { CliError } from './errors.ts'
import { append, write } from './files.ts'

/** One permanent line of a run. */
export interface MetricsRecord {
  readonly step: number
  readonly epoch: number
  /** Of the last step's update. */
  readonly learningRate: number
  /** Training time so far, validations included. */
  readonly seconds: number
  /** Of the training batches since the record before. */
  readonly train: { readonly loss: number; readonly accuracy: number }
  /** None where a run trains on all images. */
  readonly validation?: { readonly loss: number; readonly accuracy: number; readonly images: number } | undefined
}

const columns =
  'step,epoch,learningRate,seconds,trainLoss,trainAccuracy,validationLoss,validationAccuracy,validationImages\n'

const toCsv = ({ step, epoch, learningRate, seconds, train, validation: held }: MetricsRecord): string =>
  `${[step, epoch, learningRate, seconds, train.loss, train.accuracy, held?.loss, held?.accuracy, held?.images].join(',')}\n`

const toJson = (record: MetricsRecord): string => `${JSON.stringify(record)}\n`

/** The records of a run in `metrics.jsonl`, and the same as a table in `metrics.csv`. */
export class MetricsLog {
  private constructor(
    private readonly paths: { readonly metrics: string; readonly metricsTable: string },
    readonly records: MetricsRecord[],
  ) {}

  /**
   * Opens the log of a run that begins, or continues one: only the records that pass `keep` stay, for what came after the
   * checkpoint will be measured again.
   */
  static async open(
    paths: { readonly metrics: string; readonly metricsTable: string },
    keep: (record: MetricsRecord) => boolean = () => false,
  ): Promise<MetricsLog> {
    const records = (await readRecords(paths.metrics)).filter(keep)
    await replaceFile(paths.metrics, records.map(toJson).join(''))
    await replaceFile(paths.metricsTable, columns + records.map(toCsv).join(''))
    return new MetricsLog(paths, records)
  }

  async append(record: MetricsRecord): Promise<void> {
    this.records.push(record)
    await append(this.paths.metrics, toJson(record))
    await append(this.paths.metricsTable, toCsv(record))
  }
}

// JSON has no NaN: it is written as null.
const loss = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN)
const scores = z.object({ loss, accuracy: z.number() })
const recordSchema = z.object({
  step: z.number(),
  epoch: z.number(),
  learningRate: z.number(),
  seconds: z.number(),
  train: scores,
  validation: scores.extend({ images: z.number() }).optional(),
})

/**
 * The records of a log; none where there is no log.
 *
 * @throws CliError naming the line that is none
 */
export async function readRecords(path: string): Promise<MetricsRecord[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  // A process that was killed while it wrote leaves a line without its end.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return recordSchema.parse(JSON.parse(line))
      } catch (error) {
        throw new CliError(`${path}:${index + 1} is damaged: expected the JSON of a validation.`, undefined, {
          cause: error,
        })
      }
    })
}

async function replaceFile(path: string, text: string): Promise<void> {
  await write(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
