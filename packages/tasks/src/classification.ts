import { type ModuleOf, openPass } from '@ddnet/layers'
import { type CrossEntropyOptions, crossEntropy, klDiv, type Loss, weighted } from '@ddnet/losses'
import { accuracy, type ConfusionCounts, confusionMatrix, formatPercent, type Measure } from '@ddnet/metrics'
import { detach, div, logSoftmax, softmax, type Tensor, tidy, toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { Json, ScoresOf } from '@ddnet/trainer'
import { type PredictionSample, predictionSheet } from '@ddnet/visuals'
import type { DistillationOptions, PredictedPicture, ScoreView, Task, TaskReport } from './task.ts'

/** What a batch must have: pictures `[batch, height, width, channels]` and a class of each, `[batch]`, or probabilities `[batch, classes]`. */
export interface ClassificationBatch {
  readonly image: Tensor
  readonly label: Tensor
}

/** A model that gives logits `[batch, classes]` of pictures. */
export type Classifier = ModuleOf<[image: Tensor], Tensor>

/** The classes of one picture, the likeliest first. */
export interface ClassPrediction {
  readonly classes: readonly { readonly name: string; readonly confidence: number }[]
  /** What it is, where that is known. */
  readonly actual?: string
}

export type ClassificationMeasures = { readonly accuracy: Measure }
export type ClassificationEvaluation = { readonly accuracy: Measure; readonly confusion: Measure<ConfusionCounts> }

export interface ClassificationOptions {
  /** How many there are, or their names. */
  readonly classes: number | readonly string[]
  /** Those of the loss while it trains; `evaluate` has none of them. */
  readonly loss?: Omit<CrossEntropyOptions, 'reduction'>
}

export type Classification = Task<
  ClassificationBatch,
  Classifier,
  ClassificationMeasures,
  ClassificationEvaluation,
  ClassPrediction
>

/**
 * One class for each picture: cross-entropy of logits, measured by the accuracy.
 *
 * @throws RangeError for fewer than two classes
 * @example new Trainer({ model, optimizer, data, ...classification({ classes: 10 }) })
 */
export function classification({ classes, loss = {} }: ClassificationOptions): Classification {
  return classificationBy(classes, (logits, label) => crossEntropy(logits, label, loss))
}

/** What a step makes small. */
type LossOf = (logits: Tensor, label: Tensor, image: Tensor) => Loss | Readonly<Record<string, Loss>>

function classificationBy(classes: ClassificationOptions['classes'], lossOf: LossOf): Classification {
  const names = typeof classes === 'number' ? Array.from({ length: classes }, (_, at) => String(at)) : classes
  if (!(names.length >= 2)) throw new RangeError(`classification: expected at least 2 classes, got ${names.length}.`)
  return {
    kind: 'task',
    name: 'classification',
    fields: { image: 'image', label: 'class' },
    outputs: names.length,
    output: { values: 'logits', probabilities: 'softmax over the classes' },
    monitor: 'accuracy',
    scores: { loss: lossView, accuracy: accuracyView },
    step: ({ image, label }, { model }) => {
      const logits = model.forward(image) // [batch, classes]
      return { loss: lossOf(logits, label, image), metrics: { accuracy: accuracy(logits, label) } }
    },
    evaluate: ({ image, label }, { model }) => {
      const logits = model.forward(image)
      return {
        loss: crossEntropy(logits, label),
        metrics: { accuracy: accuracy(logits, label), confusion: confusionMatrix(logits, label) },
      }
    },
    distill: (teacher, options) => classificationBy(classes, distilled(lossOf, teacher, options)),
    predict: (model, batch) => predict(model, batch, names),
    views: {
      line: ({ classes }) =>
        classes
          .slice(0, shownClasses)
          .map(({ name, confidence }) => `${name} ${formatPercent(confidence)}`)
          .join(', '),
      isRight: ({ classes: [best], actual }) => (actual === undefined ? undefined : best?.name === actual),
      json: ({ classes, actual }) => ({
        ...(actual !== undefined && { actual }),
        predictions: classes.slice(0, shownClasses).map((each): Json => ({ ...each })),
      }),
      rows: ({ classes, actual = '' }) =>
        classes
          .slice(0, shownClasses)
          .map(({ name, confidence }, at) => ({ actual, rank: at + 1, class: name, confidence })),
      picture: (samples, { title } = {}) => predictionSheet(samples.map(card), title === undefined ? {} : { title }),
      report: (scores) => report(scores, names),
      page: (scores, samples) => ({
        ...(scores && { classes: { names, confusion: scores.confusion } }),
        ...(samples.length > 0 && { predictions: samples.map(card) }),
      }),
    },
    baseline: ({ labels }) => (labels === undefined || labels.length === 0 ? undefined : majority(labels)),
  }
}

/**
 * `(1 − w) · loss + w · T² · KL(softmax(teacher / T) ‖ softmax(logits / T))`. T² keeps gradients of one size, whatever the temperature.
 *
 * @throws RangeError for a temperature that is not above 0, and a weight that is not from 0 to 1
 * @see Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network"
 */
function distilled(lossOf: LossOf, teacher: Classifier, { temperature, weight }: DistillationOptions): LossOf {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`distill: expected a temperature above 0, got ${temperature}.`)
  }
  if (!(weight >= 0 && weight <= 1)) throw new RangeError(`distill: expected a weight from 0 to 1, got ${weight}.`)
  return (logits, label, image) => {
    const own = lossOf(logits, label, image)
    const parts: Readonly<Record<string, Loss>> = isOne(own) ? { labels: own } : own
    const targets = softmax(div(detach(teacher.predict(image)), temperature))
    const apart = klDiv(logSoftmax(div(logits, temperature)), targets, { reduction: 'batchmean' })
    return {
      ...Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, weighted(part, 1 - weight)])),
      teacher: weighted(apart, weight * temperature ** 2),
    }
  }
}

