import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, createTask, factsOf, type RunData, runFiles, type Split, totalSteps } from '@ddnet/experiment'
import { errorCode } from '@ddnet/ops/checks'
import type { Monitored } from '@ddnet/trainer'
import { z } from 'zod'
import { assumedFacts } from '../backend/measure-steps.ts'
import { catalogOfRun } from '../config/own-definitions.ts'
import { CliError, explain } from '../errors.ts'
import { notARun, runAt } from './runs-on-disk.ts'

/** What there is to say of a run, without its data and without a backend. */
export interface RunSummary {
  /** The folder, as the user would type it. */
  readonly path: string
  readonly config: Config
  /** `finished` was measured on all images that are held out for it; `unfinished` can go on, or still goes on. */
  readonly state: 'finished' | 'unfinished'
  /** Steps done, as far as they were measured. */
  readonly step: number
  /** Steps of the whole run, where that is known. */
  readonly totalSteps: number | undefined
  /** The score that says which of two runs is better. */
  readonly monitor: MonitoredScore
  /** At the end, on the test images where there are any; before it, of the last validation, of which the first has to come. */
  readonly scores:
    | { readonly split: Split; readonly images: number; readonly values: Readonly<Record<string, number>> }
    | undefined
  /** Step and monitored score of each validation. */
  readonly validations: readonly (readonly [step: number, score: number])[]
  /** The best of them. */
  readonly best: number | undefined
  /** Of training, as far as it was measured. */
  readonly seconds: number
  readonly startedAt: string | undefined
  readonly backend: string | undefined
}

type Direction = Monitored['better']

/** What a run's task says of the score that the run watches. */
export interface MonitoredScore {
  readonly name: string
  /** `accuracy`, in a column's head. */
  readonly title: string
  /** `acc`, in a line. */
  readonly short: string
  readonly better: Direction
  format(value: number): string
}

/** A folder among the runs that is none, or none any more. */
export interface BrokenRun {
  readonly path: string
  readonly state: 'broken'
  readonly problem: string
}

const resultSchema = z
  .object({ step: z.number(), split: z.enum(['test', 'validation']), images: z.number() })
  .catchall(z.json())

/**
 * Reads what a run left in its folder.
 *
 * @throws CliError for what is not a run, and for files of a run that cannot be read
 */
export async function summarizeRun(cwd: string, path: string): Promise<RunSummary> {
  const folder = runAt(cwd, path)
  const saved = await folder.readSettings((contents) => catalogOfRun(contents, cwd))
  if (saved === undefined) throw new CliError(await notARun(cwd, folder.path))
  const { config } = saved
  const [records, result, environment, data] = await Promise.all([
    folder.readRecords(),
    folder.readJson('result', resultSchema),
    folder.readEnvironment(),
    folder.readData(),
  ])
  const last = records.at(-1)
  const validation = records.findLast((record) => record.validation !== undefined)?.validation
  const monitor = monitoredScore(config, data)
  const validations = records.flatMap(({ step, validation }) => {
    const score = validation?.[monitor.name]
    return score === undefined ? [] : [[step, score] as const]
  })
  return {
    path: folder.path,
    config,
    state: result === undefined ? 'unfinished' : 'finished',
    step: result?.step ?? last?.step ?? 0,
    totalSteps: config.steps ?? (data && totalSteps(config, data.trainImages)),
    monitor,
    scores:
      result === undefined
        ? validation && { split: 'validation', images: validation.images, values: validation }
        : { split: result.split, images: result.images, values: numbersIn(result) },
    validations,
    best: bestOf(
      validations.map(([, score]) => score),
      monitor.better,
    ),
    seconds: last?.seconds ?? 0,
    startedAt: environment?.startedAt,
    backend: (environment?.resumed?.at(-1) ?? environment)?.backend?.title,
  }
}

/** How the task of a run tells the score that the run watches. Without its data.json the data are as far as settings say them. */
function monitoredScore(config: Config, data: RunData | undefined): MonitoredScore {
  const { image } = data ?? {}
  const facts = data !== undefined && image !== undefined ? factsOf({ ...data, image }) : assumedFacts(config)
  const task = createTask(config, facts)
  const name = config.monitor ?? task.monitor
  const view = task.scores[name]
  if (view !== undefined) return { name, ...view }
  return { name, title: name, short: name, better: 'lower', format: (value) => value.toPrecision(4) }
}

/** The best of scores that are numbers; nothing of none. */
export function bestOf(scores: readonly number[], better: Direction): number | undefined {
  const numbers = scores.filter((score) => !Number.isNaN(score))
  if (numbers.length === 0) return undefined
  return better === 'higher' ? Math.max(...numbers) : Math.min(...numbers)
}

const numbersIn = (values: Readonly<Record<string, unknown>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))

/**
 * All runs in a folder, the oldest first; what cannot be read is among them, with the reason.
 *
 * @throws CliError when there is no such folder
 */
export async function summarizeRuns(cwd: string, runs: string): Promise<(RunSummary | BrokenRun)[]> {
  const names = await foldersIn(cwd, runs)
  const summaries = await Promise.all(
    names.map(async (name): Promise<RunSummary | BrokenRun> => {
      const path = join(runs, name)
      try {
        if (!existsSync(resolve(cwd, path, runFiles.config))) throw new CliError('it has no config.yaml')
        return await summarizeRun(cwd, path)
      } catch (error) {
        return {
          path,
          state: 'broken',
          problem: explain(error).message.replace(`the run ${path} cannot be read: `, ''),
        }
      }
    }),
  )
  const startOf = (run: RunSummary | BrokenRun) => ('startedAt' in run ? (run.startedAt ?? '') : '')
  return summaries.sort((a, b) => startOf(a).localeCompare(startOf(b)) || a.path.localeCompare(b.path, 'en'))
}

async function foldersIn(cwd: string, runs: string): Promise<string[]> {
  try {
    const entries = await readdir(resolve(cwd, runs), { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') throw new CliError(`there is no folder ${runs}. Train first: ddnet train cifar10`)
    if (code === 'ENOTDIR') throw new CliError(`${runs} is a file. Give the folder that holds the runs.`)
    throw error
  }
}
