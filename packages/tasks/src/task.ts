import type { Loss } from '@ddnet/losses'
import type { Direction, Measures } from '@ddnet/metrics'
import type { Json, Models, ScoresOf, StepContext, StepResult, UpdateContext } from '@ddnet/trainer'
import type { Picture, ReportData } from '@ddnet/visuals'
import type { Generation } from './generation.ts'
import type { WholePicture } from './tiles.ts'

/** What a data set is, as far as a model and a task must know it. */
export interface DataFacts {
  readonly image: { readonly height: number; readonly width: number; readonly channels: number }
  /** The names of its classes, where it has any. */
  readonly classNames?: readonly string[] | undefined
}

/**
 * What a model is trained for: the step and what to monitor, which a trainer takes as they are, and what else whoever trains,
 * evaluates and predicts must know of it. `new Trainer({ model, optimizer, data, ...classification({ classes: 10 }) })`.
 *
 * Batch is what a batch must have, Net what a model must be.
 */
export interface Task<Batch, Net, M extends Measures, Evaluated extends Measures, Prediction> {
  readonly kind: 'task'
  /** `classification`: the words of Hugging Face's tasks. */
  readonly name: string
  /** The fields that a batch must have, each with what it is. */
  readonly fields: { readonly [Name in keyof Batch as Name & string]: string }
  /** How many channels or classes a model of this data must give. */
  readonly outputs: number
  /** Of how many classes images are, where the model is told each image's as it makes or judges them. */
  readonly conditionClasses?: number | undefined
  /** What a model's output is, for whoever uses the model elsewhere. */
  readonly output?: ModelOutput
  /** How new images are made, of a task that learns to. */
  readonly generation?: Generation<Net>
  /** How the networks of one model are trained against each other; `step` is then for measuring alone. */
  readonly networks?: Networks<Batch, Net>
  readonly step: (batch: Batch, context: StepContext<Net>) => StepResult<M>
  readonly monitor: 'loss' | (keyof M & string)
  /** What a finished model is measured by: the same loss, and more than a step measures. */
  readonly evaluate: (batch: Batch, context: StepContext<Net>) => StepResult<Evaluated>
  /** How each score that is a number is told. */
  readonly scores: { readonly [Name in 'loss' | (keyof M & string)]?: ScoreView }
  /** The same task, learned from what a teacher says as well; left out where there is no way to. */
  distill?(teacher: Net, options: DistillationOptions): Task<Batch, Net, M, Evaluated, Prediction>
  /** What the model says of each sample of a batch; where the batch has the truth, with the truth. The batch stays the caller's. */
  predict(model: Net, batch: PredictedFrom<Batch>): Promise<Prediction[]>
  /**
   * What the model says of each pixel of a picture of any size, which the model sees in tiles; of tasks that answer for pixels. Other tasks get
   * the middle of a picture, scaled to the size of the training images.
   */
  predictWhole?(model: Net, picture: WholePicture): Promise<Prediction>
  /**
   * How a whole picture is scaled for that: so that it covers what the model takes, in tiles, by default; or so that what the model takes contains
   * all of it, at its top left, with black around it.
   */
  readonly wholePictures?: 'cover' | 'contain'
  readonly views: TaskViews<Prediction, ScoresOf<Evaluated>>
  /** What a guess without a model reaches, by the names of the scores; nothing where that cannot be told from these facts. */
  baseline?(data: { readonly labels?: ArrayLike<number> | undefined }): Readonly<Record<string, number>> | undefined
}

/** Networks that are fields of one model, each with an optimizer of its own. */
export interface Networks<Batch, Net, Nets extends Models = Models> {
  /** By the names of their fields, as a checkpoint has them. */
  of(model: Net): Nets
  /** Which of them are updated in every so many steps alone. */
  readonly every?: Readonly<Record<string, number>>
  /** As the step of a trainer of several models. */
  step(batch: Batch, context: UpdateContext<Nets>): Readonly<Record<string, Loss>>
}

/** How much a model learns from its teacher. */
export interface DistillationOptions {
  /** What the logits of both are divided by: above 1 it shows what a teacher takes for next likely. */
  readonly temperature: number
  /** The share of the loss that is the teacher's, from 0 to 1. */
  readonly weight: number
}

/** What the numbers are that a model gives. */
export interface ModelOutput {
  /** `logits` */
  readonly values: string
  /** How they become probabilities, where they do: `softmax over the classes`. */
  readonly probabilities?: string
}

/** What predictions need of a batch: its pictures. The truth may be there or not. */
export type PredictedFrom<Batch> = { readonly [Name in keyof Batch & 'image']: Batch[Name] } & Partial<Batch>

/** How a score is told. */
export interface ScoreView {
  /** In a title: `accuracy`. */
  readonly title: string
  /** In a line: `acc`. */
  readonly short: string
  readonly better: Direction
  /** Whether it is a share, of which axes and figures are percent. */
  readonly percent?: boolean
  /** What it is measured in, which axes say: `dB`. */
  readonly unit?: string
  format(value: number): string
}

/** What terminal, file and page show. Texts have no colors, pictures are plain pixels. */
export interface TaskViews<Prediction, Scores> {
  /** A prediction in one line: `cat 87.1%, dog 5.2%`. */
  line(prediction: Prediction): string
  /** A record becomes a part of a line of JSON, anything else its `prediction`. */
  json(prediction: Prediction): Json
  /** Whether a prediction is right; nothing where the truth is not known, or there is more than right and wrong. */
  isRight?(prediction: Prediction): boolean | undefined
  /** A prediction as rows of a table, all with the same columns. */
  rows(prediction: Prediction): readonly Readonly<Record<string, string | number>>[]
  /** Predictions on their pictures, as one picture. */
  picture(samples: readonly PredictedPicture<Prediction>[], options?: { readonly title?: string }): Picture
  /**
   * The files that are written of a prediction, by what is added to the name of its image: `{ '.png': …, '-overlay.png': … }`. Without this it is
   * its picture.
   */
  files?(sample: PredictedPicture<Prediction>): Readonly<Record<string, Uint8Array>>
  /** The boxes of a prediction, the surest first, of tasks that find some: also those that are not sure enough to be told. */
  boxes?(prediction: Prediction): readonly FoundBox[]
  /** What an evaluation came to. */
  report(scores: Scores): TaskReport
  /** The sections of a run's page. */
  page(scores: Scores | undefined, samples: readonly PredictedPicture<Prediction>[]): PageSections
}

/** An object that was found. */
export interface FoundBox {
  /** Left, top, right and bottom, in pixels of its picture. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
  readonly label: number
  /** From 0 to 1. */
  readonly score: number
}

export type PageSections = Pick<ReportData, 'classes' | 'predictions' | 'pictures'>

/** A prediction and the picture that it is of, as it was before it was scaled and normalized for the model. */
export interface PredictedPicture<Prediction> {
  readonly image: Picture
  readonly prediction: Prediction
}

/** An evaluation in words and figures. */
export interface TaskReport {
  /** `accuracy 71.30% (7,130 of 10,000), loss 0.8231` */
  readonly headline: string
  /** The figures, for whoever reads them by program. */
  readonly json: Readonly<Record<string, Json>>
  readonly table?: ReportTable
}

export interface ReportTable {
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly (string | number)[])[]
}

export interface ReportColumn {
  readonly title: string
  /** A share is between 0 and 1, to be shown as percent, or as a bar. */
  readonly kind: 'text' | 'count' | 'share'
}
