import { errorMessage } from '@ddnet/ops/checks'
import { readFile, splitPath } from '#storage'
import { CheckpointError } from './checkpoint-error.ts'
import { type Checkpoint, checkpointFileNames, decodeCheckpoint } from './checkpoint-files.ts'
import { bestAsOf, listCheckpoints, readIndex } from './checkpoint-index.ts'

/**
 * Reads a checkpoint: `DIRECTORY/last`, `DIRECTORY/best` or `DIRECTORY/step=NUMBER`, or any folder with its files.
 *
 * The last one is the newest that there is. Where `index.json` names a newer one, that is missing and told as such: another
 * one is never taken in its place.
 *
 * @throws CheckpointError naming the missing or damaged file, and the run's other checkpoints; `intact` is the newest of them
 *   that is whole
 * @example await trainer.fit(loader, { steps, resume: await loadCheckpoint('runs/train/checkpoints/last') })
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { directory, name: asked } = splitPath(path)
  const name = (await chosen(directory, asked)) ?? asked
  const folder = name === asked ? path : `${path} (${name})`
  try {
    return await readCheckpoint(directory, name)
  } catch (error) {
    const others = (await listCheckpoints(directory)).filter((other) => other.name !== name)
    const problem =
      error instanceof MissingCheckpoint
        ? `checkpoint: there is no checkpoint ${folder}.`
        : `checkpoint ${folder}: ${errorMessage(error)}`
    if (others.length === 0) {
      throw new CheckpointError(`${problem} There is no other checkpoint beside it.`, { cause: error })
    }
    const intact = await firstWhole(
      directory,
      others.map((other) => other.name),
    )
    throw new CheckpointError(
      `${problem} Other checkpoints of the run: ${others.map((other) => other.name).join(', ')}${intact === undefined ? ', all of them damaged' : ''}.`,
      { cause: error },
      intact,
    )
  }
}

/** There is nothing at all where a checkpoint should be. */
class MissingCheckpoint extends CheckpointError {}

async function readCheckpoint(directory: string, name: string): Promise<Checkpoint> {
  const files = await Promise.all(
    checkpointFileNames.map(async (file) => [file, await readFile(`${directory}/${name}`, file)] as const),
  )
  if (files.every(([, bytes]) => bytes === undefined)) throw new MissingCheckpoint('there is none.')
  return decodeCheckpoint(Object.fromEntries(files))
}

/** What `last` and `best` stand for. */
async function chosen(directory: string, asked: string): Promise<string | undefined> {
  if (asked !== 'last' && asked !== 'best') return undefined
  const [newest] = await listCheckpoints(directory)
  const index = await readIndex(directory)
  if (asked === 'last') {
    return index !== undefined && index.last.step > (newest?.step ?? 0) ? index.last.name : newest?.name
  }
  if (index?.best !== undefined || newest === undefined) return index?.best?.name
  return (await bestAsOf(directory, newest.name))?.name
}

async function firstWhole(directory: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    try {
      await readCheckpoint(directory, name)
      return name
    } catch {} // the next one may be whole
  }
  return undefined
}
