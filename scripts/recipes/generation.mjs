// `pnpm recipe generation`: the measurement of docs/recipes/generation.md. DDNET_PYTHON names a Python with torch and safetensors, which trains the
// same networks from the same initial weights. What is written lies in .cache/recipes/generation; `pnpm recipe generation NAME …` measures some alone.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import { cacheDirectory, npmFiles } from '../../packages/datasets/src/node.ts'
import { experiment, generateImages, measureGenerated } from '../../packages/experiment/src/index.ts'
import { decodeSafetensors, encodeSafetensors } from '../../packages/formats/src/index.ts'
import { slice, tensor } from '../../packages/ops/src/index.ts'
import { encodePng, grid } from '../../packages/visuals/src/index.ts'

const vae = { task: 'vae', model: 'vae', steps: 300, batchSize: 128 }
const dcgan = { task: 'gan', model: 'dcgan', 'model.width': 16, steps: 300, batchSize: 64 }
const runs = {
  vae,
  'vae-resize': { ...vae, 'model.upsampling': 'resize' },
  dcgan,
  'dcgan-resize': { ...dcgan, 'model.upsampling': 'resize' },
  diffusion: {
    task: 'diffusion',
    model: 'diffusion',
    'model.channels': 16,
    'model.multipliers': [1, 2],
    'data.size': 16,
    'ema.decay': 0,
    clipNorm: null,
    'task.images': 200,
    steps: 120,
    batchSize: 32,
  },
}
const common = { data: 'mnist', 'data.validation': 0, seed: 1 }
/** Images that a checkerboard is measured on. */
const measuredImages = 200

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.cache/recipes/generation')
const results = join(root, 'benchmarks/results/generation.jsonl')
const pictures = join(root, 'docs/images')

await wasm()
const asked = process.argv.slice(2)
const host = { npmPackage: (options) => npmFiles(options, { cacheDirectory: cacheDirectory(process.env) }) }
const rows = existsSync(results)
  ? readFileSync(results, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : []
for (const name of asked.length > 0 ? asked : Object.keys(runs)) {
  const row = await measure(name)
  rows.splice(0, rows.length, ...rows.filter((each) => each.name !== name), row)
  rows.sort((a, b) => Object.keys(runs).indexOf(a.name) - Object.keys(runs).indexOf(b.name))
  writeFileSync(results, rows.map((each) => `${JSON.stringify(each)}\n`).join(''))
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

async function measure(name) {
  const own = join(folder, name)
  mkdirSync(own, { recursive: true })
  const run = await experiment({ ...common, ...runs[name] }, { host })
  writeFileSync(join(own, 'initial.safetensors'), encodeSafetensors(await run.model.stateDict()))
  await writeData(run.data)
  const before = await checkerboard(run)
  const begun = performance.now()
  await run.train()
  const seconds = Math.round((performance.now() - begun) / 1000)
  const { figures } = await run.evaluate()
  const after = await checkerboard(run)
  const images = await generateImages({ ...run, facts: run.data.facts }, { count: 40, seed: 1 })
  const sheet = grid(
    images.map(({ picture }) => picture),
    { columns: 10, scale: 1 },
  )
  writeFileSync(join(pictures, `generation-${name}.png`), encodePng(sheet))
  const pytorch = await besidePyTorch(name, run)
  return { name, settings: { ...common, ...runs[name] }, seconds, ...figures, checkerboard: { before, after }, pytorch }
}

/** The images of all runs, for PyTorch, once. */
async function writeData({ train, test }) {
  const file = join(folder, 'data.safetensors')
  if (existsSync(file)) return
  const tensors = {}
  for (const [name, samples] of Object.entries({ train, test })) {
    const data = new Uint8Array(samples.length * 784)
    for (let at = 0; at < samples.length; at++) data.set(samples.getSync(at).image.data, at * 784)
    tensors[name] = { dtype: 'uint8', shape: [samples.length, 28, 28], data }
  }
  writeFileSync(file, encodeSafetensors(tensors))
}

/** The share of new images' spectrum, without its mean, that lies at the periods of 2 and of 4 pixels which two doublings can draw. */
async function checkerboard(run) {
  if (run.task.generation.sampling !== undefined) return undefined
  const images = await generateImages({ ...run, facts: run.data.facts }, { count: measuredImages, seed: 2 })
  return shareAtStrides(
    images.map(({ picture: { data } }) => Float64Array.from({ length: 784 }, (_, at) => data[4 * at] / 255)),
    28,
  )
}

function shareAtStrides(images, size) {
  let [atStrides, all] = [0, 0]
  const quarters = [0, 1, 2, 3].map((quarter) => (quarter * size) / 4)
  for (const image of images) {
    const mean = image.reduce((sum, value) => sum + value, 0) / image.length
    // Parseval: the energy of all frequencies but 0.
    all += image.length * image.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    for (const v of quarters) {
      for (const u of quarters) {
        if (u === 0 && v === 0) continue
        let [real, imaginary] = [0, 0]
        for (let at = 0; at < image.length; at++) {
          const angle = (2 * Math.PI * (u * (at % size) + v * Math.floor(at / size))) / size
          real += image[at] * Math.cos(angle)
          imaginary -= image[at] * Math.sin(angle)
        }
        atStrides += real ** 2 + imaginary ** 2
      }
    }
  }
  return atStrides / all
}

/** What PyTorch makes of the same network, measured by the same features. */
async function besidePyTorch(name, run) {
  const python = process.env['DDNET_PYTHON']
  if (python === undefined) return undefined
  const { status } = spawnSync(
    python,
    [join(root, 'benchmarks/pytorch/generation.py'), folder, name, JSON.stringify(runs[name])],
    {
      stdio: 'inherit',
    },
  )
  if (status !== 0) throw new Error(`PyTorch's part of ${name} ended with ${status}. What it said is above.`)
  const own = join(folder, name)
  const figures = JSON.parse(readFileSync(join(own, 'pytorch.json'), 'utf8'))
  const { images } = decodeSafetensors(readFileSync(join(own, 'pytorch.safetensors'))).tensors
  const [count, height, width] = images.shape
  const values = Array.from({ length: Math.min(count, measuredImages) }, (_, at) =>
    Float64Array.from(images.data.subarray(at * height * width, (at + 1) * height * width)),
  )
  const made = tensor(images.data, [count, height, width, 1])
  let done = 0
  const generation = {
    noiseShape: () => [1],
    generate(_, noise) {
      const batch = noise.shape[0]
      done += batch
      return slice(made, [done - batch, 0, 0, 0], [batch, height, width, 1])
    },
  }
  const generator = { model: run.model, task: { name: 'pytorch', generation }, facts: run.data.facts }
  const { frechetDistance } = await measureGenerated(generator, run.data.test, count)
  made.dispose()
  return { ...figures, frechetDistance, ...(height === 28 && { checkerboard: shareAtStrides(values, 28) }) }
}
