import { fileURLToPath } from 'node:url'
import { imageFolder, loader, map, normalize } from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
import { argMax, toHost } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { cifar10DDNet } from './cifar10-ddnet.ts'
import { weights } from './weights.generated.ts'

const photos = fileURLToPath(new URL('../../../../fixtures/cifar10', import.meta.url))

test('its weights are less than a megabyte', () => {
  expect(atob(weights).length).toBeLessThan(1_000_000)
})

describeBackends('the trained DDNet', () => {
  test('names the first two test images of each class, most of them rightly', async () => {
    const { model, classNames, mean, std } = cifar10DDNet()
    const folder = await imageFolder(diskFiles(photos))
    expect(folder.classNames).toEqual(classNames)
    for await (const { image, label } of loader(map(folder, normalize({ mean, std })), { batchSize: 20 })) {
      const answers = argMax(model.predict(image), 1)
      const { data } = await toHost(answers)
      const truth = await toHost(label)
      expect(data).toHaveLength(20)
      expect(data.filter((answer, index) => answer === truth.data[index]).length).toBeGreaterThanOrEqual(15)
      for (const each of [answers, image, label]) each.dispose()
    }
    model.dispose()
  })
})
