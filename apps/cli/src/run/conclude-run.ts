import { basename } from 'node:path'
import {
  firstSamples,
  generateImages,
  heldOut,
  type MetricsRecord,
  predictSamples,
  type ReportOptions,
  type RunFolder,
  readSamples,
  reportData,
  resultOf,
  sampleTable,
} from '@ddnet/experiment'
import { type Callback, loadCheckpoint } from '@ddnet/trainer'
import { encodePng, grid, htmlReport, type ReportData } from '@ddnet/visuals'
import { dataWords, fullRecipe } from '../data/data-words.ts'
import { commandNames } from '../terminal/command-names.ts'
import { evaluationReport } from '../terminal/evaluation-report.ts'
import type { Io } from '../terminal/io.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { predictionStrip, showsPictures } from '../terminal/prediction-strip.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { sparkline } from '../terminal/sparkline.ts'
import { plain, styleFor } from '../terminal/style.ts'
import type { ReadyRun } from './begin-run.ts'
import { evaluateHeldOut } from './evaluate-held-out.ts'

/** The end of a run: its result, measured on the checkpoint that `eval` reads, in the way that `eval` does it. */
export async function concludeRun(ready: ReadyRun, io: Io): Promise<void> {
  const { run, model, task, config, data } = ready
  const { folder, log } = run
  const { model: weights, step } = await loadCheckpoint('last', folder.checkpoints)
  model.loadStateDict(weights)
  const evaluation = await evaluateHeldOut({ model, task, config, data }, io)
  const predictor = { model, task, config, facts: data.facts }
  const samples = await predictSamples(predictor, await firstSamples(heldOut(data).samples))
  const title = `${modelTitle(config)} on ${dataTitle(config)}`
  await folder.write('predictions', encodePng(task.views.picture(samples, { title })))
  await folder.writeJson('result', { step, ...resultOf(evaluation) })
  const pictures = await newPictures(ready)
  const { predictions } = task.views.page(undefined, samples)
  await writeReport(ready, { step, evaluation, samples, pictures })
  io.stdout.write(`\n${evaluationReport(evaluation, styleFor(io.stdout, io.env))}\n`)
  const style = styleFor(io.stderr, io.env)
  if (style !== plain && showsPictures(io.env) && predictions !== undefined)
    io.stderr.write(`${predictionStrip(predictions, io.stderr.columns ?? 80, style)}\n`)
  sayCurves(log.records, task, io)
  sayNextCommands(ready, io)
}

/** Of a run that makes images: a sheet of new ones, which is written, too, and how they became what they are. */
async function newPictures({ run, model, task, config, data }: ReadyRun): Promise<NonNullable<ReportData['pictures']>> {
  if (task.generation === undefined) return []
  const images = await generateImages({ model, task, facts: data.facts }, { count: 64, seed: config.seed })
  const sheet = grid(
    images.map(({ picture }) => picture),
    { columns: 8, scale: Math.max(1, Math.floor(64 / (images[0]?.picture.width ?? 64))) },
  )
  await run.folder.write('samples', encodePng(sheet))
  return [{ title: 'New images', picture: sheet }, ...(await samplePictures(run.folder))]
}

/** What a run made of the same noise on its way. */
export async function samplePictures({ storage }: RunFolder): Promise<NonNullable<ReportData['pictures']>> {
  const picture = sampleTable(await readSamples(storage))
  return picture === undefined ? [] : [{ title: 'New images of the same noise, on the way', picture }]
}

/** Writes the report of a run that makes images each time that it made some, so that one sees it learn. */
export function reportSamples(ready: Omit<ReadyRun, 'dispose'>): Callback {
  const { folder, validationImages } = ready.run
  const write = async ({ step }: { readonly step: number }) =>
    writeReport(ready, { step, pictures: await samplePictures(folder) })
  return validationImages > 0 ? { onValidation: write } : { onEpoch: write }
}

async function writeReport(
  { run: { folder, log }, model, task, config, data: { facts } }: Omit<ReadyRun, 'dispose'>,
  told: Pick<ReportOptions, 'step' | 'evaluation' | 'samples' | 'pictures'>,
): Promise<void> {
  const title = basename(folder.path)
  const environment = await folder.readEnvironment()
  const report = reportData({ title, config, model, task, facts, records: log.records, environment, ...told })
  await folder.write('report', htmlReport(report))
}

const dataTitle = ({ data }: ReadyRun['config']): string => data.definition.title?.(data.options) ?? basename(data.name)

const modelTitle = ({ model }: ReadyRun['config']): string =>
  model.name === 'ddnet' ? 'DDNet' : basename(model.name).replace(/\.[cm]?[jt]s$/, '')

function sayCurves(records: readonly MetricsRecord[], { scores }: ReadyRun['task'], io: Io): void {
  const say = createLogger(io)
  const [first, last] = [records[0], records.at(-1)]
  if (first === undefined || last === undefined || first === last) return
  const losses = records.map(({ train }) => train.loss)
  say(
    'curves',
    `train loss           ${sparkline(losses, 34)} ${first.train.loss.toFixed(3)} → ${last.train.loss.toFixed(3)}`,
  )
  for (const [name, view] of Object.entries(scores)) {
    const values = records.flatMap(({ validation }) => validation?.[name] ?? [])
    const [began, ended] = [values[0], values.at(-1)]
    if (name === 'loss' || view === undefined || began === undefined || ended === undefined) continue
    const label = `validation ${view.title.length <= 10 ? view.title : view.short}`.padEnd(21)
    say('', `${label}${sparkline(values, 34)} ${view.format(began)} → ${view.format(ended)}`)
  }
}

function sayNextCommands({ run: { folder }, config, task }: ReadyRun, io: Io): void {
  const say = createLogger(io)
  const { ddnet, trainOn } = commandNames(io.env)
  say('run', folder.path)
  say('report', folder.fileName('report'))
  say('pictures', folder.fileName('predictions'))
  if (task.generation) say('', folder.fileName('samples'))
  const sayCommand = createCommandLogger(io)
  const path = shellWord(folder.path)
  sayCommand('go on', `${ddnet} eval ${path}`)
  if (task.generation) sayCommand('', `${ddnet} generate ${path} count=64 seed=1`)
  sayCommand('', `${ddnet} predict ${path} IMAGE.png`)
  sayCommand('', `${ddnet} visualize ${path}`)
  const recipe = fullRecipe(config)
  if (recipe !== undefined) sayCommand('', `${trainOn(dataWords(config))} ${recipe}`, '(the full recipe)')
}
