import { type ModuleOf, openPass } from '@ddnet/layers'
import { crossEntropy, diceLoss, weighted } from '@ddnet/losses'
import { accuracy, classIou, formatPercent, type Measure, meanIou } from '@ddnet/metrics'
import { argMax, type Tensor, tidy, toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { Json, ScoresOf, StepContext } from '@ddnet/trainer'
import { classOverlay, encodeClassPng, encodePng, type Picture, pictureTable } from '@ddnet/visuals'
import type { PredictedPicture, ScoreView, Task, TaskReport } from './task.ts'
import { classesByTiles } from './tiles.ts'

/** What a batch must have: pictures `[batch, height, width, channels]` and the class of each of their pixels, `[batch, height, width]`, int32. */
export interface SegmentationBatch {
  readonly image: Tensor
  readonly mask: Tensor
}

/** A model that gives logits `[batch, height, width, classes]` of pictures. */
export type Segmenter = ModuleOf<[image: Tensor], Tensor>

/** The class of each pixel of one picture. */
export interface MaskPrediction {
  /** `[height, width]` */
  readonly shape: readonly [height: number, width: number]
  /** Classes, row by row. */
  readonly mask: Int32Array
  /** What they are, where that is known; −100 where it does not count. */
  readonly actual?: Int32Array
}

export type SegmentationMeasures = { readonly meanIou: Measure; readonly accuracy: Measure }
export type SegmentationEvaluation = SegmentationMeasures & { readonly classIou: Measure<readonly number[]> }

export interface SegmentationOptions {
  /** How many there are, or their names. */
  readonly classes: number | readonly string[]
  /** What one minus the soft Dice coefficient weighs beside the cross-entropy: 1 by default, 0 for the cross-entropy alone. */
  readonly dice?: number
}

export type Segmentation = Task<
  SegmentationBatch,
  Segmenter,
  SegmentationMeasures,
  SegmentationEvaluation,
  MaskPrediction
>

/**
 * A class for each pixel: cross-entropy and Dice of logits, measured by the mean intersection over union. Pixels whose class is −100 count for
 * nothing.
 *
 * @throws RangeError for fewer than two classes, and for a weight that is negative
 * @example new Trainer({ model: new UNet({ classes: 3 }), optimizer, data, ...segmentation({ classes: 3 }) })
 */
export function segmentation({ classes, dice = 1 }: SegmentationOptions): Segmentation {
  const names = typeof classes === 'number' ? Array.from({ length: classes }, (_, at) => String(at)) : classes
  if (!(names.length >= 2)) throw new RangeError(`segmentation: expected at least 2 classes, got ${names.length}.`)
  if (!(dice >= 0 && Number.isFinite(dice))) {
    throw new RangeError(`segmentation: expected dice as a weight of at least 0, got ${dice}.`)
  }
  const measured = ({ image, mask }: SegmentationBatch, { model }: StepContext<Segmenter>) => {
    const logits = model.forward(image) // [batch, height, width, classes]
    const pixels = crossEntropy(logits, mask)
    const loss = dice === 0 ? pixels : { pixels, overlap: weighted(diceLoss(logits, mask), dice) }
    return { loss, metrics: { meanIou: meanIou(logits, mask), accuracy: accuracy(logits, mask) }, logits }
  }
  return {
    kind: 'task',
    name: 'segmentation',
    fields: { image: 'image', mask: 'class of each pixel' },
    outputs: names.length,
    output: { values: 'logits of each pixel', probabilities: 'softmax over the classes' },
    monitor: 'meanIou',
    scores: { loss: lossView, meanIou: iouView, accuracy: accuracyView },
    step: (batch, context) => {
      const { loss, metrics } = measured(batch, context)
      return { loss, metrics }
    },
    evaluate: (batch, context) => {
      const { loss, metrics, logits } = measured(batch, context)
      return { loss, metrics: { ...metrics, classIou: classIou(logits, batch.mask) } }
    },
    predict: (model, batch) => predict(model, batch, names.length),
    predictWhole: async (model, picture) => ({
      shape: picture.size,
      mask: await classesByTiles((tiles) => logitsOf(model, tiles, names.length), picture, names.length),
    }),
    views: {
      line: (prediction) =>
        sharesOf(prediction, names)
          .map(({ name, share }) => `${name} ${formatPercent(share)}`)
          .join(', '),
      json: (prediction) => ({
        shape: [...prediction.shape],
        shares: Object.fromEntries(sharesOf(prediction, names).map(({ name, share }): [string, Json] => [name, share])),
      }),
      rows: (prediction) => sharesOf(prediction, names).map(({ name, share }) => ({ class: name, share })),
      picture: (samples, { title } = {}) => maskTable(samples, title),
      files: ({ image, prediction: { mask, shape } }) => ({
        '.png': encodeClassPng({ data: mask, shape }),
        '-overlay.png': encodePng(classOverlay(image, { data: mask, shape })),
      }),
      report: (scores) => report(scores, names),
      page: (_, samples) =>
        samples.length === 0 ? {} : { pictures: [{ title: 'Masks', picture: maskTable(samples) }] },
    },
  }
}

/** Pictures, what was found over them, and what is true where that is known; two of them in a row. */
function maskTable(samples: readonly PredictedPicture<MaskPrediction>[], title?: string): Picture {
  const cells = samples.map(({ image, prediction: { shape, mask, actual } }) => [
    image,
    classOverlay(image, { data: mask, shape }),
    ...(actual === undefined ? [] : [classOverlay(image, { data: actual, shape })]),
  ])
  const rows = cells.flatMap((pictures, at) =>
    at % 2 === 0 ? [{ pictures: [...pictures, ...(cells[at + 1] ?? [])] }] : [],
  )
  const headings = ['image', 'found', 'actual'].slice(0, cells[0]?.length)
  return pictureTable(rows, {
    columns: cells.length > 1 ? [...headings, ...headings] : headings,
    ...(title !== undefined && { title }),
  })
}

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toFixed(3) }
const iouView: ScoreView = {
  title: 'mean intersection over union',
  short: 'mIoU',
  better: 'higher',
  percent: true,
  format: formatPercent,
}
const accuracyView: ScoreView = {
  title: 'accuracy of pixels',
  short: 'acc',
  better: 'higher',
  percent: true,
  format: formatPercent,
}

