import { cifar10, loader, map, normalize, resize, subset } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { SeedDDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends, itemAt } from '@ddnet/testing'
import { Trainer } from '@ddnet/trainer'
import { expect, test } from 'vitest'

/** The article's normalisation, to −1 … 1. */
const toUnit = normalize({ mean: 0.5, std: 0.5 })

/** The losses of `steps` steps of the article's recipe (Adam at 1e-3) on the first `batchSize` images, at `size` pixels. */
async function train(steps: number, batchSize: number, size: number): Promise<number[]> {
  const { train } = await cifar10()
  const first = subset(train, batchSize)
  const images = size === 32 ? map(first, toUnit) : map(first, resize(size), toUnit)
  const model = init(new SeedDDNet(), random.key(0))
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: 1e-3 }),
    data: { train: loader(images, { batchSize }) },
    step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
  })
  const { history } = await trainer.fit({ steps })
  model.dispose()
  return history.steps.map(({ loss }) => loss)
}

describeBackends("the article's network", () => {
  test('learns four images in 100 steps', async () => {
    const losses = await train(100, 4, 32)
    expect(losses.length).toBe(100)
    expect(losses[99]).toBeLessThan(itemAt(losses, 0) / 2)
  })

  test('takes a step at 224 pixels, one image at a time, and the next loss is lower', async () => {
    const [first, second] = await train(2, 1, 224)
    expect(second).toBeLessThan(first as number)
  })
}, ['wasm', 'tensorflow'])
