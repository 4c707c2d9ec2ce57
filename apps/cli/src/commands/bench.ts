import { resolve } from 'node:path'
import {
  type Config,
  type DataFacts,
  droppedText,
  type FlatSettings,
  flatSettings,
  type RequestedBackend,
  resolveConfig,
} from '@ddnet/experiment'
import { type Profile, profileTable } from '@ddnet/trainer'
import { type BackendFigures, measureBackends } from '../backend/measure-backends.ts'
import { assumedFacts, type MeasuredRun } from '../backend/measure-steps.ts'
import { refuseTooManyImages } from '../backend/memory.ts'
import { type MissingBackend, missingBackend } from '../backend/missing-backend.ts'
import { type ConfigOptions, collectSettings, requestedBackend } from '../config/collect.ts'
import type { CommandContext } from '../context.ts'
import { listImageFolder } from '../data/load-folder.ts'
import { type DataFigures, measureData } from '../data/measure-data.ts'
import { explain, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { describeMachine } from '../machine.ts'
import { formatBytes, formatCount, formatDuration } from '../terminal/format.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger, wrap } from '../terminal/logger.ts'
import { styleFor } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

export interface BenchOptions extends ConfigOptions {
  /** Measured on each backend. */
  readonly steps?: number
  readonly profile?: boolean
  readonly json?: boolean
}

type Name = Exclude<RequestedBackend, 'auto'>

type Measured = BackendFigures & {
  readonly available: true
  readonly imagesPerSecond: number
  /** How many times as long as on the fastest a step takes. */
  readonly ratio: number
}

interface Report {
  readonly version: string
  readonly machine: ReturnType<typeof describeMachine>
  readonly run: FlatSettings
  readonly backends: Readonly<Record<string, Measured | (MissingBackend & { readonly available: false })>>
  readonly data: DataFigures | { readonly missing: string }
  readonly profile?: Profile
}

const everyBackend: readonly Name[] = ['cuda', 'webgpu', 'cpu', 'wasm']

/**
 * `ddnet bench`: how long a training step of a run takes on each backend, how fast its images come, and on request where
 * the time of a step goes. Returns the exit code.
 *
 * @throws BackendUnavailable where the one that was asked for is not here
 */
export async function bench(words: readonly string[], options: BenchOptions, context: CommandContext): Promise<number> {
  const { io, version } = context
  const { layers, catalog } = await collectSettings(words, options, io)
  const { config, dropped } = resolveConfig(layers, 'ddnet', catalog)
  for (const each of dropped) createLogger(context.io)('note', droppedText(each))
  const requested = requestedBackend(layers)
  if (options.profile && requested === 'auto') {
    throw new UsageError('--profile is of one backend. Say which, as in --backend wasm')
  }
  if (config.teacher !== null) {
    throw new UsageError(
      `teacher=${config.teacher}: a step is measured without the forward pass of a teacher. Leave it out, and measure the teacher by its own settings.`,
    )
  }
  const run = { config, facts: await factsOf(config, context) }
  refuseTooManyImages(config, run.facts.image)
  const line = liveLine(io)
  const tell = (doing: string) => line.update(() => `${doing} …`)
  let report: Report
  try {
    const backends = await backendsOf(requested, run, options.steps, tell, context)
    tell('measuring the data')
    const data = await measureData(config, context)
    report = {
      version,
      machine: describeMachine(),
      run: measuredSettings(config),
      backends,
      data,
      ...(options.profile &&
        requested !== 'auto' && { profile: await profileOf(requested, run, options.steps, tell, context) }),
    }
  } finally {
    line.clear()
  }
  if (options.json) io.stdout.write(`${JSON.stringify(report)}\n`)
  else show(report, run.facts.image, context)
  const usable = Object.values(report.backends).some(({ available }) => available)
  return usable ? exitCodes.done : exitCodes.deviceUnavailable
}

/** What is known of the data without reading all of it. */
async function factsOf({ data }: Config, { io }: CommandContext): Promise<DataFacts> {
  const assumed = assumedFacts({ data })
  const { directory } = data.options
  if (data.name !== 'folder' || typeof directory !== 'string') return assumed
  const { classNames } = (await listImageFolder(resolve(io.cwd, directory), io)).train
  return { ...assumed, classNames }
}

/** The settings that decide how long a step takes. */
const measuredSettings = (config: Config): FlatSettings =>
  Object.fromEntries(
    Object.entries(flatSettings(config)).filter(([path]) =>
      /^(task|model|optimizer|batchSize|accumulate|data\.size)(\.|$)/.test(path),
    ),
  )

async function backendsOf(
  requested: RequestedBackend,
  run: MeasuredRun,
  steps: number | undefined,
  tell: (doing: string) => void,
  { io, start }: CommandContext,
): Promise<Report['backends']> {
  const names = requested === 'auto' ? everyBackend : [requested]
  // Without an NVIDIA driver TensorFlow takes a second to say that there is none.
  const tried = names.filter((name) => requested !== 'auto' || name !== 'cuda' || start.hasNvidiaDevice())
  const results = await measureBackends(tried, run, { open: start.open, steps, tell })
  const medians = [...results.values()].flatMap((result) => ('error' in result ? [] : [result.step.median]))
  const fastest = Math.min(...medians)
  const backends = names.map((name) => {
    const result = results.get(name)
    if (result === undefined) {
      return [name, { available: false, reason: 'this machine has no NVIDIA GPU with a driver' }] as const
    }
    if ('error' in result) {
      if (requested !== 'auto') throw result.error
      return [name, { available: false, ...missing(result.error, name, io.env) }] as const
    }
    const { median } = result.step
    const imagesPerSecond = ((run.config.batchSize * run.config.accumulate) / median) * 1000
    return [name, { available: true, ...result, imagesPerSecond, ratio: median / fastest }] as const
  })
  return Object.fromEntries(backends)
}

/** Not here, or too small for the run, with the remedy; anything else is our own fault, and is said to be a failure. */
function missing(error: Error, name: Name, env: CommandContext['io']['env']): MissingBackend {
  const { message } = explain(error)
  const isExpected = error.name === 'BackendUnavailable' || error.name === 'UsageError'
  return isExpected ? missingBackend(message, env, name === 'cuda') : { reason: `failed: ${message}` }
}

async function profileOf(
  requested: Name,
  run: MeasuredRun,
  steps = 10,
  tell: (doing: string) => void,
  { start }: CommandContext,
): Promise<Profile> {
  tell(`profiling ${requested}`)
  const process = start.open(requested)
  try {
    return await process.profile(run, steps)
  } finally {
    process.end()
  }
}

function show(
  { version, machine, run, backends, data, profile }: Report,
  { height, width }: DataFacts['image'],
  { io }: CommandContext,
): void {
  const style = styleFor(io.stdout, io.env)
  const say = createLogger({ ...io, stderr: io.stdout })
  const { model, batchSize, accumulate, optimizer } = run
  say('machine', `${machine.processor}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}; ${machine.system}`)
  say('versions', `ddnet ${version}, Node ${machine.node}`)
  const channels = run['model.channels']
  const name = Array.isArray(channels) ? `${model} [${channels.join(', ')}]` : model
  const images = accumulate === 1 ? batchSize : `${accumulate} × ${batchSize}`
  say('run', `${name}, ${height}×${width} pixels, ${images} images a step, ${optimizer}`)
  const entries = Object.entries(backends)
  for (const [name, found] of entries) {
    if (found.available) say(name, found.title)
    else say(name, `✗ ${found.reason}${found.fix === undefined ? '' : `\n→ ${found.fix}`}`)
  }
  const found = entries
    .flatMap(([name, result]) => (result.available ? [{ name, ...result }] : []))
    .sort((a, b) => a.ratio - b.ratio)
  if (found.length > 0) {
    io.stdout.write('\n')
    const head = ['backend', 'ms a step', 'least', 'spread', 'images/s', 'forward', 'memory', '']
    const rows = found.map(({ name, step, forward, imagesPerSecond, peakMemoryBytes, ratio }) => [
      name,
      milliseconds(step.median),
      milliseconds(step.least),
      `${Math.round((100 * (step.most - step.least)) / step.median)}%`,
      rate(imagesPerSecond),
      milliseconds(forward.median),
      peakMemoryBytes === undefined ? '–' : formatBytes(peakMemoryBytes),
      ratio === 1 ? '' : `${ratio.toFixed(ratio < 10 ? 1 : 0)}× as long`,
    ])
    const lines = table([head, ...rows], { right: [1, 2, 3, 4, 5, 6] })
    for (const [at, line] of lines.entries())
      io.stdout.write(`${at === 0 ? style('dim', line) : at === 1 ? style('green', line) : line}\n`)
    const counts = [...new Set(found.map(({ steps }) => steps))].sort((a, b) => a - b).map(formatCount)
    const measured = counts.length === 1 ? counts[0] : `${counts[0]} to ${counts.at(-1)}`
    const about = `Median of rounds in turn, ${measured} steps each; spread from least to most. Forward: ms a batch, without gradients.`
    for (const line of wrap(about, Math.max(40, io.stdout.columns ?? 80))) io.stdout.write(`${style('dim', line)}\n`)
    io.stdout.write('\n')
  }
  const fastest = found[0]
  if ('missing' in data) say('data', `not measured: ${data.missing}`)
  else {
    const { imagesPerSecond, reading } = data
    const times =
      fastest === undefined
        ? ''
        : `, ${(imagesPerSecond / fastest.imagesPerSecond).toFixed(1)} times what ${fastest.name} trains`
    say('data', `${rate(imagesPerSecond)} images/s out of the loader, with its transforms${times}`)
    if (reading !== undefined) {
      const seconds = reading.images / reading.imagesPerSecond
      const once = seconds < 1 ? 'less than a second' : formatDuration(seconds)
      say(
        '',
        `${rate(reading.imagesPerSecond)} image files/s; the ${formatCount(reading.images)} are read once, in ${once}`,
      )
    }
  }
  if (profile !== undefined) io.stdout.write(`\n${profileTable(profile)}\n`)
}

/** With three digits. */
const milliseconds = (value: number): string =>
  value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : formatCount(Math.round(value))

const rate = (value: number): string => (value < 10 ? value.toFixed(1) : formatCount(Math.round(value)))
