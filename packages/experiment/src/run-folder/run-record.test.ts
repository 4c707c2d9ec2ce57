import { expect, test } from 'vitest'
import { isSameData, type RunData, runDataSchema } from './run-record.ts'

const data: RunData = {
  classNames: ['cats', 'dogs'],
  image: { height: 16, width: 16, channels: 3 },
  trainImages: 12,
  validationImages: 3,
  testImages: 0,
  samples: { names: 'a'.repeat(64), leftOut: ['cats/broken.jpg'] },
}

test.each<[string, Partial<RunData>, boolean]>([
  ['the same', {}, true],
  ['other names of samples', { samples: { names: 'b'.repeat(64), leftOut: ['cats/broken.jpg'] } }, false],
  [
    'a record of contents beside one without',
    { samples: { names: 'a'.repeat(64), contents: 'c'.repeat(64), leftOut: [] } },
    true,
  ],
  ['without the file that could not be read', { samples: { names: 'a'.repeat(64), leftOut: [] } }, true],
  ['an older record, of counts alone', { samples: undefined }, true],
  ['an older record of other counts', { samples: undefined, trainImages: 11 }, false],
  ['the classes in another order', { classNames: ['dogs', 'cats'] }, false],
  ['larger images', { image: { height: 32, width: 32, channels: 3 } }, false],
  ['a record of before images had a size', { image: undefined }, true],
])('%s', (_, change, same) => {
  const other = { ...data, ...change }
  expect([isSameData(data, other), isSameData(other, data)]).toEqual([same, same])
})

test('is read as it was written', () => {
  expect(runDataSchema.parse(JSON.parse(JSON.stringify(data)))).toEqual(data)
})
