import {
  type Coco,
  coco as cocoImages,
  type Dataset,
  type DetectionSample,
  type Files,
  inOwnOrder,
  letterbox,
  map,
  normalize,
  randomCrop,
  randomHorizontalFlip,
  sanitizeBoxes,
  splitOf,
} from '@ddnet/datasets'
import { itemAt, sha256 } from '@ddnet/ops/checks'
import { z } from 'zod'
import type { DataDefinition, DataFacts, DataHost, Given } from '../definitions.ts'
import { setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { checkCrop, colorSettings, folderSetting, type ImageSettings, valuesOf } from './images.ts'
import { splitOff } from './split.ts'

type Geometry = Omit<ImageSettings, 'augment'>

export interface CocoSettings extends Geometry {
  readonly annotations: string | null
  readonly images: string | null
  readonly valAnnotations: string | null
  readonly valImages: string | null
  readonly testAnnotations: string | null
  readonly testImages: string | null
}

const file = (about: string) =>
  setting(z.string().min(1).nullable().default(null), 'the path of a file, or null', './annotations.json', about, {
    isPath: true,
  })

const { augment: _, ...geometry } = colorSettings()

/** Images with boxes around objects, in COCO's format. */
export const coco: DataDefinition<'coco', Given<CocoSettings>, CocoSettings, DetectionSample> = {
  kind: 'data',
  name: 'coco',
  preset: 'coco',
  options: z.strictObject({
    annotations: setting(
      z.string().min(1).nullable().default(null),
      'the path of a file or folder',
      './annotations.json',
      'COCO’s JSON of the images to train on; or a folder with train/annotations.json and, where there are such, val and test',
      { isPath: true },
    ),
    images: folderSetting(
      'the path of a folder, or null',
      './train2017',
      'Folder of the images; null is the folder images beside the JSON, or the one that the JSON lies in',
    ),
    valAnnotations: file('COCO’s JSON of images to choose by; null keeps data.validation of those to train on'),
    valImages: folderSetting('the path of a folder, or null', './val2017', 'Folder of these images, as data.images'),
    testAnnotations: file('COCO’s JSON of images to test on, or null'),
    testImages: folderSetting('the path of a folder, or null', './test2017', 'Folder of these images, as data.images'),
    ...geometry,
  }),
  check(options, _, placeOf) {
    checkCrop(options, placeOf)
    for (const part of ['val', 'test'] as const) {
      const [annotations, images] = [`${part}Annotations`, `${part}Images`] as const
      if (options[images] === null || options[annotations] !== null) continue
      throw new SettingsError(
        `data.${images} (${placeOf(`data.${images}`)}) needs data.${annotations}, the JSON of these images. Give both, or neither.`,
      )
    }
    if (options.annotations !== null) return
    throw new SettingsError(
      `data=coco (${placeOf('data', 'preset')}) needs COCO’s JSON of the images. Try coco=./annotations.json`,
    )
  },
  title: ({ annotations }) => titleOf(annotations ?? 'coco'),
  normalization: ({ mean, std }) => ({ mean, std }),
  async load(options, host) {
    const { size, validation: share } = options
    const parts = await partsOf(options, host)
    const digest: string[] = []
    const read = async (part: Part | undefined, what: string): Promise<ReadPart | undefined> => {
      if (part === undefined) return undefined
      const source = await sourceOf(part, host)
      const images = await cocoImages(source.files, { annotations: ANNOTATIONS, images: source.images })
      await expectAll(images, source.files, part, what)
      tell(images, what, host)
      host.log(`reading ${images.length} ${what} images and their boxes`)
      digest.push(what, ...images.names, await sha256(await source.files.read(ANNOTATIONS)))
      return { samples: await inMemory(images, size), classNames: images.classNames, path: part.annotations }
    }
    const train = await read(parts.train, 'training')
    const validation = await read(parts.validation, 'validation')
    const test = await read(parts.test, 'test')
    if (train === undefined) throw new Error('there is no training part.') // partsOf has one
    expectSameClasses(train, [validation, test])
    const image: DataFacts['image'] = { height: size, width: size, channels: 3 }
    const held = {
      ...(validation && { validation: inOwnOrder(validation.samples) }),
      ...(test && { test: inOwnOrder(test.samples) }),
      samples: { names: await sha256(digest.join('\0')), leftOut: [] },
      facts: { image, classNames: train.classNames },
    }
    const split = validation === undefined && share > 0 ? splitOff(train.samples, share) : undefined
    return { train: train.samples, ...held, ...split }
  },
  // Images have their size when they are read. What is shifted out has no box any more.
  prepare: (samples, { flip, crop, mean, std }, { training }) =>
    map(
      samples,
      ...(training && flip ? [randomHorizontalFlip()] : []),
      ...(training && crop > 0 ? [randomCrop({ padding: crop }), sanitizeBoxes()] : []),
      normalize({ mean: valuesOf(mean), std: valuesOf(std) }),
    ),
}

/** The name of the JSON among the files of a part, which no image has. */
const ANNOTATIONS = '\u0000annotations'

interface Part {
  readonly annotations: string
  readonly images: string | null
}

interface Parts {
  readonly train: Part
  readonly validation?: Part
  readonly test?: Part
}

interface ReadPart {
  readonly samples: Dataset<DetectionSample>
  readonly classNames: readonly string[]
  readonly path: string
}

const isJson = (path: string): boolean => /\.json$/i.test(path)

function titleOf(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== '' && part !== '.')
  const last = (parts.at(-1) ?? 'coco').replace(/\.json$/i, '')
  const isCommon = /^(_?annotations(\.coco)?|instances|train)$/i.test(last)
  return isCommon ? (parts.at(-2) ?? last) : last
}

