import { DatasetError } from '../dataset-error.ts'
import { decodePng } from './decode-png.ts'
import type { ImageLimits } from './limits.ts'

export type MaskColor = readonly [red: number, green: number, blue: number]

/** What the values of a mask mean. */
export interface MaskMeaning {
  /** How many classes there are. A mask with other values is then refused, by the place of the first one. */
  readonly classes?: number
  /** The color of each class, of masks that are painted: class `i` is `colors[i]`. */
  readonly colors?: readonly MaskColor[]
  /** The value, or with `colors` the color, of what belongs to no class, as 255 is in many data sets: in the mask it is −100. */
  readonly ignore?: number | MaskColor
}

/** What `crossEntropy` leaves out. */
const IGNORED = -100

/** How errors name an option and, with a value, say what to set it to: a program may have it under a name of its own. */
export type OptionText = (option: string, value?: unknown) => string

/** As code has them: `ignore: 255`. */
export const asOption: OptionText = (option, value) =>
  value === undefined ? option : `${option}: ${JSON.stringify(value)}`

/** So many different colors are told; a mask of more is a photo, or was saved as one. */
const MOST_COLORS = 12

interface Mask {
  readonly mask: Uint8Array | Int32Array
  readonly height: number
  readonly width: number
}

/** @throws DatasetError for meanings that contradict each other */
export function checkMeaning({ classes, colors, ignore }: MaskMeaning, optionText: OptionText = asOption): void {
  const isByte = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255
  const isColor = (color: unknown): boolean => Array.isArray(color) && color.length === 3 && color.every(isByte)
  const fail = (expected: string, got: unknown): never => {
    throw new DatasetError(`maskFolder: expected ${expected}, got ${JSON.stringify(got)}.`)
  }
  if (classes !== undefined && !(Number.isInteger(classes) && classes > 0))
    fail(`${optionText('classes')} to be a whole number above 0`, classes)
  for (const color of colors ?? [])
    if (!isColor(color)) fail(`${optionText('colors')} of [red, green, blue] from 0 to 255`, color)
  const keys = (colors ?? []).map(String)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined) fail(`${optionText('colors')} that differ`, twice)
  if (colors && classes !== undefined && classes !== colors.length)
    fail(`${optionText('classes')} to be ${colors.length}, the number of ${optionText('colors')}`, classes)
  if (ignore === undefined) return
  if (colors && !isColor(ignore))
    fail(`${optionText('ignore')} to be a color [red, green, blue], as ${optionText('colors')} are`, ignore)
  if (!colors && !(Number.isInteger(ignore) && Number(ignore) >= 0))
    fail(`${optionText('ignore')} to be a whole number of at least 0`, ignore)
  if (keys.includes(String(ignore))) fail(`${optionText('ignore')} to be a color of no class`, ignore)
}

/**
 * The class of each pixel of a mask: its grey values of up to 16 bits or its places in the palette as they are in the file,
 * or what its colors mean.
 *
 * @throws DatasetError naming the file: for damage, for a mask of colors whose meaning is not known, and for a value or
 * color that is not a class, with its pixel
 * @param optionText how errors name the options
 */
export async function decodeMask(
  file: Uint8Array,
  path: string,
  meaning: MaskMeaning = {},
  limits: ImageLimits = {},
  optionText: OptionText = asOption,
): Promise<Mask> {
  const png = await decodePng(file, path, limits)
  const { width, height, channels, data } = png
  const place = (at: number): string => `the pixel at column ${at % width}, row ${Math.floor(at / width)}`
  const { classes, colors, ignore } = meaning
  if (colors) {
    const rgb = colorsOf(png, path)
    const key = ([red, green, blue]: MaskColor) => (red << 16) | (green << 8) | blue
    const classOf = new Map(colors.map((color, index) => [key(color), index]))
    if (ignore !== undefined) classOf.set(key(ignore as MaskColor), IGNORED) // checked: a color
    const mask = new Int32Array(width * height)
    for (let at = 0; at < mask.length; at++) {
      const color: MaskColor = [rgb[3 * at] as number, rgb[3 * at + 1] as number, rgb[3 * at + 2] as number]
      const index = classOf.get(key(color))
      if (index === undefined) {
        throw new DatasetError(
          `${path}: ${place(at)} has the color [${color.join(', ')}], which is none of the ${colors.length} of ${optionText('colors')}. ` +
            `Add it there, or where it belongs to no class: ${optionText('ignore', color)}. A mask that was saved as a JPEG or resized has mixed colors: save it anew.`,
          { path },
        )
      }
      mask[at] = index
    }
    return { mask, height, width }
  }
  if (channels !== 1) {
    const found = colorsIn(png, path)
    const example =
      found !== undefined && found.length >= 2
        ? found
        : [
            [0, 0, 0],
            [255, 0, 0],
          ]
    throw new DatasetError(
      `${path}: expected a mask of grey values or with a palette, whose numbers are the classes, got ${channels} channels` +
        `${found === undefined ? '' : ` of ${found.length} ${found.length === 1 ? 'color' : 'colors'}`}. ` +
        `Say which color each class has, as in ${optionText('colors', example)}, or convert the colors to classes.`,
      { path },
    )
  }
  if (classes !== undefined) {
    const wrong = data.findIndex((value) => value >= classes && value !== ignore)
    if (wrong >= 0) {
      throw new DatasetError(
        `${path}: ${place(wrong)} has the value ${data[wrong]}, expected a class of 0 … ${classes - 1}. ` +
          `${ignore === undefined ? `Where it belongs to no class: ${optionText('ignore', data[wrong])}.` : 'Fix the mask.'}`,
        { path },
      )
    }
  }
  if (ignore === undefined) return { mask: data instanceof Uint16Array ? Int32Array.from(data) : data, height, width }
  return { mask: Int32Array.from(data, (value) => (value === ignore ? IGNORED : value)), height, width }
}

/** The different colors of a PNG, as they come; nothing where there are too many to be classes. */
function colorsIn(png: Awaited<ReturnType<typeof decodePng>>, path: string): number[][] | undefined {
  const rgb = colorsOf(png, path)
  const found = new Map<number, number[]>()
  for (let at = 0; at < rgb.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = rgb.subarray(at, at + 3)
    found.set((red << 16) | (green << 8) | blue, [red, green, blue])
    if (found.size > MOST_COLORS) return undefined
  }
  return [...found].sort(([a], [b]) => a - b).map(([, color]) => color)
}

/** RGB bytes of any PNG, without what is transparent. */
function colorsOf(
  { width, height, depth, channels, palette, data, colors }: Awaited<ReturnType<typeof decodePng>>,
  path: string,
) {
  if (depth === 16) {
    throw new DatasetError(`${path}: expected colors of 8 bits, got 16. Save it anew with 8.`, { path })
  }
  const rgb = new Uint8Array(width * height * 3)
  const scale = palette ? 1 : 255 / (2 ** depth - 1)
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = data[at * channels + (channels >= 3 ? channel : 0)] as number
      rgb[3 * at + channel] = palette ? (colors?.[3 * value + channel] ?? 0) : value * scale
    }
  }
  return rgb
}
