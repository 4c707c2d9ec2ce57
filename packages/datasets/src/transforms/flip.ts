import { moveBoxes } from './boxes.ts'
import { changeFields, sizeOfSample } from './change-fields.ts'
import { type Pixels, zerosLike } from './pixels.ts'

/** Images mirrored left to right. @see torchvision.transforms.v2.functional.horizontal_flip */
export function flipHorizontally<S extends object>(sample: S): S {
  const size = sizeOfSample('flipHorizontally', sample)
  const [height, width] = size
  return changeFields(sample, {
    image: (image) => ({ ...image, data: mirrorRows(image.data, height, width, image.shape[2]) }),
    mask: (mask) => ({ ...mask, data: mirrorRows(mask.data, height, width, 1) }),
    boxes: (boxes) => ({
      ...boxes,
      data: swapSides(
        moveBoxes(boxes.data, size, (x, y) => [width - x, y]),
        0,
      ),
    }),
  })
}

/** Images upside down. @see torchvision.transforms.v2.functional.vertical_flip */
export function flipVertically<S extends object>(sample: S): S {
  const size = sizeOfSample('flipVertically', sample)
  const [height, width] = size
  return changeFields(sample, {
    image: (image) => ({ ...image, data: reverseRows(image.data, height, width * image.shape[2]) }),
    mask: (mask) => ({ ...mask, data: reverseRows(mask.data, height, width) }),
    boxes: (boxes) => ({
      ...boxes,
      data: swapSides(
        moveBoxes(boxes.data, size, (x, y) => [x, height - y]),
        1,
      ),
    }),
  })
}

function mirrorRows<P extends Pixels>(pixels: P, height: number, width: number, channels: number): P {
  const mirrored = zerosLike(pixels, pixels.length)
  const row = width * channels
  for (let start = 0; start < height * row; start += row) {
    for (let channel = 0; channel < channels; channel++) {
      let from = start + channel
      for (let to = start + row - channels + channel; to >= start; to -= channels, from += channels) {
        mirrored[to] = pixels[from] as number
      }
    }
  }
  return mirrored
}

function reverseRows<P extends Pixels>(pixels: P, height: number, row: number): P {
  const reversed = zerosLike(pixels, pixels.length)
  for (let y = 0; y < height; y++) reversed.set(pixels.subarray(y * row, (y + 1) * row), (height - 1 - y) * row)
  return reversed
}

/** Mirrored boxes have their left where their right was, or their top where their bottom was. */
function swapSides(boxes: Float32Array, axis: 0 | 1): Float32Array {
  for (let at = axis; at < boxes.length; at += 4) {
    const low = boxes[at + 2] as number
    boxes[at + 2] = boxes[at] as number
    boxes[at] = low
  }
  return boxes
}
