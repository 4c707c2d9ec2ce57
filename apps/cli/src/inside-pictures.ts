import type { Dataset, Sample } from '@ddnet/datasets'
import { DDNet, deconvnet, featureMaps, gradCam, reconstruct } from '@ddnet/models'
import {
  dispose,
  type HostTensor,
  max,
  random,
  softmax,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor,
  tidy,
  toHost,
} from '@ddnet/ops'
import {
  confusionSheet,
  featureMapSheet,
  filterSheet,
  fromValues,
  grid,
  overlay,
  type Picture,
  pictureTable,
  plotPicture,
  unstack,
  type Values,
} from '@ddnet/visuals'
import type { Config } from './config/schema.ts'
import type { Evaluation } from './evaluation.ts'
import { type Model, preprocessing } from './experiment.ts'
import { evaluationBatchSize } from './memory.ts'
import type { MetricsRecord } from './metrics-log.ts'
import { curvesOf } from './run-report.ts'
import { formatCount, formatPercent } from './terminal/format.ts'

/** What the pictures are of. */
export interface Subject {
  readonly model: Model
  readonly config: Config
  readonly classNames: readonly string[]
  readonly records: readonly MetricsRecord[]
  /** On all test images, where these are here. */
  readonly evaluation: Evaluation | undefined
  /** The images to look at. */
  readonly images: readonly Sample[]
  /** Where to look for what excites a channel: test images, or the images again. */
  readonly many: Pick<Dataset<Sample>, 'length' | 'get'>
}

export interface NamedPicture {
  /** Of its file, without the ending. */
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly picture: Picture
}

/** Why there is no picture. */
export interface LeftOut {
  readonly leftOut: string
}

type Maker = (subject: Subject, onProgress: (done: number, total: number) => void) => Promise<NamedPicture[] | LeftOut>

/** The pictures that there are, in the order in which they are made: what takes longest comes last. */
export const insidePictures = {
  curves,
  confusion,
  filters,
  'feature-maps': mapsOfFirstImage,
  'grad-cam': activationMaps,
  deconvnet: projections,
  reconstructions,
} satisfies Record<string, Maker>

export type PictureName = keyof typeof insidePictures

async function curves({ records }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (records.length === 0) return { leftOut: 'the run has no validation yet' }
  const [loss, accuracy] = curvesOf(records).map((plot) => plotPicture(plot, { width: 640, height: 360 }))
  const picture = grid([loss as Picture, accuracy as Picture], { columns: 1, gap: 0 })
  return [{ name: 'curves', title: 'Curves', caption: 'Loss and accuracy as the run went.', picture }]
}

async function confusion({ evaluation, classNames }: Subject): Promise<NamedPicture[] | LeftOut> {
  if (evaluation === undefined)
    return { leftOut: 'this checkpoint was not measured on test images: ddnet eval does it' }
  const title = `${formatPercent(evaluation.accuracy)} of ${formatCount(evaluation.images)}`
  const picture = confusionSheet(evaluation.confusion, classNames, { title })
  return [{ name: 'confusion', title: 'Confusion matrix', caption: 'All test images.', picture }]
}

