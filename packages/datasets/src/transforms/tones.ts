import { itemAt } from '@ddnet/ops/checks'
import type { ImageShape } from '../fields.ts'

/** Keeps the `bits` highest bits of each byte. @see torchvision.transforms.v2.functional.posterize */
export function posterize(image: Uint8Array, bits: number): Uint8Array {
  const kept = 256 - 2 ** (8 - bits)
  return image.map((value) => value & kept)
}

/** Inverts the bytes from `threshold` on. @see torchvision.transforms.v2.functional.solarize */
export const solarize = (image: Uint8Array, threshold: number): Uint8Array =>
  image.map((value) => (value >= threshold ? 255 - value : value))

/** The negative. @see torchvision.transforms.v2.functional.invert */
export const invert = (image: Uint8Array): Uint8Array => image.map((value) => 255 - value)

/** Stretches each channel to black … white. @see torchvision.transforms.v2.functional.autocontrast */
export function autocontrast(image: Uint8Array, [, , channels]: ImageShape): Uint8Array {
  const tables = Array.from({ length: channels }, (_, channel) => {
    let least = 255
    let most = 0
    for (let at = channel; at < image.length; at += channels) {
      least = Math.min(least, image[at] as number)
      most = Math.max(most, image[at] as number)
    }
    const scale = Math.fround((most - least) * Math.fround(1 / 255)) // in float32, which decides what is cut down
    return Uint8Array.from({ length: 256 }, (_, value) =>
      most === least ? value : Math.min(255, Math.max(0, Math.fround((value - least) / scale))),
    )
  })
  return throughTables(image, tables)
}

/**
 * Spreads the bytes of each channel so that they are about equally frequent.
 * @see torchvision.transforms.v2.functional.equalize, PIL.ImageOps.equalize
 */
export function equalize(image: Uint8Array, [height, width, channels]: ImageShape): Uint8Array {
  const tables = Array.from({ length: channels }, (_, channel) => {
    const counts = new Uint32Array(256)
    for (let at = channel; at < image.length; at += channels) {
      const value = image[at] as number
      counts[value] = (counts[value] as number) + 1
    }
    const highest = counts.findLast((count) => count > 0) ?? 0
    const step = Math.floor((height * width - highest) / 255)
    let below = 0
    return Uint8Array.from({ length: 256 }, (_, value) => {
      if (step === 0) return value
      const target = value === 0 ? 0 : Math.min(255, Math.floor((below + Math.floor(step / 2)) / step))
      below += itemAt(counts, value)
      return target
    })
  })
  return throughTables(image, tables)
}

/** `factor · image + (1 − factor) · blurred`, inside the border. @see torchvision.transforms.v2.functional.adjust_sharpness */
export function adjustSharpness(image: Uint8Array, [height, width, channels]: ImageShape, factor: number): Uint8Array {
  const result = image.slice()
  const row = width * channels
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + channels; at < (y + 1) * row - channels; at++) {
      const own = image[at] as number
      let sum = 4 * own // the kernel is 1 around and 5 in the middle, over 13
      for (let up = -row; up <= row; up += row) {
        for (let left = -channels; left <= channels; left += channels) sum += image[at + up + left] as number
      }
      const blurred = Math.round(sum / 13) // thirteenths have no halves
      result[at] = Math.min(255, Math.max(0, Math.fround(own + (1 - factor) * (blurred - own))))
    }
  }
  return result
}

function throughTables(image: Uint8Array, tables: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(image.length)
  for (const [channel, table] of tables.entries()) {
    for (let at = channel; at < image.length; at += tables.length) result[at] = table[image[at] as number] as number
  }
  return result
}
