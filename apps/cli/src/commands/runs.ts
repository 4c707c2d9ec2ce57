import { isDeepStrictEqual } from 'node:util'
import { flatSettings } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import { atHome } from '../config/home.ts'
import type { CommandContext } from '../context.ts'
import type { Split } from '../data/labelled-images.ts'
import { UsageError } from '../errors.ts'
import { type BrokenRun, type RunSummary, summarizeRun, summarizeRuns } from '../run/run-summary.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatCount, formatDuration, formatPercent } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { createLogger } from '../terminal/logger.ts'
import { printable } from '../terminal/printable.ts'
import { sparkline } from '../terminal/sparkline.ts'
import { styleFor } from '../terminal/style.ts'
import { table, visibleLength } from '../terminal/table.ts'

const gap = 2
const [narrowestCurve, widestCurve] = [4, 30]

/** `ddnet runs list`: a line a run, the newest last; what is broken is named, with the reason. */
export async function listRuns(
  folder: string | undefined,
  options: { readonly json?: boolean },
  { io }: CommandContext,
): Promise<void> {
  const runs = await summarizeRuns(io.cwd, folder ?? atHome(io.env.DDNET_RUNS ?? 'runs'))
  if (options.json) {
    for (const run of runs) io.stdout.write(`${JSON.stringify(forPrograms(run))}\n`)
    return
  }
  const whole = runs.filter((run) => run.state !== 'broken')
  if (whole.length > 0) for (const line of listing(whole, io)) io.stdout.write(`${line}\n`)
  const say = createLogger(io)
  for (const run of runs) if (run.state === 'broken') say('broken', `${run.path}: ${run.problem}`)
  if (runs.length === 0) say('runs', `none yet. Train one: ${commandNames(io.env).train}`)
}

function listing(runs: readonly RunSummary[], { stdout, env }: Io): string[] {
  const style = styleFor(stdout, env)
  // Figures of test images and of validation images are not to be compared.
  const bestOf = (split: Split) =>
    Math.max(...runs.map(({ scores }) => (scores?.split === split ? (scores.accuracy ?? 0) : 0)))
  const best = { test: bestOf('test'), validation: bestOf('validation') }
  const head = ['run', 'started', 'steps', 'time', 'accuracy'].map((text) => style('dim', text))
  const rows = runs.map(({ path, startedAt, state, step, totalSteps, seconds, scores }) => [
    printable(path),
    startedAt === undefined ? '' : minuteOf(startedAt),
    state === 'finished' ? formatCount(step) : style('yellow', `${formatCount(step)}${progressOf(step, totalSteps)}`),
    formatDuration(seconds),
    scores === undefined ? '' : style(scores.accuracy === best[scores.split] ? 'green' : 'reset', told(scores, runs)),
  ])
  const lines = table([head, ...rows], { right: [2, 3, 4], gap })
  // The curves get what the rest leaves.
  const longest = Math.max(...lines.map(visibleLength))
  const room = Math.min(widestCurve, (stdout.columns ?? 80) - longest - gap)
  if (room < narrowestCurve) return lines
  return lines.map((line, at) => {
    const curve =
      at === 0
        ? ''
        : sparkline(
            validated(itemAt(runs, at - 1)).map(([, accuracy]) => accuracy),
            room,
          )
    return `${line}${' '.repeat(longest - visibleLength(line) + gap)}${style('cyan', curve)}`.trimEnd()
  })
}

/**
 * `75.8% test`, or `val` where it is of validation images; `75.8% of 1,000 val` beside figures of another number of images, which say less or
 * more.
 */
function told(
  { split, accuracy, loss, images }: NonNullable<RunSummary['scores']>,
  runs: readonly RunSummary[],
): string {
  const differ = runs.some(({ scores }) => scores !== undefined && scores.images !== images)
  const count = differ ? `of ${formatCount(images)} ` : ''
  const figure = accuracy === undefined ? `loss ${loss.toPrecision(3)}` : formatPercent(accuracy)
  return `${figure} ${count}${split === 'test' ? 'test' : 'val'}`
}

/** Step and accuracy of each validation. */
const validated = ({ records }: RunSummary): [step: number, accuracy: number][] =>
  records.flatMap(({ step, validation }) =>
    validation?.['accuracy'] === undefined ? [] : [[step, validation['accuracy']]],
  )

