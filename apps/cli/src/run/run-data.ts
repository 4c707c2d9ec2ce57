import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { LabelledImages } from '../data/labelled-images.ts'
import { CliError } from '../errors.ts'
import { readJsonFile, writeWhole } from '../files.ts'

export const runDataSchema = z.object({
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

export const writeRunData = (path: string, data: RunData): Promise<void> =>
  writeWhole(path, `${JSON.stringify(data, undefined, 2)}\n`)

export const tellData = ({ trainImages, validationImages, testImages, classNames }: RunData): string =>
  `${trainImages} + ${validationImages} + ${testImages} images (to train, to choose, to test) of ${classNames.length} classes`

/**
 * What a run was trained on; nothing where there is no such file.
 *
 * @throws CliError for a damaged file
 */
export const readRunData = (path: string, remedy?: string): Promise<RunData | undefined> =>
  readJsonFile(path, runDataSchema, remedy)

/**
 * Checks that a run goes on with the images that it began with.
 *
 * @throws CliError when they have become other ones
 */
export function checkSameData(now: LabelledImages, then: RunData, path: string): void {
  if (isDeepStrictEqual(runDataOf(now), then)) return
  throw new CliError(
    `the data of the run ${path} has changed: it began with ${tellData(then)}, and there are ${tellData(runDataOf(now))}. Give data.directory=FOLDER with the images as they were, or start a new run.`,
  )
}
