import { isDeepStrictEqual } from 'node:util'
import { flatSettings } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import { atHome } from '../config/home.ts'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type BrokenRun, bestOf, type RunSummary, summarizeRun, summarizeRuns } from '../run/run-summary.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatCount, formatDuration } from '../terminal/format.ts'
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
  const head = ['run', 'started', 'steps', 'time', scoreTitle(runs)].map((text) => style('dim', text))
  const rows = runs.map((run) => [
    printable(run.path),
    run.startedAt === undefined ? '' : minuteOf(run.startedAt),
    run.state === 'finished'
      ? formatCount(run.step)
      : style('yellow', `${formatCount(run.step)}${progressOf(run.step, run.totalSteps)}`),
    formatDuration(run.seconds),
    style(isBest(run, runs) ? 'green' : 'reset', told(run, runs)),
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
            itemAt(runs, at - 1).validations.map(([, score]) => score),
            room,
          )
    return `${line}${' '.repeat(longest - visibleLength(line) + gap)}${style('cyan', curve)}`.trimEnd()
  })
}

/** What runs are compared by: the one score that all of them watch. */
function scoreTitle(runs: readonly RunSummary[]): string {
  const titles = new Set(runs.map(({ monitor: { title, short } }) => (title.length <= 12 ? title : short)))
  const [only = ''] = titles
  return titles.size === 1 ? only : 'score'
}

/** Runs of the same score, of the same images: other figures are not to be compared. */
const comparable = ({ monitor, scores }: RunSummary, runs: readonly RunSummary[]) =>
  runs.filter((other) => other.monitor.name === monitor.name && other.scores?.split === scores?.split)

function isBest(run: RunSummary, runs: readonly RunSummary[]): boolean {
  const scores = comparable(run, runs).flatMap((other) => scoreOf(other) ?? [])
  const own = scoreOf(run)
  return own !== undefined && own === bestOf(scores, run.monitor.better)
}

const scoreOf = ({ monitor, scores }: RunSummary): number | undefined => scores?.values[monitor.name]

/**
 * `75.8% test`, or `val` where it is of validation images; `75.8% of 1,000 val` beside figures of another number of images, which say less or
 * more; `acc 75.8% test` beside runs that watch other scores.
 */
function told(run: RunSummary, runs: readonly RunSummary[]): string {
  const { monitor, scores } = run
  if (scores === undefined) return ''
  const differ = runs.some((other) => other.scores !== undefined && other.scores.images !== scores.images)
  const count = differ ? `of ${formatCount(scores.images)} ` : ''
  const score = scoreOf(run)
  const name = runs.some((other) => other.monitor.name !== monitor.name) ? `${monitor.short} ` : ''
  return `${name}${score === undefined ? '–' : monitor.format(score)} ${count}${scores.split === 'test' ? 'test' : 'val'}`
}

/** `/300` where it is known how many it will be. */
const progressOf = (step: number, total: number | undefined): string =>
  total === undefined || total === step ? '' : `/${formatCount(total)}`

/** `2026-03-09 14:05`, as in the file: UTC. */
const minuteOf = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

function forPrograms(run: RunSummary | BrokenRun): object {
  if (run.state === 'broken') return run
  const { config, monitor, scores, ...rest } = run
  return {
    ...rest,
    monitor: { name: monitor.name, better: monitor.better },
    scores: scores && { split: scores.split, ...scores.values, images: scores.images },
    settings: flatSettings(config),
  }
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
  const labels = ['', 'state', scoreTitle(runs), ...others, ...Object.keys(differences)]
  const style = styleFor(io.stdout, io.env)
  for (const [index, block] of blocks(labels, columns, io.stdout.columns ?? 80).entries()) {
    if (index > 0) io.stdout.write('\n')
    const rows = labels.map((label, row) => [style('dim', label), ...block.map((column) => itemAt(column, row))])
    for (const [at, line] of table(rows, { gap }).entries())
      io.stdout.write(`${at === 0 ? style('bold', line) : line}\n`)
  }
}

const others = ['best', 'loss', 'time', 'backend', 'curve']

function columnOf(
  run: RunSummary,
  at: number,
  runs: readonly RunSummary[],
  differences: Readonly<Record<string, readonly unknown[]>>,
): string[] {
  const { path, state, step, totalSteps, monitor, scores, validations, best, seconds, backend } = run
  // One scale for all of a score, so that the curves can be compared.
  const all = runs
    .filter((other) => other.monitor.name === monitor.name)
    .flatMap((other) => other.validations.map(([, score]) => score))
  const curve = sparkline(
    validations.map(([, score]) => score),
    16,
    [Math.min(...all), Math.max(...all)],
  )
  return [
    printable(path),
    state === 'finished' ? `${formatCount(step)} steps` : `step ${formatCount(step)}${progressOf(step, totalSteps)}`,
    told(run, runs),
    best === undefined ? '' : `${monitor.format(best)} val`,
    scores?.values['loss']?.toFixed(4) ?? '',
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
