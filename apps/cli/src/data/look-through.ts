import type { Files } from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
import { CliError } from '../errors.ts'
import { formatCount } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'

/** More than ImageNet has; a whole disk has more. */
const maxFiles = 2_000_000
const secondsBetweenLines = 10

/**
 * Looks through a folder and all below it, and shows how many files it has come by: a folder may be a whole disk.
 *
 * @param name how the user calls it
 * @throws CliError for a folder with more files than any that images are taken from
 */
export async function lookThrough<T>(
  directory: string,
  name: string,
  io: Pick<Io, 'stderr' | 'env'>,
  use: (files: Files) => Promise<T>,
  { limit = maxFiles, now = Date.now }: { limit?: number; now?: () => number } = {},
): Promise<T> {
  const line = liveLine(io)
  const say = createLogger(io)
  let saidAt = now()
  const onFile = (count: number, folder: string) => {
    if (count > limit) {
      throw new CliError(
        `${name} has more than ${formatCount(limit)} files, the last of them in ${folder}: expected a folder of images. Name the one that has them.`,
      )
    }
    line.update((columns) => `looking through ${name}: ${formatCount(count)} files, in ${folder}`.slice(0, columns))
    if (line.live || now() - saidAt < secondsBetweenLines * 1000) return
    saidAt = now()
    say('data', `looking through ${name}: ${formatCount(count)} files so far`)
  }
  try {
    return await use(diskFiles(directory, { onFile }))
  } finally {
    line.clear()
  }
}