/** Logits of pictures in inference, to be called in a `tidy`. */
const logitsOf = (model: Segmenter, image: Tensor, classes: number): Tensor =>
  openPass({ training: false, root: model }, () => {
    const logits = model.forward(image)
    if (logits.rank !== 4 || logits.shape[3] !== classes) {
      throw new RangeError(`segmentation: expected logits [batch, height, width, ${classes}], got [${logits.shape}].`)
    }
    return logits
  })

async function predict(
  model: Segmenter,
  { image, mask }: Pick<SegmentationBatch, 'image'> & Partial<SegmentationBatch>,
  classes: number,
): Promise<MaskPrediction[]> {
  const found = tidy(() => argMax(logitsOf(model, image, classes), -1)) // [batch, height, width]
  try {
    const [labels, actual] = await Promise.all([toHost(found), mask && toHost(mask)])
    const [batch = 0, height = 0, width = 0] = labels.shape
    const size = height * width
    const part = (data: ArrayLike<number | bigint>, at: number) =>
      Int32Array.from({ length: size }, (_, pixel) => Number(itemAt(data, at * size + pixel)))
    return Array.from({ length: batch }, (_, at) => ({
      shape: [height, width] as const,
      mask: part(labels.data, at),
      ...(actual !== undefined && { actual: part(actual.data, at) }),
    }))
  } finally {
    found.dispose()
  }
}

/** Which part of a picture each class takes, those that are there, the largest first. */
function sharesOf({ mask }: MaskPrediction, names: readonly string[]): readonly { name: string; share: number }[] {
  const counts = names.map(() => 0)
  for (const label of mask) counts[label] = itemAt(counts, label) + 1
  return names
    .map((name, label) => ({ name, share: itemAt(counts, label) / mask.length }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
}

/** Classes that are nowhere, neither in the masks nor found, have no intersection over union. */
function report(
  { loss, meanIou, accuracy, classIou }: ScoresOf<SegmentationEvaluation>,
  names: readonly string[],
): TaskReport {
  const classes = names.map((name, label) => ({ name, iou: itemAt(classIou, label) }))
  const known = classes.filter(({ iou }) => !Number.isNaN(iou))
  return {
    headline: `mean IoU ${(meanIou * 100).toFixed(2)}%, accuracy of pixels ${(accuracy * 100).toFixed(2)}%, loss ${loss.toFixed(4)}`,
    json: {
      loss,
      meanIou,
      accuracy,
      classes: Object.fromEntries(known.map(({ name, iou }): [string, Json] => [name, iou])),
    },
    table: {
      columns: [
        { title: 'class', kind: 'text' },
        { title: 'IoU', kind: 'share' },
      ],
      rows: known.map(({ name, iou }) => [name, iou]),
    },
  }
}
