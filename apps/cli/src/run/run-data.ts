import { type RunData, runDataSchema } from '@ddnet/experiment'
import { readJsonFile, writeWhole } from '../files.ts'

/** Writes data.json: what a run was trained on, so that it can be used where the images are not. */
export const writeRunData = (path: string, data: RunData): Promise<void> =>
  writeWhole(path, `${JSON.stringify(data, undefined, 2)}\n`)

/**
 * What a run was trained on; nothing where there is no such file.
 *
 * @throws CliError for a damaged file
 */
export const readRunData = (path: string, remedy?: string): Promise<RunData | undefined> =>
  readJsonFile(path, runDataSchema, remedy)
