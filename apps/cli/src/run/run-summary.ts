import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, type MetricsRecord, runFiles, totalSteps } from '@ddnet/experiment'
import { errorCode } from '@ddnet/ops/checks'
import { z } from 'zod'
import { catalogOfRun } from '../config/own-definitions.ts'
import type { Split } from '../data/labelled-images.ts'
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
  /** At the end, on the test images where there are any; before it, of the last validation, of which the first has to come. */
  readonly scores:
    | { readonly split: Split; readonly accuracy?: number | undefined; readonly loss: number; readonly images: number }
    | undefined
  /** The highest accuracy of any validation. */
  readonly bestAccuracy: number | undefined
  /** Of training, as far as it was measured. */
  readonly seconds: number
  readonly startedAt: string | undefined
  readonly backend: string | undefined
  readonly records: readonly MetricsRecord[]
}

/** A folder among the runs that is none, or none any more. */
export interface BrokenRun {
  readonly path: string
  readonly state: 'broken'
  readonly problem: string
}

const resultSchema = z.object({
  step: z.number(),
  split: z.enum(['test', 'validation']),
  accuracy: z.number().optional(),
  loss: z.number(),
  images: z.number(),
})

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
  const accuracies = records.flatMap((record) => record.validation?.['accuracy'] ?? [])
  return {
    path: folder.path,
    config,
    state: result === undefined ? 'unfinished' : 'finished',
    step: result?.step ?? last?.step ?? 0,
    totalSteps: config.steps ?? (data && totalSteps(config, data.trainImages)),
    scores: result ?? (validation && { split: 'validation', ...validation }),
    bestAccuracy: accuracies.length === 0 ? undefined : Math.max(...accuracies),
    seconds: last?.seconds ?? 0,
    startedAt: environment?.startedAt,
    backend: (environment?.resumed?.at(-1) ?? environment)?.backend?.title,
    records,
  }
}

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
