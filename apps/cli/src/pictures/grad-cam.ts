import type { ModuleOf } from '@ddnet/layers'
import { gradCam } from '@ddnet/models'
import { dispose, onShapes, softmax, type Tensor4D, tidy, zeros } from '@ddnet/ops'
import { tuple } from '@ddnet/ops/checks'
import { overlay, type Picture, pictureTable } from '@ddnet/visuals'
import {
  batchOf,
  hostOf,
  isEncoderDecoder,
  type LeftOut,
  type NamedPicture,
  noStages,
  pictureOf,
  type Subject,
  stagesOf,
} from './subject.ts'

export async function activationMaps(
  subject: Subject,
  onProgress: (done: number, total: number) => void,
): Promise<NamedPicture[] | LeftOut> {
  const { model, facts, images } = subject
  const { height, width, channels } = facts.image
  const { classNames = [] } = facts
  const output = onShapes(() => model.predict(zeros([1, height, width, channels])).shape)
  if (output.length === 4) {
    return { leftOut: 'the model answers for each pixel, so that its predictions show where it sees what' }
  }
  if (output.length !== 2 || output[1] !== classNames.length || classNames.length < 2) {
    return { leftOut: 'the model gives no classes, of which it shows where they are seen' }
  }
  if (!isEncoderDecoder(model)) return noStages
  const [encoded, decoded] = tuple(stagesOf(model).slice(-2), 2)
  const rows: { label: string; pictures: Picture[] }[] = []
  for (const [done, sample] of images.entries()) {
    onProgress(done, images.length)
    const input = await batchOf(subject, [sample])
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

async function likeliestTwo(model: ModuleOf, image: Tensor4D): Promise<[number, number]> {
  const { data } = await hostOf(tidy(() => softmax(model.predict(image))))
  const order = Array.from(data as ArrayLike<number>, (value, label) => ({ value, label })).sort(
    (a, b) => b.value - a.value,
  )
  return [order[0]?.label ?? 0, order[1]?.label ?? 0]
}
