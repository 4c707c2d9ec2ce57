import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { crossEntropy } from '@ddnet/losses'
import { accuracy } from '@ddnet/metrics'
import { type Control, checkpoint, loadCheckpoint, Trainer } from '@ddnet/trainer'
import type { ReadyRun } from './begin-run.ts'
import { commandNames } from './command-names.ts'
import { CliError, explain } from './errors.ts'
import { evaluateOnTestImages } from './evaluate-on-test-images.ts'
import { counted, type Evaluation, perClass } from './evaluation.ts'
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
import { write } from './files.ts'
import { type Interrupt, onInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { evaluationBatchSize } from './memory.ts'
import type { MetricsRecord } from './metrics-log.ts'
import { writePredictions } from './predictions-picture.ts'
import { evaluationReport } from './terminal/evaluation-report.ts'
import { formatPercent } from './terminal/format.ts'
import { liveLine } from './terminal/live-line.ts'
import { sayer } from './terminal/say.ts'
import { sparkline } from './terminal/sparkline.ts'
import { styleFor } from './terminal/style.ts'
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
  let control: Control | undefined
  const interrupt = onInterrupt(io, (signal) => {
    const cause = signal === 'SIGINT' ? 'Ctrl-C' : signal
    io.stderr.write(`\n${cause}: finishing this step and saving it. Ctrl-C again stops at once.\n`)
    control?.stop(signal)
  })
  try {
    await fit(run, io, interrupt, (given) => {
      control = given
    })
  } catch (error) {
    if (!(error instanceof Left)) throw withResumeCommand(error, run, io)
  }
  if (interrupt.signal !== undefined) {
    sayHowToGoOn(run, io)
    return interrupt.exitCode
  }
  interrupt.release()
  await conclude(run, io)
  return exitCodes.done
}

async function fit(
  { config, model, data, folder, log, resume }: ReadyRun,
  io: Io,
  interrupt: Interrupt,
  onControl: (control: Control) => void,
): Promise<void> {
  const steps = totalSteps(config, data.train.length)
  const line = liveLine(io)
  const report = new TrainingReport({ io, line, log, config, schedule: createSchedule(config, steps) })
  const epochSteps = stepsPerEpoch(data.train.length, config)
  // In steps also where it is an epoch: it is then saved before the validation, which may therefore be left.
  const saveEvery = config.checkpoint.every === 'epoch' ? epochSteps : config.checkpoint.every
  const validateEvery = config.validation.every === 'epoch' ? undefined : config.validation.every
  const trainer = new Trainer({
    model,
    loss: crossEntropy(),
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
      checkpoint({ directory: folder.checkpoints, every: saveEvery, keep: config.checkpoint.keep, best: 'accuracy' }),
    ],
  })
  const images = testLoader(data.test, config, evaluationBatchSize(model, config), config.validation.images)
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

/** The result: measured on the checkpoint that `eval` reads, in the way that `eval` does it. */
async function conclude(run: ReadyRun, io: Io): Promise<void> {
  const { folder, model, config, data, log } = run
  const { model: weights, step } = await loadCheckpoint(join(folder.checkpoints, 'last'))
  model.loadStateDict(weights)
  const evaluation = await evaluateOnTestImages({ model, config, data }, io)
  await writePredictions(folder.predictions, { model, config, data })
  await writeResult(folder.result, step, evaluation, data.classNames)
  io.stdout.write(`\n${evaluationReport(evaluation, data.classNames, styleFor(io.stdout, io.env))}\n`)
  sayCurves(log.records, io)
  sayNextCommands(run, io)
}

function writeResult(path: string, step: number, evaluation: Evaluation, classNames: readonly string[]): Promise<void> {
  const classes = Object.fromEntries(perClass(evaluation, classNames).map(({ name, accuracy }) => [name, accuracy]))
  return write(path, `${JSON.stringify({ step, ...evaluation, classes }, undefined, 2)}\n`)
}

function sayCurves(records: readonly MetricsRecord[], io: Io): void {
  const say = sayer(io)
  const [first, last] = [records[0], records.at(-1)]
  if (first === undefined || last === undefined || first === last) return
  const losses = records.map(({ train }) => train.loss)
  const accuracies = records.map(({ test }) => test.accuracy)
  say(
    'curves',
    `train loss     ${sparkline(losses, 40)} ${first.train.loss.toFixed(3)} → ${last.train.loss.toFixed(3)}`,
  )
  say(
    '',
    `test accuracy  ${sparkline(accuracies, 40)} ${formatPercent(first.test.accuracy)} → ${formatPercent(last.test.accuracy)}`,
  )
}

function sayNextCommands({ folder, config }: ReadyRun, io: Io): void {
  const say = sayer(io)
  const { ddnet, train } = commandNames(io.env)
  say('run', folder.path)
  say('pictures', join(folder.path, 'predictions.png'))
  say('go on', `${ddnet} eval ${folder.path}`)
  say('', `${ddnet} predict ${folder.path} IMAGE.png`)
  if (config.preset === 'quick') say('', `${train} epochs=10    (the full recipe)`)
}

function sayHowToGoOn({ folder }: ReadyRun, io: Io): void {
  sayer(io)('go on', resumeCommand(folder.path, io))
}

const resumeCommand = (path: string, io: Io): string => `${commandNames(io.env).train} --resume ${path}`

/** What failed, and how to go on from what was saved. */
function withResumeCommand(error: unknown, { folder }: ReadyRun, io: Io): unknown {
  const saved = existsSync(join(folder.checkpoints, 'last'))
  if (!saved || (error instanceof Error && error.name === 'DivergedError')) return error
  const { message, exitCode } = explain(error)
  return new CliError(`${message} Go on with: ${resumeCommand(folder.path, io)}`, exitCode, { cause: error })
}
