import type { Dataset } from '@ddnet/datasets'
import {
  type Config,
  type DataFacts,
  type Evaluation,
  type MetricsRecord,
  normalizationOf,
  preparedSample,
  type RunSample,
  type RunTask,
} from '@ddnet/experiment'
import { Conv2d, inference, type ModuleOf, observe } from '@ddnet/layers'
import { dispose, onShapes, type Tensor, type Tensor4D, tensor, toHost, zeros } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { fromValues, imagesOf, type Picture, type Values } from '@ddnet/visuals'

/** What the pictures are of. */
export interface Subject {
  readonly model: ModuleOf
  readonly task: RunTask
  readonly config: Config
  readonly facts: DataFacts
  readonly records: readonly MetricsRecord[]
  /** On all test images, or on all validation images of data without any, where these are here. */
  readonly evaluation: Evaluation | undefined
  /** The images to look at. */
  readonly images: readonly RunSample[]
  /** Where to look for what excites a channel: images that the run was not trained on, or the images again. */
  readonly many: Pick<Dataset<RunSample>, 'length' | 'get'>
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

/** Why there are no pictures of a model whose layers nobody named. */
export const noStages: LeftOut = { leftOut: 'the model has no stages called encoder and decoder to look into' }

/** Makes pictures, and tells how far it is. */
export type Maker = (
  subject: Subject,
  onProgress: (done: number, total: number) => void,
) => Promise<NamedPicture[] | LeftOut>

/** A network of stages that encode and stages that decode, as DDNet is. */
type EncoderDecoder = ModuleOf & {
  readonly encoder: readonly { readonly conv: Conv2d }[]
  readonly decoder: readonly ModuleOf[]
}

export const isEncoderDecoder = (model: ModuleOf): model is EncoderDecoder => {
  const { encoder, decoder } = model as { readonly encoder?: unknown; readonly decoder?: unknown } // a model may have any fields
  return (
    Array.isArray(encoder) &&
    Array.isArray(decoder) &&
    encoder.length * decoder.length > 0 &&
    encoder.every((stage: { readonly conv?: unknown } | null) => stage?.conv instanceof Conv2d)
  )
}

/** The layers to look at: the stages of an encoder and the last one of a decoder, before the head; of another model none. */
export const stagesOf = (model: ModuleOf): string[] =>
  isEncoderDecoder(model)
    ? [...model.encoder.map((_, stage) => `encoder.${stage}`), `decoder.${model.decoder.length - 1}`]
    : []

/**
 * The layers whose maps are shown: of a network of stages that encode and decode those of `stagesOf`, of another one its own children, as long as
 * they give maps.
 */
export function layersOf({ model, facts }: Pick<Subject, 'model' | 'facts'>): string[] {
  if (isEncoderDecoder(model)) return stagesOf(model)
  const { height, width, channels } = facts.image
  const children = [...model.children().keys()]
  const ranks = onShapes(() => {
    const found = new Map<string, unknown>()
    observe(
      model,
      () => inference(() => void model.forward(zeros([1, height, width, channels]))),
      ({ path, output }) => {
        if (output !== null && typeof output === 'object' && 'rank' in output) found.set(path, output.rank)
      },
      { only: children },
    )
    return found
  })
  return children.filter((name) => ranks.get(name) === 4)
}

/** Images as the network takes them. */
export async function batchOf({ config, facts }: Subject, samples: readonly RunSample[]): Promise<Tensor4D> {
  const prepared = await Promise.all(samples.map((sample) => preparedSample(sample, config)))
  const { height, width, channels } = facts.image
  const size = height * width * channels
  const values = new Float32Array(samples.length * size)
  for (const [index, { image }] of prepared.entries()) values.set(image.data, index * size)
  return tensor(values, [samples.length, height, width, channels])
}

/** What the network takes, as pictures. */
export async function picturesOf({ config }: Subject, images: Tensor): Promise<Picture[]> {
  const { mean, std } = normalizationOf(config)
  const per = (values: number | readonly number[], at: number) =>
    typeof values === 'number' ? values : itemAt(values, at % values.length)
  return imagesOf(await toHost(images)).map(({ shape, data }) => {
    const pixels = Float32Array.from(data as ArrayLike<number>, (value, at) => value * per(std, at) + per(mean, at))
    return fromValues({ shape, data: pixels }, { range: [0, 1] })
  })
}

export const pictureOf = async (subject: Subject, image: Tensor): Promise<Picture> =>
  itemAt(await picturesOf(subject, image), 0)

/** The values of a tensor that nobody needs after that. */
export async function hostOf(x: Tensor): Promise<Values> {
  const host = await toHost(x)
  dispose([x])
  return host
}
