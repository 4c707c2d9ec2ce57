import { errorMessage } from '@ddnet/ops/checks'
/** A log that cannot be written or continued: the message names the file and the remedy. */
export class LogError extends Error {
  override readonly name = 'LogError'
}

/** Writes to a log file, and tells a failure as what it means for the run. */
export const writingLog = <T>(file: string, write: () => Promise<T>): Promise<T> =>
  naming(`could not write ${file}`, 'Free some space or fix the disk.', write)

/** Reads from a log file. */
export const readingLog = <T>(file: string, read: () => Promise<T>): Promise<T> =>
  naming(`could not read ${file}`, 'Fix it, or log elsewhere.', read)

async function naming<T>(problem: string, remedy: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LogError) throw error
    throw new LogError(`log: ${problem}: ${errorMessage(error).replace(/\.$/, '')}. ${remedy}`, { cause: error })
  }
}
