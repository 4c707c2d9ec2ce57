import { list, readFile, replaceFile } from '#storage'
import { CheckpointError } from './checkpoint-error.ts'

/**
 * Which checkpoints of a folder are the last and the best one. It is one file, so that a rename replaces it at once,
 * on every system; the links `last` and `best` beside it are made from it.
 */
export interface CheckpointIndex {
  readonly last: { readonly name: string; readonly step: number }
  readonly best?: { readonly name: string; readonly step: number; readonly score: number; readonly of: string }
}

const fileName = 'index.json'

export const checkpointName = (step: number): string => `step=${String(step).padStart(6, '0')}`
const stepOf = (name: string): number | undefined => {
  const step = /^step=(\d+)$/.exec(name)?.[1]
  return step === undefined ? undefined : Number(step)
}

/** The checkpoints in a folder, newest first. */
export async function listCheckpoints(directory: string): Promise<{ name: string; step: number }[]> {
  return (await list(directory))
    .flatMap((name) => {
      const step = stepOf(name)
      return step === undefined ? [] : [{ name, step }]
    })
    .toSorted((a, b) => b.step - a.step)
}

/**
 * The index of a folder. A run that was interrupted right after its first checkpoint has none: the newest checkpoint is
 * then the last. Undefined where there are no checkpoints.
 */
export async function readIndex(directory: string): Promise<CheckpointIndex | undefined> {
  const bytes = await readFile(directory, fileName)
  if (bytes === undefined) {
    const [newest] = await listCheckpoints(directory)
    return newest === undefined ? undefined : { last: newest }
  }
  try {
    const index = JSON.parse(new TextDecoder().decode(bytes)) as CheckpointIndex
    // The names lead to folders: none but a checkpoint's may.
    const names = [index.last.name, ...(index.best === undefined ? [] : [index.best.name])]
    if (names.every((name) => stepOf(name) !== undefined)) return index
  } catch {}
  throw new CheckpointError(
    `checkpoint: ${directory}/${fileName} is damaged. Delete it: the newest checkpoint is then the last.`,
  )
}

export const writeIndex = (directory: string, index: CheckpointIndex): Promise<void> =>
  replaceFile(directory, fileName, new TextEncoder().encode(`${JSON.stringify(index, undefined, 2)}\n`))