async function filters({ model }: Subject): Promise<NamedPicture[]> {
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

/** About this wide and high become sheets of feature maps. */
const sheetPixels = 1000

async function mapsOfFirstImage(subject: Subject): Promise<NamedPicture[]> {
  const image = batchOf(subject, subject.images.slice(0, 1))
  const maps = featureMaps(subject.model, image, stagesOf(subject.model))
  const pictures: NamedPicture[] = []
  for (const [layer, values] of Object.entries(maps)) {
    const host = await toHost(values)
    const [, height = 1, width = 1, channels = 1] = host.shape
    const across = Math.max(2, Math.floor(sheetPixels / Math.max(64, width)))
    const maximum = Math.min(64, across * across)
    const shown = Math.min(channels, maximum)
    pictures.push({
      name: `feature-maps-${layer}`,
      title: `Feature maps of ${layer}`,
      caption: `What ${shown === channels ? channels : `the first ${shown} of ${channels}`} channels of ${width}×${height} make of the first image, on one scale.`,
      picture: featureMapSheet(host, { columns: Math.min(8, across, shown), maximum }),
    })
  }
  dispose([image, ...Object.values(maps)])
  return pictures
}

async function activationMaps(subject: Subject, onProgress: (done: number, total: number) => void) {
  const { model, classNames, images } = subject
  const [encoded, decoded] = stagesOf(model).slice(-2) as [string, string]
  const rows: { label: string; pictures: Picture[] }[] = []
  for (const [done, sample] of images.entries()) {
    onProgress(done, images.length)
    const input = batchOf(subject, [sample])
    const [best, second] = await likeliestTwo(model, input)
    const picture = await pictureOf(subject, input)
    const map = async (layer: string, label: number) => {
      const host = await hostOf(gradCam(model, input, { layer, classes: [label] }))
      return overlay(picture, host)
    }
    rows.push({
      label: `${classNames[best]}, ${classNames[second]}`,
      pictures: [picture, await map(decoded, best), await map(encoded, best), await map(decoded, second)],
    })
    dispose([input])
  }
  return [
    {
      name: 'grad-cam',
      title: 'Grad-CAM',
      caption: `Where the likeliest class is seen, before the head (${decoded}) and at the end of the encoder (${encoded}); and the second likeliest, before the head.`,
      picture: pictureTable(rows, { columns: ['image', decoded, encoded, 'second'] }),
    },
  ]
}

const shownChannels = 3
const shownExamples = 4

/** For some channels of the last stage, the images that excite them most, and why. */
async function projections(
  subject: Subject,
  onProgress: (done: number, total: number) => void,
): Promise<NamedPicture[] | LeftOut> {
  const { model, many } = subject
  if (!(model instanceof DDNet)) {
    return { leftOut: 'the seed model has no pooling, whose switches would say where to go back to' }
  }
  const stage = model.encoder.length - 1
  const answers = await answersOf(subject, `encoder.${stage}`, onProgress) // [image][channel]
  const channels = Array.from(answers[0] as Float32Array, (_, channel) => {
    const best = answers
      .map((each, index) => ({ index, value: each[channel] as number }))
      .sort((a, b) => b.value - a.value)
      .slice(0, shownExamples)
      .filter(({ value }) => value > 0)
    return { channel, best }
  })
    .filter(({ best }) => best.length === Math.min(shownExamples, many.length))
    .sort((a, b) => (b.best.at(-1)?.value ?? 0) - (a.best.at(-1)?.value ?? 0))
    .slice(0, shownChannels)
  if (channels.length === 0) return { leftOut: `no channel of encoder.${stage} answers to these images` }
  const rows: { label?: string; pictures: Picture[] }[] = []
  for (const { channel, best } of channels) {
    const samples = await Promise.all(best.map(({ index }) => many.get(index)))
    const input = batchOf(subject, samples)
    const found = await hostOf(deconvnet(model, input, { stage, channels: samples.map(() => channel) }))
    rows.push({ label: `channel ${channel}`, pictures: await picturesOf(subject, input) })
    rows.push({ pictures: unstack(found).map((each) => fromValues(each, { range: 'symmetric' })) })
    dispose([input])
  }
  return [
    {
      name: 'deconvnet',
      title: 'Deconvnet projections',
      caption: `For ${channels.length} channels of encoder.${stage} those of ${formatCount(many.length)} images that excite them most, and under each what in it does.`,
      picture: pictureTable(rows),
    },
  ]
}

/** The largest activation of each channel of a layer for each of many images. */
async function answersOf(
  subject: Subject,
  layer: string,
  onProgress: (done: number, total: number) => void,
): Promise<Float32Array[]> {
  const { model, config, many } = subject
  const batchSize = evaluationBatchSize(model, config)
  const answers: Float32Array[] = []
  while (answers.length < many.length) {
    onProgress(answers.length, many.length)
    const count = Math.min(batchSize, many.length - answers.length)
    const samples = await Promise.all(Array.from({ length: count }, (_, place) => many.get(answers.length + place)))
    const input = batchOf(subject, samples)
    const maps = featureMaps(model, input, [layer])[layer] as Tensor4D
    const host = await hostOf(max(maps, [1, 2])) // [batch, channels]
    dispose([input, maps])
    for (const { data } of unstack(host)) answers.push(Float32Array.from(data as ArrayLike<number>))
  }
  return answers
}

const reconstructionSteps = 300

async function reconstructions(subject: Subject, onProgress: (done: number, total: number) => void) {
  const { model, images } = subject
  const layers = stagesOf(model)
  const rows: { pictures: Picture[] }[] = []
  const differences = layers.map(() => ({ features: new Difference(), pixels: new Difference() }))
  for (const [row, sample] of images.entries()) {
    const input = batchOf(subject, [sample])
    const pictures = await picturesOf(subject, input)
    for (const [at, layer] of layers.entries()) {
      onProgress(row * layers.length + at, images.length * layers.length)
      const { features, pixels } = differences[at] as (typeof differences)[number]
      const key = random.key(1).fold(row)
      const found = reconstruct(model, input, { layer, steps: reconstructionSteps, key })
      const [theirs, ours] = [found, input].map((x) => featureMaps(model, x, [layer])[layer] as Tensor) as [
        Tensor,
        Tensor,
      ]
      features.add(await toHost(theirs), await toHost(ours))
      pixels.add(await toHost(found), await toHost(input))
      pictures.push(await pictureOf(subject, found))
      dispose([found, theirs, ours])
      await new Promise((resolve) => setImmediate(resolve)) // so that Ctrl-C is heard
    }
    rows.push({ pictures })
    dispose([input])
  }
  const kept = layers.map((layer, at) => {
    const { features, pixels } = differences[at] as (typeof differences)[number]
    return `${layer} ${features} and ${pixels}`
  })
  return [
    {
      name: 'reconstructions',
      title: 'Reconstructions',
      caption: `Images that a layer takes for the one on the left, found in ${reconstructionSteps} steps: what it has kept. Features and pixels differ by: ${kept.join('; ')}.`,
      picture: pictureTable(rows, { columns: ['image', ...layers] }),
    },
  ]
}

/** Squared differences over squares, in percent. */
class Difference {
  #differences = 0
  #squares = 0

  add({ data: found }: HostTensor, { data: wanted }: HostTensor): void {
    for (const [at, value] of wanted.entries()) {
      this.#differences += (Number(found[at]) - Number(value)) ** 2
      this.#squares += Number(value) ** 2
    }
  }

  toString(): string {
    return `${((100 * this.#differences) / this.#squares).toFixed(1)}%`
  }
}

/** The stages of the encoder, and the last one of the decoder, before the head. */
const stagesOf = ({ encoder, decoder }: Model): string[] => [
  ...encoder.map((_, stage) => `encoder.${stage}`),
  `decoder.${decoder.length - 1}`,
]

/** Images as the network takes them. */
function batchOf({ config }: Subject, samples: readonly Sample[]): Tensor4D {
  const transforms = preprocessing(config)
  const prepared = samples.map((sample) => transforms.reduce((current, transform) => transform(current, {}), sample))
  const { size } = config
  const values = new Float32Array(samples.length * size * size * 3)
  for (const [index, { image }] of prepared.entries()) values.set(image, index * size * size * 3)
  return tensor(values, [samples.length, size, size, 3])
}

/** What the network takes, as pictures. */
async function picturesOf({ config }: Subject, images: Tensor4D): Promise<Picture[]> {
  const { mean, std } = config.data
  const per = (values: number | readonly number[], at: number) =>
    typeof values === 'number' ? values : (values[at % 3] as number)
  return unstack(await toHost(images)).map(({ shape, data }) => {
    const pixels = Float32Array.from(data as ArrayLike<number>, (value, at) => value * per(std, at) + per(mean, at))
    return fromValues({ shape, data: pixels }, { range: [0, 1] })
  })
}

const pictureOf = async (subject: Subject, image: Tensor4D): Promise<Picture> =>
  (await picturesOf(subject, image))[0] as Picture

/** The values of a tensor that nobody needs after that. */
async function hostOf(x: Tensor): Promise<Values> {
  const host = await toHost(x)
  dispose([x])
  return host
}

async function likeliestTwo(model: Model, image: Tensor4D): Promise<[number, number]> {
  const { data } = await hostOf(tidy(() => softmax(model.predict(image) as Tensor2D)))
  const order = Array.from(data as ArrayLike<number>, (value, label) => ({ value, label })).sort(
    (a, b) => b.value - a.value,
  )
  return [order[0]?.label ?? 0, order[1]?.label ?? 0]
}
