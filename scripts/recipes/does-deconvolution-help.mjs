// `pnpm recipe does-deconvolution-help [labels=500] [seeds=3] [out=FILE]`: the measurement of docs/recipes/does-deconvolution-help.md. Tunes the
// learning rate of each network on held-out images, trains it anew for each seed, and measures the test images. One row a run.
import { appendFileSync, readFileSync } from 'node:fs'
import {
  cifar10,
  loader,
  map,
  normalize,
  randomHorizontalFlip,
  stratifiedSplit,
  subset,
  validationSplit,
} from '@ddnet/datasets'
import { init, summary } from '@ddnet/layers'
import { crossEntropy, mse } from '@ddnet/losses'
import { ConvNet, DDNet, MultiHeadDDNet } from '@ddnet/models'
import { add, concat, random, slice } from '@ddnet/ops'
import { adam, oneCycle } from '@ddnet/optimizers'
import { Trainer } from '@ddnet/trainer'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import { accuracy } from '../../packages/metrics/src/index.ts'

const given = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=')))
const labels = Number(given.labels ?? 500)
const seeds = Number(given.seeds ?? 3)
const steps = Number(given.steps ?? { 500: 200, 4000: 800, 45000: 3000 }[labels])
const batchSize = 64
const channels = [16, 32, 64]
const noise = 0.3
const learningRates = [2e-3, 8e-3, 32e-3]
const results = given.out ?? new URL('../../benchmarks/results/does-deconvolution-help.jsonl', import.meta.url)

const costOf = (model) => summary(model, [1, 32, 32, 3])
const ddnet = costOf(new DDNet({ channels }))

/** DDNet's encoder and head without a decoder, its three widths scaled by one factor until `cost` is nearest to DDNet's. */
function widened(cost) {
  const candidates = Array.from({ length: 80 }, (_, index) =>
    channels.map((count) => Math.round(count * (1 + index / 32))),
  )
  const distance = (widths) => Math.abs(costOf(new ConvNet({ channels: widths }))[cost] - ddnet[cost])
  return candidates.reduce((best, widths) => (distance(widths) < distance(best) ? widths : best))
}

const [equalParameters, equalArithmetic] = ['parameters', 'multiplyAdds'].map(widened)
const networks = {
  ddnet: { make: () => new DDNet({ channels }) },
  resize: { make: () => new DDNet({ channels, unpool: 'resize' }) },
  'cnn of equal parameters': { make: () => new ConvNet({ channels: equalParameters }) },
  'cnn of equal arithmetic': { make: () => new ConvNet({ channels: equalArithmetic }) },
  'ddnet, noise alone': { make: () => new DDNet({ channels }), noisy: true },
  'ddnet, noise and reconstruction': {
    make: () => new MultiHeadDDNet({ class: 10, image: 3 }, { channels }),
    noisy: true,
    reconstructs: true,
  },
}

/** `{ image, label }` of the labelled images; with `others`, one of these beside each, drawn by the key of the sample. */
const pairs = (labelled, others) => ({
  length: labelled.length,
  labels: labelled.labels,
  get: async (index, { key }) => ({
    ...(await labelled.get(index, { key: key.fold('labelled') })),
    other: (
      await others.get(Math.floor(random.uniform(key.fold('which'), [1]).dataSync()[0] * others.length), {
        key: key.fold('other'),
      })
    ).image,
  }),
})

