import { evaluationBatchSize } from '@ddnet/experiment'
import { DDNet, deconvnet, featureMaps } from '@ddnet/models'
import { dispose, max } from '@ddnet/ops'
import { entryOf, itemAt } from '@ddnet/ops/checks'
import { fromValues, imagesOf, type Picture, pictureTable } from '@ddnet/visuals'
import { formatCount } from '../terminal/format.ts'
import { batchOf, hostOf, type LeftOut, type NamedPicture, picturesOf, type Subject } from './subject.ts'

const shownChannels = 3
const shownExamples = 4

/** For some channels of the last stage, the images that excite them most, and why. */
export async function projections(
  subject: Subject,
  onProgress: (done: number, total: number) => void,
): Promise<NamedPicture[] | LeftOut> {
  const { model, many } = subject
  if (!(model instanceof DDNet)) {
    return { leftOut: 'it goes back by the switches of a DDNet, and this is another model' }
  }
  const stage = model.encoder.length - 1
  const { norm } = itemAt(model.encoder, stage)
  if (norm !== undefined && !('running_var' in norm)) {
    return {
      leftOut: 'it goes back through batch norms, and this DDNet has group norms, which scale each image by its own',
    }
  }
  const answers = await answersOf(subject, `encoder.${stage}`, onProgress) // [image][channel]
  const channels = Array.from(itemAt(answers, 0), (_, channel) => {
    const best = answers
      .map((each, index) => ({ index, value: itemAt(each, channel) }))
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
    const input = await batchOf(subject, samples)
    const found = await hostOf(deconvnet(model, input, { stage, channels: samples.map(() => channel) }))
    rows.push({ label: `channel ${channel}`, pictures: await picturesOf(subject, input) })
    rows.push({ pictures: imagesOf(found).map((each) => fromValues(each, { range: 'symmetric' })) })
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
  const batchSize = evaluationBatchSize(model, config, subject.facts.image)
  const answers: Float32Array[] = []
  while (answers.length < many.length) {
    onProgress(answers.length, many.length)
    const count = Math.min(batchSize, many.length - answers.length)
    const samples = await Promise.all(Array.from({ length: count }, (_, place) => many.get(answers.length + place)))
    const input = await batchOf(subject, samples)
    const maps = entryOf(featureMaps(model, input, [layer]), layer)
    const host = await hostOf(max(maps, [1, 2])) // [batch, channels]
    dispose([input, maps])
    for (const { data } of imagesOf(host)) answers.push(Float32Array.from(data as ArrayLike<number>))
  }
  return answers
}
