import { linkTo, removeFolder, removeLeftovers, writeFolder } from '#storage'
import type { Callback, Control } from '../callback.ts'
import { DivergedError } from '../diverged-error.ts'
import type { Json, Snapshot } from '../snapshot.ts'
import { CheckpointError } from './checkpoint-error.ts'
import { encodeCheckpoint } from './checkpoint-files.ts'
import { type CheckpointIndex, checkpointName, listCheckpoints, readIndex, writeIndex } from './checkpoint-index.ts'

export interface CheckpointOptions {
  /** The folder for the checkpoints of one run. */
  readonly directory: string
  /** How many of the newest checkpoints stay; the best one stays too. */
  readonly keep?: number
  /** The validation score whose best checkpoint stays: `loss` is best when lowest, every other when highest. */
  readonly best?: string
  /** When to save: at the end of every epoch, or after every so many steps. The end of the run is always saved. */
  readonly every?: 'epoch' | number
  /** Saved with each checkpoint, for whoever builds the model again. */
  readonly config?: Json
}

/**
 * Saves the run as `DIRECTORY/step=NUMBER/{model.safetensors, optimizer.safetensors, state.json}`.
 *
 * A checkpoint is written beside, flushed and renamed into place; then `index.json`, replaced by a rename too, names it
 * the last, and perhaps the best; then the links `last` and `best` follow (not on Windows), and old checkpoints go. So a
 * kill or a full disk at any instant leaves the last good checkpoint, which `loadCheckpoint('DIRECTORY/last')` finds.
 *
 * @throws CheckpointError when a checkpoint cannot be written, or `directory` holds those of another run
 * @throws DivergedError when a weight is not finite; nothing is written then
 */
export function checkpoint({ directory, keep = 3, best, every = 'epoch', config = null }: CheckpointOptions): Callback {
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new RangeError(`checkpoint: expected keep to be a whole number of at least 1, got ${keep}.`)
  }
  if (every !== 'epoch' && (!Number.isSafeInteger(every) || every < 1)) {
    throw new RangeError(`checkpoint: expected every to be 'epoch' or a whole number of at least 1, got ${every}.`)
  }
  let index: CheckpointIndex | undefined
  let learningRate = Number.NaN

  /** Writes the model as it is after `step`, unless that is already there. */
  async function save(step: number, control: Control): Promise<CheckpointIndex['last']> {
    if (index?.last.step === step) return index.last
    const name = checkpointName(step)
    const snapshot = await control.snapshot()
    expectFinite(snapshot, learningRate)
    const files = await encodeCheckpoint(snapshot, { config })
    await writing(directory, index, () => writeFolder(directory, name, files))
    await setIndex({ ...index, last: { name, step } })
    return { name, step }
  }

  async function setIndex(next: CheckpointIndex): Promise<void> {
    await writing(directory, index, async () => {
      await writeIndex(directory, next)
      index = next
      await tidyUp(directory, next, keep)
    })
  }

  return {
    name: 'checkpoint',
    needsState: (step) => every !== 'epoch' && step % every === 0,

    async onStart({ startStep }) {
      index = await prepare(directory, startStep)
      if (index !== undefined) await tidyUp(directory, index, keep)
    },

    async onStep(event, control) {
      learningRate = event.learningRate
      if (every !== 'epoch' && event.step % every === 0) await save(event.step, control)
    },

    async onValidation({ step, validation }, control) {
      if (best === undefined) return
      const score = validation[best]
      if (typeof score !== 'number') {
        throw new CheckpointError(
          `checkpoint: the validation has no number '${best}'. Its scores are ${Object.keys(validation).join(', ')}.`,
        )
      }
      const former = index?.best?.of === best ? index.best.score : Number.NaN
      const better = Number.isNaN(former) ? !Number.isNaN(score) : best === 'loss' ? score < former : score > former
      if (!better) return
      const last = await save(step, control)
      await setIndex({ last, best: { ...last, score, of: best } })
    },

    async onEpoch({ step }, control) {
      if (every === 'epoch') await save(step, control)
    },

    async onEnd({ reason, step }, control) {
      if (reason !== 'diverged' && step > 0) await save(step, control)
    },
  }
}

/** The index of a folder in which a run begins or goes on; removes what an interrupted process left unfinished. */
async function prepare(directory: string, startStep: number): Promise<CheckpointIndex | undefined> {
  const index = await readIndex(directory)
  if (index !== undefined && startStep < index.last.step) {
    throw new CheckpointError(
      `checkpoint: ${directory} already goes on to step ${index.last.step}, but the run begins at step ${startStep}. ${startStep === 0 ? 'Resume' : 'Resume from'} its last checkpoint, or choose another directory.`,
    )
  }
  await removeLeftovers(directory)
  // Complete, but not yet in the index when the process ended: the run makes them again.
  for (const { name, step } of await listCheckpoints(directory)) {
    if (step > startStep) await removeFolder(directory, name)
  }
  return index
}

/** Makes the links, and removes the checkpoints that are neither new nor the best. */
async function tidyUp(directory: string, { last, best }: CheckpointIndex, keep: number): Promise<void> {
  await linkTo(directory, 'last', last.name)
  if (best !== undefined) await linkTo(directory, 'best', best.name)
  for (const { name } of (await listCheckpoints(directory)).slice(keep)) {
    if (name !== best?.name) await removeFolder(directory, name)
  }
}

/** Tells a failed write as what it means for the run. */
async function writing(
  directory: string,
  index: CheckpointIndex | undefined,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write()
  } catch (error) {
    const [kept, then] =
      index === undefined
        ? ['No checkpoint was written before.', 'begin again']
        : [`${index.last.name} is whole.`, 'resume']
    throw new CheckpointError(
      `checkpoint: could not write to ${directory}: ${(error as Error).message}. ${kept} Free some space or mend the disk, then ${then}.`,
      { cause: error },
    )
  }
}

function expectFinite({ model, step }: Snapshot, learningRate: number): void {
  for (const [name, { dtype, data }] of Object.entries(model)) {
    if (dtype === 'float32' && !data.every(Number.isFinite)) {
      throw new DivergedError(step, learningRate, `${name} is not finite`)
    }
  }
}
