import { toHost } from '@ddnet/ops'
import { confusionSheet, filterSheet, grid, type Picture, plotPicture } from '@ddnet/visuals'
import { curvesOf } from '../run/run-report.ts'
import { formatCount, formatPercent } from '../terminal/format.ts'
import { isEncoderDecoder, type LeftOut, type NamedPicture, noStages, type Subject } from './subject.ts'

export async function curves({ records }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (records.length === 0) return { leftOut: 'the run has no epoch or validation yet' }
  const [loss, accuracy] = curvesOf(records).map((plot) => plotPicture(plot, { width: 640, height: 360 }))
  const picture = grid([loss as Picture, accuracy as Picture], { columns: 1, gap: 0 })
  return [{ name: 'curves', title: 'Curves', caption: 'Loss and accuracy as the run went.', picture }]
}

export async function confusion({ evaluation, classNames }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (evaluation === undefined) return { leftOut: 'this checkpoint was not measured: ddnet eval does it' }
  const title = `${formatPercent(evaluation.accuracy)} of ${formatCount(evaluation.images)}`
  const picture = confusionSheet(evaluation.confusion, classNames, { title })
  return [{ name: 'confusion', title: 'Confusion matrix', caption: `All ${evaluation.split} images.`, picture }]
}

export async function filters({ model }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (!isEncoderDecoder(model)) return noStages
  const weights = await toHost((model.encoder[0] as (typeof model.encoder)[number]).conv.weight.value)
  const [height, width, , count] = weights.shape
  return [
    {
      name: 'filters',
      title: 'Filters of the first layer',
      caption: `${count} filters of ${height}×${width} weights for red, green and blue; middle gray is zero.`,
      picture: filterSheet(weights, { scale: 10 }),
    },
  ]
}
