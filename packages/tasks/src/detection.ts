import { type ModuleOf, openPass } from '@ddnet/layers'
import { giouLoss, type Loss, weighted } from '@ddnet/losses'
import {
  type CocoScoreName,
  classAveragePrecision,
  cocoScoreNames,
  cocoScores,
  formatPercent,
  type Measure,
  meanAveragePrecision,
} from '@ddnet/metrics'
import {
  centerNetLoss,
  type DetectionMaps,
  type DetectionTargets,
  decodeDetections,
  detectionTargets,
  type LabelledBox,
} from '@ddnet/models'
import {
  add,
  div,
  maximum,
  mul,
  reshape,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  tidy,
  toHost,
  unstack,
} from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import type { Json, ScoresOf, StepContext } from '@ddnet/trainer'
import { boxOverlay, encodePng, type Picture, pictureTable } from '@ddnet/visuals'
import type { FoundBox, PredictedPicture, ScoreView, Task, TaskReport } from './task.ts'
import type { WholePicture } from './tiles.ts'

/** What a batch must have, as a loader collates samples with boxes. */
export interface DetectionBatch {
  /** `[batch, height, width, channels]` */
  readonly image: Tensor
  /** Left, top, right and bottom in pixels: `[batch, most, 4]`. */
  readonly boxes: Tensor
  /** The class of each box, int32 `[batch, most]`; −1 where a picture has fewer. */
  readonly boxLabels: Tensor
}

/** A model that gives a heat map of centres, sizes and offsets, as `CenterNet` does. Its stride follows from their size. */
export type Detector = ModuleOf<[image: Tensor], DetectionMaps>

/** The objects of one picture. */
export interface BoxPrediction {
  /** Height and width of the picture, in whose pixels the boxes are. */
  readonly size: readonly [height: number, width: number]
  /** What was found, the surest first, also what is not sure at all: measures rank it. */
  readonly objects: readonly FoundBox[]
  /** What there is, where that is known. */
  readonly actual?: readonly LabelledBox[]
}

export type DetectionMeasures = { readonly AP: Measure; readonly AP50: Measure }
export type DetectionEvaluation = DetectionMeasures & {
  /** As `cocoScoreNames` names them. */
  readonly coco: Measure<readonly number[]>
  readonly classAP: Measure<readonly number[]>
}

export interface DetectionOptions {
  /** How many kinds of objects there are, or their names. */
  readonly classes: number | readonly string[]
  /** From which score on an object is told and drawn: 0.3 by default. Measures take all. */
  readonly threshold?: number
  /** What the error of sizes weighs beside the heat map: 0.1 by default. */
  readonly sizeWeight?: number
  /** What the error of offsets weighs beside it: 1 by default. */
  readonly offsetWeight?: number
  /** What the generalized intersection over union of the boxes at the centres weighs beside it, as a loss: 0 by default. */
  readonly giouWeight?: number
}

export type Detection = Task<DetectionBatch, Detector, DetectionMeasures, DetectionEvaluation, BoxPrediction>

/** How many objects a picture has at most, as COCO counts them. */
const mostObjects = 100

/**
 * Objects and the boxes around them, as points: CenterNet's losses of heat map, size and offset, measured by COCO's average precision.
 *
 * @throws RangeError for no class, for weights that are negative, and for a threshold outside 0 … 1
 * @example new Trainer({ model: new CenterNet({ classes: 3 }), optimizer, data, ...detection({ classes: ['cup', 'plate', 'fork'] }) })
 */
