import type { MetricsRecord, RunTask } from '@ddnet/experiment'
import { CheckpointError, type CheckpointIndex, readCheckpointIndex, type Storage } from '@ddnet/trainer'
import { formatCount } from '../terminal/format.ts'

/**
 * What is to be known of a run's other checkpoint where one is used: that the best one is better than the last, or the last newer than the
 * best; nothing where they are the same one.
 *
 * @param used the step of the checkpoint that is used
 * @param records of the run's validations
 * @param scores how the task tells the score that the best one was chosen by
 */
export function otherCheckpoint(
  used: number,
  { last, best }: CheckpointIndex,
  records: readonly MetricsRecord[],
  scores: RunTask['scores'],
): string | undefined {
  if (best === undefined || best.step === last.step) return undefined
  const view = Object.entries(scores).find(([name]) => name === best.of)?.[1]
  const validationAt = (step: number) => records.find((record) => record.step === step)?.validation
  const scoreAt = (step: number) => validationAt(step)?.[best.of]
  // The first of equals stays the best, and is no better.
  if (used !== best.step && scoreAt(used) !== undefined && scoreAt(used) === scoreAt(best.step)) return undefined
  const figure = (step: number): string => {
    const score = scoreAt(step)
    const told = `step ${formatCount(step)}`
    if (score === undefined) return told
    const value = view === undefined ? `${best.of} ${score}` : `${view.short} ${view.format(score)}`
    return `${value} on ${formatCount(validationAt(step)?.images ?? 0)} validation images at ${told}`
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
