import { type Config, flatSettings, type MetricsRecord, type RunEnvironment, type RunTask } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { htmlReport, type Plot, type ReportData } from '@ddnet/visuals'
import type { PredictedImage } from '../pictures/predictions-picture.ts'
import { formatCount, formatDuration } from '../terminal/format.ts'
import type { Evaluation } from './evaluation.ts'

interface RunReportOptions {
  /** Name of the run. */
  readonly title: string
  readonly config: Config
  readonly model: ModuleOf
  readonly task: RunTask
  readonly classNames: readonly string[]
  readonly step: number
  readonly records: readonly MetricsRecord[]
  readonly environment?: RunEnvironment | undefined
  /** Left out where the images that it is measured on are not here. */
  readonly evaluation?: Evaluation | undefined
  readonly samples?: readonly PredictedImage[]
  readonly pictures?: NonNullable<ReportData['pictures']>
}

/** report.html: a run in one file that needs nothing else. */
export function runReport(options: RunReportOptions): string {
  const { title, task, records, evaluation, samples = [], pictures = [] } = options
  // The figures have what the scores of an evaluation are.
  const page = task.views.page(evaluation?.figures as Parameters<typeof task.views.page>[0], samples)
  return htmlReport({
    title,
    summary: [...resultFacts(options), ...settingFacts(options.config)],
    curves: curvesOf(records, task.scores),
    ...page,
    ...(pictures.length + (page.pictures?.length ?? 0) > 0 && { pictures: [...(page.pictures ?? []), ...pictures] }),
  })
}

type Facts = [name: string, value: string][]

function resultFacts({ evaluation, step, records, environment, model, task, classNames }: RunReportOptions): Facts {
  const parameters = [...model.parameters().values()].reduce((sum, { value }) => sum + value.size, 0)
  const seconds = records.at(-1)?.seconds
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
      facts.push([`validation ${view.title}`, `${view.format(value)} of ${formatCount(last.images)} images`])
    }
  }
  facts.push(['trained', `${formatCount(step)} steps${seconds === undefined ? '' : ` in ${formatDuration(seconds)}`}`])
  facts.push([
    'weights',
    `${formatCount(parameters)}${classNames.length === 0 ? '' : `, for ${formatCount(classNames.length)} classes`}`,
  ])
  if (environment !== undefined) {
    const { backend, processor, cores, system, command, startedAt, ddnet } = environment
    if (backend?.title !== undefined) facts.push(['backend', backend.title])
    const machine = [processor, cores === undefined ? undefined : `${cores} cores`, system].filter(
      (each) => each !== undefined,
    )
    if (machine.length > 0) facts.push(['machine', machine.join(', ')])
    if (startedAt !== undefined) {
      const version = ddnet === undefined ? '' : `, DDNet ${ddnet}`
      facts.push(['started', `${startedAt.slice(0, 16).replace('T', ' ')} UTC${version}`])
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
export function curvesOf(records: readonly MetricsRecord[], views: RunTask['scores']): Plot[] {
  if (records.length === 0) return []
  const curve = (name: string, of: (record: MetricsRecord) => number | undefined) => ({
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
