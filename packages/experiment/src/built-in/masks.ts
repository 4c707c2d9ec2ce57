import {
  centerCrop,
  type Dataset,
  inOwnOrder,
  map,
  refuseUnpaired,
  resize,
  type SegmentationSample,
} from '@ddnet/datasets'
import { itemAt, sha256 } from '@ddnet/ops/checks'
import { z } from 'zod'
import type { DataDefinition, DataFacts, DataSplits, Given } from '../definitions.ts'
import type { Config } from '../settings/config.ts'
import { show } from '../settings/entries.ts'
import type { PlaceOf } from '../settings/kinds.ts'
import { setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { checkCrop, colorSettings, folderSetting, type ImageSettings, prepareImages } from './images.ts'
import { countOf, isCocoFile, type MaskSettings, type MaskSource, maskSources } from './mask-sources.ts'
import { expectBothParts, splitOff } from './split.ts'

export interface MasksSettings extends ImageSettings, MaskSettings {}

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
      'the path of a folder, or of a .json file',
      './cells',
      "Folder with images/1.jpg and masks/1.png, or with folders train, val and test that have these; or a file of COCO's with polygons or runs, beside its images",
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
    if (options.augment === 'augMix') {
      throw new SettingsError(
        `data.augment=augMix (${placeOf('data.augment')}): expected a policy that moves masks with their images, and a mask has no mixture. Try data.augment=trivialAugment`,
      )
    }
    const { directory, classes, colors } = options
    const count = countOf(classes)
    if (count !== undefined && colors !== null && count !== colors.length) {
      throw new SettingsError(
        `data.classes (${placeOf('data.classes', 'data.colors')}) are ${count}, and data.colors ${colors.length}: expected one color for each class.`,
      )
    }
    checkColors(options, placeOf)
    if (directory !== null && isCocoFile(directory) && (colors !== null || options.ignore !== null)) {
      throw new SettingsError(
        `data.colors and data.ignore (${placeOf('data.colors', 'data.ignore')}) are of painted masks, and ${directory} has outlines of objects. Leave them out`,
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
    const contents = new Map<string, string>()
    const sources = await maskSources(options, host.files, async (name, content) => {
      contents.set(name, await sha256(content))
    })
    const names: string[] = []
    const read = async (part: MaskSource['part'], what: string): Promise<ReadPart | undefined> => {
      const source = sources.find((each) => each.part === part)
      if (source === undefined) return undefined
      const { folder, problems, below, path } = source
      refuseUnpaired(problems, folder.length, { path: (name) => below + name })
      for (const { what, names, remedy } of folder.leftOut) {
        host.log(`left out ${names.length} ${what}: ${examples(names)}.${remedy === undefined ? '' : ` ${remedy}`}`)
      }
      for (const note of source.notes ?? []) host.log(note)
      host.log(`reading ${folder.length} ${what} images and their masks`)
      names.push(what, ...folder.names)
      const samples = await inMemory(folder, size)
      const labelled = Array.from({ length: samples.length }, (_, at) => hasClasses(samples.getSync(at)))
      const ignored = folder.names.filter((_, at) => labelled[at] === false)
      if (ignored.length === folder.length) throw nothingToLearn(what, path, options)
      if (ignored.length > 0) {
        host.log(
          `${ignored.length} of ${folder.length} ${what} masks belong to no class as a whole: ${examples(ignored)}`,
        )
      }
      return { samples, labelled }
    }
    const all = await read('train', 'training')
    const validation = await read('validation', 'validation')
    const test = await read('test', 'test')
    if (all === undefined) throw new Error('there is no training part.') // maskSources has one
    const inAll = [all, validation, test].flatMap((part) => (part === undefined ? [] : [part.samples]))
    const classNames = sources[0]?.classNames ?? classNamesOf(inAll, options, directory)
    const image: DataFacts['image'] = { height: size, width: size, channels: 3 }
    const held = {
      ...(validation && { validation: inOwnOrder(validation.samples) }),
      ...(test && { test: inOwnOrder(test.samples) }),
      samples: {
        names: await sha256(names.join('\0')),
        contents: await sha256([...contents].sort().flat().join('\0')),
        leftOut: [],
      },
      facts: { image, classNames },
    }
    const split = validation === undefined && share > 0 ? splitOffLabelled(all, share, directory) : undefined
    return { train: all.samples, ...held, ...split }
  },
  prepare: prepareImages(32),
}

/** Whether colors, and what is ignored, can be told apart. */
function checkColors({ colors, ignore }: MasksSettings, placeOf: PlaceOf): void {
  const place = placeOf('data.ignore', 'data.colors')
  const fail = (problem: string): never => {
    throw new SettingsError(`${problem} (${place})`)
  }
  const keys = (colors ?? []).map(String)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined) fail(`data.colors has [${twice}] twice: expected a color of its own for each class`)
  if (ignore === null) return
  if (colors !== null && !Array.isArray(ignore)) {
    fail(
      `data.ignore=${show(ignore)}: expected a color, as data.colors are. Try data.ignore=[${ignore},${ignore},${ignore}]`,
    )
  }
  if (colors === null && Array.isArray(ignore)) {
    fail(`data.ignore=${show(ignore)}: expected a number, or data.colors with the color of each class`)
  }
  if (keys.includes(String(ignore))) fail(`data.ignore=${show(ignore)}: expected a color that is of no class`)
}

