import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { LabelledImages } from './data.ts'
import { CliError } from './errors.ts'
import { readJsonFile, write } from './files.ts'

const runDataSchema = z.object({
  classNames: z.array(z.string()).min(2),
  trainImages: z.int().positive(),
  /** 0 where there are none, here and below. */
  validationImages: z.int().min(0),
  testImages: z.int().min(0),
})

/** data.json: what a run was trained on, so that it can be used where the images are not. */
export type RunData = z.infer<typeof runDataSchema>

export const runDataOf = ({ train, validation, test, classNames }: LabelledImages): RunData => ({
  classNames: [...classNames],
  trainImages: train.length,
  validationImages: validation?.length ?? 0,
  testImages: test?.length ?? 0,
})

export const writeRunData = (path: string, data: LabelledImages): Promise<void> =>
  write(path, `${JSON.stringify(runDataOf(data), undefined, 2)}\n`)

/**
 * What a run was trained on; nothing where that was not written down, as by the page.
 *
 * @throws CliError for a damaged file
 */
export const readRunData = (path: string): Promise<RunData | undefined> => readJsonFile(path, runDataSchema)

/**
 * Checks that a run goes on with the images that it began with.
 *
 * @throws CliError when they have become other ones
 */
export function checkSameData(now: LabelledImages, then: RunData | undefined, path: string): void {
  if (then === undefined) return
  if (isDeepStrictEqual(runDataOf(now), then)) return
  const tell = ({ trainImages, validationImages, testImages, classNames }: RunData) =>
    `${trainImages} + ${validationImages} + ${testImages} images (to train, to choose, to test) of ${classNames.length} classes`
  throw new CliError(
    `the data of the run ${path} has changed: it began with ${tell(then)}, and there are ${tell(runDataOf(now))}. Give data.directory=FOLDER with the images as they were, or start a new run.`,
  )
}
