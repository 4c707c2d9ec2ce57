import { errorMessage } from '@ddnet/ops/checks'
import { splitPath } from '#storage'
import type { Storage } from '../storage/storage.ts'
import { CheckpointError } from './checkpoint-error.ts'
import { type Checkpoint, checkpointFileNames, decodeCheckpoint } from './checkpoint-files.ts'
import { bestAsOf, listCheckpoints, readIndex } from './checkpoint-index.ts'

/**
 * Reads a checkpoint: `DIRECTORY/last`, `DIRECTORY/best` or `DIRECTORY/step=NUMBER`, or any folder with its files; or `last`, `best` or
 * `step=NUMBER` of a storage.
 *
 * The last one is the newest that there is. Where `index.json` names a newer one, that is missing and told as such: another
 * one is never taken in its place.
 *
 * @param checkpoint its path; or its name in `directory`
 * @throws CheckpointError naming the missing or damaged file, and the run's other checkpoints; `intact` is the newest of them
 *   that is whole
 * @example await trainer.fit({ steps, resume: await loadCheckpoint('runs/train/checkpoints/last') })
 */
export async function loadCheckpoint(checkpoint: string, directory?: Storage): Promise<Checkpoint> {
  const { storage, name: asked } =
    directory === undefined ? splitPath(checkpoint) : { storage: directory, name: checkpoint }
  const path = directory === undefined ? checkpoint : `${storage.path}/${asked}`
  const name = (await chosen(storage, asked)) ?? asked
  const folder = name === asked ? path : `${path} (${name})`
  try {
    return await readCheckpoint(storage, name)
  } catch (error) {
    const others = (await listCheckpoints(storage)).filter((other) => other.name !== name)
    const problem =
      error instanceof MissingCheckpoint
        ? `checkpoint: there is no checkpoint ${folder}.`
        : `checkpoint ${folder}: ${errorMessage(error)}`
    if (others.length === 0) {
      throw new CheckpointError(`${problem} There is no other checkpoint beside it.`, { cause: error })
    }
    const intact = await firstWhole(
      storage,
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

async function readCheckpoint(storage: Storage, name: string): Promise<Checkpoint> {
  const files = await Promise.all(
    checkpointFileNames.map(async (file) => [file, await storage.folder(name).readFile(file)] as const),
  )
  if (files.every(([, bytes]) => bytes === undefined)) throw new MissingCheckpoint('there is none.')
  return decodeCheckpoint(Object.fromEntries(files))
}

/** What `last` and `best` stand for. */
async function chosen(storage: Storage, asked: string): Promise<string | undefined> {
  if (asked !== 'last' && asked !== 'best') return undefined
  const [newest] = await listCheckpoints(storage)
  const index = await readIndex(storage)
  if (asked === 'last') {
    return index !== undefined && index.last.step > (newest?.step ?? 0) ? index.last.name : newest?.name
  }
  if (index?.best !== undefined || newest === undefined) return index?.best?.name
  return (await bestAsOf(storage, newest.name))?.name
}

async function firstWhole(storage: Storage, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    try {
      await readCheckpoint(storage, name)
      return name
    } catch {} // the next one may be whole
  }
  return undefined
}
