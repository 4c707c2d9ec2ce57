import type { Storage } from '../storage/storage.ts'
import { CheckpointError } from './checkpoint-error.ts'
import { type BestCheckpoint, parseState } from './checkpoint-files.ts'

/**
 * Which checkpoints of a folder are the last and the best one, for whoever looks into it; the links `last` and `best` beside it
 * are made from it. A run that goes on needs it no more: the newest checkpoint is the last one, and knows the best one.
 */
export interface CheckpointIndex {
  readonly last: { readonly name: string; readonly step: number }
  readonly best?: BestCheckpoint
}

const fileName = 'index.json'

export const checkpointName = (step: number): string => `step=${String(step).padStart(6, '0')}`
const stepOf = (name: string): number | undefined => {
  const step = /^step=(\d+)$/.exec(name)?.[1]
  return step === undefined ? undefined : Number(step)
}

/** The checkpoints in a folder, newest first. */
export async function listCheckpoints(storage: Pick<Storage, 'list'>): Promise<{ name: string; step: number }[]> {
  return (await storage.list())
    .flatMap((name) => {
      const step = stepOf(name)
      return step === undefined ? [] : [{ name, step }]
    })
    .toSorted((a, b) => b.step - a.step)
}

/**
 * The index of a folder; undefined where there is none, as when a run was interrupted right after its first checkpoint.
 * @throws CheckpointError where it is damaged
 */
export async function readIndex(storage: Storage): Promise<CheckpointIndex | undefined> {
  const bytes = await storage.readFile(fileName)
  if (bytes === undefined) return undefined
  try {
    const index = JSON.parse(new TextDecoder().decode(bytes)) as CheckpointIndex
    // The names lead to folders: none but a checkpoint's may.
    const named = [index.last, ...(index.best === undefined ? [] : [index.best])]
    if (named.every(({ name, step }) => stepOf(name) === step)) return index
  } catch {} // told below
  throw new CheckpointError(
    `checkpoint: ${storage.path}/${fileName} is damaged. Delete it: the newest checkpoint is then the last.`,
  )
}

export const writeIndex = (storage: Storage, index: CheckpointIndex): Promise<void> =>
  storage.replaceFile(fileName, new TextEncoder().encode(`${JSON.stringify(index, undefined, 2)}\n`))

/** The best checkpoint as one of the checkpoints knew it; undefined where it knew none, or is not whole itself. */
export async function bestAsOf(storage: Storage, name: string): Promise<BestCheckpoint | undefined> {
  const state = await storage.folder(name).readFile('state.json')
  if (state === undefined) return undefined
  try {
    const { best } = await parseState(state)
    return best !== undefined && stepOf(best.name) === best.step ? best : undefined
  } catch {
    return undefined
  }
}
