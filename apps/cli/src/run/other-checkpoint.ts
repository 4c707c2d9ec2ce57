import type { MetricsRecord } from '@ddnet/experiment'
import { CheckpointError, type CheckpointIndex, readCheckpointIndex, type Storage } from '@ddnet/trainer'
import { formatCount, formatPercent } from '../terminal/format.ts'

/**
 * What is to be known of a run's other checkpoint where one is used: that the best one is better than the last, or the last newer than the
 * best; nothing where they are the same one.
 *
 * @param used the step of the checkpoint that is used
 * @param records of the run's validations
 */
export function otherCheckpoint(
  used: number,
  { last, best }: CheckpointIndex,
  records: readonly MetricsRecord[],
): string | undefined {
  if (best === undefined || best.step === last.step) return undefined
  const accuracyAt = (step: number) => records.find((record) => record.step === step)?.validation?.['accuracy']
  // The first of equals stays the best, and is no better.
  if (used !== best.step && accuracyAt(used) !== undefined && accuracyAt(used) === accuracyAt(best.step))
    return undefined
  const figure = (step: number): string => {
    const at = records.find((record) => record.step === step)?.validation
    return at === undefined
      ? `step ${formatCount(step)}`
      : `${at['accuracy'] === undefined ? `loss ${at.loss.toPrecision(3)}` : formatPercent(at['accuracy'])} of ${formatCount(at.images)} validation images at step ${formatCount(step)}`
  }
  if (used === best.step)
    return `The last checkpoint is newer: ${figure(last.step)}, this one ${figure(best.step)}. Take it with --checkpoint last`
  return `The best checkpoint was better: ${figure(best.step)}, this one ${figure(used)}. Take it with --checkpoint best`
}

/** The run's index; nothing where there is none or it is damaged, which stops who asks for a checkpoint by it and nobody else. */
export async function indexOf(checkpoints: Storage): Promise<CheckpointIndex | undefined> {
  try {
    return await readCheckpointIndex(checkpoints)
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  }
}
