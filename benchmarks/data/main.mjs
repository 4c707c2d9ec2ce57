/**
 * Images a second that the loader prepares: CIFAR's with flip and crop, and JPEGs of 500 × 375 pixels with a random resized crop to
 * 224, in this thread and in workers; where `DDNET_PYTHON` (or `python3`) has torchvision, beside PyTorch's. All take turns
 * in one run; figures are medians of the rounds. Beside the clock stands the processor's time, which says more on a machine that does
 * other things as well; of PyTorch's workers, which are processes, it is not known.
 *
 *     pnpm bench data [rounds=7] [cifar=6400] [jpeg=128] [workers=2] [out=FILE.json]
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, defaultServerConditions } from 'vite'
import { keepResult, measurement } from '../result.mjs'
import { loadSources } from '../wasm/load-sources.mjs'
import { startPeer } from '../wasm/peer.mjs'
import { median } from '../wasm/statistics.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const setting = (name, fallback) => Number(given[name] ?? fallback)
const rounds = setting('rounds', 7)
const workers = setting('workers', 2)
const count = { CIFAR: setting('cifar', 6400), JPEG: setting('jpeg', 128) }

/** About what a trainer consumes on two cores, in images a second. */
const CONSUMED = 400

const measured = measurement()
const folder = mkdtempSync(join(tmpdir(), 'ddnet-bench-data-'))
try {
  await makePhotos(join(folder, 'photos'), count.JPEG)
  const { rows } = await loadSources('../data/rows.ts')
  const own = await rows(join(folder, 'photos'), await buildWorker(), workers)
  const contestants = Object.entries(own).map(([name, read]) => {
    const images = name.startsWith('CIFAR') ? count.CIFAR : count.JPEG
    return { name, loader: 'ddnet', images, time: () => measure(() => read(images)) }
  })
  const python = process.env.DDNET_PYTHON ?? 'python3'
  let torch
  if (spawnSync(python, ['-c', 'import torchvision']).status === 0) {
    torch = await startPeer('PyTorch', python, [here('loader.py'), join(folder, 'photos'), String(workers)])
    for (const [name, row] of [
      ['CIFAR, flip + crop', 'cifar'],
      [`CIFAR, flip + crop, ${workers} workers`, 'cifar workers'],
      ['JPEG', 'jpeg'],
      [`JPEG, ${workers} workers`, 'jpeg workers'],
    ]) {
      const images = name.startsWith('CIFAR') ? count.CIFAR : count.JPEG
      contestants.push({ name, loader: 'PyTorch', images, time: () => torch.ask(`${row} ${images}`) })
    }
  } else console.error(`${python} has no torchvision: measured without PyTorch. Set DDNET_PYTHON.`)

  const times = contestants.map(() => [])
  for (let round = -1; round < rounds; round++) {
    for (const [at, { time }] of contestants.entries()) {
      const milliseconds = await time()
      if (round >= 0) times[at].push(milliseconds) // the first round warms up
    }
  }
  torch?.stop()
  const table = contestants.map(({ name, loader, images }, at) => {
    const perSecond = (kind) => Math.round((1000 * images) / median(times[at].map((time) => time[kind])))
    return { name, loader, imagesPerSecond: perSecond('clock'), imagesPerProcessorSecond: perSecond('processor') }
  })
  console.log(`${'images a second'.padEnd(44)}   clock  processor`)
  for (const { name, loader, imagesPerSecond, imagesPerProcessorSecond } of table) {
    const numbers = [imagesPerSecond, imagesPerProcessorSecond].map((number) => String(number).padStart(8))
    const ratio = name.startsWith('CIFAR') ? `   ${(imagesPerSecond / CONSUMED).toFixed(1)}× of ${CONSUMED}` : ''
    console.log(`${loader.padEnd(8)} ${name.padEnd(34)} ${numbers.join('   ')}${ratio}`)
  }
  const result = {
    command: `pnpm bench data rounds=${rounds} cifar=${count.CIFAR} jpeg=${count.JPEG} workers=${workers}`,
    ...measured,
    ...(torch && { peer: torch.runtime }),
    unit: 'images a second, medians',
    rows: table,
  }
  keepResult('data.json', result, given.out)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Milliseconds on the clock, and of the processor: of all threads of this process, also those of the workers. */
async function measure(run) {
  const before = process.cpuUsage()
  const start = performance.now()
  await run()
  const clock = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { clock, processor: (user + system) / 1000 }
}

/** Smooth pictures with noise, of about the bytes that photographs have. */
async function makePhotos(directory, images) {
  const sharp = createRequire(join(root, 'packages/datasets/package.json'))('sharp')
  const [height, width] = [375, 500]
  const picture = Buffer.alloc(height * width * 3)
  for (let at = 0; at < picture.length; at++) {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)]
    picture[at] = 128 + 90 * Math.sin(x / 31) * Math.cos(y / 23 + (at % 3)) + ((at * 7919) % 40) - 20
  }
  for (let image = 0; image < images; image++) {
    const data = picture.map((value) => value ^ (image % 16))
    const path = join(directory, `class-${image % 4}`, `${image}.jpg`)
    mkdirSync(dirname(path), { recursive: true })
    await sharp(data, { raw: { height, width, channels: 3 } })
      .jpeg({ quality: 85 })
      .toFile(path)
  }
}

/** The module of the workers as one file that plain Node runs, beside the package whose sharp it needs. */
async function buildWorker() {
  const outDir = join(root, 'packages/datasets/node_modules/.cache/bench')
  await build({
    configFile: false,
    logLevel: 'error',
    root,
    ssr: {
      noExternal: true,
      external: ['sharp'],
      resolve: { conditions: ['@ddnet/source', ...defaultServerConditions] },
    },
    build: {
      ssr: here('photos.worker.ts'),
      outDir,
      rolldownOptions: { output: { entryFileNames: 'photos.worker.mjs' } },
    },
  })
  return join(outDir, 'photos.worker.mjs')
}
