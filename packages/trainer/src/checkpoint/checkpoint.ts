import { errorMessage } from '@ddnet/ops/checks'
import { storageAt } from '#storage'
import type { Callback, Control } from '../callback.ts'
import { DivergedError } from '../diverged-error.ts'
import type { Json, Snapshot } from '../snapshot.ts'
import type { Storage } from '../storage/storage.ts'
import { CheckpointError } from './checkpoint-error.ts'
import { type BestCheckpoint, encodeCheckpoint } from './checkpoint-files.ts'
import { bestAsOf, type CheckpointIndex, checkpointName, listCheckpoints, writeIndex } from './checkpoint-index.ts'

export interface CheckpointOptions {
  /** The folder for the checkpoints of one run: a path in Node, or a storage. */
  readonly directory: string | Storage
  /** How many of the newest checkpoints stay; the best one stays too. */
  readonly keep?: number
  /** Whether the best checkpoint stays, by the validation score that the trainer monitors (default true). */
  readonly best?: boolean
  /** When to save: at the end of every epoch, or after every so many steps. The end of the run is always saved. */
  readonly every?: 'epoch' | number
  /** After which steps to save besides, asked once after each: where somebody pauses the run. */
  readonly when?: (step: number) => boolean
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
  when = () => false,
  config = null,
  later = 'refuse',
}: CheckpointOptions): Callback {
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new RangeError(`checkpoint: expected keep to be a whole number of at least 1, got ${keep}.`)
  }
  if (every !== 'epoch' && (!Number.isSafeInteger(every) || every < 1)) {
    throw new RangeError(`checkpoint: expected every to be 'epoch' or a whole number of at least 1, got ${every}.`)
  }
  const storage = typeof directory === 'string' ? storageAt(directory) : directory
  /** Steps to save whose events have not come yet. */
  const due = new Set<number>()
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
      await writing(storage, last, () => storage.writeFolder(next.name, files))
    }
    await writing(storage, last, async () => {
      const index = { last: next, ...(nextBest === undefined ? {} : { best: nextBest }) }
      await writeIndex(storage, index)
      last = next
      best = nextBest
      await tidyUp(storage, index, keep)
    })
  }

  return {
    name: 'checkpoint',
    needsState(step) {
      const isDue = when(step) || (every !== 'epoch' && step % every === 0)
      if (isDue) due.add(step)
      return isDue
    },

    async onStart({ startStep }) {
      const found = await prepare(storage, startStep, later)
      due.clear()
      last = found.last
      best = found.best
      if (found.last === undefined) return
      const index = { last: found.last, ...(best && { best }) }
      await writing(storage, last, async () => {
        await writeIndex(storage, index)
        await tidyUp(storage, index, keep)
      })
    },

    async onStep(event, control) {
      learningRate = event.learningRate
      if (due.delete(event.step)) await save(event.step, control)
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
  storage: Storage,
  startStep: number,
  later: 'refuse' | 'setAside',
): Promise<Partial<CheckpointIndex>> {
  const all = await listCheckpoints(storage)
  const behind = all.filter(({ step }) => step > startStep)
  const [newest] = behind
  if (newest !== undefined && later === 'refuse') {
    throw new CheckpointError(
      `checkpoint: ${storage.path} already goes on to step ${newest.step}, but the run begins at step ${startStep}. ${startStep === 0 ? 'Resume' : 'Resume from'} its last checkpoint, choose another directory, or let later: 'setAside' rename what is behind.`,
    )
  }
  await storage.removeLeftovers()
  for (const { name } of behind) await storage.renameFolder(name, `set-aside.${name}`)
  const last = all.find(({ step }) => step === startStep)
  if (last === undefined) return {}
  const best = await bestAsOf(storage, last.name)
  const isThere = best !== undefined && all.some(({ name, step }) => name === best.name && step <= startStep)
  return { last, ...(isThere && { best }) }
}

/** Makes the links, and removes the checkpoints that are neither new nor the best. */
async function tidyUp(storage: Storage, { last, best }: CheckpointIndex, keep: number): Promise<void> {
  await storage.linkTo('last', last.name)
  if (best !== undefined) await storage.linkTo('best', best.name)
  for (const { name } of (await listCheckpoints(storage)).slice(keep)) {
    if (name !== best?.name) await storage.removeFolder(name)
  }
}

/** Tells a failed write as what it means for the run. */
async function writing(
  { path }: Storage,
  last: CheckpointIndex['last'] | undefined,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write()
  } catch (error) {
    const [kept, then] =
      last === undefined ? ['No checkpoint was written before.', 'begin again'] : [`${last.name} is whole.`, 'resume']
    throw new CheckpointError(
      `checkpoint: could not write to ${path}: ${errorMessage(error).replace(/\.$/, '')}. ${kept} Free some space or fix the disk, then ${then}.`,
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
