// `pnpm recipe gradient-flow`: the measurement of docs/recipes/gradient-flow.md. Each row of its results is a network, with the gradient
// of each layer's weights before the first step and after the last one. `pnpm recipe gradient-flow table` writes the tables and
// pictures of results that are there.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { cifar10, loader, map, normalize, resize, subset } from '@ddnet/datasets'
import {
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  init,
  initializers,
  Linear,
  Residual,
  Sequential,
  valueAndGrad,
} from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { dispose, maxPool2d, mean, random, relu, softmaxCrossEntropy, square, tanh } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { DivergedError, Trainer } from '@ddnet/trainer'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import { plotSvg } from '../../packages/visuals/src/index.ts'

const images = 512
const steps = 48
const channels = 12
const seeds = [1, 2]
const depths = [6, 12, 18, 24, 30]
const kinds = ['plain', 'deconvolution', 'residual']
const norms = ['none', 'batch']
const activations = { relu, tanh }
const starts = ['default', 'kaiming']
const resultsFile = new URL('../../benchmarks/results/gradient-flow.jsonl', import.meta.url)
const pictures = new URL('../../docs/images/', import.meta.url)

const range = (count) => Array.from({ length: count }, (_, index) => index)
const half = (x) => maxPool2d(x, { kernelSize: 2 })

/**
 * A network of `depth` 3×3 convolutions on images of 16×16, which it halves twice, then the mean over height and width, and a linear head:
 * - plain: all of them convolutions, a third at each size
 * - deconvolution: the first half of them convolutions, a third at each size; the others transposed, two of stride 2, back to 16×16
 * - residual: as plain, with a way around every two convolutions between the first and the last
 */
function network(kind, depth, norm, activation) {
  const normed = (layer, outChannels, ...then) => [
    layer,
    ...(norm === 'batch' ? [new BatchNorm(outChannels)] : []),
    ...then,
  ]
  const bias = norm === 'none'
  const conv = (inChannels, ...then) =>
    normed(new Conv2d(inChannels, channels, { kernelSize: 3, padding: 1, bias }), channels, ...then)
  const deconv = (stride) =>
    normed(
      new ConvTranspose2d(channels, channels, { kernelSize: 3, padding: 1, stride, outputPadding: stride - 1, bias }),
      channels,
      activation,
    )
  /** The first of each third but the first begins at half the size. */
  const thirds = (count, part) =>
    range(count).flatMap((index) => [
      ...(index > 0 && [1, 2].some((third) => index === Math.round((third * count) / 3)) ? [half] : []),
      ...part(index),
    ])
  const body = {
    plain: () => thirds(depth, (index) => conv(index === 0 ? 3 : channels, activation)),
    deconvolution: () => [
      ...thirds(depth / 2, (index) => conv(index === 0 ? 3 : channels, activation)),
      ...range(depth / 2).flatMap((index) => deconv([0, Math.round(depth / 6)].includes(index) ? 2 : 1)),
    ],
    residual: () => [
      ...conv(3, activation),
      ...thirds((depth - 2) / 2, () => [
        new Residual(new Sequential(...conv(channels, activation), ...conv(channels)), { activation }),
      ]),
      ...conv(channels, activation),
    ],
  }[kind]()
  return new Sequential(...body, (x) => mean(x, [1, 2]), new Linear(channels, 10))
}

const isFilter = ({ value }) => value.rank === 4

/** The root mean square of the loss's gradient by each convolution's weights, the first layer's first. */
function gradientsOf(model, { image, label }) {
  const { loss, grads, updates } = valueAndGrad(model, () => ({
    loss: softmaxCrossEntropy(model.forward(image), label),
  }))
  updates.discard() // looking changes nothing
  const sizes = [...model.parameters()]
    .filter(([, parameter]) => isFilter(parameter))
    .map(([name]) => Math.sqrt(mean(square(grads[name])).dataSync()[0]))
  dispose([loss, grads])
  return sizes.map((size) => Number(size.toPrecision(3)))
}

async function measure() {
  await wasm({ threads: 1 })
  const { train: photos } = await cifar10()
  // half the size, so that thirty layers are affordable
  const scaled = map(subset(photos, images), resize(16), normalize({ mean: 0.4734, std: 0.2516 }))
  const [looked] = await collected(loader(scaled, { batchSize: 64 }))
  writeFileSync(resultsFile, '')
  for (const variant of variants()) {
    const begun = performance.now()
    const row = { ...variant, ...(await train(variant, scaled, looked)) }
    appendFileSync(resultsFile, `${JSON.stringify(row)}\n`)
    console.log(
      Object.values(variant).join(' '),
      `loss ${row.loss.join(' to ')}`,
      `${Math.round(performance.now() - begun)} ms`,
    )
  }
}

/** All networks, one seed after the other. */
const variants = () =>
  seeds.flatMap((seed) =>
    depths.flatMap((depth) =>
      kinds.flatMap((kind) =>
        norms.flatMap((norm) =>
          Object.keys(activations).flatMap((activation) =>
            starts.map((start) => ({ kind, norm, activation, start, depth, seed })),
          ),
        ),
      ),
    ),
  )

