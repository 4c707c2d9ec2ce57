import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { imageDataset } from './image-dataset.ts'
import { validationSplit } from './validation-split.ts'

/** 10 classes, one after another; each image holds its own number. */
const images = (perClass: number) =>
  imageDataset({
    images: Uint8Array.from({ length: 10 * perClass }, (_, index) => index),
    labels: Array.from({ length: 10 * perClass }, (_, index) => Math.floor(index / perClass)),
    shape: [1, 1, 1],
  })

const numbers = async (dataset: ReturnType<typeof images>) => {
  const all: number[] = []
  for (let index = 0; index < dataset.length; index++) all.push(itemAt((await dataset.get(index)).image.data, 0))
  return all
}

test('every image is in one part, and every class has its fraction in both', async () => {
  const { train, validation } = validationSplit(images(20), 0.1)
  const [trained, held] = [await numbers(train), await numbers(validation)]
  expect([...trained, ...held].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index))
  const classes = held.map((number) => Math.floor(number / 20)).sort((a, b) => a - b)
  expect(classes).toEqual(Array.from({ length: 20 }, (_, index) => Math.floor(index / 2)))
  expect(Array.from(validation.labels ?? [])).toEqual(held.map((number) => Math.floor(number / 20)))
})

test('it is the same part every time, in an order in which the first ones are of several classes', async () => {
  const [first, second] = [validationSplit(images(20), 0.2), validationSplit(images(20), 0.2)]
  const held = await numbers(first.validation)
  expect(await numbers(second.validation)).toEqual(held)
  expect(held).not.toEqual(held.toSorted((a, b) => a - b))
  expect(new Set(held.slice(0, 10).map((number) => Math.floor(number / 20))).size).toBeGreaterThan(4)
})

test.each([0, 1, -0.1, Number.NaN])('a fraction of %d is refused', (fraction) => {
  expect(() => validationSplit(images(2), fraction)).toThrow(`expected a fraction above 0 and below 1, got ${fraction}`)
})

test('a fraction that leaves a part empty is refused', () => {
  expect(() => validationSplit(images(2), 0.001)).toThrow('leaves none of 20 samples for validation')
})