async function run({ make, noisy = false, reconstructs = false }, learningRate, seed, photos, evaluation) {
  const key = random.key(seed)
  const model = init(make(), key.fold('init'))
  const [labelled] =
    labels === photos.length
      ? [photos]
      : stratifiedSplit(photos, {
          fractions: [labels / photos.length, 1 - labels / photos.length],
          key: key.fold('labels'),
        })
  const prepared = [randomHorizontalFlip(), normalize({ mean: 0.4734, std: 0.2516 })]
  const data = reconstructs ? pairs(map(labelled, ...prepared), map(photos, ...prepared)) : map(labelled, ...prepared)
  const withNoise = (x, drawn) => (noisy ? add(x, random.normal(drawn, x.shape, 0, noise)) : x)
  const classify = (x) => (reconstructs ? model.forward(x).class : model.forward(x))
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: oneCycle({ maxLearningRate: learningRate, steps }) }),
    data: { train: loader(data, { batchSize, shuffle: true, key: key.fold('order') }) },
    step: ({ image, label, other }, { training, key: drawn }) => {
      if (!training || !reconstructs) {
        const logits = classify(training ? withNoise(image, drawn) : image)
        return { loss: crossEntropy(logits, label), metrics: { accuracy: accuracy(logits, label) } }
      }
      const clean = concat([image, other], 0)
      const { class: all, image: again } = model.forward(withNoise(clean, drawn))
      const logits = slice(all, [0, 0], [image.shape[0], 10])
      return {
        loss: { class: crossEntropy(logits, label), image: mse(again, clean) },
        metrics: { accuracy: accuracy(logits, label) },
      }
    },
  })
  const begun = performance.now()
  await trainer.fit({ steps, key: key.fold('training') })
  const seconds = Math.round((performance.now() - begun) / 1000)
  const { accuracy: right, loss } = await trainer.evaluate(
    loader(map(evaluation, normalize({ mean: 0.4734, std: 0.2516 })), { batchSize: 500 }),
  )
  model.dispose()
  return { accuracy: right, loss, seconds }
}

async function measure() {
  await wasm({ threads: 1 })
  const { train, test } = await cifar10()
  const { train: fitted, validation: held } = validationSplit(train, 0.1)
  const tuning = subset(held, 2000)
  const keep = (row) => {
    appendFileSync(results, `${JSON.stringify(row)}\n`)
    console.log(JSON.stringify(row))
  }
  const best = {}
  for (const [name, network] of Object.entries(networks)) {
    const { parameters, multiplyAdds } = costOf(network.make())
    for (const learningRate of learningRates) {
      const measured = await run(network, learningRate, 0, fitted, tuning)
      keep({
        labels,
        steps,
        network: name,
        parameters,
        multiplyAdds,
        learningRate,
        seed: 0,
        measuredOn: 'held-out',
        images: tuning.length,
        ...measured,
      })
      if (!(measured.accuracy <= best[name]?.accuracy)) best[name] = { learningRate, accuracy: measured.accuracy }
    }
  }
  for (let seed = 1; seed <= seeds; seed++) {
    for (const [name, network] of Object.entries(networks)) {
      const { learningRate } = best[name]
      const measured = await run(network, learningRate, seed, fitted, test)
      keep({ labels, steps, network: name, learningRate, seed, measuredOn: 'test', images: test.length, ...measured })
    }
  }
}

/** What is read in the page: the mean over the seeds, and how far DDNet is from it, with two standard errors of the difference. */
function table() {
  const rows = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((row) => row.labels === labels)
  const tested = (name) =>
    rows
      .filter(({ network, measuredOn }) => network === name && measuredOn === 'test')
      .map(({ accuracy: right }) => 100 * right)
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = (values) =>
    mean(values.map((value) => (value - mean(values)) ** 2)) * (values.length / (values.length - 1))
  const line = (cells) => console.log(`| ${cells.join(' | ')} |`)
  line([
    'network',
    'parameters',
    'multiply-adds',
    'learning rate',
    'each seed',
    'mean',
    'DDNet minus it',
    'two standard errors',
  ])
  line(['---', ...Array.from({ length: 7 }, () => '---:')])
  for (const name of Object.keys(networks)) {
    const [measured, base] = [tested(name), tested('ddnet')]
    const { parameters, multiplyAdds } = rows.find(({ network }) => network === name)
    const { learningRate } = rows.find(({ network, measuredOn }) => network === name && measuredOn === 'test')
    const error = Math.sqrt(variance(measured) / measured.length + variance(base) / base.length)
    line([
      name,
      parameters.toLocaleString('en'),
      `${(multiplyAdds / 1e6).toFixed(2)} million`,
      learningRate,
      measured.map((value) => value.toFixed(1)).join(', '),
      `${mean(measured).toFixed(1)} %`,
      (mean(base) - mean(measured)).toFixed(1),
      (2 * error).toFixed(1),
    ])
  }
}

if (process.argv[2] !== 'table') await measure()
table()
