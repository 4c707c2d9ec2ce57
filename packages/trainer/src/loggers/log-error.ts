/** A log that cannot be written or continued: the message names the file and the remedy. */
export class LogError extends Error {
  override readonly name = 'LogError'
}

/** Does something with a log file, and tells a failure as what it means for the run. */
export async function writingLog<T>(file: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof LogError) throw error
    throw new LogError(`log: could not write ${file}: ${(error as Error).message}. Free some space or mend the disk.`, {
      cause: error,
    })
  }
}
