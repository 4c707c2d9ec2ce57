import { basename, join } from 'node:path'
import { loadCheckpoint } from '@ddnet/trainer'
import { heldOut } from '../data/labelled-images.ts'
import { writeWhole } from '../files.ts'
import { firstImages, predictSamples, writePredictions } from '../pictures/predictions-picture.ts'
import { commandNames } from '../terminal/command-names.ts'
import { evaluationReport } from '../terminal/evaluation-report.ts'
import { formatPercent } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { predictionStrip, showsPictures } from '../terminal/prediction-strip.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { sparkline } from '../terminal/sparkline.ts'
import { plain, styleFor } from '../terminal/style.ts'
import type { ReadyRun } from './begin-run.ts'
import { readRunEnvironment } from './environment.ts'
import { evaluateHeldOut } from './evaluate-held-out.ts'
import { type Evaluation, perClass } from './evaluation.ts'
import type { MetricsRecord } from './metrics-log.ts'
import { runReport } from './run-report.ts'

/** The end of a run: its result, measured on the checkpoint that `eval` reads, in the way that `eval` does it. */
export async function concludeRun(run: ReadyRun, io: Io): Promise<void> {
  const { folder, model, config, data, log } = run
  const { model: weights, step } = await loadCheckpoint(join(folder.checkpoints, 'last'))
  model.loadStateDict(weights)
  const evaluation = await evaluateHeldOut({ model, config, data }, io)
  const samples = await predictSamples(
    { model, config, classNames: data.classNames },
    await firstImages(heldOut(data).images),
  )
  await writePredictions(folder.predictions, samples, dataTitle(config))
  await writeResult(folder.result, step, evaluation, data.classNames)
  const report = runReport({
    title: basename(folder.path),
    config,
    model,
    classNames: data.classNames,
    step,
    records: log.records,
    environment: await readRunEnvironment(folder.environment),
    evaluation,
    predictions: samples,
  })
  await writeWhole(folder.report, report)
  io.stdout.write(`\n${evaluationReport(evaluation, data.classNames, styleFor(io.stdout, io.env))}\n`)
  const style = styleFor(io.stderr, io.env)
  if (style !== plain && showsPictures(io.env))
    io.stderr.write(`${predictionStrip(samples, io.stderr.columns ?? 80, style)}\n`)
  sayCurves(log.records, io)
  sayNextCommands(run, io)
}

const dataTitle = ({ data }: ReadyRun['config']): string => data.definition.title?.(data.options) ?? basename(data.name)

function writeResult(path: string, step: number, evaluation: Evaluation, classNames: readonly string[]): Promise<void> {
  const classes = Object.fromEntries(perClass(evaluation, classNames).map(({ name, accuracy }) => [name, accuracy]))
  return writeWhole(path, `${JSON.stringify({ step, ...evaluation, classes }, undefined, 2)}\n`)
}

function sayCurves(records: readonly MetricsRecord[], io: Io): void {
  const say = createLogger(io)
  const [first, last] = [records[0], records.at(-1)]
  if (first === undefined || last === undefined || first === last) return
  const losses = records.map(({ train }) => train.loss)
  const accuracies = records.flatMap(({ validation }) => validation?.accuracy ?? [])
  say(
    'curves',
    `train loss           ${sparkline(losses, 34)} ${first.train.loss.toFixed(3)} → ${last.train.loss.toFixed(3)}`,
  )
  const [began, ended] = [accuracies[0], accuracies.at(-1)]
  if (began === undefined || ended === undefined) return
  say('', `validation accuracy  ${sparkline(accuracies, 34)} ${formatPercent(began)} → ${formatPercent(ended)}`)
}

function sayNextCommands({ folder, config }: ReadyRun, io: Io): void {
  const say = createLogger(io)
  const { ddnet, train } = commandNames(io.env)
  say('run', folder.path)
  say('report', join(folder.path, 'report.html'))
  say('pictures', join(folder.path, 'predictions.png'))
  const sayCommand = createCommandLogger(io)
  const path = shellWord(folder.path)
  sayCommand('go on', `${ddnet} eval ${path}`)
  sayCommand('', `${ddnet} predict ${path} IMAGE.png`)
  sayCommand('', `${ddnet} visualize ${path}`)
  if (config.data.name === 'cifar10' && (config.preset === 'quick' || config.preset === 'short'))
    sayCommand('', `${train} epochs=10`, '(the full recipe)')
}
