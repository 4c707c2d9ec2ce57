import { curvesOf, predictSamples } from '@ddnet/experiment'
import { Conv2d } from '@ddnet/layers'
import { toHost } from '@ddnet/ops'
import { confusionSheet, filterSheet, grid, plotPicture } from '@ddnet/visuals'
import type { LeftOut, NamedPicture, Subject } from './subject.ts'

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

/** The images with what the model says of them. */
export async function predictions(subject: Subject): Promise<NamedPicture[]> {
  const { task, images } = subject
  const picture = task.views.picture(await predictSamples(subject, images))
  return [
    { name: 'predictions', title: 'Predictions', caption: `What the model says of ${images.length} images.`, picture },
  ]
}

export async function filters({ model, facts }: Subject): Promise<NamedPicture[] | LeftOut> {
  const first = [...model.modules()].find(
    (each): each is [string, Conv2d] => each[1] instanceof Conv2d && each[1].inChannels === facts.image.channels,
  )
  if (first === undefined) return { leftOut: 'the model has no convolution of the images' }
  const [layer, convolution] = first
  const weights = await toHost(convolution.weight.value)
  const [height, width, channels, count] = weights.shape
  return [
    {
      name: 'filters',
      title: 'Filters of the first layer',
      caption: `${count} filters of ${layer}, of ${height}×${width} weights${channels === 3 ? ' for red, green and blue' : ''}; middle gray is zero.`,
      picture: filterSheet(weights, { scale: 10 }),
    },
  ]
}
