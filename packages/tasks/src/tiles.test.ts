import { conv2d, type HostTensor, interpolate, softmax, type Tensor, tensor, toHost } from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { classesByTiles } from './tiles.ts'

const noise = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, at) => (Math.imul(at + 977 * seed, 2654435761) >>> 0) / 2 ** 32)

const [height, width] = [19, 45]
const data = noise(height * width * 2)
const picture = { data, shape: [height, width, 2] as const, tile: [16, 16] as const, size: [height, width] as const }
const weights = () => tensor(noise(2 * 3, 5), [1, 1, 2, 3])
/** Three classes of two channels, each pixel by itself. */
const pointwise = (images: Tensor) => conv2d(images, weights())

const whole = (shape: readonly number[] = [1, height, width, 2]) => tensor(data, tuple(shape, 4))

async function likeliestOf(maps: Tensor): Promise<number[]> {
  const { data, shape } = await toHost(maps)
  const classes = itemAt(shape, 3)
  return Array.from({ length: data.length / classes }, (_, pixel) => {
    const values = Array.from({ length: classes }, (_, label) => Number(data[pixel * classes + label]))
    return values.indexOf(Math.max(...values))
  })
}

describeBackends('classesByTiles', () => {
  test('a network that sees single pixels says of them in tiles what it says of them in the picture', async () => {
    const found = await classesByTiles(pointwise, picture, 3)
    expect([...found]).toEqual(await likeliestOf(pointwise(whole())))
  })

  test('each pixel is covered, and every tile is of the size that the network takes', async () => {
    const shapes: string[] = []
    const found = await classesByTiles(
      (tiles) => {
        shapes.push(tiles.shape.slice(1).join())
        return pointwise(tiles)
      },
      { ...picture, tile: [8, 12] },
      3,
    )
    expect(new Set(shapes)).toEqual(new Set(['8,12,2']))
    expect([...found]).toEqual(await likeliestOf(pointwise(whole())))
  })

  test('where tiles overlap, what a network says at their edges counts least', async () => {
    // Beyond its middle third a tile is said to be of class 1: of the picture that is left at its edges alone.
    const doubtful = (tiles: Tensor) => {
      const [batch = 0, tileHeight = 0, tileWidth = 0] = tiles.shape
      const logits = Float32Array.from({ length: batch * tileHeight * tileWidth * 2 }, (_, at) => {
        const x = Math.floor(at / 2) % tileWidth
        return at % 2 === Number(x === 0 || x === tileWidth - 1) ? 1 : 0
      })
      return tensor(logits, [batch, tileHeight, tileWidth, 2])
    }
    const found = await classesByTiles(doubtful, picture, 2)
    const row = Array.from({ length: width }, (_, x) => Number(x === 0 || x === width - 1))
    expect([...found]).toEqual(Array.from({ length: height }, () => row).flat())
  })

  test('a side that is shorter than a tile is mirrored', async () => {
    const seen: Promise<HostTensor>[] = []
    const small = { data: Float32Array.of(1, 2, 3), shape: [1, 3, 1] as const, size: [1, 3] as const }
    const found = await classesByTiles(
      (tiles) => {
        seen.push(toHost(tiles))
        return conv2d(tiles, tensor([-1, 1], [1, 1, 1, 2]), { bias: tensor([2.5, -2.5]) })
      },
      { ...small, tile: [2, 8] },
      2,
    )
    const row = [1, 2, 3, 2, 1, 2, 3, 2]
    expect((await Promise.all(seen)).map(({ data }) => [...data])).toEqual([[...row, ...row]])
    expect([...found]).toEqual([0, 0, 1])
  })

  test.each([
    [40, 91],
    [9, 20],
  ])('an answer of %d × %d is the bilinear map of the probabilities', async (outHeight, outWidth) => {
    const found = await classesByTiles(pointwise, { ...picture, size: [outHeight, outWidth] }, 3)
    const maps = interpolate(softmax(pointwise(whole())), { size: [outHeight, outWidth], mode: 'bilinear' })
    expect([...found]).toEqual(await likeliestOf(maps))
  })
})
