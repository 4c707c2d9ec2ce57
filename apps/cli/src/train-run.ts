import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { crossEntropy } from '@ddnet/losses'
import { accuracy } from '@ddnet/metrics'
import { type Control, checkpoint, Trainer } from '@ddnet/trainer'
import type { ReadyRun } from './begin-run.ts'
import { commandNames } from './command-names.ts'
import { concludeRun } from './conclude-run.ts'
import { CliError, explain } from './errors.ts'
import { counted } from './evaluation.ts'
import { exitCodes } from './exit-codes.ts'
import {
  createOptimizer,
  createSchedule,
  keysOf,
  stepsPerEpoch,
  testLoader,
  totalSteps,
  trainingLoader,
} from './experiment.ts'
import { type Interrupt, onInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { evaluationBatchSize } from './memory.ts'
import { type LiveLine, liveLine } from './terminal/live-line.ts'
import { sayer } from './terminal/say.ts'
import { TrainingReport } from './training-report.ts'

/** A validation was left, because we were told to stop; the step before it is saved. */
class Left extends Error {}

/**
 * Trains to the end, measures the last checkpoint on all test images, and says how to go on.
 *
 * @returns the exit code
 * @throws DivergedError; CliError with the command to go on for whatever else fails
 */
export async function trainRun(run: ReadyRun, io: Io): Promise<number> {
  const line = liveLine(io)
  let control: Control | undefined
  const interrupt = onInterrupt(io, (signal) => {
    line.clear()
    const cause = signal === 'SIGINT' ? 'Ctrl-C' : signal
    io.stderr.write(`${cause}: finishing this step and saving it. Ctrl-C again stops at once.\n`)
    control?.stop(signal)
  })
  const onControl = (given: Control) => {
    control = given
  }
  try {
    await fit(run, { io, line, interrupt, onControl })
  } catch (error) {
    if (!(error instanceof Left)) throw withResumeCommand(error, run, io)
  }
  if (interrupt.signal !== undefined) {
    if (hasCheckpoint(run)) sayer(io)('go on', resumeCommand(run, io))
    return interrupt.exitCode
  }
  interrupt.release()
  await concludeRun(run, io)
  return exitCodes.done
}

interface FitTools {
  readonly io: Io
  readonly line: LiveLine
  readonly interrupt: Interrupt
  readonly onControl: (control: Control) => void
}

async function fit(
  { config, model, data, folder, log, resume }: ReadyRun,
  { io, line, interrupt, onControl }: FitTools,
): Promise<void> {
  const steps = totalSteps(config, data.train.length)
  const validationImages = Math.min(config.validation.images, data.test.length)
  const report = new TrainingReport({
    io,
    line,
    log,
    config,
    validationImages,
    schedule: createSchedule(config, steps),
  })
  const epochSteps = stepsPerEpoch(data.train.length, config)
  // In steps also where it is an epoch: it is then saved before the validation, which may therefore be left.
  const saveEvery = config.checkpoint.every === 'epoch' ? epochSteps : config.checkpoint.every
  const validateEvery = config.validation.every === 'epoch' ? undefined : config.validation.every
  const trainer = new Trainer({
    model,
    loss: crossEntropy(config.loss),
    metrics: { accuracy: accuracy() },
    optimizer: createOptimizer(config, steps),
    callbacks: [
      {
        onStart: (_event, control) => {
          onControl(control)
          if (interrupt.signal !== undefined) control.stop(interrupt.signal)
        },
      },
      report, // before the checkpoint, so that what a checkpoint knows of is in the log
      checkpoint({
        directory: folder.checkpoints,
        every: saveEvery,
        keep: config.checkpoint.keep,
        best: 'accuracy',
        config, // for whoever goes on with a checkpoint without its folder
      }),
    ],
  })
  const images = testLoader(data.test, config, evaluationBatchSize(model, config), validationImages)
  const validation = counted(images, (done, total) => {
    if (interrupt.signal !== undefined && report.step % saveEvery === 0) throw new Left()
    report.onValidationBatch(done, total)
  })
  try {
    await trainer.fit(trainingLoader(data.train, config), {
      steps,
      validation,
      key: keysOf(config).training,
      ...(validateEvery !== undefined && { validateEvery }),
      ...(resume !== undefined && { resume }),
    })
  } finally {
    line.clear()
  }
}

const resumeCommand = ({ folder }: ReadyRun, io: Io): string => `${commandNames(io.env).train} --resume ${folder.path}`

const hasCheckpoint = ({ folder }: ReadyRun): boolean => existsSync(join(folder.checkpoints, 'index.json'))

/** What failed, and how to go on from what was saved. */
function withResumeCommand(error: unknown, run: ReadyRun, io: Io): unknown {
  if (!hasCheckpoint(run) || (error instanceof Error && error.name === 'DivergedError')) return error
  const { message, exitCode } = explain(error)
  return new CliError(`${message} Go on with: ${resumeCommand(run, io)}`, exitCode, { cause: error })
}
