import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  type Config,
  createTask,
  type DataFacts,
  factsOf,
  flatSettings,
  type RequestedBackend,
  resolveConfig,
  short,
} from '@ddnet/experiment'
import { random } from '@ddnet/ops'
import type { Control } from '@ddnet/trainer'
import { encodePng, type Plot, plotPicture, plotSvg } from '@ddnet/visuals'
import { measureBackends } from '../backend/measure-backends.ts'
import { assumedFacts } from '../backend/measure-steps.ts'
import { type CollectedSettings, type ConfigOptions, collectSettings } from '../config/collect.ts'
import { readArguments } from '../config/read-entries.ts'
import type { CommandContext } from '../context.ts'
import { CliError, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { makeFolder, write } from '../files.ts'
import { runAt } from '../run/runs-on-disk.ts'
import { type Dimension, dimensionOf, drawTrials, mayVary, sizeOf } from '../search/space.ts'
import { paretoFront, readStudy, roundsOf, type Study, studyFile, type Trial, writeStudy } from '../search/study.ts'
import { measureTrial, trainTrial } from '../search/train-trial.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'
import { onInterrupt } from '../terminal/interrupt.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { progressBar } from '../terminal/progress-line.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { styleFor } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

export interface SearchOptions extends ConfigOptions {
  readonly resume?: string
  /** Whether steps are measured on each backend. */
  readonly bench: boolean
  readonly json?: boolean
}

/** A search that was begun, now or before. */
interface OpenSearch {
  readonly folder: string
  readonly study: Study
  readonly collected: CollectedSettings
}

const example =
  "As in: ddnet search cifar10 trials=20 'model.channels=[8,16],[16,32]' optimizer.learningRate=0.001..0.01"

/**
 * `ddnet search`: trains a network for each of some settings, and shows which are worth their cost. Returns the exit code.
 *
 * @throws UsageError for words that are no settings, and where there is nothing to choose
 */
export async function search(
  words: readonly string[],
  options: SearchOptions,
  context: CommandContext,
): Promise<number> {
  const { io } = context
  const { folder, study, collected } =
    options.resume === undefined
      ? await begin(words, options, context)
      : await goOn(options.resume, words, options, context)
  const say = createLogger(io)
  const [scoring] = study.trials.map((trial) => scoreOf(configOf(trial, collected)))
  if (scoring === undefined) throw new CliError(`${join(folder, studyFile)} has no trials.`)
  const rounds = roundsOf(study.trials.length, study.halving)
  say(
    'search',
    `${folder}: ${study.trials.length} trials${study.halving > 1 ? `, of which one in ${study.halving} goes on, in ${rounds.length} rounds` : ''}`,
  )

  let now = study
  const save = async (changes: Partial<Study>) => {
    now = { ...now, ...changes }
    await writeStudy(folder, now, io)
  }
  const replace = (trial: Trial) =>
    save({ trials: now.trials.map((each) => (each.name === trial.name ? trial : each)) })
  let control: Control | undefined
  const interrupt = onInterrupt(io, (signal) => {
    io.stderr.write(
      `${signal === 'SIGINT' ? 'Ctrl-C' : signal}: finishing this step and saving it. Ctrl-C again stops at once.\n`,
    )
    control?.stop(signal)
  })
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const optionsOf = (trial: Trial, share: number) => ({
    folder,
    collected,
    share,
    onControl: (given: Control) => {
      control = given
      if (interrupt.signal !== undefined) control.stop(interrupt.signal)
    },
    onStep: (step: number, steps: number) =>
      line.update((columns) => {
        const text = `${trial.name} ${formatCount(step)}/${formatCount(steps)}`
        return `${text} ${progressBar(step / steps, Math.max(4, Math.min(30, columns - text.length - 1)), style)}`
      }),
    stopped: () => interrupt.signal !== undefined,
  })

  for (const { keep, share } of rounds) {
    const going = bestOf(now.trials, scoring.better, keep)
    for (const { name } of going) {
      const trial = now.trials.find((each) => each.name === name)
      if (trial === undefined || isThrough(trial, share)) continue
      const trained = await trainTrial(trial, optionsOf(trial, share), context).finally(() => line.clear())
      await replace(trained)
      if (interrupt.signal !== undefined) {
        createCommandLogger(io)('go on', `ddnet search --resume ${shellWord(folder)}`)
        return interrupt.exitCode
      }
      if (trained.state !== 'failed' && trained.score === undefined) {
        throw new CliError(
          'the trials have no score to choose by: there are no validation images. Try data.validation=0.1',
        )
      }
      const told =
        trained.state === 'failed'
          ? `failed: ${trained.problem}`
          : `${scoring.title} ${scoring.format(trained.score ?? Number.NaN)}`
      say(trained.name, `${told}, ${wordsOf(trained)}`)
    }
  }
  const [best] = bestOf(now.trials, scoring.better, 1)
  if (best?.score === undefined) {
    throw new CliError(
      `all ${now.trials.length} trials failed: ${now.trials[0]?.problem}. Try smaller learning rates, or clipNorm=1`,
    )
  }
  if (options.bench) {
    await measureCosts(
      now.trials,
      collected,
      folder,
      (text) => line.update(() => text),
      context,
      async (trials) => save({ trials }),
    )
    line.clear()
  }
  if (now.best?.name !== best.name) {
    const { split, headline, figures } = await measureTrial(best, optionsOf(best, 1), context)
    await save({ best: { name: best.name, split, headline, figures } })
  }
  const front = paretoFront(
    now.trials.filter(({ state }) => state === 'done'),
    scoring.better,
    ({ multiplyAdds }) => multiplyAdds,
  )
  const plot = plotOf(now.trials, front, scoring)
  await write(resolve(io.cwd, folder, 'pareto.png'), encodePng(plotPicture(plot)))
  await write(resolve(io.cwd, folder, 'search.html'), pageOf(folder, now, front, scoring, plot))
  if (options.json) {
    const inFront = new Set(front.map(({ name }) => name))
    const trials = now.trials.map((trial) => ({
      ...trial,
      run: join(folder, trial.name),
      pareto: inFront.has(trial.name),
    }))
    io.stdout.write(`${JSON.stringify({ search: folder, ...now, trials })}\n`)
  } else show(folder, now, front, scoring, context)
  return exitCodes.done
}

/** A new search: what is tried is written down before anything is trained. */
async function begin(words: readonly string[], options: SearchOptions, context: CommandContext): Promise<OpenSearch> {
  const { io } = context
  const { own, rest } = ownWords(words)
  const varied = rest.filter(mayVary)
  const plain = rest.filter((word) => !mayVary(word))
  const { catalog } = await collectSettings(plain, options, io)
  const space: Dimension[] = []
  const spaceWords: string[] = []
  for (const word of varied) {
    const dimension = dimensionOf(word, catalog)
    if (dimension === undefined) {
      plain.push(word)
      continue
    }
    if (space.some(({ path }) => path === dimension.path))
      throw new UsageError(`${dimension.path} is there twice. Give all its values in one word.`)
    if (['name', 'runs', 'backend'].includes(dimension.path))
      throw new UsageError(`${short(word)}: a search does not choose ${dimension.path}. Give one value.`)
    space.push(dimension)
    spaceWords.push(word)
  }
  if (space.length === 0)
    throw new UsageError(`there is nothing to choose: expected a setting with several values or a range. ${example}`)
  const collected = await collectSettings(plain, options, io)
  const wanted = own.trials ?? Math.min(20, sizeOf(space))
  const drawn = drawTrials(space, wanted, random.key(own.seed).fold('search'))
  const digits = String(drawn.length).length
  const trials = drawn.map(
    (words, at): Trial => ({
      name: `trial-${String(at + 1).padStart(Math.max(2, digits), '0')}`,
      words: [...words],
      state: 'waiting',
    }),
  )
  // What cannot be is told before anything is trained.
  const configs = trials.map((trial) => configOf(trial, collected))
  const runs = configs[0]?.runs ?? 'runs'
  const folder = join(runs, own.name)
  if (existsSync(resolve(io.cwd, folder))) {
    throw new UsageError(
      `${folder} is there already. Go on with it: ddnet search --resume ${shellWord(folder)}; or give another name: name=${own.name}-2`,
    )
  }
  await makeFolder(resolve(io.cwd, folder), folder, 'runs=FOLDER')
  const config = options.config === undefined ? [] : [`--config=${options.config}`]
  const backend = options.backend === undefined ? [] : [`backend=${options.backend}`]
  const { seed, halving } = own
  const study: Study = { format: 1, words: [...plain, ...backend, ...config], space: spaceWords, seed, halving, trials }
  await writeStudy(folder, study, io)
  if (own.trials !== undefined && trials.length < own.trials)
    createLogger(io)(
      'note',
      `there are ${trials.length} combinations, fewer than trials=${own.trials}: each is tried once.`,
    )
  return { folder, study, collected }
}

/** A search that was stopped or killed goes on with what it wrote down. */
async function goOn(
  path: string,
  words: readonly string[],
  options: SearchOptions,
  context: CommandContext,
): Promise<OpenSearch> {
  if (words.length > 0) {
    throw new UsageError(
      `${short(words.join(' '))}: a search goes on with the settings that it was begun with. Leave out what is behind --resume ${path}`,
    )
  }
  const { io } = context
  const study = await readStudy(io.cwd, path)
  const config = study.words.find((word) => word.startsWith('--config='))?.slice('--config='.length)
  const plain = study.words.filter((word) => !word.startsWith('--config='))
  const collected = await collectSettings(plain, { ...options, ...(config !== undefined && { config }) }, io)
  return { folder: path, study, collected }
}

interface OwnWords {
  readonly trials: number | undefined
  readonly halving: number
  readonly name: string
  readonly seed: number
}

/** What is said of the search itself; all else are settings of what is trained. */
function ownWords(words: readonly string[]): { readonly own: OwnWords; readonly rest: readonly string[] } {
  let own: OwnWords = { trials: undefined, halving: 1, name: 'search', seed: 0 }
  const rest: string[] = []
  const whole = (word: string, text: string, least: number) => {
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= least && text.trim() !== '') return value
    throw new UsageError(
      `${short(word)}: expected a whole number of at least ${least}. Try ${word.slice(0, word.indexOf('='))}=${Math.max(least, 3)}`,
    )
  }
  for (const word of words) {
    const [, key, text = ''] = /^(trials|halving|name|searchSeed)=([\s\S]*)$/.exec(word) ?? []
    if (key === 'trials') own = { ...own, trials: whole(word, text, 2) }
    else if (key === 'halving') own = { ...own, halving: whole(word, text, 1) }
    else if (key === 'searchSeed') own = { ...own, seed: whole(word, text, 0) }
    else if (key === 'name') {
      if (!/^\w[\w.-]*$/.test(text))
        throw new UsageError(`${short(word)}: expected letters, digits, dots, dashes and underscores. Try name=widths`)
      own = { ...own, name: text }
    } else rest.push(word)
  }
  return { own, rest }
}

