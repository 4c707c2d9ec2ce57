import { expect, test } from 'vitest'
import { imageField } from './fields.ts'
import { imageDataset } from './image-dataset.ts'

const images = Uint8Array.from({ length: 2 * 2 * 3 * 1 }, (_, at) => at)

test('samples are copies', async () => {
  const dataset = imageDataset({ images, labels: [7, 8], shape: [2, 3, 1] })
  expect(dataset.length).toBe(2)
  expect(await dataset.get(1)).toEqual({
    image: imageField(Uint8Array.of(6, 7, 8, 9, 10, 11), [2, 3, 1]),
    label: 8,
  })
  expect((await dataset.get(1)).image.data.buffer).not.toBe(images.buffer)
})

test.each([-1, 2, 0.5, Number.NaN])('index %d is refused', async (index) => {
  const dataset = imageDataset({ images, labels: [7, 8], shape: [2, 3, 1] })
  await expect(dataset.get(index)).rejects.toThrow(`expected an index in 0 … 1, got ${index}`)
})

test('pixels and labels must belong together', () => {
  expect(() => imageDataset({ images, labels: [7], shape: [2, 3, 1] })).toThrow(
    '1 labels with shape [2,3,1] need 6 pixel values, got 12',
  )
})
