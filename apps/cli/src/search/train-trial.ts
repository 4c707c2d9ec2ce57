import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createTrainer, type Evaluation, fitOptions, stepBytes, totalSteps } from '@ddnet/experiment'
import { summary } from '@ddnet/layers'
import type { Control } from '@ddnet/trainer'
import type { CollectedSettings } from '../config/collect.ts'
import { readArguments } from '../config/read-entries.ts'
import type { CommandContext } from '../context.ts'
import { explain } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { type ReadyRun, resumeRun, startRun } from '../run/begin-run.ts'
import { evaluateHeldOut } from '../run/evaluate-held-out.ts'
import { runAt } from '../run/runs-on-disk.ts'
import type { Trial } from './study.ts'

/** What a trial is trained with. */
export interface TrialOptions {
  /** Folder of the search. */
  readonly folder: string
  /** What all trials set. */
  readonly collected: CollectedSettings
  /** The share of its steps that it is to have come to. */
  readonly share: number
  readonly onControl: (control: Control) => void
  readonly onStep: (step: number, steps: number) => void
  readonly stopped: () => boolean
}

/** The same context without what runs say of themselves: the search says what matters. */
const silently = (context: CommandContext): CommandContext => ({
  ...context,
  io: { ...context.io, stderr: { ...context.io.stderr, isTTY: false, write: () => true } },
})

/**
 * Trains a trial up to a share of its steps, from its last checkpoint where it has one: the schedule is that of all its steps.
 *
 * @returns the trial as it is then; one that diverged has failed, with the reason
 * @throws what is wrong with the settings, the data or the disk
 */
export async function trainTrial(trial: Trial, options: TrialOptions, context: CommandContext): Promise<Trial> {
  const ready = await openTrial(trial, options, silently(context))
  try {
    const { config, data, model, run } = ready
    const steps = totalSteps(config, data.train.length)
    const until = Math.max(1, Math.round(steps * options.share))
    const began = performance.now()
    try {
      // It came to its end, and the search was ended before it was written down.
      if ((run.resume?.step ?? 0) < until) {
        const trainer = createTrainer(ready, {
          callbacks: [
            {
              onStart: (_event, control) => options.onControl(control),
              onStep: ({ step }) => options.onStep(step, until),
            },
            ...run.callbacks(model),
          ],
        })
        await trainer.fit({ ...fitOptions(ready, until), ...(run.resume && { resume: run.resume }) })
      }
    } catch (error) {
      const { message, exitCode } = explain(error)
      if (exitCode !== exitCodes.diverged) throw error
      return { ...trial, ...costsOf(ready), state: 'failed', problem: message }
    }
    const [record] = run.log.records.slice(-1)
    const name = config.monitor ?? ready.task.monitor
    const score = record?.validation?.[name]
    const seconds = (trial.seconds ?? 0) + (performance.now() - began) / 1000
    const step = record?.step ?? 0
    return {
      ...trial,
      ...costsOf(ready),
      state: options.stopped() && step < until ? 'waiting' : step >= steps ? 'done' : 'stopped',
      step,
      steps,
      seconds,
      ...(score !== undefined && { score }),
    }
  } finally {
    await ready.dispose()
  }
}

/** A trial on all that is held out. */
export async function measureTrial(trial: Trial, options: TrialOptions, context: CommandContext): Promise<Evaluation> {
  const ready = await openTrial(trial, options, silently(context))
  try {
    if (ready.run.resume !== undefined) ready.model.loadStateDict({ ...ready.run.resume.model })
    return await evaluateHeldOut(ready, context.io)
  } finally {
    await ready.dispose()
  }
}

/** A trial that begins, or goes on from its last checkpoint. */
async function openTrial(
  trial: Trial,
  { folder, collected }: TrialOptions,
  context: CommandContext,
): Promise<ReadyRun> {
  const { cwd } = context.io
  const path = join(folder, trial.name)
  const own = runAt(cwd, path)
  const { layers, catalog } = collected
  if (await own.hasCheckpoint()) return resumeRun(path, undefined, { layers: [[]], catalog }, context)
  // It was left before its first checkpoint.
  if (existsSync(resolve(cwd, path))) rmSync(resolve(cwd, path), { recursive: true })
  const words = readArguments([...trial.words, `name=${trial.name}`, `runs=${folder}`], catalog, 'search')
  return startRun({ layers: [[...words, ...(layers[0] ?? [])], ...layers.slice(1)], catalog }, context)
}

function costsOf({ model, config, data }: ReadyRun): Pick<Trial, 'parameters' | 'multiplyAdds' | 'memoryBytes'> {
  const { height, width, channels } = data.facts.image
  const { parameters, multiplyAdds } = summary(model, [1, height, width, channels])
  return { parameters, multiplyAdds, memoryBytes: stepBytes(model, config, data.facts.image, config.batchSize) }
}