/** @throws SettingsError for a trial whose settings contradict each other */
function configOf({ words }: Trial, { layers, catalog }: CollectedSettings): Config {
  const entries = readArguments(words, catalog, 'search')
  return resolveConfig([[...entries, ...(layers[0] ?? [])], ...layers.slice(1)], 'short', catalog).config
}

/** The score that trials are chosen by. */
interface Scoring {
  readonly name: string
  readonly title: string
  readonly better: 'lower' | 'higher'
  readonly percent: boolean
  format(value: number): string
}

function scoreOf(config: Config): Scoring {
  const task = createTask(config, assumedFacts(config))
  const name = config.monitor ?? task.monitor
  const view = Object.entries(task.scores).find(([each]) => each === name)?.[1]
  return {
    name,
    title: view?.title ?? name,
    better: view?.better ?? (name === 'loss' ? 'lower' : 'higher'),
    percent: view?.percent ?? false,
    format: (value) => view?.format(value) ?? String(value),
  }
}

/** The trials of the best scores; before there are any, the first ones. */
function bestOf(trials: readonly Trial[], better: 'lower' | 'higher', count: number): readonly Trial[] {
  const sign = better === 'higher' ? 1 : -1
  const value = ({ score, state }: Trial) =>
    state === 'failed' ? Number.NEGATIVE_INFINITY : score === undefined ? Number.NEGATIVE_INFINITY : sign * score
  if (count >= trials.length) return trials
  return trials
    .filter(({ state }) => state !== 'failed')
    .sort((a, b) => value(b) - value(a))
    .slice(0, count)
}

