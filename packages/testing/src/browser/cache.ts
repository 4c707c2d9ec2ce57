import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** `$DDNET_CACHE`, or `ddnet` in the platform's folder for caches. */
export function cacheFolder(): string {
  if (process.env.DDNET_CACHE) return process.env.DDNET_CACHE
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'ddnet')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'ddnet')
  if (process.platform === 'win32' && process.env.LOCALAPPDATA) return join(process.env.LOCALAPPDATA, 'ddnet', 'cache')
  return join(homedir(), '.cache', 'ddnet')
}

/**
 * The folder `path` inside the cache, filled by `fill` if it is not there yet. It is filled beside and renamed into
 * place, so that it is whole whenever it exists, and several processes may ask for it at once.
 */
export async function cached(path: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), path)
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
