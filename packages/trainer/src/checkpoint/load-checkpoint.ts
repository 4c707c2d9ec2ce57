import { readFile, splitPath } from '#storage'
import { CheckpointError } from './checkpoint-error.ts'
import { type Checkpoint, checkpointFileNames, decodeCheckpoint } from './checkpoint-files.ts'
import { listCheckpoints, readIndex } from './checkpoint-index.ts'

/**
 * Reads a checkpoint: `DIRECTORY/last`, `DIRECTORY/best` or `DIRECTORY/step=NUMBER`, or any folder with its files.
 *
 * @throws CheckpointError naming the missing or damaged file, and the run's other checkpoints
 * @example await trainer.fit(loader, { steps, resume: await loadCheckpoint('runs/train/checkpoints/last') })
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { directory, name: asked } = splitPath(path)
  const name = asked === 'last' || asked === 'best' ? ((await readIndex(directory))?.[asked]?.name ?? asked) : asked
  const files = await Promise.all(
    checkpointFileNames.map(async (file) => [file, await readFile(`${directory}/${name}`, file)] as const),
  )
  const remedy = async (): Promise<string> => {
    const others = (await listCheckpoints(directory)).filter((other) => other.name !== name)
    return others.length === 0
      ? 'There is no other checkpoint beside it.'
      : `Other checkpoints of the run: ${others.map((other) => other.name).join(', ')}.`
  }
  if (files.every(([, bytes]) => bytes === undefined)) {
    throw new CheckpointError(`checkpoint: there is no checkpoint ${path}. ${await remedy()}`)
  }
  try {
    return await decodeCheckpoint(Object.fromEntries(files))
  } catch (error) {
    const folder = name === asked ? path : `${path} (${name})`
    throw new CheckpointError(`checkpoint ${folder}: ${(error as Error).message} ${await remedy()}`, { cause: error })
  }
}
