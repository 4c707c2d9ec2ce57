import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from '@ddnet/experiment'
import { CliError } from '../errors.ts'
import { writeWhole } from '../files.ts'
import type { Io } from '../terminal/io.ts'

const figures = z.object({ step: z.number(), forward: z.number(), peakMemoryBytes: z.number().optional() })

const trialSchema = z.object({
  /** Its folder in that of the search. */
  name: z.string(),
  /** What it sets, as words of a command line. */
  words: z.array(z.string()),
  state: z.enum(['waiting', 'stopped', 'done', 'failed']),
  /** Why it failed. */
  problem: z.string().optional(),
  step: z.number().optional(),
  steps: z.number().optional(),
  /** The score that it is chosen by, of the last validation. */
  score: z.number().optional(),
  seconds: z.number().optional(),
  parameters: z.number().optional(),
  multiplyAdds: z.number().optional(),
  /** Of a training step, estimated. */
  memoryBytes: z.number().optional(),
  /** Milliseconds of a step and of a batch without gradients, by backend. */
  backends: z.record(z.string(), figures).optional(),
})

const studySchema = z.object({
  format: z.literal(1),
  /** What all trials set. */
  words: z.array(z.string()),
  space: z.array(z.string()),
  seed: z.number(),
  halving: z.number(),
  monitor: z.object({ name: z.string(), better: z.enum(['lower', 'higher']) }).optional(),
  trials: z.array(trialSchema),
  /** The best trial on what is held out, looked at once. */
  best: z
    .object({ name: z.string(), split: z.string(), headline: z.string(), figures: z.record(z.string(), z.unknown()) })
    .optional(),
})

/** One set of settings, and what came of it. */
export type Trial = z.infer<typeof trialSchema>
/** A search: what it tries, and what came of it so far. It is all that it takes to go on. */
export type Study = z.infer<typeof studySchema>

export const studyFile = 'search.json'

/** @throws CliError for a folder without a search, or a damaged one */
export async function readStudy(cwd: string, folder: string): Promise<Study> {
  const path = join(folder, studyFile)
  let text: string
  try {
    text = await readFile(resolve(cwd, path), 'utf8')
  } catch (error) {
    throw new CliError(
      `${folder} is no search: it has no ${studyFile}. Begin one: ddnet search cifar10 trials=20 …`,
      undefined,
      { cause: error },
    )
  }
  try {
    return studySchema.parse(JSON.parse(text))
  } catch (error) {
    throw new CliError(
      `${path} is damaged: it is not what DDNet wrote. Put the right file back, or begin a new search.`,
      undefined,
      { cause: error },
    )
  }
}

export const writeStudy = (folder: string, study: Study, { cwd }: Pick<Io, 'cwd'>): Promise<void> =>
  writeWhole(resolve(cwd, folder, studyFile), new TextEncoder().encode(`${JSON.stringify(study, undefined, 2)}\n`))

/** Trials than which none other is both as good and as cheap, one of them more so. @param costOf of two of one score the cheaper one is better */
export function paretoFront(
  trials: readonly Trial[],
  better: 'lower' | 'higher',
  costOf: (trial: Trial) => number | undefined,
): readonly Trial[] {
  const scored = trials.flatMap((trial) => {
    const cost = costOf(trial)
    return trial.score === undefined || cost === undefined
      ? []
      : [{ trial, cost, score: better === 'higher' ? trial.score : -trial.score }]
  })
  return scored
    .filter(
      ({ score, cost }) =>
        !scored.some(
          (other) => other.score >= score && other.cost <= cost && (other.score > score || other.cost < cost),
        ),
    )
    .sort((a, b) => a.cost - b.cost || b.score - a.score)
    .map(({ trial }) => trial)
}

/** How many trials go on in each round, and for which share of their steps: all at first, then one in `halving`, as long as there are two. */
export function roundsOf(
  trials: number,
  halving: number,
): readonly { readonly keep: number; readonly share: number }[] {
  const counts = [trials]
  while (halving > 1 && Math.floor((counts.at(-1) ?? 0) / halving) >= 1 && counts.length < 4)
    counts.push(Math.floor((counts.at(-1) ?? 0) / halving))
  return counts.map((keep, at) => ({ keep, share: halving ** (at - counts.length + 1) }))
}
