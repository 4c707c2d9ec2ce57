import { resolve } from 'node:path'
import type { Cifar10, cifar10 } from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
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
 */
export async function loadData(
  config: Pick<Config, 'data'>,
  io: Io,
  load: LoadData,
  { unreadable = 'Fix or remove it.' } = {},
): Promise<LabelledImages> {
  const loaded = await loadRunData(config, {
    cifar10: ({ directory }) => loadTold(directory, io, load),
    imageFolder: async (options) => (await import('./load-folder.ts')).loadFolder(options, io, unreadable),
    files: (directory) => diskFiles(resolve(io.cwd, directory)),
    log: (message) => createLogger(io)('data', message),
  })
  return { ...loaded, classNames: loaded.facts.classNames ?? [] }
}

async function loadTold(directory: string | null, io: Io, load: LoadData): Promise<Cifar10> {
  const say = createLogger(io)
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  let saidAt = Date.now()
  try {
    return await load({
      ...(directory !== null && { directory }),
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
