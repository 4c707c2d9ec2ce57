import { curvesOf } from '@ddnet/experiment'
import { toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { confusionSheet, filterSheet, grid, plotPicture } from '@ddnet/visuals'
import { isEncoderDecoder, type LeftOut, type NamedPicture, noStages, type Subject } from './subject.ts'

export async function curves({ records, task }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (records.length === 0) return { leftOut: 'the run has no epoch or validation yet' }
  const plots = curvesOf(records, task.scores).slice(0, -1) // all but the learning rate
  const pictures = plots.map((plot) => plotPicture(plot, { width: 640, height: 360 }))
  const picture = grid(pictures, { columns: 1, gap: 0 })
  const names = plots.map(({ title }) => title).join(' and ')
  return [
    {
      name: 'curves',
      title: 'Curves',
      caption: `${names[0]?.toUpperCase()}${names.slice(1)} as the run went.`,
      picture,
    },
  ]
}

export async function confusion({ evaluation, task }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (evaluation === undefined) return { leftOut: 'this checkpoint was not measured: ddnet eval does it' }
  // The figures have what the scores of an evaluation are.
  const { classes } = task.views.page(evaluation.figures as Parameters<typeof task.views.page>[0], [])
  if (classes === undefined) return { leftOut: 'the task has no classes that could be taken for each other' }
  const picture = confusionSheet(classes.confusion, classes.names, { title: evaluation.headline })
  return [{ name: 'confusion', title: 'Confusion matrix', caption: `All ${evaluation.split} images.`, picture }]
}

export async function filters({ model }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (!isEncoderDecoder(model)) return noStages
  const weights = await toHost(itemAt(model.encoder, 0).conv.weight.value)
  const [height, width, channels, count] = weights.shape
  return [
    {
      name: 'filters',
      title: 'Filters of the first layer',
      caption: `${count} filters of ${height}×${width} weights${channels === 3 ? ' for red, green and blue' : ''}; middle gray is zero.`,
      picture: filterSheet(weights, { scale: 10 }),
    },
  ]
}
