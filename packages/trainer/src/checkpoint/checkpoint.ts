import { errorMessage } from '@ddnet/ops/checks'
import { linkTo, removeFolder, removeLeftovers, renameFolder, writeFolder } from '#storage'
import type { Callback, Control } from '../callback.ts'
import { DivergedError } from '../diverged-error.ts'
import type { Json, Snapshot } from '../snapshot.ts'
import { CheckpointError } from './checkpoint-error.ts'
import { type BestCheckpoint, encodeCheckpoint } from './checkpoint-files.ts'
import { bestAsOf, type CheckpointIndex, checkpointName, listCheckpoints, writeIndex } from './checkpoint-index.ts'

export interface CheckpointOptions {
  /** The folder for the checkpoints of one run. */
  readonly directory: string
  /** How many of the newest checkpoints stay; the best one stays too. */
  readonly keep?: number
  /** Whether the best checkpoint stays, by the validation score that the trainer monitors (default true). */
  readonly best?: boolean
  /** When to save: at the end of every epoch, or after every so many steps. The end of the run is always saved. */
  readonly every?: 'epoch' | number
  /** Saved with each checkpoint, for whoever builds the model again. */
  readonly config?: Json
  /**
   * What becomes of checkpoints behind the one that a run goes on from: `refuse` ends the run before it begins, `setAside` gives
   * them another name (`set-aside.step=NUMBER`), for they will be made again.
   */
  readonly later?: 'refuse' | 'setAside'
}

/**
 * Saves the run as `DIRECTORY/step=NUMBER/{model.safetensors, optimizer.safetensors, state.json}`.
 *
 * A checkpoint is written beside, flushed and renamed into place; then `index.json`, replaced by a rename too, names it
 * the last, and perhaps the best; then the links `last` and `best` follow (not on Windows), and old checkpoints go. So a
 * kill or a full disk at any instant leaves the last good checkpoint, which `loadCheckpoint('DIRECTORY/last')` finds.
 * Each checkpoint knows the best one of its time, so that a run goes on exactly without `index.json`, too. A best one that is
 * not there any more is forgotten: the next validation is then the best.
 *
 * @throws CheckpointError when a checkpoint cannot be written, or `directory` holds those of another run
 * @throws DivergedError when a weight is not finite; nothing is written then
 */
export function checkpoint({
  directory,
  keep = 3,
  best: keepsBest = true,
  every = 'epoch',
  config = null,
  later = 'refuse',
}: CheckpointOptions): Callback {
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new RangeError(`checkpoint: expected keep to be a whole number of at least 1, got ${keep}.`)
  }
  if (every !== 'epoch' && (!Number.isSafeInteger(every) || every < 1)) {
    throw new RangeError(`checkpoint: expected every to be 'epoch' or a whole number of at least 1, got ${every}.`)
  }
  let last: CheckpointIndex['last'] | undefined
  let best: BestCheckpoint | undefined
  let learningRate = Number.NaN

  /** Writes the model as it is after `step`, unless that is already there, and the index where that changes it. */
  async function save(step: number, control: Control, nextBest = best): Promise<void> {
    const next = { name: checkpointName(step), step }
    const isSaved = last?.step === step
    if (isSaved && nextBest === best) return
    if (!isSaved) {
      const snapshot = await control.snapshot()
      expectFinite(snapshot, learningRate)
      const files = await encodeCheckpoint(snapshot, { config, best: nextBest })
      await writing(directory, last, () => writeFolder(directory, next.name, files))
    }
    await writing(directory, last, async () => {
      const index = { last: next, ...(nextBest === undefined ? {} : { best: nextBest }) }
      await writeIndex(directory, index)
      last = next
      best = nextBest
      await tidyUp(directory, index, keep)
    })
  }

  return {
    name: 'checkpoint',
    needsState: (step) => every !== 'epoch' && step % every === 0,

    async onStart({ startStep }) {
      const found = await prepare(directory, startStep, later)
      last = found.last
      best = found.best
      if (found.last === undefined) return
      const index = { last: found.last, ...(best && { best }) }
      await writing(directory, last, async () => {
        await writeIndex(directory, index)
        await tidyUp(directory, index, keep)
      })
    },

    async onStep(event, control) {
      learningRate = event.learningRate
      if (every !== 'epoch' && event.step % every === 0) await save(event.step, control)
    },

    async onValidation({ step, monitored: { name: of, value: score, better } }, control) {
      if (!keepsBest) return
      const former = best?.of === of ? best.score : Number.NaN
      const gain = better === 'lower' ? former - score : score - former
      const isBetter = Number.isNaN(former) ? !Number.isNaN(score) : gain > 0
      if (isBetter) await save(step, control, { name: checkpointName(step), step, score, of })
    },

    async onEpoch({ step }, control) {
      if (every === 'epoch') await save(step, control)
    },

    async onEnd({ reason, step }, control) {
      if (reason !== 'diverged' && step > 0) await save(step, control)
    },
  }
}

/**
 * The last and the best checkpoint of a folder in which a run begins or goes on; removes what an interrupted process left
 * unfinished.
 */
async function prepare(
  directory: string,
  startStep: number,
  later: 'refuse' | 'setAside',
): Promise<Partial<CheckpointIndex>> {
  const all = await listCheckpoints(directory)
  const behind = all.filter(({ step }) => step > startStep)
  const [newest] = behind
  if (newest !== undefined && later === 'refuse') {
    throw new CheckpointError(
      `checkpoint: ${directory} already goes on to step ${newest.step}, but the run begins at step ${startStep}. ${startStep === 0 ? 'Resume' : 'Resume from'} its last checkpoint, choose another directory, or let later: 'setAside' rename what is behind.`,
    )
  }
  await removeLeftovers(directory)
  for (const { name } of behind) await renameFolder(directory, name, `set-aside.${name}`)
  const last = all.find(({ step }) => step === startStep)
  if (last === undefined) return {}
  const best = await bestAsOf(directory, last.name)
  const isThere = best !== undefined && all.some(({ name, step }) => name === best.name && step <= startStep)
  return { last, ...(isThere && { best }) }
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
  last: CheckpointIndex['last'] | undefined,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write()
  } catch (error) {
    const [kept, then] =
      last === undefined ? ['No checkpoint was written before.', 'begin again'] : [`${last.name} is whole.`, 'resume']
    throw new CheckpointError(
      `checkpoint: could not write to ${directory}: ${errorMessage(error).replace(/\.$/, '')}. ${kept} Free some space or fix the disk, then ${then}.`,
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
