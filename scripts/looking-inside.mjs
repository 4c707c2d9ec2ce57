// `node scripts/run-source.mjs scripts/looking-inside.mjs RUN [FOLDER]` makes the pictures of docs/looking-inside.md from a
// trained run of `ddnet train cifar10`, into docs/images unless told.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cifar10, map, normalize } from '@ddnet/datasets'
import { DDNet, deconvnet, featureMaps, gradCam, reconstruct } from '@ddnet/models'
import { random, slice, softmax, tensor, toHost } from '@ddnet/ops'
import { loadCheckpoint } from '@ddnet/trainer'
import { wasm } from '../packages/backend-wasm/src/index.ts'
import {
  confusionSheet,
  encodePng,
  featureMapSheet,
  filterSheet,
  fromPixels,
  fromValues,
  htmlReport,
  overlay,
  pictureTable,
  plotPicture,
  unstack,
} from '../packages/visuals/src/index.ts'

const [run, folder = 'docs/images'] = process.argv.slice(2)
const [mean, std] = [0.4734, 0.2516]
const black = -mean / std
const white = (1 - mean) / std

await wasm()
const { test, classNames } = await cifar10()
const prepared = map(test, normalize({ mean, std }))
const model = new DDNet()
const { model: weights, step } = await loadCheckpoint(join(run, 'checkpoints', 'last'))
model.loadStateDict(weights)
const result = JSON.parse(await readFile(join(run, 'result.json'), 'utf8'))
const records = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n').map(JSON.parse)

const pictures = []
async function save(name, title, caption, picture) {
  const bytes = encodePng(picture)
  await writeFile(join(folder, `${name}.png`), bytes)
  console.log(`${name}.png: ${picture.width}×${picture.height}, ${(bytes.length / 1000).toFixed(0)} kB`)
  pictures.push({ title, caption, picture })
}

const image = async (index) => {
  const { image, shape, label } = await test.get(index)
  return { picture: fromPixels(image, shape[1], shape[0], shape[2]), label }
}
/** Test images as the network takes them. */
const batch = async (indices) => {
  const samples = await Promise.all(indices.map((index) => prepared.get(index)))
  return tensor(Float32Array.from(samples.flatMap(({ image }) => [...image])), [indices.length, 32, 32, 3])
}

const curve = (name, value) => ({ name, points: records.map((record) => [record.step, value(record)]) })
const curves = [
  { title: 'loss', curves: [curve('train', ({ train }) => train.loss), curve('test', ({ test }) => test.loss)] },
  {
    title: 'accuracy',
    percent: true,
    curves: [curve('train', ({ train }) => train.accuracy), curve('test', ({ test }) => test.accuracy)],
  },
]
await save('curves', 'Curves', 'Accuracy as the run went.', plotPicture(curves[1], { width: 640, height: 360 }))
await save(
  'confusion',
  'Confusion matrix',
  'All test images.',
  confusionSheet(result.confusion, classNames, { title: `${(100 * result.accuracy).toFixed(1)}% of 10,000` }),
)

await save(
  'filters',
  'Filters of the first layer',
  '32 filters of 3×3 weights for red, green and blue; middle gray is zero.',
  filterSheet(await toHost(model.encoder[0].conv.weight.value), { scale: 10 }),
)

const cat = await batch([0])
const { 'encoder.0': first } = featureMaps(model, cat, ['encoder.0'])
await save(
  'feature-maps',
  'Feature maps of the first stage',
  'What 32 channels make of one image, on one scale.',
  featureMapSheet(await toHost(first), { columns: 8, scale: 2 }),
)

// For some channels of the last stage, the four test images that excite them most, and why.
const many = 1000
const strongest = Array.from({ length: 128 }, () => [])
for (let start = 0; start < many; start += 250) {
  const indices = Array.from({ length: 250 }, (_, place) => start + place)
  const maps = await toHost(featureMaps(model, await batch(indices), ['encoder.2'])['encoder.2']) // [250, 8, 8, 128]
  for (const [place, { data }] of unstack(maps).entries())
    for (let channel = 0; channel < 128; channel++) {
      let value = 0
      for (let at = channel; at < data.length; at += 128) value = Math.max(value, data[at])
      strongest[channel].push({ index: indices[place], value })
    }
}
const top = strongest
  .map((answers, channel) => ({ channel, best: answers.sort((a, b) => b.value - a.value).slice(0, 4) }))
  .sort((a, b) => b.best[3].value - a.best[3].value)
  .slice(0, 3)