const isThrough = ({ state, step = 0, steps = Number.POSITIVE_INFINITY }: Trial, share: number): boolean =>
  state === 'failed' || state === 'done' || (state === 'stopped' && step >= Math.max(1, Math.round(steps * share)))

/** Steps and forward passes of each network on each backend that is here; networks of the same settings are measured once. */
async function measureCosts(
  trials: readonly Trial[],
  collected: CollectedSettings,
  folder: string,
  tell: (text: string) => void,
  context: CommandContext,
  save: (trials: Trial[]) => Promise<void>,
): Promise<void> {
  const { start } = context
  const all: readonly Exclude<RequestedBackend, 'auto'>[] = ['cuda', 'webgpu', 'cpu', 'wasm']
  let names = all.filter((name) => name !== 'cuda' || start.hasNvidiaDevice())
  const known = new Map<string, Trial['backends']>()
  let now = [...trials]
  for (const [at, trial] of trials.entries()) {
    if (trial.state === 'failed') continue
    const config = configOf(trial, collected)
    const key = JSON.stringify(
      Object.entries(flatSettings(config)).filter(
        ([path]) =>
          /^(task|model|optimizer|batchSize|accumulate|data\.size)(\.|$)/.test(path) &&
          path !== 'optimizer.learningRate',
      ),
    )
    let backends = trial.backends ?? known.get(key)
    if (backends === undefined) {
      const facts = await knownFacts(trial, config, folder, context)
      const results = await measureBackends(
        names,
        { config, facts },
        { open: start.open, steps: 6, tell: (doing) => tell(`${trial.name}: ${doing} …`) },
      )
      const found = [...results].flatMap(([name, result]) => ('error' in result ? [] : [{ name, result }]))
      // Who is not here for one network is not for another.
      names = names.filter((name) => found.some((each) => each.name === name))
      backends = Object.fromEntries(
        found.map(({ name, result: { step, forward, peakMemoryBytes } }) => [
          name,
          { step: step.median, forward: forward.median, ...(peakMemoryBytes !== undefined && { peakMemoryBytes }) },
        ]),
      )
    }
    known.set(key, backends)
    now = now.with(at, { ...trial, backends })
    await save(now)
  }
}

