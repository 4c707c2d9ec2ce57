import { existsSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { learnersOf, trainingLoader } from '@ddnet/experiment'
import { findLearningRate, type LearningRatePoint, type LearningRateSweep } from '@ddnet/trainer'
import { encodePng, type Plot, plotPicture, plotSvg } from '@ddnet/visuals'
import { type ConfigOptions, collectSettings } from '../config/collect.ts'
import type { CommandContext } from '../context.ts'
import { CliError, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { write } from '../files.ts'
import { prepareRun } from '../run/begin-run.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatRate } from '../terminal/format.ts'
import { onInterrupt } from '../terminal/interrupt.ts'
import type { Io } from '../terminal/io.ts'
import { learningRateCurve } from '../terminal/learning-rate-curve.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { progressLine, progressText } from '../terminal/progress-line.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { styleFor } from '../terminal/style.ts'

export interface FindLrOptions extends ConfigOptions {
  readonly steps: number
  readonly from: number
  readonly to: number
  readonly plot?: string
  readonly json?: boolean
}

/** The finder's own least. */
const minSteps = 10
/** Off a terminal, a line this often shows that it is alive. */
const secondsBetweenLines = 30

/**
 * `ddnet find-lr`: trains for some steps while the learning rate grows from step to step, and suggests one. Writes no run.
 *
 * @returns the exit code
 * @throws CliError where there is nothing to suggest
 */
export async function findLr(
  words: readonly string[],
  options: FindLrOptions,
  context: CommandContext,
): Promise<number> {
  const { io } = context
  const { steps, from, to } = options
  if (steps < minSteps) throw new UsageError(`--steps ${steps}: expected at least ${minSteps}. Try --steps 100`)
  if (from >= to) throw new UsageError(`--from ${from} --to ${to}: expected the first rate to be below the last`)
  const draw = options.plot === undefined ? undefined : drawer(options.plot, io)
  const { resolved, model, task, data, dispose } = await prepareRun(await collectSettings(words, options, io), context)
  try {
    const { config } = resolved
    createLogger(io)(
      'find-lr',
      `${steps} steps, the learning rate growing from ${formatRate(from)} to ${formatRate(to)}`,
    )
    const progress = progressOf(steps, io)
    const aborter = new AbortController()
    const interrupt = onInterrupt(io, (signal) => {
      progress.clear()
      const cause = signal === 'SIGINT' ? 'Ctrl-C' : signal
      io.stderr.write(`${cause}: finishing this step. Ctrl-C again stops at once.\n`)
      aborter.abort()
    })
    // Averaged weights do not change how training goes.
    const learners = learnersOf({ model, task, config: { ...config, ema: { decay: 0 } } }, steps)
    const sweepOptions = {
      data: { train: trainingLoader(data.train, config, data.facts) },
      from,
      to,
      steps,
      signal: aborter.signal,
      onStep: progress.show,
    }
    const sweep = await ('models' in learners
      ? findLearningRate({ ...learners, ...sweepOptions })
      : findLearningRate({ ...learners, ...sweepOptions })
    ).finally(progress.clear)
    if (interrupt.signal !== undefined) return interrupt.exitCode
    interrupt.release()
    await draw?.(sweep)
    tell(sweep, words, options, io)
    return exitCodes.done
  } finally {
    dispose()
  }
}

function tell(sweep: LearningRateSweep, words: readonly string[], options: FindLrOptions, io: Io): void {
  const { points, exploded } = sweep
  const suggestion = sweep.suggestion === undefined ? null : Number(sweep.suggestion.toPrecision(2))
  const reason = suggestion === null ? reasonFor(sweep, options) : undefined
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ suggestion, exploded, ...(reason !== undefined && { reason }), points })}\n`)
  } else if (points.length > 1) {
    const lines = learningRateCurve(sweep, io.stdout.columns ?? 80, styleFor(io.stdout, io.env))
    io.stdout.write(`${lines.join('\n')}\n`)
  }
  if (reason !== undefined) throw new CliError(reason)
  if (!options.json) io.stdout.write(`suggested ${suggestion}, where the loss falls most steeply\n`)
  const say = createLogger(io)
  if (options.plot !== undefined) say('plot', options.plot)
  createCommandLogger(io)('go on', trainCommand(suggestion as number, words, options, io))
}

function reasonFor({ points, exploded }: LearningRateSweep, { from, to, steps }: FindLrOptions): string {
  const last = points.at(-1)?.learningRate
  if (exploded && points.length < minSteps) {
    const where = last === undefined ? 'at the first rate' : `at the rate ${formatRate(last)}`
    return `no learning rate to suggest: the loss exploded ${where}. Begin lower: --from ${formatRate(from / 1000)}`
  }
  return `no learning rate to suggest: the loss fell at none from ${formatRate(from)} to ${formatRate(last ?? to)}. Take more steps (--steps ${2 * steps}) or other rates (--from, --to)`
}

/** The same command line for \`train\`, at the suggested rate. */
function trainCommand(
  suggestion: number,
  words: readonly string[],
  { backend, config }: ConfigOptions,
  io: Io,
): string {
  const kept = words.filter((word) => !word.startsWith('optimizer.learningRate='))
  return [
    `${commandNames(io.env).ddnet} train`,
    ...[...kept, ...(backend ? ['--backend', backend] : []), ...(config ? ['--config', config] : [])].map(shellWord),
    `optimizer.learningRate=${suggestion}`,
  ].join(' ')
}

function progressOf(steps: number, io: Io) {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const began = performance.now()
  let saidAt = began
  return {
    clear: () => line.clear(),
    show({ step, learningRate, smoothed }: LearningRatePoint) {
      const now = performance.now()
      const secondsAStep = (now - began) / 1000 / step
      const progress = {
        label: 'find-lr',
        done: step,
        total: steps,
        secondsAStep,
        loss: smoothed,
        learningRate,
        secondsLeft: (steps - step) * secondsAStep,
        dataShare: 0,
      }
      line.update((columns) => progressLine(progress, columns, style))
      if (line.live || now - saidAt < secondsBetweenLines * 1000) return
      saidAt = now
      io.stderr.write(`${progressText(progress)}\n`)
    },
  }
}

/** What draws a sweep into a file, checked before the work begins. */
function drawer(file: string, { cwd }: Io): (sweep: LearningRateSweep) => Promise<void> {
  const target = resolve(cwd, file)
  const ending = extname(file).toLowerCase()
  if (ending !== '.svg' && ending !== '.png') {
    throw new UsageError(`--plot ${file}: expected a file that ends with .svg or .png, as in rates.svg`)
  }
  const folder = dirname(target)
  if (!existsSync(folder)) throw new CliError(`cannot write ${file}: there is no folder ${folder}. Make it first.`)
  return async (sweep) => {
    const plot = plotOf(sweep)
    await write(target, ending === '.svg' ? plotSvg(plot) : encodePng(plotPicture(plot)))
  }
}

function plotOf({ points, suggestion }: LearningRateSweep): Plot {
  // An explosion would flatten the rest, and is left out.
  const highest = 1.5 * (points[0]?.smoothed ?? 0)
  const curve = (value: 'loss' | 'smoothed') =>
    points.map((point) => [Math.log10(point.learningRate), point[value] > highest ? Number.NaN : point[value]] as const)
  return {
    title: `loss by learning rate${suggestion === undefined ? '' : `: ${formatRate(suggestion)}`}`,
    curves: [
      { name: 'loss', points: curve('loss') },
      { name: 'smoothed', points: curve('smoothed') },
    ],
    xLabel: 'log10 of the learning rate',
  }
}
