// `node scripts/run-source.mjs scripts/ship-weights.mjs RUN`: a finished run of `ddnet train cifar10` becomes the weights that
// `@ddnet/models` carries. They are measured again, as they are shipped: rounded to float16.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cifar10, loader, map, normalize } from '@ddnet/datasets'
import { DDNet } from '@ddnet/models'
import { evaluate, loadCheckpoint } from '@ddnet/trainer'
import { wasm } from '../packages/backend-wasm/src/index.ts'
import { decodeSafetensors, encodeSafetensors } from '../packages/formats/src/index.ts'
import { classification } from '../packages/tasks/src/index.ts'

const run = process.argv[2]
const checkpoint = await loadCheckpoint(join(run, 'checkpoints', 'last'))
const {
  data,
  size,
  model: { channels },
} = checkpoint.config.settings
const shipped = (metadata) => encodeSafetensors(checkpoint.model, metadata, { dtype: 'float16' })

await wasm()
const { test, classNames } = await cifar10()
const model = new DDNet({ classes: classNames.length, channels })
model.loadStateDict(decodeSafetensors(shipped()).tensors)
const images = loader(map(test, normalize({ mean: data.mean, std: data.std })), { batchSize: 100 })
const scores = await evaluate({ model, data: images, step: classification({ classes: classNames }).evaluate })
const facts = { classNames, channels, size, mean: data.mean, std: data.std, accuracy: scores.accuracy }

const bytes = shipped({ ddnet: JSON.stringify(facts) })
const target = fileURLToPath(new URL('../packages/models/src/cifar10/weights.generated.ts', import.meta.url))
await writeFile(
  target,
  `// Made by scripts/ship-weights.mjs: DDNet trained on CIFAR-10, a safetensors file in base64.\nexport const weights =\n  '${Buffer.from(bytes).toString('base64')}'\n`,
)
console.log(
  `${bytes.length} bytes, test accuracy ${(100 * scores.accuracy).toFixed(2)}%, loss ${scores.loss.toFixed(4)}: ${target}`,
)