/** What the data of a trial's run are. */
async function knownFacts(trial: Trial, config: Config, folder: string, { io }: CommandContext): Promise<DataFacts> {
  const data = await runAt(io.cwd, join(folder, trial.name)).readData()
  return data?.image === undefined ? assumedFacts(config) : factsOf({ ...data, image: data.image })
}

const wordsOf = ({ words }: Trial): string => words.join(' ')

const millions = (count: number): string => `${(count / 1e6).toPrecision(3)} M`

function rowsOf(
  trials: readonly Trial[],
  front: readonly Trial[],
  scoring: Scoring,
): { head: string[]; rows: string[][] } {
  const backends = [...new Set(trials.flatMap(({ backends = {} }) => Object.keys(backends)))]
  const head = [
    '',
    'trial',
    scoring.title,
    'parameters',
    'mult-adds',
    'memory',
    ...backends.map((name) => `ms ${name}`),
    'settings',
  ]
  const cell = (value: number | undefined, told: (value: number) => string) => (value === undefined ? '–' : told(value))
  const rows = trials.map((trial) => [
    front.includes(trial) ? '●' : '',
    trial.name,
    trial.state === 'failed'
      ? 'failed'
      : `${cell(trial.score, scoring.format)}${trial.state === 'done' ? '' : ` at ${trial.step}`}`,
    cell(trial.parameters, formatCount),
    cell(trial.multiplyAdds, millions),
    cell(trial.memoryBytes, formatBytes),
    ...backends.map((name) => cell(trial.backends?.[name]?.step, (value) => value.toPrecision(3))),
    wordsOf(trial),
  ])
  return { head, rows }
}

