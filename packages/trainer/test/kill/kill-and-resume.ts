import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, watch } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { random } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import { CheckpointError, loadCheckpoint } from '@ddnet/trainer'
import { expect } from 'vitest'
import { checkpointOf, checksum, index, log } from '../trained.ts'

export interface Kills {
  /** The step of the last checkpoint after each kill. */
  readonly steps: number[]
  /** How many processes died while they wrote or removed a checkpoint. */
  readonly inWrite: number
  /** How many steps had been trained and had to be trained again, the most at one kill. */
  readonly maxStepsAgain: number
}

/**
 * Trains in a process of its own, kills it with SIGKILL at `kills` random moments, resumes each time, and compares with a
 * run that nobody disturbed: the files of the last checkpoint after every kill, and the log at the end.
 *
 * A moment is a random number of steps after a start, and then a random part of a step's time, or up to 3 ms after the
 * writing of a checkpoint began, which is done every step. `seed` chooses the moments, as far as a clock can be chosen.
 *
 * @param script `train.ts` as one file
 */
export async function killAndResume(
  script: string,
  newFolder: () => string,
  { kills, seed }: { kills: number; seed: number },
): Promise<Kills> {
  const stepsAtOnce = 4
  const steps = kills * 2 * stepsAtOnce
  const [whole, broken] = [newFolder(), newFolder()]
  const start = performance.now()
  await trainToTheEnd(script, whole, { steps, keep: steps })
  const stepMs = (performance.now() - start) / steps

  let inWrite = 0
  let maxStepsAgain = 0
  const reached: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    const key = random.key(seed).fold(kill)
    mkdirSync(path.join(broken, 'checkpoints'), { recursive: true })
    const training = startTraining(script, broken, { steps, keep: 2 })
    await training.says(1 + random.integer(key.fold('steps'), stepsAtOnce))
    // Writing takes a small part of a step: every second kill waits for it to begin.
    if (kill % 2 === 0) await sleep((random.integer(key.fold('thousandths'), 1000) / 1000) * stepMs)
    else await writing(broken).then(() => sleep(random.integer(key.fold('milliseconds'), 4)))
    training.child.kill('SIGKILL')
    const { signal, stderr, said } = await training.ended
    expect(signal, stderr).toBe('SIGKILL')

    if (unfinished(broken).length > 0) inWrite++
    const step = await lastStep(broken)
    // A step is said before it is saved, and the next one comes after that: one step alone may have been on its way.
    expect(step).toBeGreaterThanOrEqual(said - 1)
    maxStepsAgain = Math.max(maxStepsAgain, said - step)
    expect(step).toBeGreaterThanOrEqual(reached.at(-1) ?? 0)
    reached.push(step)
    if (step > 0) expect(checksum(broken, checkpointOf(step)), `step ${step}`).toBe(checksum(whole, checkpointOf(step)))
  }
  await trainToTheEnd(script, broken, { steps, keep: 2 })
  expect(checksum(broken, checkpointOf(steps))).toBe(checksum(whole, checkpointOf(steps)))
  expect(index(broken)).toEqual(index(whole))
  expect(checksum(broken, index(broken).best.name)).toBe(checksum(whole, index(whole).best.name))
  expect(unfinished(broken)).toEqual([])
  expect(log(broken)).toEqual(log(whole))
  return { steps: reached, inWrite, maxStepsAgain }
}

interface Amount {
  readonly steps: number
  readonly keep: number
}

function startTraining(script: string, folder: string, { steps, keep }: Amount) {
  const child: ChildProcess = spawn(process.execPath, [script, folder, String(steps), String(keep)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  let stdout = ''
  let listener = (): void => {}
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
    listener()
  })
  const lines = (): string[] => stdout.split('\n').slice(0, -1)
  const ended = new Promise<{ code: number | null; signal: string | null; stderr: string; said: number }>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stderr, said: Number(lines().at(-1)?.replace('step ', '') ?? 0) })
    })
  })
  /** Resolves when so many lines were said; rejects if the process ends before. */
  const says = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      listener = () => lines().length >= count && resolve()
      listener()
      ended.then(() => reject(new Error(`the training ended before it said ${count} steps: ${stderr}`)))
    })
  return { child, ended, says }
}

async function trainToTheEnd(script: string, folder: string, amount: Amount): Promise<void> {
  const { code, stderr } = await startTraining(script, folder, amount).ended
  expect(code, stderr).toBe(0)
}

/** The step of the last checkpoint; 0 where a process was killed before one was whole: nothing may be taken for one. */
async function lastStep(folder: string): Promise<number> {
  try {
    return (await loadCheckpoint(path.join(folder, 'checkpoints/last'))).step
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    expect(errorMessage(error)).toContain('there is no checkpoint')
    return 0
  }
}

const unfinished = (folder: string): string[] =>
  readdirSync(path.join(folder, 'checkpoints')).filter((name) => name.startsWith('.unfinished-'))

/** Resolves when a part of a checkpoint is begun. */
function writing(folder: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(path.join(folder, 'checkpoints'), (_, name) => {
      if (!name?.startsWith('.unfinished-')) return
      watcher.close()
      resolve()
    })
  })
}