/** `/300` where it is known how many it will be. */
const progressOf = (step: number, total: number | undefined): string =>
  total === undefined || total === step ? '' : `/${formatCount(total)}`

/** `2026-03-09 14:05`, as in the file: UTC. */
const minuteOf = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

function forPrograms(run: RunSummary | BrokenRun): object {
  if (run.state === 'broken') return run
  const { records: _, config, ...rest } = run
  return { ...rest, settings: flatSettings(config), validationAccuracies: validated(run) }
}

/** `ddnet runs compare`: results side by side, and the settings in which the runs differ. */
export async function compareRuns(
  paths: readonly string[],
  options: { readonly json?: boolean },
  { io }: CommandContext,
): Promise<void> {
  if (paths.length < 2) {
    throw new UsageError(
      `expected two runs or more to compare, got ${paths.length}. As in: ddnet runs compare runs/a runs/b`,
    )
  }
  const runs = await Promise.all(paths.map((path) => summarizeRun(io.cwd, path)))
  const differences = differingSettings(runs)
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ runs: runs.map(forPrograms), differences })}\n`)
    return
  }
  const columns = runs.map((run, at) => columnOf(run, at, runs, differences))
  const labels = labelsOf(Object.keys(differences))
  const style = styleFor(io.stdout, io.env)
  for (const [index, block] of blocks(labels, columns, io.stdout.columns ?? 80).entries()) {
    if (index > 0) io.stdout.write('\n')
    const rows = labels.map((label, row) => [style('dim', label), ...block.map((column) => itemAt(column, row))])
    for (const [at, line] of table(rows, { gap }).entries())
      io.stdout.write(`${at === 0 ? style('bold', line) : line}\n`)
  }
}

const labelsOf = (paths: readonly string[]) => [
  '',
  'state',
  'accuracy',
  'best',
  'loss',
  'time',
  'backend',
  'curve',
  ...paths,
]

function columnOf(
  run: RunSummary,
  at: number,
  runs: readonly RunSummary[],
  differences: Readonly<Record<string, readonly unknown[]>>,
): string[] {
  const { path, state, step, totalSteps, scores, bestAccuracy, seconds, backend } = run
  // One scale for all, so that the curves can be compared.
  const all = runs.flatMap((each) => validated(each).map(([, accuracy]) => accuracy))
  const curve = sparkline(
    validated(run).map(([, accuracy]) => accuracy),
    16,
    [Math.min(...all), Math.max(...all)],
  )
  return [
    printable(path),
    state === 'finished' ? `${formatCount(step)} steps` : `step ${formatCount(step)}${progressOf(step, totalSteps)}`,
    scores === undefined ? '' : told(scores, runs),
    bestAccuracy === undefined ? '' : `${formatPercent(bestAccuracy)} val`,
    scores === undefined ? '' : scores.loss.toFixed(4),
    formatDuration(seconds),
    printable((backend ?? '').replace(/ \(.*\)$|, .*$/, '')),
    curve,
    ...Object.values(differences).map((values) => shown(values[at])),
  ]
}

const shown = (value: unknown): string =>
  printable(value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value))

/** As many runs side by side as the terminal is wide for, at least one. */
function blocks(labels: readonly string[], columns: readonly string[][], width: number): string[][][] {
  const labelWidth = Math.max(...labels.map((label) => label.length))
  const result: string[][][] = []
  let left = 0
  for (const column of columns) {
    const needed = gap + Math.max(...column.map(visibleLength))
    if (result.length === 0 || left < needed) {
      result.push([])
      left = width - labelWidth
    }
    result.at(-1)?.push(column)
    left -= needed
  }
  return result
}

/** The settings that are not the same in all runs, with each run's value: where a run computes and what it is called aside. */
function differingSettings(runs: readonly RunSummary[]): Record<string, unknown[]> {
  const all = runs.map(({ config }) => flatSettings(config))
  const paths = [...new Set(all.flatMap((settings) => Object.keys(settings)))]
  const differing = paths
    .filter((path) => !['name', 'backend', 'runs'].includes(path))
    .map((path) => [path, all.map((settings) => settings[path])] as const)
    .filter(([, values]) => values.some((value) => !isDeepStrictEqual(value, values[0])))
  return Object.fromEntries(differing)
}
