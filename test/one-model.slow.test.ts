import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Batch,
  type ClassificationSample,
  cifar10,
  type Loader,
  loader,
  map,
  normalize,
  subset,
} from '@ddnet/datasets'
import { crossEntropy } from '@ddnet/losses'
import { DDNet } from '@ddnet/models'
import { tensor, tidy } from '@ddnet/ops'
import { adam, type Optimizer, sgd } from '@ddnet/optimizers'
import {
  type BackendName,
  describeBackends,
  expectClose,
  itemAt,
  jsonFixture,
  present,
  readTensors,
  torchState,
  useBackend,
} from '@ddnet/testing'
import { checkpoint, loadCheckpoint, type Snapshot, Trainer } from '@ddnet/trainer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const trainers: BackendName[] = ['wasm', 'webgpu', 'tensorflow']

interface Reference {
  float32: number[]
  drift: number[]
  logitsDrift: number
  learningRate: number
}

/** PyTorch's own curves, and how far they drift when every initial weight moves by one ulp: `fixtures/README.md`. */
const reference = jsonFixture('one-model/losses.json') as {
  steps: number
  batchSize: number
  mean: number
  std: number
} & Record<'adam' | 'sgd', Reference>
const { steps, batchSize, mean, std } = reference

const optimizers: Record<'adam' | 'sgd', (options: { learningRate: number }) => Optimizer> = { adam, sgd }

/** The fixture's network with its initial weights. */
function initialModel(): DDNet {
  const model = new DDNet()
  model.loadStateDict(torchState('one-model/initial.safetensors'))
  return model
}

/** The fixture's batches, in the official order. */
async function batches(): Promise<Loader<Batch<ClassificationSample>>> {
  const { train } = await cifar10()
  return loader(map(subset(train, steps * batchSize), normalize({ mean, std })), { batchSize })
}

/** The losses of the steps up to `until`, each before its update, from the start or from a checkpoint. */
async function losses(
  model: DDNet,
  name: 'adam' | 'sgd',
  until: number,
  { save, resume }: { save?: string; resume?: Snapshot } = {},
): Promise<number[]> {
  const trainer = new Trainer({
    model,
    optimizer: optimizers[name]({ learningRate: reference[name].learningRate }),
    data: { train: await batches() },
    step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
    callbacks: save === undefined ? [] : [checkpoint({ directory: save })],
  })
  const { history } = await trainer.fit({ steps: until, ...(resume && { resume }) })
  return history.steps.map(({ loss }) => loss)
}

/** The logits of the fixture's test images. */
async function logits(model: DDNet): Promise<ArrayLike<number>> {
  const { testImages } = readTensors('one-model/logits.safetensors')
  const pixels = Float32Array.from(testImages?.data as Uint8Array, (value) => (value / 255 - mean) / std)
  const result = tidy(() => model.predict(tensor(pixels, testImages?.shape)))
  const values = await result.data()
  result.dispose()
  return values
}

/** A step on SwiftShader takes seconds. */
const patience = (backend: BackendName): number => (backend === 'webgpu' ? 600_000 : 120_000)

describeBackends(
  'one model',
  (backend) => {
    test.each(['adam', 'sgd'] as const)(
      "20 steps of %s leave PyTorch's curve no faster than rounding does",
      async (name) => {
        const model = initialModel()
        const curve = await losses(model, name, steps)
        const { float32, drift, logitsDrift } = reference[name]
        expect(curve.length).toBe(float32.length)
        for (const [step, loss] of curve.entries()) {
          const expected = itemAt(float32, step)
          const bound = step < 5 ? 1e-4 : 3 * itemAt(drift, step)
          expect(
            Math.abs(loss - expected) / expected,
            `step ${step}: ${loss}, PyTorch ${expected}`,
          ).toBeLessThanOrEqual(bound)
        }
        // Only the logits show the running statistics.
        const expected = readTensors('one-model/logits.safetensors')[`${name}.logits`]?.data as Float32Array
        const largest = Math.max(1, ...expected.map(Math.abs))
        expectClose(await logits(model), expected, (3 * logitsDrift) / largest, 'logits')
        model.dispose()
      },
      patience(backend),
    )
  },
  trainers,
)

describe('a checkpoint', () => {
  const stop = 2
  const end = 4
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ddnet-one-model-'))
    for (const origin of present(trainers)) {
      await useBackend(origin)
      await losses(initialModel(), 'adam', stop, { save: join(folder, origin) })
    }
  }, 300_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  describeBackends(
    'continued',
    (backend) => {
      test.each(present(trainers))(
        'from %s goes on as PyTorch does',
        async (origin) => {
          const resume = await loadCheckpoint(join(folder, origin, 'last'))
          expect(resume.step).toBe(stop)
          const model = new DDNet()
          const curve = await losses(model, 'adam', end, { resume })
          const expected = reference.adam.float32.slice(stop, end)
          expect(curve.length).toBe(expected.length)
          for (const [step, loss] of curve.entries()) {
            expect(Math.abs(loss / itemAt(expected, step) - 1), `step ${stop + step}: ${loss}`).toBeLessThan(1e-4)
          }
          model.dispose()
        },
        patience(backend),
      )
    },
    trainers,
  )
})
