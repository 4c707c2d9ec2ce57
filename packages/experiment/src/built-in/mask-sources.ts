import {
  type Coco,
  coco,
  DatasetError,
  type Files,
  type MaskColor,
  type MaskFolder,
  type MaskFolderOptions,
  type MaskProblem,
  map,
  pairMasks,
  type SegmentationSample,
  splitOf,
  subfolder,
  surveyOf,
} from '@ddnet/datasets'
import { itemAt } from '@ddnet/ops/checks'
import { SettingsError } from '../settings/settings-error.ts'

type Color = readonly [red: number, green: number, blue: number]

/** Where masks are, and what their values mean. */
export interface MaskSettings {
  readonly directory: string | null
  readonly images: string
  readonly masks: string
  readonly classes: number | readonly string[] | null
  readonly colors: readonly Color[] | null
  readonly ignore: number | Color | null
}

/** A part of data of images with masks. */
export interface MaskSource {
  readonly part: 'train' | 'validation' | 'test'
  /** Where it is, below the folder of the data: '' or `val/`. */
  readonly below: string
  /** How errors call its masks. */
  readonly path: string
  /** Images with masks of their own, and those that have none. */
  readonly folder: MaskFolder
  readonly problems: readonly MaskProblem[]
  /** Of data that name their classes. */
  readonly classNames?: readonly string[]
  /** What else is to be told. */
  readonly notes?: readonly string[]
}

/** What is told of each file that is read. */
type OnContent = (name: string, content: Uint8Array) => Promise<void>

/**
 * The parts of images and masks: of a folder those in its folders `train`, `val` and `test`, or all of it to train on, beside which `val` and
 * `test` may stand; of a file of COCO's JSON all of it to train on.
 *
 * @throws SettingsError for a folder without any, for two of one part, and for settings that a file of COCO's does not take; DatasetError for
 * files that are not as they should be
 */
export function maskSources(
  settings: MaskSettings,
  filesIn: (directory: string) => Files,
  onContent: OnContent = async () => {},
): Promise<readonly MaskSource[]> {
  const { directory } = settings
  if (directory === null) throw new Error('data.directory is missing.') // checked with the settings
  if (isCocoFile(directory)) return cocoSource(directory, settings, filesIn, onContent)
  return folderSources(reading(filesIn(directory), onContent), settings)
}

/** Whether data are a file, and no folder. */
export const isCocoFile = (directory: string): boolean => /\.json$/i.test(directory)

async function folderSources(files: Files, settings: MaskSettings): Promise<readonly MaskSource[]> {
  const found = await partsOf(files, settings)
  return Promise.all(
    found.map(async ({ part, folder }): Promise<MaskSource> => {
      const own = folder === '' ? files : subfolder(files, folder)
      const pairs = await pairMasks(own, meaningOf(settings))
      return { part, below: folder === '' ? '' : `${folder}/`, path: own.path(settings.masks), ...pairs }
    }),
  )
}

/** Files of which somebody is told what is in them. */
const reading = (files: Files, onContent: OnContent): Files => ({
  list: () => files.list(),
  survey: () => surveyOf(files),
  path: (name) => files.path(name),
  async read(name) {
    const content = await files.read(name)
    await onContent(name, content)
    return content
  },
})