export function detection({
  classes,
  threshold = 0.3,
  sizeWeight = 0.1,
  offsetWeight = 1,
  giouWeight = 0,
}: DetectionOptions): Detection {
  const names = typeof classes === 'number' ? Array.from({ length: classes }, (_, at) => String(at)) : classes
  if (!(names.length >= 1)) throw new RangeError(`detection: expected at least 1 class, got ${names.length}.`)
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(`detection: expected threshold in 0 … 1, got ${threshold}.`)
  }
  for (const [name, weight] of Object.entries({ sizeWeight, offsetWeight, giouWeight })) {
    if (weight >= 0 && Number.isFinite(weight)) continue
    throw new RangeError(`detection: expected ${name} as a weight of at least 0, got ${weight}.`)
  }
  const measured = ({ image, boxes, boxLabels }: DetectionBatch, { model }: StepContext<Detector>) => {
    const maps = mapsOf(model, image, names.length)
    const [, height, width] = tuple(image.shape, 4)
    const stride = strideOf(maps, height)
    const targets = detectionTargets(objectsOf(boxes, boxLabels), { classes: names.length, height, width, stride })
    const loss: Record<string, Loss> = { ...centerNetLoss(maps, targets, { sizeWeight, offsetWeight }) }
    if (giouWeight > 0) loss['giou'] = weighted(overlapLoss(maps, targets), giouWeight)
    return { loss, maps, stride }
  }
  const precisionOf = ({ maps, stride }: ReturnType<typeof measured>, { boxes, boxLabels }: DetectionBatch) => {
    const found = decodeDetections(maps, { limit: mostObjects, stride })
    const there = { boxes, labels: boxLabels }
    return {
      found,
      there,
      metrics: {
        AP: meanAveragePrecision(found, there),
        AP50: meanAveragePrecision(found, there, { score: 'AP50' }),
      },
    }
  }
  const shown = (found: readonly FoundBox[]) => found.filter(({ score }) => score >= threshold)
  const nameOf = (label: number) => itemAt(names, label)
  const drawn = ({ image, prediction }: PredictedPicture<BoxPrediction>): Picture[] => {
    const found = shown(prediction.objects).map(({ box, label, score }) => ({
      box,
      label,
      text: `${nameOf(label)} ${Math.round(score * 100)}%`,
    }))
    const actual = prediction.actual?.map(({ box, label }) => ({ box, label, text: nameOf(label) }))
    return [boxOverlay(image, found), ...(actual === undefined ? [] : [boxOverlay(image, actual)])]
  }
  const sheet = (samples: readonly PredictedPicture<BoxPrediction>[], title?: string): Picture => {
    const cells = samples.map(drawn)
    const rows = cells.flatMap((pictures, at) =>
      at % 2 === 0 ? [{ pictures: [...pictures, ...(cells[at + 1] ?? [])] }] : [],
    )
    const headings = ['found', 'actual'].slice(0, cells[0]?.length)
    return pictureTable(rows, {
      columns: cells.length > 1 ? [...headings, ...headings] : headings,
      scale: 1,
      ...(title !== undefined && { title }),
    })
  }
  return {
    kind: 'task',
    name: 'detection',
    fields: { image: 'image', boxes: 'boxes', boxLabels: 'class of each box' },
    outputs: names.length,
    output: {
      values:
        'heatMap: logits of a centre of each class; size: width and height of the box there, offset: how far the centre is to the right and below, both in places of the map',
      probabilities: 'sigmoid of heatMap, whose maxima among their nine neighbours are objects',
    },
    monitor: 'AP',
    scores: {
      loss: lossView,
      AP: precisionView('AP', 'COCO’s average precision'),
      AP50: precisionView('AP50', 'average precision at an overlap of 0.5'),
    },
    step: (batch, context) => {
      const result = measured(batch, context)
      // What is found is ranked over a whole data set: of the batches of a training it would say nothing, and cost time.
      return context.training
        ? { loss: result.loss }
        : { loss: result.loss, metrics: precisionOf(result, batch).metrics }
    },
    evaluate: (batch, context) => {
      const result = measured(batch, context)
      const { found, there, metrics } = precisionOf(result, batch)
      return {
        loss: result.loss,
        metrics: {
          ...metrics,
          coco: cocoScores(found, there),
          classAP: classAveragePrecision(found, there, { classes: names.length }),
        },
      }
    },
    predict: (model, batch) => predict(model, batch, names.length),
    predictWhole: (model, picture) => predictWhole(model, picture, names.length),
    wholePictures: 'contain',
    views: {
      line: ({ objects }) =>
        shown(objects)
          .map(({ label, score }) => `${nameOf(label)} ${formatPercent(score)}`)
          .join(', ') || 'nothing found',
      json: ({ size, objects }) => ({
        size: [...size],
        objects: shown(objects).map(({ box, label, score }) => ({
          class: nameOf(label),
          score,
          box: [...box],
        })),
      }),
      rows: ({ objects }) =>
        shown(objects).map(({ box: [left, top, right, bottom], label, score }) => ({
          class: nameOf(label),
          score,
          left,
          top,
          right,
          bottom,
        })),
      picture: (samples, { title } = {}) => sheet(samples, title),
      files: (sample) => ({ '.png': encodePng(itemAt(drawn(sample), 0)) }),
      boxes: ({ objects }) => objects,
      report: (scores) => report(scores, names),
      page: (_, samples) => (samples.length === 0 ? {} : { pictures: [{ title: 'Boxes', picture: sheet(samples) }] }),
    },
  }
}

