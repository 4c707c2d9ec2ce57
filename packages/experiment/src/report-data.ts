import type { ModuleOf } from '@ddnet/layers'
import { formatDuration } from '@ddnet/trainer'
import type { Plot, ReportData } from '@ddnet/visuals'
import type { DataFacts } from './definitions.ts'
import type { Evaluation } from './held-out.ts'
import type { RunTask } from './parts.ts'
import type { PredictedImage } from './predict.ts'
import { type Config, flatSettings } from './settings/config.ts'

/** What a run measured at one step. */
export interface MeasuredStep {
  readonly step: number
  readonly learningRate: number
  /** Training time so far. */
  readonly seconds: number
  readonly train: Readonly<Record<string, number>>
  readonly validation?: Readonly<Record<string, number>> | undefined
}

/** Where a run was trained, as far as that is known. */
export interface TrainedWhere {
  readonly ddnet?: string | undefined
  readonly processor?: string | undefined
  readonly cores?: number | undefined
  readonly system?: string | undefined
  readonly command?: string | undefined
  readonly startedAt?: string | undefined
  readonly backend?: { readonly title?: string | undefined } | undefined
}

export interface ReportOptions {
  /** Name of the run. */
  readonly title: string
  readonly config: Config
  readonly model: ModuleOf
  readonly task: RunTask
  readonly facts: DataFacts
  readonly step: number
  readonly records: readonly MeasuredStep[]
  readonly environment?: TrainedWhere | undefined
  /** Left out where the images that it is measured on are not here. */
  readonly evaluation?: Evaluation | undefined
  readonly samples?: readonly PredictedImage[]
  readonly pictures?: NonNullable<ReportData['pictures']>
}

/**
 * What a run's page shows: result and settings, curves, what its task makes of the evaluation and of predictions, pictures.
 *
 * @example await writeFile('report.html', htmlReport(reportData({ title: 'my run', config, model, task, facts, step, records })))
 */
export function reportData(options: ReportOptions): ReportData {
  const { title, task, records, evaluation, samples = [], pictures = [] } = options
  // The figures have what the scores of an evaluation are.
  const page = task.views.page(evaluation?.figures as Parameters<typeof task.views.page>[0], samples)
  return {
    title,
    summary: [...resultFacts(options), ...settingFacts(options.config)],
    curves: curvesOf(records, task.scores),
    ...page,
    ...(pictures.length + (page.pictures?.length ?? 0) > 0 && { pictures: [...(page.pictures ?? []), ...pictures] }),
  }
}

type Facts = [name: string, value: string][]

const count = (value: number): string => value.toLocaleString('en-US')

function resultFacts({ evaluation, step, records, environment, model, task, facts: data }: ReportOptions): Facts {
  const parameters = [...model.parameters().values()].reduce((sum, { value }) => sum + value.size, 0)
  const seconds = records.at(-1)?.seconds
  const classes = data.classNames?.length ?? 0
  const facts: Facts = []
  if (evaluation !== undefined) {
    // `accuracy 75.79% (…)`: the first word is what it is, where it is a word
    const [, name = '', rest = ''] = /^([a-z]+ )?(.*)$/.exec(evaluation.headline) ?? []
    facts.push([`${evaluation.split} ${name}`.trim(), rest])
  } else {
    const last = records.at(-1)?.validation
    for (const [name, view] of Object.entries(task.scores)) {
      const value = last?.[name]
      if (last === undefined || value === undefined || view === undefined || name === 'loss') continue
      facts.push([`validation ${view.title}`, `${view.format(value)} of ${count(last['images'] ?? 0)} images`])
    }
  }
  facts.push(['trained', `${count(step)} steps${seconds === undefined ? '' : ` in ${formatDuration(seconds)}`}`])
  facts.push(['weights', `${count(parameters)}${classes === 0 ? '' : `, for ${count(classes)} classes`}`])
  if (environment !== undefined) {
    const { backend, processor, cores, system, command, startedAt, ddnet } = environment
    if (backend?.title !== undefined) facts.push(['backend', backend.title])
    if (processor !== undefined) facts.push(['machine', `${processor}, ${cores} cores, ${system}`])
    if (startedAt !== undefined) {
      facts.push(['started', `${startedAt.slice(0, 16).replace('T', ' ')} UTC, DDNet ${ddnet}`])
    }
    if (command !== undefined) facts.push(['command', command])
  }
  return facts
}

/** Of each group its settings in one line; what names only where a run lies is left out, and so is what is not set. */
function settingFacts(config: Config): Facts {
  const groups = new Map<string, string[]>()
  for (const [path, value] of Object.entries(flatSettings(config))) {
    const [group = '', name] = path.split('.')
    if (value === null || ['name', 'runs', 'backend'].includes(path)) continue
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    groups.set(group, [...(groups.get(group) ?? []), name === undefined ? text : `${name} ${text}`])
  }
  return [...groups].map(([group, told]) => [group, told.join(', ')])
}

/** Loss, the task's other scores and the learning rate over steps; none before the first record. */
export function curvesOf(records: readonly MeasuredStep[], views: RunTask['scores']): Plot[] {
  if (records.length === 0) return []
  const curve = (name: string, of: (record: MeasuredStep) => number | undefined) => ({
    name,
    points: records.flatMap((record) => {
      const value = of(record)
      return value === undefined ? [] : [[record.step, value] as const]
    }),
  })
  const both = (of: string) =>
    [curve('train', ({ train }) => train[of]), curve('validation', ({ validation }) => validation?.[of])].filter(
      ({ points }) => points.length > 0,
    )
  const others = Object.entries(views).flatMap(([name, view]) =>
    name === 'loss' || view === undefined
      ? []
      : [{ title: view.title, ...(view.percent && { percent: true }), curves: both(name) }],
  )
  return [
    { title: 'loss', curves: both('loss') },
    ...others,
    { title: 'learning rate', curves: [curve('learning rate', ({ learningRate }) => learningRate)] },
  ]
}
