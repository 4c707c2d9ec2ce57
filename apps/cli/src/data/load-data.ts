import type { Cifar10, cifar10 } from '@ddnet/datasets'
import type { Config } from '../config/schema.ts'
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
  config: Pick<Config, 'data' | 'size' | 'seed'>,
  io: Io,
  load: LoadData,
  { unreadable = 'Fix or remove it.' } = {},
): Promise<LabelledImages> {
  const { data } = config
  if (data.name === 'folder') return (await import('./load-folder.ts')).loadFolder(config, io, unreadable)
  const say = createLogger(io)
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  let saidAt = Date.now()
  try {
    const images = await load({
      ...(data.directory !== null && { directory: data.directory }),
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
    return await withValidation(images, data.validation)
  } finally {
    line.clear()
  }
}

/** CIFAR-10 comes with images to train on and to test on, and with none to choose by: these are a part of the former. */
async function withValidation(images: Cifar10, share: number): Promise<LabelledImages> {
  if (share === 0) return images
  const { validationSplit } = await import('@ddnet/datasets')
  return { ...images, ...validationSplit(images.train, share) }
}