/** The settings of data whose definition is `masks`. */
export const masksSettings = ({ data }: Pick<Config, 'data'>): MasksSettings => masks.options.parse(data.options)

interface ReadPart {
  readonly samples: InMemory
  /** Whether a sample has any pixel that counts. */
  readonly labelled: readonly boolean[]
}

type InMemory = Dataset<SegmentationSample> & Required<Pick<Dataset<SegmentationSample>, 'getSync'>>

const examples = (names: readonly string[]): string =>
  names.length > 2 ? `${names.slice(0, 2).join(', ')} …` : names.join(', ')

const hasClasses = ({ mask }: SegmentationSample): boolean => mask.data.some((label: number) => label >= 0)

function nothingToLearn(what: string, path: string, { ignore, directory }: MasksSettings): SettingsError {
  if (directory !== null && isCocoFile(directory)) {
    return new SettingsError(
      `no pixel of the images in ${path} has a class: crowds cover all of them, in the middle square of each that is used. Add annotations of single objects`,
    )
  }
  return new SettingsError(
    `no pixel of the ${what} masks in ${path} has a class: all of them, in the middle square of each that is used, are ${show(ignore)}, which data.ignore leaves out. Give the value of what belongs to no class as data.ignore, or null, or masks with classes`,
  )
}

/** All samples decoded, their middle cut to a square and scaled to `size`: a training reads them many times. */
async function inMemory(folder: Dataset<SegmentationSample>, size: number): Promise<InMemory> {
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
  parts: readonly InMemory[],
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
function countClasses(parts: readonly InMemory[], directory: string): number {
  const values = new Set<number>()
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) {
      for (const value of part.getSync(index).mask.data) values.add(value)
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
  if (largest > 255) {
    throw new SettingsError(
      `the masks of ${directory} have values of up to ${largest}, of which ${found.length} occur: are they numbers of objects, and no classes? Expected classes of 0 … 255; where there are so many: data.classes=${largest + 1}`,
    )
  }
  return largest + 1
}

/** Samples that are kept to choose by: always the same ones, and of those that belong to no class as a whole the same share. */
function splitOffLabelled(
  { samples, labelled }: ReadPart,
  share: number,
  directory: string,
): Required<Pick<DataSplits<SegmentationSample>, 'train' | 'validation'>> {
  const { length } = samples
  expectBothParts(share, length)
  const counted = labelled.filter(Boolean).length
  const kept = Math.round(share * counted)
  if (counted < length && (kept === 0 || kept === counted)) {
    throw new SettingsError(
      `data.validation=${share} leaves none of the ${counted} images of ${directory} whose masks have classes to ${kept === 0 ? 'choose by' : 'train on'}; ${length - counted} belong to no class as a whole. ${counted < 2 ? 'Add masks with classes' : 'Try data.validation=0.5'}`,
    )
  }
  return splitOff(
    samples,
    share,
    Uint8Array.from(labelled, (is) => (is ? 0 : 1)),
  )
}
