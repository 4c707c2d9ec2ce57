import { type ClassificationSample, type Dataset, imageDataset } from '@ddnet/datasets'
import { type Key, random } from '@ddnet/ops'

export const classNames = ['disc', 'square', 'stripes']

const size = 16

/** `count` pictures of a bright shape on a dark ground, at a random place, under noise. */
export function shapes(count: number, key: Key): Dataset<ClassificationSample> {
  const labels = Array.from({ length: count }, (_, index) => index % classNames.length)
  const places = random.uniformValues(key.fold('places'), 2 * count)
  const noise = random.uniformValues(key.fold('noise'), count * size * size * 3)
  const images = Uint8Array.from(noise, (value, at) => {
    const index = Math.floor(at / (size * size * 3))
    const pixel = Math.floor(at / 3) % (size * size)
    const x = (pixel % size) - 5 - 6 * (places[2 * index] as number)
    const y = Math.floor(pixel / size) - 5 - 6 * (places[2 * index + 1] as number)
    return (isInside(labels[index] as number, x, y) ? 150 : 20) + 80 * value
  })
  return imageDataset({ images, labels, shape: [size, size, 3] })
}

function isInside(label: number, x: number, y: number): boolean {
  if (label === 0) return Math.hypot(x, y) < 4.5
  const inSquare = Math.max(Math.abs(x), Math.abs(y)) < 4
  return label === 1 ? inSquare : inSquare && Math.floor(y + 100) % 2 === 0
}
