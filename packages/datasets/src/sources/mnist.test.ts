import { describe, expect, test } from 'vitest'
import { expected, fixtureFiles, memoryFiles } from '../../test/source-files.ts'
import { diskFiles } from '../files/disk-files.ts'
import { readIdx } from './idx.ts'
import { mnist } from './mnist.ts'

describe('mnist', () => {
  test('reads IDX files, gzipped or not', async () => {
    const { train, test: small } = await mnist(fixtureFiles('mnist'))
    for (const [dataset, name] of [
      [train, 'train'],
      [small, 't10k'],
    ] as const) {
      const { images, labels } = expected[name]
      expect(dataset.length).toBe(images.length)
      expect([...(dataset.labels as Uint8Array)]).toEqual(labels)
      for (let index = 0; index < dataset.length; index++) {
        const { image, label } = await dataset.get(index)
        expect({ image: [...image.data], shape: image.shape, label }).toEqual({
          image: images[index].flat(),
          shape: [5, 4, 1],
          label: labels[index],
        })
      }
    }
  })

  test.each<[string, number[], string]>([
    [
      'of another type',
      [0, 0, 13, 1, 0, 0, 0, 0],
      'expected it to begin with 0, 0, 8 and its number of axes, got [0,0,13,1]',
    ],
    ['without its axes', [0, 0, 8, 3, 0, 0, 0, 1], 'expected it to begin with'],
    ['that was cut', [0, 0, 8, 1, 0, 0, 0, 3, 1, 2], 'expected 11 bytes for [3], got 10. Download it again.'],
    ['that is longer', [0, 0, 8, 1, 0, 0, 0, 1, 1, 2], 'expected 9 bytes for [1], got more'],
    [
      'of a size that no memory has',
      [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255],
      'for [4294967295,4294967295], got 12',
    ],
    ['that does not unzip', [31, 139, 8, 0, 1, 2, 3], 'does not unzip'],
  ])('an IDX file %s is refused', async (_, bytes, message) => {
    await expect(readIdx(memoryFiles({ a: Uint8Array.from(bytes) }), 'a')).rejects.toThrow(`memory/a `)
    await expect(readIdx(memoryFiles({ a: Uint8Array.from(bytes) }), 'a')).rejects.toThrow(message)
  })

  test('a missing file is named as it is expected', async () => {
    await expect(mnist(diskFiles('/no/such'))).rejects.toThrow(
      'cannot read /no/such/train-images-idx3-ubyte: it is missing',
    )
  })

  test('a zip that holds more than its header says stops there', async () => {
    const header = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1)
    const content = new Uint8Array(50_000_000)
    content.set(header)
    const stream = new Blob([content]).stream().pipeThrough(new CompressionStream('gzip'))
    const bomb = new Uint8Array(await new Response(stream).arrayBuffer())
    await expect(readIdx(memoryFiles({ a: bomb }), 'a')).rejects.toThrow('it unzips to more than its header says')
  })
})