function mapsOf(model: Detector, image: Tensor, classes: number): DetectionMaps {
  const maps = model.forward(image)
  if (maps.heatMap?.rank !== 4 || maps.heatMap.shape[3] !== classes) {
    const got = maps.heatMap === undefined ? 'none' : `[${maps.heatMap.shape}]`
    throw new RangeError(`detection: expected a heatMap [batch, height, width, ${classes}], got ${got}.`)
  }
  return maps
}

/** How many pixels of the picture are one place of the maps. */
function strideOf({ heatMap }: DetectionMaps, height: number): number {
  const stride = height / itemAt(heatMap.shape, 1)
  if (Number.isInteger(stride)) return stride
  throw new RangeError(
    `detection: expected maps whose height divides that of the picture, ${height}, got ${heatMap.shape[1]}. Give pictures whose sides are multiples of 32.`,
  )
}

/** The boxes of each picture. They come from the host, where a loader made them, and are as good as there. */
function objectsOf(boxes: Tensor, labels: Tensor): LabelledBox[][] {
  const [batch, most] = tuple(labels.shape, 2)
  const [sides, kinds] = batch * most === 0 ? [[], []] : [boxes.dataSync(), labels.dataSync()]
  return Array.from({ length: batch }, (_, picture) =>
    Array.from({ length: most }, (__, at) => picture * most + at).flatMap((at) => {
      const label = itemAt(kinds, at)
      if (label < 0) return []
      const side = (axis: number) => itemAt(sides, 4 * at + axis)
      return [{ box: [side(0), side(1), side(2), side(3)] as const, label }]
    }),
  )
}

/** The generalized intersection over union at the centres; where both boxes begin does not matter, so that they lie around their place. */
function overlapLoss({ size, offset }: DetectionMaps, targets: DetectionTargets): Loss {
  return tidy(() => {
    const around = (sizes: Tensor, offsets: Tensor) => {
      const [width, height] = tuple(unstack(sizes, -1), 2)
      const [x, y] = tuple(unstack(offsets, -1), 2)
      const half = (side: Tensor) => div(maximum(side, 0), 2)
      const [across, down] = [half(width), half(height)]
      return stack([sub(x, across), sub(y, down), add(x, across), add(y, down)], -1) // [batch, height, width, 4]
    }
    const each = giouLoss(around(size, offset), around(targets.size, targets.offset), { reduction: 'none' })
    const isCentre = reshape(targets.centres, each.shape)
    const weight = maximum(sum(isCentre), 1)
    return { mean: div(sum(mul(each, isCentre)), weight), weight }
  })
}

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toFixed(3) }
const precisionView = (short: string, title: string): ScoreView => ({
  title,
  short,
  better: 'higher',
  percent: true,
  format: formatPercent,
})