/** The paths of the JSON files of a run whose data are `coco`. */
export async function cocoAnnotations(
  { options }: { readonly options: object },
  host: Pick<DataHost, 'files'>,
): Promise<readonly string[]> {
  const { train, validation, test } = await partsOf(coco.options.parse(options), host)
  return [train, validation, test].flatMap((part) => part?.annotations ?? [])
}

/** What is trained on, chosen by and tested on: files, or those of a folder's parts. */
async function partsOf(options: CocoSettings, host: Pick<DataHost, 'files'>): Promise<Parts> {
  const { annotations, images, valAnnotations, valImages, testAnnotations, testImages } = options
  if (annotations === null) throw new Error('data.annotations is missing.') // checked with the settings
  const given = {
    ...(valAnnotations !== null && { validation: { annotations: valAnnotations, images: valImages } }),
    ...(testAnnotations !== null && { test: { annotations: testAnnotations, images: testImages } }),
  }
  if (isJson(annotations)) return { train: { annotations, images }, ...given }
  const files = host.files(annotations)
  const found: { train?: Part; validation?: Part; test?: Part } = {}
  for (const name of await files.list()) {
    const folder = /^(?:([^/]+)\/)?annotations\.json$/.exec(name)
    const part = folder === null ? undefined : folder[1] === undefined ? 'train' : splitOf(folder[1])
    if (part === undefined) continue
    if (found[part] !== undefined) {
      throw new SettingsError(
        `${files.path(name)} is a second ${part} part beside ${found[part].annotations}: expected one. Take one of them away.`,
      )
    }
    found[part] = { annotations: `${annotations.replace(/[/\\]$/, '')}/${name}`, images: null }
  }
  if (found.train === undefined) {
    throw new SettingsError(
      `${annotations} has no annotations.json to train on: expected ${files.path('train/annotations.json')} or ${files.path('annotations.json')}. Give COCO’s JSON itself, as in coco=${files.path('instances.json')}`,
    )
  }
  return { ...found, train: { ...found.train, images }, ...given }
}

