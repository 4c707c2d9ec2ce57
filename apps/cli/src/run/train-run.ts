import { counted, createTrainer, fitOptions, learningRateOf } from '@ddnet/experiment'
import type { Callback, Control } from '@ddnet/trainer'
import { dataWords } from '../data/data-words.ts'
import { CliError, explain } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatRate } from '../terminal/format.ts'
import { type Interrupt, onInterrupt } from '../terminal/interrupt.ts'
import type { Io } from '../terminal/io.ts'
import { type LiveLine, liveLine } from '../terminal/live-line.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { shellWord } from '../terminal/shell-word.ts'
import type { ReadyRun } from './begin-run.ts'
import { concludeRun, reportSamples } from './conclude-run.ts'
import { TrainingReport } from './training-report.ts'

/** A validation was left, because we were told to stop; the step before it is saved. */
class Left extends Error {}

/**
 * Trains to the end, measures the last checkpoint on all images that are held out for that, and says how to go on.
 *
 * @returns the exit code
 * @throws CliError for a divergence, with settings to try; with the command to go on for whatever else fails
 */
export async function trainRun(ready: ReadyRun, io: Io): Promise<number> {
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
  const say = createLogger(io)
  let ending: Ending | undefined
  try {
    ending = await fit(ready, { io, line, interrupt, onControl })
  } catch (error) {
    if (!(error instanceof Left)) throw await withRemedy(error, ready, io)
  }
  if (interrupt.signal !== undefined) {
    if (await ready.run.folder.hasCheckpoint()) createCommandLogger(io)('go on', resumeCommand(ready, io))
    return interrupt.exitCode
  }
  interrupt.release()
  if (ending?.finished === false) {
    await sayBudgetOver(ready, io)
    return exitCodes.done
  }
  if (ending?.message !== undefined) {
    say('stopped', ending.message)
    const best = `${commandNames(io.env).ddnet} eval ${shellWord(ready.run.folder.path)} --checkpoint best`
    createCommandLogger(io)('', best, '(the best)')
  }
  await concludeRun(ready, io)
  return exitCodes.done
}

/** How training came to its end. */
interface Ending {
  /** Whether there is nothing left to train: all steps are done, or early stopping had enough. */
  readonly finished: boolean
  /** What early stopping says, where it ended the run. */
  readonly message?: string
}

async function sayBudgetOver(ready: ReadyRun, io: Io): Promise<void> {
  const say = createLogger(io)
  const message = `Time limit reached: maxSeconds=${ready.config.maxSeconds}`
  if (!(await ready.run.folder.hasCheckpoint())) {
    say('stopped', `${message}, before the first step.`)
    return
  }
  say('stopped', `${message}.`)
  const sayCommand = createCommandLogger(io)
  sayCommand('go on', resumeCommand(ready, io))
  sayCommand('', `${commandNames(io.env).ddnet} eval ${shellWord(ready.run.folder.path)}`, '(as it is now)')
}

interface FitTools {
  readonly io: Io
  readonly line: LiveLine
  readonly interrupt: Interrupt
  readonly onControl: (control: Control) => void
}

async function fit(
  { config, model, task, data, run }: ReadyRun,
  { io, line, interrupt, onControl }: FitTools,
): Promise<Ending> {
  const { log, validationImages, saveEvery, resume } = run
  const report = new TrainingReport({ io, line, log, config, task, validationImages })
  let stoppedEarly: string | undefined
  const trainer = createTrainer(
    { model, task, config, data },
    {
      earlyStopping: (callback) =>
        noting(callback, (message) => {
          stoppedEarly = message
        }),
      watchValidation: (batches) =>
        counted(batches, (done, total) => {
          // It is saved before the validation, which may therefore be left.
          if (interrupt.signal !== undefined && report.step % saveEvery === 0) throw new Left()
          report.onValidationBatch(done, total)
        }),
      callbacks: [
        {
          onStart: (_event, control) => {
            onControl(control)
            if (interrupt.signal !== undefined) control.stop(interrupt.signal)
          },
        },
        report,
        ...run.callbacks(model),
        ...(run.samples ? [reportSamples({ run, model, task, config, data })] : []),
      ],
    },
  )
  try {
    const { reason } = await trainer.fit({
      ...fitOptions({ config, data }),
      ...(resume !== undefined && { resume }),
    })
    return stoppedEarly === undefined ? { finished: reason === 'done' } : { finished: true, message: stoppedEarly }
  } finally {
    line.clear()
  }
}

/** The same callback, which also tells that it ends the run. */
function noting(callback: Callback, onStop: (message: string | undefined) => void): Callback {
  const told = ({ stop, ...control }: Control): Control => ({
    ...control,
    stop: (message) => {
      onStop(message)
      stop(message)
    },
  })
  return {
    ...callback,
    onStart: (event, control) => callback.onStart?.(event, told(control)),
    onValidation: (event, control) => callback.onValidation?.(event, told(control)),
  }
}

function resumeCommand({ run: { folder }, config }: ReadyRun, io: Io): string {
  return `${commandNames(io.env).resume(dataWords(config))} ${shellWord(folder.path)}`
}

/** What failed, and what to do: to try other settings after a divergence, else to go on from what was saved. */
async function withRemedy(error: unknown, ready: ReadyRun, io: Io): Promise<unknown> {
  const { message, exitCode } = explain(error)
  if (exitCode === exitCodes.diverged) {
    const { clipNorm } = ready.config
    const settings = `optimizer.learningRate=${formatRate(learningRateOf(ready.config) / 10)}${clipNorm === null ? ' or clipNorm=1' : ''}`
    const kept = (await ready.run.folder.hasCheckpoint())
      ? ` What was saved before is whole: ${`${ready.run.folder.checkpoints.path}/last`}.`
      : ''
    return new CliError(`${message} Try ${settings}.${kept}`, exitCode, { cause: error })
  }
  if (!(await ready.run.folder.hasCheckpoint())) return error
  return new CliError(`${message} Go on with: ${resumeCommand(ready, io)}`, exitCode, { cause: error })
}
