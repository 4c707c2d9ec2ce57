// `pnpm recipe detection [PYTHON]`: the measurement of docs/recipes/detection.md, by the commands as anybody would give them. PYTHON has torch,
// pycocotools, safetensors and Pillow: it trains the same network on the same files, and judges DDNet's weights and its boxes, too. Scenes and
// runs go into .cache/recipes/detection.
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const seeds = [1]
const epochs = 15
const rate = 0.004
const network = ['model.width=16', 'model.deconv=[64,64,64]', 'model.hidden=32']
// Digits are not mirrored, and nothing is chosen by other scenes: the last epoch counts.
const settings = [
  'coco=scenes',
  'data.size=64',
  'data.flip=false',
  'data.validation=0',
  ...network,
  `epochs=${epochs}`,
  `optimizer.learningRate=${rate}`,
]

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.cache/recipes/detection')
const results = join(root, 'benchmarks/results/detection.jsonl')
const python = process.argv[2] ?? 'python3'

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
ddnet('data', 'prepare', '--synthetic', 'scenes', '--to', 'scenes', '--images', '1000', '--test', '200', '--seed', '1')
writeFileSync(results, '')
for (const seed of seeds) {
  const begun = performance.now()
  ddnet('train', ...settings, `seed=${seed}`, 'backend=wasm', `name=${seed}`)
  const seconds = Math.round((performance.now() - begun) / 1000)
  const { AP, AP50, AP75 } = JSON.parse(readFileSync(join(folder, 'runs', `${seed}`, 'result.json'), 'utf8'))
  tell({ by: 'DDNet', seed, settings, AP, AP50, AP75, seconds })
  const weights = `runs/${seed}/checkpoints/last/model.safetensors`
  tell({ by: "DDNet's weights in PyTorch, judged by pycocotools", seed, ...judged('check', 'scenes', weights) })
  tell({
    by: 'PyTorch',
    seed,
    ...judged('train', 'scenes', '--seed', `${seed}`, '--epochs', `${epochs}`, '--rate', `${rate}`),
  })
}

function tell(row) {
  appendFileSync(results, `${JSON.stringify(row)}\n`)
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

function judged(...words) {
  const script = join(root, 'scripts/recipes/detection.py')
  const { status, stdout } = spawnSync(python, [script, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0)
    throw new Error(`${python} detection.py ${words.join(' ')} ended with ${status}. What it said is above.`)
  return JSON.parse(stdout)
}

function ddnet(...words) {
  const script = [join(root, 'scripts/run-source.mjs'), join(root, 'apps/cli/src/main.ts')]
  const { status } = spawnSync(process.execPath, [...script, ...words], { cwd: folder, stdio: 'inherit' })
  if (status !== 0) throw new Error(`ddnet ${words.join(' ')} ended with ${status}. What it said is above.`)
}
