import type { cifar10, Dataset, Sample } from '@ddnet/datasets'
import type { Config } from './config/schema.ts'
import type { Io } from './io.ts'
import { formatBytes } from './terminal/format.ts'
import { liveLine } from './terminal/live-line.ts'
import { progressBar } from './terminal/progress-line.ts'
import { sayer } from './terminal/say.ts'
import { styleFor } from './terminal/style.ts'

/** What a run trains on and is measured on. */
export interface LabelledImages {
  readonly train: Dataset<Sample>
  readonly test: Dataset<Sample>
  readonly classNames: readonly string[]
}

/** Loads CIFAR-10: from where people have it, or what a test made up. */
export type LoadData = typeof cifar10

/** The package is loaded when data is wanted, for it takes a while. */
export const loadCifar10: LoadData = async (options) => (await import('@ddnet/datasets')).cifar10(options)

const secondsBetweenLines = 10

/** Loads the data set of a run, telling where it comes from and how far a download is. */
export async function loadData(
  config: Pick<Config, 'data' | 'size' | 'seed'>,
  io: Io,
  load: LoadData,
): Promise<LabelledImages> {
  const { data } = config
  if (data.name === 'folder') return (await import('./data-folder.ts')).loadFolder(config, io)
  const say = sayer(io)
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  let saidAt = Date.now()
  try {
    return await load({
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
  } finally {
    line.clear()
  }
}
