import { expect, test } from 'vitest'
import { blank } from './picture.ts'
import { type PredictionSample, predictionSheet } from './prediction-sheet.ts'

const sample = (extra: Partial<PredictionSample>): PredictionSample => ({
  image: blank(32, 32, [0, 0, 255]),
  predicted: 'cat',
  confidence: 0.5,
  ...extra,
})
const frameOf = (samples: PredictionSample[]) => {
  const sheet = predictionSheet(samples)
  return [...sheet.data.subarray((20 * sheet.width + 20) * 4, (20 * sheet.width + 20) * 4 + 3)]
}

test('the frame is green when right, red when wrong, gray when the truth is unknown', () => {
  expect(frameOf([sample({ actual: 'cat' })])).toEqual([22, 163, 74])
  expect(frameOf([sample({ actual: 'dog' })])).toEqual([220, 38, 38])
  expect(frameOf([sample({})])).toEqual([87, 83, 78])
})

test('images of 32 pixels are shown five times as large, whole', () => {
  const sheet = predictionSheet([sample({ actual: 'cat' })])
  expect(sheet.width).toBe(20 + 4 + 160 + 4 + 20)
  let blue = 0
  for (let index = 0; index < sheet.data.length; index += 4)
    if (sheet.data[index] === 0 && sheet.data[index + 1] === 0 && sheet.data[index + 2] === 255) blue++
  expect(blue).toBe(160 * 160)
})

test('the bar is as long as the confidence', () => {
  const barLength = (confidence: number) => {
    const sheet = predictionSheet([sample({ actual: 'cat', confidence })])
    const row = 20 + 168 + 7
    let length = 0
    for (let x = 0; x < sheet.width; x++) if (sheet.data[(row * sheet.width + x) * 4 + 1] === 163) length++
    return length
  }
  expect([barLength(0), barLength(0.25), barLength(1)]).toEqual([0, 42, 168])
})

test('a title makes room for itself', () => {
  const samples = [sample({ actual: 'cat' })]
  expect(predictionSheet(samples, { title: 'DDNet' }).height).toBe(predictionSheet(samples).height + 21 + 20)
})