/** The JSON and its images as files under one root, whichever folders they lie in. */
async function sourceOf({ annotations, images }: Part, host: DataHost): Promise<{ files: Files; images: string }> {
  const [, folder = '.', name = annotations] = /^(?:(.*)[/\\])?([^/\\]+)$/.exec(annotations) ?? []
  const own = host.files(folder === '' ? '/' : folder)
  const pictures = images === null ? own : host.files(images)
  const files: Files = {
    list: () => pictures.list(),
    read: (each) => (each === ANNOTATIONS ? own.read(name) : pictures.read(each)),
    path: (each) => (each === ANNOTATIONS ? own.path(name) : pictures.path(each)),
  }
  if (images !== null) return { files, images: '' }
  return { files, images: (await own.list()).some((each) => each.startsWith('images/')) ? 'images' : '' }
}

/** @throws SettingsError naming images that the JSON has and the folder has not, and a JSON without images or categories */
async function expectAll(images: Coco, files: Files, { annotations }: Part, what: string): Promise<void> {
  if (images.length === 0) throw new SettingsError(`${annotations} has no images: expected some, as ${what} images.`)
  if (images.classNames.length === 0) {
    throw new SettingsError(`${annotations} has no categories: expected those of the boxes.`)
  }
  const there = new Set(await files.list())
  const missing = images.files.filter((name) => !there.has(name))
  if (missing.length === 0) return
  const setting = what === 'training' ? 'images' : what === 'test' ? 'testImages' : 'valImages'
  throw new SettingsError(
    `${missing.length} of ${images.length} images of ${annotations} are missing; the first one is ${files.path(missing[0] ?? '')}. Say where they are with data.${setting}=FOLDER, or take them out of the JSON.`,
  )
}

/** Says what is left out of a part's boxes, and what is cut. */
function tell({ leftOut }: Coco, what: string, host: DataHost): void {
  const told: readonly (readonly [places: readonly string[], text: string])[] = [
    [leftOut.crowds, 'left out as crowds, which are no single objects'],
    [leftOut.boxes, 'left out as boxes that have no area on their image'],
    [leftOut.cut, 'cut to their image, beyond which they reach (is bbox [x, y, width, height]?)'],
  ]
  for (const [places, text] of told) {
    if (places.length === 0) continue
    const examples = places.length > 2 ? `${places.slice(0, 2).join(', ')} …` : places.join(', ')
    host.log(`annotations of ${what} images ${text}: ${places.length}: ${examples}`)
  }
}

function expectSameClasses(train: ReadPart, others: readonly (ReadPart | undefined)[]): void {
  for (const other of others) {
    if (other === undefined || other.classNames.join('\n') === train.classNames.join('\n')) continue
    throw new SettingsError(
      `the categories of ${other.path} are ${other.classNames.join(', ')}, and those of ${train.path} ${train.classNames.join(', ')}: expected the same, by the order of their ids. Export both with all of them.`,
    )
  }
}

/** All samples decoded, each at the top left of a square of `size`, with its boxes: a training reads them many times. */
async function inMemory(images: Dataset<DetectionSample>, size: number): Promise<Dataset<DetectionSample>> {
  const small = map(images, letterbox(size), sanitizeBoxes({ minSize: smallestBox }))
  const samples: DetectionSample[] = []
  for (let index = 0; index < images.length; index++) samples.push(await small.get(index))
  // What is asked for belongs to whoever asked.
  const getSync = (index: number): DetectionSample => {
    const { image, boxes, boxLabels } = itemAt(samples, index)
    return {
      image: { ...image, data: image.data.slice() },
      boxes: { ...boxes, data: boxes.data.slice() },
      boxLabels: { ...boxLabels, data: boxLabels.data.slice() },
    }
  }
  return { length: samples.length, getSync, get: async (index) => getSync(index) }
}

/** Pixels of a side: what is smaller when its image is small cannot be seen, but is there to be found in an evaluation. */
const smallestBox = 1e-3