const rows = []
for (const { channel, best } of top) {
  const indices = best.map(({ index }) => index)
  const projections = await toHost(
    deconvnet(model, await batch(indices), { stage: 2, channels: indices.map(() => channel) }),
  )
  const images = await Promise.all(indices.map(image))
  rows.push({ label: `channel ${channel}`, pictures: images.map(({ picture }) => picture) })
  rows.push({ pictures: unstack(projections).map((each) => fromValues(each, { range: 'symmetric' })) })
}
await save(
  'deconvnet',
  'Deconvnet projections',
  'For three channels of the last encoder stage the four of 1,000 test images that excite them most, and under each what in it does.',
  pictureTable(rows, { scale: 2 }),
)

const shown = [0, 1, 3, 7]
const inputs = await batch(shown)
const probabilities = unstack(await toHost(softmax(model.predict(inputs))))
const guesses = probabilities.map(({ data }) => data.indexOf(Math.max(...data)))
const second = probabilities.map(({ data }, index) =>
  data.indexOf(Math.max(...data.filter((_, label) => label !== guesses[index]))),
)
const cams = async (layer, classes) => unstack(await toHost(gradCam(model, inputs, { layer, classes })))
const [best, deep, other] = [
  await cams('decoder.2', guesses),
  await cams('encoder.2', guesses),
  await cams('decoder.2', second),
]
await save(
  'grad-cam',
  'Grad-CAM',
  'Where the likeliest class is seen, before the head and at the end of the encoder; and the second likeliest, before the head.',
  pictureTable(
    await Promise.all(
      shown.map(async (index, place) => {
        const { picture } = await image(index)
        return {
          label: `${classNames[guesses[place]]}, ${classNames[second[place]]}`,
          pictures: [picture, ...[best, deep, other].map((maps) => overlay(picture, maps[place]))],
        }
      }),
    ),
    { columns: ['image', 'decoder.2', 'encoder.2', 'second'], scale: 3 },
  ),
)

const some = slice(inputs, [0, 0, 0, 0], [3, 32, 32, 3])
const layers = ['encoder.0', 'encoder.1', 'encoder.2', 'decoder.2']
const found = []
/** Squared differences over squares, in percent. */
function difference(found, wanted) {
  const squares = (of) => wanted.reduce((sum, value, index) => sum + of(value, found[index]) ** 2, 0)
  return `${((100 * squares((a, b) => a - b)) / squares((a) => a)).toFixed(1)}%`
}
const values = async (x) => (await toHost(x)).data
for (const layer of layers) {
  const images = reconstruct(model, some, { layer, steps: 300, key: random.key(1) })
  const features = await Promise.all([images, some].map((x) => values(featureMaps(model, x, [layer])[layer])))
  const pixels = difference(await values(images), await values(some))
  console.log(`${layer}: features differ by ${difference(...features)}, pixels by ${pixels}`)
  found.push(unstack(await toHost(images)).map((each) => fromValues(each, { range: [black, white] })))
}
await save(
  'reconstructions',
  'Reconstructions',
  'Images that a layer takes for the one on the left: what it has kept.',
  pictureTable(
    await Promise.all(
      shown.slice(0, 3).map(async (index, place) => ({
        pictures: [(await image(index)).picture, ...found.map((images) => images[place])],
      })),
    ),
    { columns: ['image', ...layers], scale: 3 },
  ),
)

const predictions = await Promise.all(
  shown.map(async (index, place) => {
    const { picture, label } = await image(index)
    const confidence = Math.max(...probabilities[place].data)
    return { image: picture, predicted: classNames[guesses[place]], confidence, actual: classNames[label] }
  }),
)
const report = htmlReport({
  title: 'DDNet on CIFAR-10',
  summary: [
    [
      'test accuracy',
      `${(100 * result.accuracy).toFixed(2)}% (${result.correct.toLocaleString('en')} of 10,000 images)`,
    ],
    ['steps', step.toLocaleString('en')],
  ],
  curves,
  classes: { names: classNames, confusion: result.confusion },
  predictions,
  pictures: pictures.slice(2), // the first two are drawn above
})
if (process.argv[3]) await writeFile(join(folder, 'report.html'), report)