/** A loss is a scalar, or a sum or mean with what it is of. */
const isOne = (loss: Loss | Readonly<Record<string, Loss>>): loss is Loss =>
  'dataId' in loss || 'mean' in loss || 'sum' in loss

const shownClasses = 5

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toFixed(3) }
const accuracyView: ScoreView = {
  title: 'accuracy',
  short: 'acc',
  better: 'higher',
  percent: true,
  format: formatPercent,
}

async function predict(
  model: Classifier,
  { image, label }: Pick<ClassificationBatch, 'image'> & Partial<ClassificationBatch>,
  names: readonly string[],
): Promise<ClassPrediction[]> {
  const probabilities = tidy(() => openPass({ training: false, root: model }, () => softmax(model.forward(image))))
  try {
    const [shares, labels] = await Promise.all([toHost(probabilities), label && toHost(label)])
    const [batch = 0, classes = 0] = shares.shape
    if (classes !== names.length) {
      throw new RangeError(`classification: expected logits of ${names.length} classes, got [${shares.shape}].`)
    }
    return Array.from({ length: batch }, (_, row) => {
      const actual = labels?.shape.length === 1 ? names[Number(labels.data[row])] : undefined
      const ranked = names
        .map((name, at) => ({ name, confidence: Number(shares.data[row * classes + at]) }))
        .sort((a, b) => b.confidence - a.confidence)
      return { classes: ranked, ...(actual !== undefined && { actual }) }
    })
  } finally {
    probabilities.dispose()
  }
}

function card({ image, prediction: { classes, actual } }: PredictedPicture<ClassPrediction>): PredictionSample {
  const [best] = classes
  return {
    image,
    predicted: best?.name ?? '',
    confidence: best?.confidence ?? 0,
    ...(actual !== undefined && { actual }),
  }
}

function report(
  { loss, accuracy, confusion }: ScoresOf<ClassificationEvaluation>,
  names: readonly string[],
): TaskReport {
  const count = confusion.flat().reduce((sum, each) => sum + each, 0)
  const correct = confusion.reduce((sum, row, label) => sum + itemAt(row, label), 0)
  const classes = perClass(confusion, names)
  return {
    headline: `accuracy ${(accuracy * 100).toFixed(2)}% (${thousands(correct)} of ${thousands(count)} images), loss ${loss.toFixed(4)}`,
    json: {
      loss,
      accuracy,
      correct,
      images: count,
      confusion,
      classes: Object.fromEntries(classes.map(({ name, accuracy }) => [name, accuracy])),
    },
    table: {
      columns: [
        { title: 'class', kind: 'text' },
        { title: 'accuracy', kind: 'share' },
        { title: 'taken for', kind: 'text' },
        { title: 'share', kind: 'share' },
      ],
      rows: classes.map(({ name, accuracy, rival }) => [name, accuracy, rival.name, rival.share]),
    },
  }
}

const thousands = (count: number): string => count.toLocaleString('en-US')

/** Of each class: how many of its samples were recognised, and what it was taken for most often otherwise. */
function perClass(confusion: ConfusionCounts, names: readonly string[]) {
  return confusion.map((row, label) => {
    const count = row.reduce((sum, each) => sum + each, 0)
    const others = row.map((each, prediction) => (prediction === label ? -1 : each))
    const rival = others.indexOf(Math.max(...others))
    return {
      name: itemAt(names, label),
      accuracy: itemAt(row, label) / count,
      rival: { name: itemAt(names, rival), share: itemAt(row, rival) / count },
    }
  })
}

/** Who always says the commonest class, as often as it comes: the accuracy is its share, the loss the entropy of the classes. */
function majority(labels: ArrayLike<number>): Readonly<Record<string, number>> {
  const counts = new Map<number, number>()
  for (const label of Array.from(labels)) counts.set(label, (counts.get(label) ?? 0) + 1)
  const shares = [...counts.values()].map((count) => count / labels.length)
  return {
    accuracy: Math.max(...shares),
    loss: shares.reduce((sum, share) => sum - share * Math.log(share), 0),
  }
}
