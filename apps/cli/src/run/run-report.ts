import { type Config, flatSettings } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { htmlReport, type Plot, type PredictionSample, type ReportData } from '@ddnet/visuals'
import { formatCount, formatDuration, formatPercent } from '../terminal/format.ts'
import type { RunEnvironment } from './environment.ts'
import type { Evaluation } from './evaluation.ts'
import type { MetricsRecord } from './metrics-log.ts'

interface RunReportOptions {
  /** Name of the run. */
  readonly title: string
  readonly config: Config
  readonly model: ModuleOf
  readonly classNames: readonly string[]
  readonly step: number
  readonly records: readonly MetricsRecord[]
  readonly environment?: RunEnvironment | undefined
  /** Left out where the images that it is measured on are not here. */
  readonly evaluation?: Evaluation | undefined
  readonly predictions?: readonly PredictionSample[]
  readonly pictures?: NonNullable<ReportData['pictures']>
}

/** report.html: a run in one file that needs nothing else. */
export function runReport(parts: RunReportOptions): string {
  const { title, classNames, records, evaluation, predictions, pictures } = parts
  return htmlReport({
    title,
    summary: [...resultFacts(parts), ...settingFacts(parts.config)],
    curves: curvesOf(records),
    ...(evaluation && { classes: { names: classNames, confusion: evaluation.confusion } }),
    ...(predictions && { predictions }),
    ...(pictures && { pictures }),
  })
}

type Facts = [name: string, value: string][]

function resultFacts({ evaluation, step, records, environment, model, classNames }: RunReportOptions): Facts {
  const parameters = [...model.parameters().values()].reduce((sum, { value }) => sum + value.size, 0)
  const seconds = records.at(-1)?.seconds
  const facts: Facts = []
  if (evaluation !== undefined) {
    const { split, accuracy, correct, images, loss } = evaluation
    const share = `${(accuracy * 100).toFixed(2)}% (${formatCount(correct)} of ${formatCount(images)} images)`
    facts.push([`${split} accuracy`, `${share}, loss ${loss.toFixed(4)}`])
  } else {
    const last = records.at(-1)?.validation
    if (last !== undefined)
      facts.push(['validation accuracy', `${formatPercent(last.accuracy)} of ${formatCount(last.images)} images`])
  }
  facts.push(['trained', `${formatCount(step)} steps${seconds === undefined ? '' : ` in ${formatDuration(seconds)}`}`])
  facts.push(['weights', `${formatCount(parameters)}, for ${formatCount(classNames.length)} classes`])
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

/** Loss, accuracy and learning rate over steps; none before the first record. */
export function curvesOf(records: readonly MetricsRecord[]): Plot[] {
  if (records.length === 0) return []
  const curve = (name: string, of: (record: MetricsRecord) => number | undefined) => ({
    name,
    points: records.flatMap((record) => {
      const value = of(record)
      return value === undefined ? [] : [[record.step, value] as const]
    }),
  })
  const both = (of: 'loss' | 'accuracy') =>
    [curve('train', ({ train }) => train[of]), curve('validation', ({ validation }) => validation?.[of])].filter(
      ({ points }) => points.length > 0,
    )
  return [
    { title: 'loss', curves: both('loss') },
    { title: 'accuracy', percent: true, curves: both('accuracy') },
    { title: 'learning rate', curves: [curve('learning rate', ({ learningRate }) => learningRate)] },
  ]
}
