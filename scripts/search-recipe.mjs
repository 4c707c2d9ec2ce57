// `node scripts/run-source.mjs scripts/search-recipe.mjs FILE key=value …`: one row of docs/recipes/cifar10.md's search. Trains
// with the settings of `ddnet train cifar10` on nine tenths of the training images, measures on the rest, which no row is
// trained on, and adds a line of JSON to FILE. The test images are not looked at.
import { appendFileSync } from 'node:fs'
import { cifar10, stratifiedSplit } from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import { Trainer } from '@ddnet/trainer'
import { collectSettings } from '../apps/cli/src/config/collect.ts'
import { tensorflow } from '../packages/backend-node/src/index.ts'
import {
  createModel,
  createOptimizer,
  createSchedule,
  createTask,
  evaluationLoader,
  keysOf,
  resolveConfig,
  totalSteps,
  trainingLoader,
} from '../packages/experiment/src/index.ts'

const [file, ...words] = process.argv.slice(2)
const { layers, catalog } = await collectSettings(['cifar10', ...words], {}, { env: {}, cwd: process.cwd() })
const { config } = resolveConfig(layers, 'ddnet', catalog)

await tensorflow({ device: 'cpu' })
const { train, classNames } = await cifar10()
const [fitted, held] = stratifiedSplit(train, { fractions: [0.9, 0.1], key: random.key(1) })
const steps = totalSteps(config, fitted.length)
const facts = { ...config.data.definition.facts(config.data.options), classNames }
let last
const trainer = new Trainer({
  model: createModel(config, facts),
  data: { train: trainingLoader(fitted, config), validation: evaluationLoader(held, config, 250) },
  ...createTask(config, facts),
  optimizer: createOptimizer(config, steps, createSchedule(config, steps)),
  accumulate: config.accumulate,
  callbacks: [
    {
      onValidation: ({ epoch, train, validation }) => {
        last = { train, validation }
        console.error(`epoch ${epoch}: trained ${train.accuracy}, held out ${validation.accuracy}`)
      },
    },
  ],
})
const start = performance.now()
await trainer.fit({
  steps,
  key: keysOf(config).training,
})
const seconds = Math.round((performance.now() - start) / 1000)
const line = JSON.stringify({ settings: words, steps, ...last, seconds })
appendFileSync(file, `${line}\n`)
console.log(line)
