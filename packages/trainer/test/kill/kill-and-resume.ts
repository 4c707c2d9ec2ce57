import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { random } from '@ddnet/ops'
import { CheckpointError, loadCheckpoint } from '@ddnet/trainer'
import { expect } from 'vitest'

const script = new URL('./train.ts', import.meta.url)
const hooks = new URL('./typescript.mjs', import.meta.url)

function startTraining(directory: string, steps: number) {
  const flags = ['--conditions=@ddnet/source', '--disable-warning=ExperimentalWarning', `--import=${hooks.href}`]
  const child = spawn(process.execPath, [...flags, script.pathname, directory, String(steps)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  return { child, ended, stderr: () => stderr }
}

/** Waits until the child said `count` lines; false if it ended before. */
async function linesOf(child: ChildProcess, count: number): Promise<boolean> {
  if (count === 0) return true
  let seen = 0
  for await (const _ of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (++seen === count) return true
  }
  return false
}

async function trainToTheEnd(directory: string, steps: number): Promise<void> {
  const { child, ended, stderr } = startTraining(directory, steps)
  child.stdout?.resume()
  const { code } = await ended
  expect(code, stderr()).toBe(0)
}

const contents = (directory: string) =>
  Object.fromEntries(
    ['model.safetensors', 'optimizer.safetensors', 'state.json'].map((file) => [
      file,
      readFileSync(path.join(directory, 'last', file)).toString('base64'),
    ]),
  )

/**
 * Trains in a process of its own, kills it with SIGKILL at `kills` random moments, resumes each time, and compares the
 * files of the last checkpoint with those of a run that nobody disturbed.
 *
 * A moment is a random number of steps after a start, and then a random part of a step's time; a checkpoint is written
 * every step, which takes most of that time. `seed` chooses the moments, as far as a clock can be chosen.
 */
export async function killAndResume(
  newFolder: () => string,
  { kills, seed }: { kills: number; seed: number },
): Promise<{ killedInWrite: number; steps: number[] }> {
  const stepsAtOnce = 4
  const steps = (kills + 1) * stepsAtOnce
  const [whole, broken] = [newFolder(), newFolder()]
  await trainToTheEnd(whole, steps)

  let killedInWrite = 0
  const reached: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    const key = random.key(seed).fold(kill)
    const { child, ended, stderr } = startTraining(broken, steps)
    const alive = await linesOf(child, random.integer(key.fold('steps'), stepsAtOnce))
    expect(alive, stderr()).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, random.integer(key.fold('milliseconds'), 25)))
    child.kill('SIGKILL')
    expect((await ended).signal, stderr()).toBe('SIGKILL')

    if (readdirSync(broken).some((name) => name.startsWith('.unfinished-'))) killedInWrite++
    const step = await loadCheckpoint(path.join(broken, 'last')).then(
      (checkpoint) => checkpoint.step,
      (error) => {
        // Killed before the first checkpoint was whole: nothing may be taken for one.
        expect(error).toBeInstanceOf(CheckpointError)
        expect(error.message).toContain('there is no checkpoint')
        return 0
      },
    )
    expect(step).toBeGreaterThanOrEqual(reached.at(-1) ?? 0)
    expect(step).toBeLessThan(steps)
    reached.push(step)
  }
  await trainToTheEnd(broken, steps)
  expect(contents(broken)).toEqual(contents(whole))
  expect(readdirSync(broken).sort()).toEqual(readdirSync(whole).sort())
  return { killedInWrite, steps: reached }
}
