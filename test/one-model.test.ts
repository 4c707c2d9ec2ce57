import { cifar10, loader, map, normalize, subset } from '@ddnet/datasets'
import { valueAndGrad } from '@ddnet/layers'
import { DDNet } from '@ddnet/models'
import { crossEntropy, dispose, type Tensor, type Tensor2D, tensor, tidy } from '@ddnet/ops'
import { adam, type Optimizer, type OptimizerState, sgd } from '@ddnet/optimizers'
import { type BackendName, describeBackends, expectClose, jsonFixture, readTensors, torchState } from '@ddnet/testing'
import { expect, test } from 'vitest'

const trainers: BackendName[] = ['wasm', 'webgpu', 'tensorflow']

interface Reference {
  float32: number[]
  drift: number[]
  logitsDrift: number
  learningRate: number
}

/** PyTorch's own curve, and how far it drifts when every initial weight moves by one ulp: `fixtures/README.md`. */
const reference = jsonFixture('one-model/losses.json') as {
  steps: number
  batchSize: number
  mean: number
  std: number
} & Record<'adam' | 'sgd', Reference>

const optimizers: Record<'adam' | 'sgd', (options: { learningRate: number }) => Optimizer> = {
  adam,
  sgd,
}

type Name = keyof typeof optimizers

/** A training that can stop, move to another backend as host values, and go on there. */
class Training {
  readonly model = new DDNet()
  readonly optimizer: Optimizer
  state: OptimizerState
  readonly losses: number[] = []

  constructor(name: Name) {
    this.model.loadStateDict(torchState('one-model/initial.safetensors'))
    this.optimizer = optimizers[name]({ learningRate: reference[name].learningRate })
    this.state = this.optimizer.init(this.values())
  }

  values(): Record<string, Tensor> {
    return Object.fromEntries([...this.model.parameters()].map(([name, { value }]) => [name, value]))
  }

  /** Steps over the fixture's batches `from` … `to − 1`; each loss is the one before its update. */
  async run(from: number, to: number): Promise<void> {
    const { steps, batchSize, mean, std } = reference
    const { train } = await cifar10()
    const batches = loader(map(subset(train, steps * batchSize), normalize({ mean, std })), { batchSize })
    batches.restore({ epoch: 0, position: from })
    const parameters = this.model.parameters()
    for await (const { images, labels } of batches) {
      const { loss, grads, updates } = valueAndGrad(this.model, (context) => ({
        loss: crossEntropy(this.model.forward(images, context) as Tensor2D, labels),
      }))
      const next = this.optimizer.update(grads, this.state, this.values())
      dispose(this.state.tensors)
      this.state = next.state
      for (const [name, value] of Object.entries(next.params)) parameters.get(name)?.assign(value)
      updates.commit()
      this.losses.push((await loss.data())[0] as number)
      for (const each of [loss, ...Object.values(grads), images, labels]) each.dispose()
      if (from + this.losses.length === to) break
    }
  }

  /** The logits of the fixture's test images. */
  async logits(): Promise<ArrayLike<number>> {
    const { mean, std } = reference
    const { testImages } = readTensors('one-model/logits.safetensors')
    const pixels = Float32Array.from(testImages?.data as Uint8Array, (value) => (value / 255 - mean) / std)
    return tidy(() => this.model.predict(tensor(pixels, testImages?.shape))).data()
  }
}

describeBackends(
  'one model',
  () => {
    test.each(['adam', 'sgd'] as const)(
      "20 steps of %s leave PyTorch's curve no faster than rounding does",
      async (name) => {
        const training = new Training(name)
        await training.run(0, reference.steps)
        const { float32, drift, logitsDrift } = reference[name]
        expect(training.losses.length).toBe(float32.length)
        for (const [step, loss] of training.losses.entries()) {
          const expected = float32[step] as number
          const bound = step < 5 ? 1e-4 : 3 * (drift[step] as number)
          expect(
            Math.abs(loss - expected) / expected,
            `step ${step}: ${loss}, PyTorch ${expected}`,
          ).toBeLessThanOrEqual(bound)
        }
        // Only the logits show the running statistics.
        const expected = readTensors('one-model/logits.safetensors')[`${name}.logits`]?.data as Float32Array
        const largest = Math.max(1, ...expected.map(Math.abs))
        expectClose(await training.logits(), expected, (3 * logitsDrift) / largest, 'logits')
      },
    )
  },
  trainers,
)
