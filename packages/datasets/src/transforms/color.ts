import { DatasetError } from '../dataset-error.ts'
import type { ImageShape } from '../fields.ts'
import { zerosLike } from './pixels.ts'

type Image = Uint8Array | Float32Array

// The shares of red, green and blue in a grey, as torchvision has them: their sum is 0.9999.
const RED = 0.2989
const GREEN = 0.587
const BLUE = 0.114

/** @throws DatasetError unless the image is grey or RGB */
export function expectColors(transform: string, [, , channels]: ImageShape): void {
  if (channels === 1 || channels === 3) return
  throw new DatasetError(`${transform}: expected an image of 1 or 3 channels, got ${channels}`)
}

/** `factor · image`. Bytes are cut down to whole ones, here as in all of these, and results to black … white. */
export const adjustBrightness = (image: Image, _shape: ImageShape, factor: number): Image =>
  blend(image, () => 0, factor)

/** `factor · image + (1 − factor) · mean grey` */
export function adjustContrast(image: Image, [height, width, channels]: ImageShape, factor: number): Image {
  const gray = grayOf(image, channels)
  let sum = 0
  for (let pixel = 0; pixel < height * width; pixel++) sum += gray(pixel)
  const mean = sum / (height * width)
  return blend(image, () => mean, factor)
}

/** `factor · image + (1 − factor) · grey`, a pixel */
export function adjustSaturation(image: Image, [, , channels]: ImageShape, factor: number): Image {
  if (channels === 1) return image
  const gray = grayOf(image, channels)
  return blend(image, (at) => gray(Math.floor(at / channels)), factor)
}

/** Turns every hue by `turn`, from −½ to ½ of the circle. */
export function adjustHue(image: Image, [, , channels]: ImageShape, turn: number): Image {
  if (channels === 1) return image
  const result = zerosLike(image, image.length)
  const bytes = image instanceof Uint8Array
  const white = bytes ? 255 : 1
  const rgb = new Float64Array(3)
  for (let at = 0; at < image.length; at += 3) {
    for (let channel = 0; channel < 3; channel++) rgb[channel] = (image[at + channel] as number) / white
    turnHue(rgb, turn)
    for (let channel = 0; channel < 3; channel++) {
      const value = rgb[channel] as number
      result[at + channel] = bytes ? value * (256 - 1e-3) : value // bytes are cut down
    }
  }
  return result
}

function blend(image: Image, other: (at: number) => number, factor: number): Image {
  const result = zerosLike(image, image.length)
  const white = image instanceof Uint8Array ? 255 : 1
  // In float32, and rounded as torch's `add_` with `alpha` does: that decides what is cut down.
  const [own, rest] = [Math.fround(factor), Math.fround(1 - factor)]
  for (let at = 0; at < image.length; at++) {
    const value = Math.fround(Math.fround(own * (image[at] as number)) + rest * other(at))
    result[at] = Math.min(Math.max(value, 0), white)
  }
  return result
}

/** The grey of a pixel; of bytes, a whole number. */
function grayOf(image: Image, channels: number): (pixel: number) => number {
  if (channels === 1) return (pixel) => image[pixel] as number
  const cut = image instanceof Uint8Array ? Math.floor : (value: number) => value
  return (pixel) => {
    const at = 3 * pixel
    return cut(
      Math.fround(RED * (image[at] as number) + GREEN * (image[at + 1] as number) + BLUE * (image[at + 2] as number)),
    )
  }
}

/** RGB to hue, saturation and value, and back with another hue; in place. */
function turnHue(rgb: Float64Array, turn: number): void {
  const [red, green, blue] = rgb as unknown as [number, number, number]
  const value = Math.max(red, green, blue)
  const range = value - Math.min(red, green, blue)
  const saturation = range === 0 ? 0 : range / value
  const divisor = range === 0 ? 1 : range
  const [toRed, toGreen, toBlue] = [red, green, blue].map((channel) => (value - channel) / divisor) as [
    number,
    number,
    number,
  ]
  const sixths = value === red ? toBlue - toGreen : value === green ? 2 + toRed - toBlue : 4 + toGreen - toRed
  const hue = (((sixths / 6 + turn) % 1) + 1) % 1
  const sector = Math.floor(hue * 6)
  const rest = hue * 6 - sector
  const low = value * (1 - saturation)
  const falling = value * (1 - saturation * rest)
  const rising = value * (1 - saturation * (1 - rest))
  const channels = [
    [value, rising, low],
    [falling, value, low],
    [low, value, rising],
    [low, falling, value],
    [rising, low, value],
    [value, low, falling],
  ][sector % 6] as number[]
  rgb.set(channels)
}
