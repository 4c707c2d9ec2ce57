import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type InstallError, lacking } from './install-error.ts'

const remedy = 'Free some space, or set DDNET_CACHE to a folder on another disk'

/**
 * Compares what is free for `folder`, which need not exist yet, with what is needed.
 *
 * @throws InstallError if it is less
 */
export async function expectSpace(folder: string, neededBytes: number): Promise<void> {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = await statfs(existing)
  const free = bavail * bsize
  if (free >= neededBytes) return
  throw lacking(
    `TensorFlow needs ${gigabytes(neededBytes)} in '${folder}', and ${gigabytes(free)} are free. ${remedy}.`,
  )
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

export const diskFull = (folder: string, cause: unknown): InstallError =>
  lacking(`The disk of '${folder}' is full. ${remedy}.`, cause)
