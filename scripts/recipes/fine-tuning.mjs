// `pnpm recipe fine-tuning FOLDER`: the measurement of docs/recipes/fine-tuning.md, by the command as anybody would give it. FOLDER has the
// four files of Fashion-MNIST. What `ddnet train` says is shown; its runs go into .cache/recipes/fine-tuning.
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mnist } from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
import { encodePng } from '../../packages/visuals/src/index.ts'

const classes = ['t-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle-boot']
const photosOfClass = { train: 20, test: 100 }
const seeds = [1, 2, 3]
/** The last two say the size of the shipped network and of its images, which come with its weights by themselves. */
const ways = {
  'shipped weights, the head first': ['weights=shipped', 'headFirst=5'],
  'shipped weights, all at once': ['weights=shipped'],
  'no weights': ['model.channels=[48,96,192]', 'data.size=32'],
}
const common = ['data.validation=0', 'epochs=20']

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.cache/recipes/fine-tuning')
const results = join(root, 'benchmarks/results/fine-tuning.jsonl')

const source = process.argv[2]
if (source === undefined) {
  process.stderr.write(
    "pnpm recipe fine-tuning FOLDER: expected the folder of Fashion-MNIST's four files, train-images-idx3-ubyte.gz and so on.\n",
  )
  process.exit(2)
}
rmSync(folder, { recursive: true, force: true })
const splits = await mnist(diskFiles(resolve(source)))
for (const [split, count] of Object.entries(photosOfClass)) await writePhotos(splits[split], split, count)
writeFileSync(results, '')
for (const seed of seeds) {
  for (const [way, settings] of Object.entries(ways)) {
    const words = ['folder=photos', ...settings, ...common, `seed=${seed}`]
    const name = `${Object.keys(ways).indexOf(way)}-${seed}`
    const begun = performance.now()
    ddnet('train', ...words, 'backend=wasm', `name=${name}`)
    const { accuracy, correct, images, loss } = JSON.parse(
      readFileSync(join(folder, 'runs', name, 'result.json'), 'utf8'),
    )
    const seconds = Math.round((performance.now() - begun) / 1000)
    const row = { way, seed, settings: words, accuracy, correct, images, loss, seconds }
    appendFileSync(results, `${JSON.stringify(row)}\n`)
  }
}

/** The first so many of each class, in the order of the files. */
async function writePhotos(dataset, split, count) {
  const written = classes.map(() => 0)
  for (let at = 0; Math.min(...written) < count; at++) {
    const { image, label } = await dataset.get(at)
    if (written[label] === count) continue
    const into = join(folder, 'photos', split, classes[label])
    mkdirSync(into, { recursive: true })
    const [height, width] = image.shape
    const data = new Uint8ClampedArray(4 * height * width).fill(255)
    for (const [pixel, value] of Array.from(image.data).entries()) data.fill(value, 4 * pixel, 4 * pixel + 3)
    writeFileSync(join(into, `${written[label]++}.png`), encodePng({ width, height, data }))
  }
}

function ddnet(...words) {
  const script = [join(root, 'scripts/run-source.mjs'), join(root, 'apps/cli/src/main.ts')]
  const { status } = spawnSync(process.execPath, [...script, ...words], { cwd: folder, stdio: 'inherit' })
  if (status !== 0) throw new Error(`ddnet ${words.join(' ')} ended with ${status}. What it said is above.`)
}