/** The loss over the first five steps and the last sixteen, which are an epoch, and gradients before and after; nulls where training diverged. */
async function train({ kind, norm, activation, start, depth, seed }, data, looked) {
  const model = network(kind, depth, norm, activations[activation])
  const kaiming = initializers.kaimingNormal({ nonlinearity: activation })
  init(model, random.key(seed), (_, parameter) =>
    start === 'kaiming' && parameter.shape.length === 4 ? kaiming : undefined,
  )
  const before = gradientsOf(model, looked)
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: 1e-3 }),
    data: { train: loader(data, { batchSize: 32, shuffle: true, key: random.key(seed) }) },
    step: ({ image, label }) => ({ loss: crossEntropy(model.forward(image), label) }),
  })
  const average = (few) => Number((few.reduce((sum, loss) => sum + loss, 0) / few.length).toFixed(3))
  try {
    const { history } = await trainer.fit({ steps })
    const losses = history.steps.map(({ loss }) => loss)
    return {
      loss: [average(losses.slice(0, 5)), average(losses.slice(-16))],
      before,
      after: gradientsOf(model, looked),
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error
    return { loss: [null, null], before, after: null }
  } finally {
    model.dispose()
  }
}

async function collected(batches) {
  const all = []
  for await (const batch of batches) all.push(batch)
  return all
}

const geometricMean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
const settings = norms.flatMap((norm) =>
  Object.keys(activations).flatMap((activation) => starts.map((start) => ({ norm, activation, start }))),
)
const titleOf = ({ norm, activation, start }) =>
  `${norm === 'batch' ? 'batch norm' : 'no norm'}, ${activation === 'relu' ? 'ReLU' : 'tanh'}, ${start === 'kaiming' ? 'He' : 'PyTorch’s default'}`

/** The rows of all seeds of one network. */
const rowsOf = (rows, wanted) =>
  rows.filter((row) => Object.entries(wanted).every(([name, value]) => row[name] === value))

/** The first layer's gradient over the last one's: the geometric mean over the seeds. */
const ratioOf = (rows, when) => geometricMean(rows.map((row) => row[when][0] / row[when].at(-1)))

function tables(rows) {
  const superscript = (power) => String(power).replace(/[-\d]/g, (sign) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(sign)])
  const written = (value) => {
    if (!(value > 0)) return '0'
    if (value >= 0.01 && value < 1000) return String(Number(value.toPrecision(2)))
    const power = Math.floor(Math.log10(value))
    return `${Math.round(value / 10 ** power)}·10${superscript(power)}`
  }
  const line = (cells) => `| ${cells.join(' | ')} |`
  const table = (cell) =>
    [
      line(['', ...kinds]),
      line(['---', ...kinds.map(() => '---:')]),
      ...settings.map((setting) =>
        line([titleOf(setting), ...kinds.map((kind) => cell((depth) => rowsOf(rows, { ...setting, kind, depth })))]),
      ),
    ].join('\n')
  const loss = (of) => (of.reduce((sum, row) => sum + row.loss[1], 0) / of.length).toFixed(2)
  console.log('\nfirst over last, 30 layers, before and after training\n')
  console.log(table((at) => ['before', 'after'].map((when) => written(ratioOf(at(30), when))).join(' → ')))
  console.log('\nloss at the end, of 6, 18 and 30 layers\n')
  console.log(table((at) => [6, 18, 30].map((depth) => loss(at(depth))).join(', ')))
  writeFileSync(
    new URL('gradient-flow.svg', pictures),
    panels('The first layer’s gradient over the last one’s, over the depth', (setting) => ({
      title: titleOf(setting),
      xLabel: 'layers',
      yRange: [-15, 5],
      curves: kinds.map((kind) => ({
        name: kind,
        points: depths.map((depth) => [
          depth,
          Math.log10(ratioOf(rowsOf(rows, { ...setting, kind, depth }), 'before')),
        ]),
      })),
    })),
  )
  writeFileSync(
    new URL('gradient-flow-layers.svg', pictures),
    panels('Each layer’s gradient in networks of 30 layers', (setting) => ({
      title: titleOf(setting),
      xLabel: 'layer',
      yRange: [-17, 1],
      curves: kinds.map((kind) => ({
        name: kind,
        points: range(30).map((layer) => [
          layer + 1,
          Math.log10(geometricMean(rowsOf(rows, { ...setting, kind, depth: 30 }).map(({ before }) => before[layer]))),
        ]),
      })),
    })),
  )
}

/** A plot for each setting, in two columns. */
function panels(title, plot) {
  const [width, height] = [560, 260]
  const drawn = settings.map((setting, index) =>
    plotSvg(plot(setting), { width, height }).replace(
      '<svg ',
      `<svg x="${(index % 2) * width}" y="${Math.floor(index / 2) * height}" width="${width}" height="${height}" `,
    ),
  )
  const [all, down] = [2 * width, Math.ceil(settings.length / 2) * height]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${all} ${down}" role="img" aria-label="${title}"><rect width="${all}" height="${down}" fill="#fff"/>${drawn.join('')}</svg>\n`
}

if (process.argv[2] !== 'table') await measure()
tables(
  readFileSync(resultsFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)),
)