/** The folders of the parts; '' is the folder of the data. */
async function partsOf(files: Files, { images, masks }: Pick<MaskSettings, 'images' | 'masks'>) {
  const { names, emptyFolders } = await surveyOf(files)
  const isThere = (folder: string) => names.some((name) => name.startsWith(`${folder}/`))
  const parts = new Map<MaskSource['part'], string>()
  if (isThere(images)) parts.set('train', '')
  for (const folder of new Set(names.flatMap((name) => /^([^/]+)\//.exec(name)?.[1] ?? []))) {
    const part = splitOf(folder)
    if (folder === images || folder === masks || part === undefined || !isThere(`${folder}/${images}`)) continue
    if (parts.has(part)) {
      const other = parts.get(part) === '' ? ` beside ${files.path(images)}` : ''
      throw new SettingsError(
        `${files.path(folder)} is a second ${part} part${other}: expected one. Take one of them away.`,
      )
    }
    parts.set(part, folder)
  }
  if (parts.has('train')) {
    return (['train', 'validation', 'test'] as const).flatMap((part) => {
      const folder = parts.get(part)
      return folder === undefined ? [] : [{ part, folder }]
    })
  }
  const expected = `expected ${files.path(images)}/1.jpg with its mask ${files.path(masks)}/1.png, or such folders in train`
  const empty = emptyFolders.find((folder) => folder === images || folder.endsWith(`/${images}`))
  if (empty !== undefined) throw new SettingsError(`${files.path(empty)} is empty: ${expected}`)
  throw new SettingsError(
    `${files.path(images)} is not there: ${expected}. Say what the folders are called with data.images and data.masks`,
  )
}

/** How masks are to be read, and what errors call the options. */
function meaningOf({ images, masks, classes, colors, ignore }: MaskSettings): MaskFolderOptions {
  const count = countOf(classes)
  return {
    images,
    masks,
    optionText: (option, value) => (value === undefined ? `data.${option}` : `data.${option}=${JSON.stringify(value)}`),
    ...(colors !== null && { colors: colors.map(([red, green, blue]): MaskColor => [red, green, blue]) }),
    ...(count !== undefined && colors === null && { classes: count }),
    ...(ignore !== null && { ignore }),
  }
}

/** How many classes the settings say that there are. */
export const countOf = (classes: MaskSettings['classes']): number | undefined =>
  typeof classes === 'number' ? classes : classes?.length

/** What is around the objects of COCO's annotations. */
const ground = 'background'

async function cocoSource(
  file: string,
  { images, classes }: MaskSettings,
  filesIn: (directory: string) => Files,
  onContent: OnContent,
): Promise<readonly MaskSource[]> {
  const parts = file.split(/[/\\]/)
  const name = parts.pop() ?? file
  // COCO itself has annotations/instances_val2017.json beside val2017.
  const inner = parts.at(-1) === 'annotations' && parts.length > 1 ? `${parts.pop()}/` : ''
  const directory = parts.length === 0 ? '.' : parts.join('/') || '/'
  const files = reading(filesIn(directory), onContent)
  const annotations = inner + name
  const open = (folder: string): Promise<Coco<CocoSample>> => coco(files, { annotations, images: folder, masks: true })
  const described = await open('')
  const [first] = described.names
  if (first === undefined) {
    throw new DatasetError(`${files.path(annotations)} has no images. Expected some in its list images.`)
  }
  const split = /([^_]+)\.json$/i.exec(name)?.[1] ?? ''
  const there = new Set(await files.list())
  const folders = [...new Set([images, inner + images, '', split])]
  const folder = folders.find((each) => there.has(each === '' ? first : `${each}/${first}`))
  if (folder === undefined) {
    throw new SettingsError(
      `${first}, the first image of ${files.path(annotations)}, is in none of ${folders.map((each) => files.path(each === '' ? first : `${each}/${first}`)).join(', ')}. Say which folder in ${directory} has the images, as in data.images=train2017`,
    )
  }
  const found = await open(folder)
  const names = [ground, ...found.classNames]
  const count = countOf(classes)
  if (count !== undefined && count !== names.length) {
    throw new SettingsError(
      `data.classes are ${count}, and ${files.path(annotations)} has ${found.classNames.length} categories besides the ${ground}: expected ${names.length}. Leave data.classes out, or name them all`,
    )
  }
  const fileOf = (image: string) => (folder === '' ? image : `${folder}/${image}`)
  const present = found.names.flatMap((image, index) => (there.has(fileOf(image)) ? [index] : []))
  const pictures = map(found, ({ image, mask }): SegmentationSample => ({ image, mask }))
  const { crowds, boxes } = found.leftOut
  return [
    {
      part: 'train',
      below: '',
      path: files.path(annotations),
      classNames: Array.isArray(classes) ? classes : names,
      notes: [
        ...(crowds.length > 0 ? [`${crowds.length} crowds of objects belong to no class`] : []),
        ...(boxes.length > 0 ? [`left out ${boxes.length} objects without area`] : []),
      ],
      problems: found.names.flatMap((image) =>
        there.has(fileOf(image))
          ? []
          : [
              {
                file: fileOf(image),
                problem: `${files.path(fileOf(image))}, an image of ${files.path(annotations)}, is not there. Add it, or take it out of the list.`,
              },
            ],
      ),
      folder: {
        length: present.length,
        names: present.map((index) => itemAt(found.names, index)),
        leftOut: [],
        get: (index) => pictures.get(itemAt(present, index)),
      },
    },
  ]
}

type CocoSample = SegmentationSample & Awaited<ReturnType<Coco['get']>>