async function predict(
  model: Detector,
  { image, boxes, boxLabels }: Pick<DetectionBatch, 'image'> & Partial<DetectionBatch>,
  classes: number,
): Promise<BoxPrediction[]> {
  const [batch, height, width] = tuple(image.shape, 4)
  const found = tidy(() =>
    openPass({ training: false, root: model }, () => {
      const maps = mapsOf(model, image, classes)
      return { ...decodeDetections(maps, { limit: mostObjects, stride: strideOf(maps, height) }) }
    }),
  )
  try {
    const [sides, scores, labels] = await Promise.all([toHost(found.boxes), toHost(found.scores), toHost(found.labels)])
    const [, count = 0] = scores.shape
    const actual = boxes && boxLabels && objectsOf(boxes, boxLabels)
    return Array.from({ length: batch }, (_, picture) => ({
      size: [height, width] as const,
      objects: Array.from({ length: count }, (__, at) => picture * count + at).flatMap((at) => {
        const score = Number(scores.data[at])
        const box = within(
          [0, 1, 2, 3].map((axis) => Number(sides.data[4 * at + axis])),
          [height, width],
        )
        // A place that is no maximum has the score 0, and a box may lie beside its picture.
        return score > 0 && box !== undefined ? [{ box, label: Number(labels.data[at]), score }] : []
      }),
      ...(actual && { actual: itemAt(actual, picture) }),
    }))
  } finally {
    for (const each of Object.values(found)) each.dispose()
  }
}

/** A box cut to its picture; nothing where no part of it is there. */
function within(box: readonly number[], [height, width]: readonly [number, number]): FoundBox['box'] | undefined {
  const cut = (axis: number, most: number) => Math.min(Math.max(itemAt(box, axis), 0), most)
  const [left, top, right, bottom] = [cut(0, width), cut(1, height), cut(2, width), cut(3, height)]
  return left < right && top < bottom ? [left, top, right, bottom] : undefined
}

/** Boxes of a picture that lies at the top left of what the model takes, in the picture's own pixels. */
async function predictWhole(
  model: Detector,
  { data, shape, size: [height, width] }: WholePicture,
  classes: number,
): Promise<BoxPrediction> {
  const image = tensor(data, [1, ...shape])
  try {
    const [prediction] = await predict(model, { image }, classes)
    // As `letterbox` has scaled it.
    const scale = Math.min(shape[0] / height, shape[1] / width)
    const [down, across] = [
      height / Math.max(1, Math.round(height * scale)),
      width / Math.max(1, Math.round(width * scale)),
    ]
    const objects = (prediction?.objects ?? []).flatMap(({ box: [left, top, right, bottom], ...rest }) => {
      const box = within([left * across, top * down, right * across, bottom * down], [height, width])
      return box === undefined ? [] : [{ ...rest, box }]
    })
    return { size: [height, width], objects }
  } finally {
    image.dispose()
  }
}

const percent = (value: number): string => (Number.isNaN(value) ? 'none' : `${(value * 100).toFixed(2)}%`)

/** Classes of which there is no object have no average precision. */
function report({ loss, coco, classAP }: ScoresOf<DetectionEvaluation>, names: readonly string[]): TaskReport {
  const scoreOf = (name: CocoScoreName) => itemAt(coco, cocoScoreNames.indexOf(name))
  const known = names.map((name, label) => ({ name, AP: itemAt(classAP, label) })).filter(({ AP }) => !Number.isNaN(AP))
  const scores = cocoScoreNames.map((name): [string, Json] => [name, numberOrNull(scoreOf(name))])
  return {
    headline: `AP ${percent(scoreOf('AP'))}, AP50 ${percent(scoreOf('AP50'))}, AP75 ${percent(scoreOf('AP75'))}, loss ${loss.toFixed(4)}`,
    json: {
      loss,
      ...Object.fromEntries(scores),
      classes: Object.fromEntries(known.map(({ name, AP }): [string, Json] => [name, AP])),
    },
    table: {
      columns: [
        { title: 'class', kind: 'text' },
        { title: 'AP', kind: 'share' },
      ],
      rows: known.map(({ name, AP }) => [name, AP]),
    },
  }
}

/** There is no NaN in JSON: no small objects have no score. */
const numberOrNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
