import {
  centerCrop,
  type Dataset,
  type Files,
  inOwnOrder,
  type MaskColor,
  map,
  maskFolder,
  resize,
  type SegmentationSample,
  splitOf,
  subfolder,
  validationSplit,
} from '@ddnet/datasets'
import { itemAt } from '@ddnet/ops/checks'
import { z } from 'zod'
import type { DataDefinition, DataFacts, DataSplits, Given } from '../definitions.ts'
import { setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { checkCrop, colorSettings, folderSetting, type ImageSettings, prepareImages } from './images.ts'

type Color = readonly [red: number, green: number, blue: number]

export interface MasksSettings extends ImageSettings {
  readonly directory: string | null
  readonly images: string
  readonly masks: string
  readonly classes: number | readonly string[] | null
  readonly colors: readonly Color[] | null
  readonly ignore: number | Color | null
}

const byte = z.int().min(0).max(255)
const color = z.tuple([byte, byte, byte])
const inside = (start: string, about: string) =>
  setting(z.string().min(1).default(start), 'the name of a folder', start, about)

/** Images with masks, which say the class of each pixel. */
export const masks: DataDefinition<'masks', Given<MasksSettings>, MasksSettings, SegmentationSample> = {
  kind: 'data',
  name: 'masks',
  preset: 'masks',
  options: z.strictObject({
    directory: folderSetting(
      'the path of a folder',
      './cells',
      'Folder with images/1.jpg and masks/1.png, or with folders train, val and test that have these',
    ),
    images: inside('images', 'Folder of the images in it'),
    masks: inside('masks', 'Folder of the masks in it: PNGs with the names of the images'),
    classes: setting(
      z
        .union([z.int().min(2), z.array(z.string().min(1)).min(2)])
        .nullable()
        .default(null),
      'how many, their names as a list, or null',
      '["background","cell"]',
      'Classes of the pixels; null counts them in the masks',
    ),
    colors: setting(
      z.array(color).min(2).nullable().default(null),
      'a list of [red, green, blue], or null',
      '[[0,0,0],[255,255,255]]',
      'The color of each class, of masks that are painted; null takes gray values and places in a palette as classes',
    ),
    ignore: setting(
      z
        .union([z.int().min(0), color])
        .nullable()
        .default(null),
      'a number, with data.colors a color, or null',
      255,
      'The value of pixels that belong to no class, and count for nothing',
    ),
    ...colorSettings(),
  }),
  check(options, _, placeOf) {
    checkCrop(options, placeOf)
    const { directory, classes, colors } = options
    const count = countOf(classes)
    if (count !== undefined && colors !== null && count !== colors.length) {
      throw new SettingsError(
        `data.classes (${placeOf('data.classes', 'data.colors')}) are ${count}, and data.colors ${colors.length}: expected one color for each class.`,
      )
    }
    if (directory !== null) return
    throw new SettingsError(
      `data=masks (${placeOf('data', 'preset')}) needs the folder of images and masks. Try masks=./cells, with ./cells/images/1.jpg and ./cells/masks/1.png`,
    )
  },
  title: ({ directory }) => directory?.split(/[/\\]/).findLast((part) => part !== '') ?? 'masks',
  normalization: ({ mean, std }) => ({ mean, std }),
  async load(options, host) {
    const { directory, size, validation: share } = options
    if (directory === null) throw new Error('data.directory is missing.') // checked with the settings
    const parts = await partsOf(host.files(directory), options)
    const digest: string[] = []
    const read = async (files: Files | undefined, what: string) => {
      if (files === undefined) return undefined
      const folder = await maskFolder(files, meaningOf(options))
      for (const { what, names, remedy } of folder.leftOut) {
        const examples = names.length > 2 ? `${names.slice(0, 2).join(', ')} …` : names.join(', ')
        host.log(`left out ${names.length} ${what}: ${examples}.${remedy === undefined ? '' : ` ${remedy}`}`)
      }
      host.log(`reading ${folder.length} ${what} images and their masks`)
      digest.push(what, ...folder.names)
      return inMemory(folder, size)
    }
    const all = await read(parts.train, 'training')
    const validation = await read(parts.validation, 'validation')
    const test = await read(parts.test, 'test')
    if (all === undefined) throw new Error('there is no training part.') // partsOf has one
    const classNames = classNamesOf([all, validation, test], options, directory)
    const image: DataFacts['image'] = { height: size, width: size, channels: 3 }
    const held = {
      ...(validation && { validation: inOwnOrder(validation) }),
      ...(test && { test: inOwnOrder(test) }),
      samples: { names: await sha256(digest.join('\0')), leftOut: [] },
      facts: { image, classNames },
    }
    return { train: all, ...held, ...(validation === undefined && share > 0 && splitOff(all, share)) }
  },
  prepare: prepareImages(32),
}

/** Files of the parts that the folder has: those of its folders `train`, `val` and `test`, or all of it to train on. */
async function partsOf(files: Files, { images }: MasksSettings) {
  const names = await files.list()
  const folders = new Set(names.flatMap((name) => /^([^/]+)\//.exec(name)?.[1] ?? []))
  if (folders.has(images)) return { train: files }
  const parts: { train?: Files; validation?: Files; test?: Files } = {}
  for (const folder of folders) {
    const part = splitOf(folder)
    if (part === undefined || !names.some((name) => name.startsWith(`${folder}/${images}/`))) continue
    if (parts[part] !== undefined) {
      throw new SettingsError(`${files.path(folder)} is a second ${part} part: expected one. Take one of them away.`)
    }
    parts[part] = subfolder(files, folder)
  }
  if (parts.train !== undefined) return parts
  throw new SettingsError(
    `${files.path(images)} is not there: expected a folder ${images} with images and one with their masks, or such folders in train. Say what they are called with data.images and data.masks`,
  )
}

/** How many classes the settings say that there are. */
const countOf = (classes: MasksSettings['classes']): number | undefined =>
  typeof classes === 'number' ? classes : classes?.length

const meaningOf = ({ images, masks, classes, colors, ignore }: MasksSettings) => {
  const count = countOf(classes)
  return {
    images,
    masks,
    ...(colors !== null && { colors: colors.map(([red, green, blue]): MaskColor => [red, green, blue]) }),
    ...(count !== undefined && colors === null && { classes: count }),
    ...(ignore !== null && { ignore }),
  }
}

/** All samples decoded, their middle cut to a square and scaled to `size`: a training reads them many times. */
async function inMemory(folder: Dataset<SegmentationSample>, size: number): Promise<Dataset<SegmentationSample>> {
  const small = map(folder, resize(size), centerCrop(size))
  const samples: SegmentationSample[] = []
  for (let index = 0; index < folder.length; index++) samples.push(await small.get(index))
  // What is asked for belongs to whoever asked.
  const getSync = (index: number): SegmentationSample => {
    const { image, mask } = itemAt(samples, index)
    return { image: { ...image, data: image.data.slice() }, mask: { ...mask, data: mask.data.slice() } }
  }
  return { length: samples.length, getSync, get: async (index) => getSync(index) }
}

function classNamesOf(
  parts: readonly (Dataset<SegmentationSample> | undefined)[],
  { classes, colors }: MasksSettings,
  directory: string,
): readonly string[] {
  if (Array.isArray(classes)) return classes
  const count = countOf(classes) ?? colors?.length ?? countClasses(parts, directory)
  return Array.from({ length: count }, (_, label) => String(label))
}

/**
 * One more than the largest value of all masks.
 *
 * @throws SettingsError where 255 is the largest and leaves a gap, for it is white in masks of two classes, and no class in others
 */
function countClasses(parts: readonly (Dataset<SegmentationSample> | undefined)[], directory: string): number {
  const values = new Set<number>()
  for (const part of parts) {
    for (let index = 0; index < (part?.length ?? 0); index++) {
      for (const value of part?.getSync?.(index).mask.data ?? []) values.add(value)
    }
  }
  const found = [...values].filter((value) => value >= 0).sort((a, b) => a - b)
  const largest = found.at(-1) ?? 0
  if (largest === 255 && found.length < 256) {
    throw new SettingsError(
      `the masks of ${directory} have the value 255 beside ${found.slice(0, -1).join(', ') || 'no other'}. Where it belongs to no class: data.ignore=255. Where it is white, a class of its own: data.colors=[[0,0,0],[255,255,255]]`,
    )
  }
  if (largest === 0) {
    throw new SettingsError(
      `the masks of ${directory} have the value 0 alone: expected at least two classes. Where some are rare, say how many there are, as in data.classes=2`,
    )
  }
  return largest + 1
}

/** Samples that are kept to choose by: always the same ones. */
function splitOff(
  train: Dataset<SegmentationSample>,
  share: number,
): Required<Pick<DataSplits<SegmentationSample>, 'train' | 'validation'>> {
  if (train.length < 2 || Math.round(share * train.length) === 0) {
    throw new SettingsError(
      `data.validation=${share} leaves none of ${train.length} images to choose by. Try data.validation=${train.length < 2 ? 0 : 0.5}`,
    )
  }
  return validationSplit({ ...train, labels: new Uint8Array(train.length) }, share)
}

/** A checksum in hexadecimal digits. */
async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(bytes, (value) => value.toString(16).padStart(2, '0')).join('')
}
