import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import { dispose, type Tensor, type Tensor4D, tensor, toHost } from '@ddnet/ops'
import { fromValues, type Picture, unstack, type Values } from '@ddnet/visuals'
import type { Config } from '../config/schema.ts'
import type { Evaluation } from '../run/evaluation.ts'
import { type Model, preprocessing } from '../run/experiment.ts'
import type { MetricsRecord } from '../run/metrics-log.ts'

/** What the pictures are of. */
export interface Subject {
  readonly model: Model
  readonly config: Config
  readonly classNames: readonly string[]
  readonly records: readonly MetricsRecord[]
  /** On all test images, or on all validation images of data without any, where these are here. */
  readonly evaluation: Evaluation | undefined
  /** The images to look at. */
  readonly images: readonly ClassificationSample[]
  /** Where to look for what excites a channel: images that the run was not trained on, or the images again. */
  readonly many: Pick<Dataset<ClassificationSample>, 'length' | 'get'>
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

/** Makes pictures, and tells how far it is. */
export type Maker = (
  subject: Subject,
  onProgress: (done: number, total: number) => void,
) => Promise<NamedPicture[] | LeftOut>

/** The stages of the encoder, and the last one of the decoder, before the head. */
export const stagesOf = ({ encoder, decoder }: Model): string[] => [
  ...encoder.map((_, stage) => `encoder.${stage}`),
  `decoder.${decoder.length - 1}`,
]

/** Images as the network takes them. */
export function batchOf({ config }: Subject, samples: readonly ClassificationSample[]): Tensor4D {
  const transforms = preprocessing(config)
  const prepared = samples.map((sample) => transforms.reduce((current, transform) => transform(current, {}), sample))
  const { size } = config
  const values = new Float32Array(samples.length * size * size * 3)
  for (const [index, { image }] of prepared.entries()) values.set(image.data, index * size * size * 3)
  return tensor(values, [samples.length, size, size, 3])
}

/** What the network takes, as pictures. */
export async function picturesOf({ config }: Subject, images: Tensor4D): Promise<Picture[]> {
  const { mean, std } = config.data
  const per = (values: number | readonly number[], at: number) =>
    typeof values === 'number' ? values : (values[at % 3] as number)
  return unstack(await toHost(images)).map(({ shape, data }) => {
    const pixels = Float32Array.from(data as ArrayLike<number>, (value, at) => value * per(std, at) + per(mean, at))
    return fromValues({ shape, data: pixels }, { range: [0, 1] })
  })
}

export const pictureOf = async (subject: Subject, image: Tensor4D): Promise<Picture> =>
  (await picturesOf(subject, image))[0] as Picture

/** The values of a tensor that nobody needs after that. */
export async function hostOf(x: Tensor): Promise<Values> {
  const host = await toHost(x)
  dispose([x])
  return host
}
