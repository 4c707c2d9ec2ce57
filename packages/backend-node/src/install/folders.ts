import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Installation, installations } from '../installations.ts'

/** The lock of the folder of installations. */
export const lockIn = (root: string): string => join(root, 'lock')

const beginning = '.partial-'

/** A name for what is not complete. */
export const partialIn = (root: string): string => join(root, `${beginning}${randomUUID()}`)

/** What an installation does not keep, within its folder. */
export const scratch = 'scratch'

/** Puts the finished folder in its place, and takes away what it replaces: its kind, and an addon that was linked. */
export async function replace(root: string, finished: string, target: Installation): Promise<void> {
  const replaced = installations(root).filter(
    ({ variant }) => variant === target.variant || variant === 'tensorflow-linked',
  )
  if (existsSync(target.folder)) await discard(root, target.folder)
  await rename(finished, target.folder)
  for (const { folder } of replaced) if (folder !== target.folder) await discard(root, folder)
}

/** Removed under another name, so that an end in the middle leaves no half of it. */
export async function discard(root: string, folder: string): Promise<void> {
  const begun = partialIn(root)
  await rename(folder, begun)
  await rm(begun, { recursive: true, force: true })
}

/** Takes away what processes that were killed had begun; under the lock nobody else has begun anything. */
export async function clear(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(beginning)) await rm(join(root, name), { recursive: true, force: true, maxRetries: 3 })
  }
}
