import { readFile } from 'node:fs/promises'
import { itemAt, lastItem } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import { encodeTensorBoardEvent, tensorBoardStart } from './event.ts'
import { histogramOf } from './histogram.ts'
import { readTensorBoardRecords } from './read.ts'
import { encodeRecord, splitRecords } from './record.ts'

const fixture = (name: string) => readFile(new URL(`../../fixtures/${name}`, import.meta.url))

test.each<[string, Uint8Array, number]>([
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
])('CRC-32C of %s is that of RFC 3720', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})

describe("what TensorBoard's writer and PyTorch's SummaryWriter wrote", () => {
  test('is written byte for byte', async () => {
    const png = await fixture('reference-tensorboard.png')
    const ours = Buffer.concat([
      tensorBoardStart({ step: 1, wallTime: 1700000000.25 }),
      encodeTensorBoardEvent({ step: 0, wallTime: 1700000001.5, scalars: { 'train/loss': 2.5 } }),
      encodeTensorBoardEvent({
        step: 300,
        wallTime: 1700000002,
        scalars: { 'train/loss': -0.125, 'validation/accuracy': 0, learning_rate: 3e-4, é: Number.NaN },
      }),
      encodeTensorBoardEvent({
        step: 2 ** 40,
        wallTime: 1700000003,
        images: { predictions: png },
        histograms: {
          'weights/a': Float32Array.of(-1.5, -0.25, 0, 0, 0.5, 2, 2, 1024),
          'weights/zeros': [0, 0, 0],
          'weights/one': [1],
          'weights/negative': [-4, -3, -1e-3],
        },
      }),
      itemAt(splitRecords(tensorBoardStart({ step: 301, wallTime: 1700000004 })), 1),
    ])
    expect(ours.equals(await fixture('reference.tfevents'))).toBe(true)
  })

  test('is read: steps and tags', async () => {
    const records = readTensorBoardRecords(await fixture('reference.tfevents'))
    expect(records.map(({ step, tags }) => [step, tags])).toEqual([
      [0, []],
      [0, ['train/loss']],
      [300, ['train/loss', 'validation/accuracy', 'learning_rate', 'é']],
      [2 ** 40, ['predictions', 'weights/a', 'weights/zeros', 'weights/one', 'weights/negative']],
      [301, []],
    ])
    expect(Buffer.concat(records.map(({ bytes }) => bytes)).equals(await fixture('reference.tfevents'))).toBe(true)
  })
})

test('a file cut at any byte has the whole records before it', async () => {
  const whole = (await fixture('reference.tfevents')).subarray(0, 300)
  const ends = [0]
  for (const { length } of splitRecords(whole)) ends.push(lastItem(ends) + length)
  expect(ends.length).toBeGreaterThan(3)
  for (let length = 0; length < whole.length; length++) {
    const records = splitRecords(whole.subarray(0, length))
    expect(records).toHaveLength(ends.filter((end) => end <= length).length - 1)
  }
})

test.each([3, 9, 13, 20])('a record whose byte %i is wrong ends the file', (at) => {
  const first = encodeRecord(Uint8Array.of(8, 1, 2, 3, 4))
  const damaged = encodeRecord(Uint8Array.of(8, 1, 2, 3, 4))
  damaged[at] = itemAt(damaged, at) ^ 1
  const records = splitRecords(Buffer.concat([first, damaged, first]))
  expect(records.map((record) => [...record])).toEqual([[...first]])
})

test('an event that is not a protobuf is named', () => {
  expect(() => readTensorBoardRecords(encodeRecord(Uint8Array.of(0x2a, 100)))).toThrow(
    'tensorboard: a field of 100 bytes ends behind its record',
  )
  expect(() => readTensorBoardRecords(encodeRecord(new Uint8Array(12).fill(0xff)))).toThrow('has no end')
})

test('an image that is not a PNG, and a histogram of nothing or of no numbers, are refused by their tags', () => {
  const encode = (parts: object) => () => encodeTensorBoardEvent({ step: 1, wallTime: 0, ...parts })
  expect(encode({ images: { cat: Uint8Array.of(0xff, 0xd8) } })).toThrow("'cat': expected a PNG file, got [255,216]")
  expect(encode({ histograms: { w: [] } })).toThrow("'w': a histogram needs values, got none")
  expect(encode({ histograms: { w: [1, Number.NaN] } })).toThrow("'w': a histogram needs numbers, got NaN")
})

test('no value is lost beyond the ends of the buckets', () => {
  const { counts, count, min, max } = histogramOf([-1e30, 1e30, 5], 'w')
  expect(counts.reduce((sum, each) => sum + each)).toBe(3)
  expect([count, min, max]).toEqual([3, -1e30, 1e30])
})
