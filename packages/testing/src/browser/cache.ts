import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheDirectory } from '@ddnet/ops/node'

/**
 * The folder `path` inside the cache, filled by `fill` if it is not there yet. It is filled beside and renamed into
 * place, so that it is whole whenever it exists, and several processes may ask for it at once.
 */
export async function cached(path: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheDirectory(), path)
  if (existsSync(folder)) return folder
  const beside = `${folder}.${randomUUID()}`
  await mkdir(beside, { recursive: true })
  try {
    await fill(beside)
    await mkdir(dirname(folder), { recursive: true })
    await rename(beside, folder)
  } catch (error) {
    await rm(beside, { recursive: true, force: true })
    // Another process was faster.
    if (!existsSync(folder)) throw error
  }
  return folder
}