/** The cheapest first. */
const byCost = (trials: readonly Trial[]): Trial[] =>
  [...trials].sort((a, b) => (a.multiplyAdds ?? 0) - (b.multiplyAdds ?? 0) || a.name.localeCompare(b.name))

function show(
  folder: string,
  { trials, best }: Study,
  front: readonly Trial[],
  scoring: Scoring,
  { io }: CommandContext,
): void {
  const style = styleFor(io.stdout, io.env)
  const say = createLogger({ ...io, stderr: io.stdout })
  const { head, rows } = rowsOf(byCost(trials), front, scoring)
  const right = head.flatMap((_, at) => (at > 1 && at < head.length - 1 ? [at] : []))
  for (const [at, line] of table([head, ...rows], { right }).entries())
    io.stdout.write(`${at === 0 ? style('dim', line) : rows[at - 1]?.[0] === '●' ? style('green', line) : line}\n`)
  io.stdout.write(
    `${style('dim', `● none other is as good and as cheap in multiply-adds. ${scoring.title} on the validation images, ms of a training step.`)}\n\n`,
  )
  if (best !== undefined) say('best', `${best.name}: ${best.split} ${best.headline}`)
  say('results', `${join(folder, studyFile)}, ${join(folder, 'search.html')}, ${join(folder, 'pareto.png')}`)
  if (best !== undefined)
    createCommandLogger({ ...io, stderr: io.stdout })('go on', `ddnet eval ${shellWord(join(folder, best.name))}`)
}

/** Scores over multiply-adds, with the line of those that are worth their cost. */
function plotOf(trials: readonly Trial[], front: readonly Trial[], { title, percent }: Scoring): Plot {
  const point = ({ multiplyAdds, score }: Trial) => [(multiplyAdds ?? Number.NaN) / 1e6, score ?? Number.NaN] as const
  const gap = [Number.NaN, Number.NaN] as const
  return {
    title: `${title} by cost`,
    percent,
    xLabel: 'million multiply-adds of a forward pass',
    curves: [
      {
        name: 'trials',
        points: byCost(trials.filter(({ state }) => state === 'done')).flatMap((trial) => [point(trial), gap]),
      },
      { name: 'worth their cost', points: front.map(point) },
    ],
  }
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** The table and the picture as one page. */
function pageOf(
  folder: string,
  { trials, best, words, space }: Study,
  front: readonly Trial[],
  scoring: Scoring,
  plot: Plot,
): string {
  const { head, rows } = rowsOf(byCost(trials), front, scoring)
  const cells = (row: readonly string[], tag: string) =>
    `<tr>${row.map((each) => `<${tag}>${escaped(each)}</${tag}>`).join('')}</tr>`
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(folder)}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1.5rem } .scroll { overflow-x: auto }
table { border-collapse: collapse; white-space: nowrap; font-variant-numeric: tabular-nums } td, th { padding: .2rem .6rem; text-align: right }
td:last-child, th:last-child, td:nth-child(2), th:nth-child(2) { text-align: left } svg { width: 100%; height: auto } :root { color-scheme: light }</style>
<h1>${escaped(folder)}</h1>
<p>${escaped([...words, ...space].join(' '))}</p>
${best === undefined ? '' : `<p>${escaped(`Best: ${best.name}, ${best.split} ${best.headline}`)}</p>`}
${plotSvg(plot)}
<div class="scroll"><table>${cells(head, 'th')}${rows.map((row) => cells(row, 'td')).join('\n')}</table></div>
<p>● none other is as good and as cheap in multiply-adds. ${escaped(scoring.title)} on the validation images; memory of a training step, estimated; ms of a training step.</p>
</html>
`
}
