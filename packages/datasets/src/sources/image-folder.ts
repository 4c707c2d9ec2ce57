import { itemAt } from '@ddnet/ops/checks'
import { decodeImage } from '#decode-image'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { byName, type Files, surveyOf } from '../files/files.ts'
import { isJunkName } from '../files/junk.ts'
import { checkIndex } from '../image-dataset.ts'
import { checkLimits, type ImageLimits } from '../images/limits.ts'
import { type LeftOut, sortFiles } from './sort-files.ts'
import { type SplitName, splitFolders } from './split-folders.ts'

export interface ImageFolder extends Dataset<ClassificationSample> {
  readonly labels: readonly number[]
  /** The folders' names, sorted: label `i` is the class `classNames[i]`. */
  readonly classNames: readonly string[]
  /** The name of each sample's file. */
  readonly names: readonly string[]
}

/** What lies among the images of a dataset. */
export interface FolderNotes {
  /** Files that are not taken: images that are not read, hidden files, images in no class folder, empty class folders … */
  readonly leftOut: readonly LeftOut[]
  /** Links to folders outside of the data, which were followed. */
  readonly linksOutside: readonly string[]
}

/**
 * Images in a folder a class: `cat/1.jpg`, `cat/more/2.png`, `dog/3.jpg`. An image is read and decoded when it is asked
 * for, as RGB bytes of its own size, turned as its EXIF data says. Folders above the classes, for training and testing, are
 * read by `imageSplits`.
 *
 * @param limits what one image may take, as `{ maxPixels: 2e8 }`
 * @throws DatasetError if there are no images in folders, or these are not classes but `train`, `test` and the like; and
 * later, naming the file, for one that does not decode
 * @see torchvision.datasets.ImageFolder
 * @example map(await imageFolder(diskFiles('photos/train')), randomResizedCrop(224), randomHorizontalFlip(), scale)
 */
export async function imageFolder(files: Files, limits: ImageLimits = {}): Promise<ImageFolder & FolderNotes> {
  checkLimits(limits)
  const { images, notes } = await imagesIn(files)
  const splits = splitFolders(images, files.path)
  if (splits !== undefined) {
    const found = Object.values(splits)
    throw new DatasetError(
      `imageFolder: ${found.map(files.path).join(', ')} ${found.length === 1 ? 'is not a class' : 'are not classes'}. ` +
        `Read all with imageSplits, or name one: imageFolder(subfolder(files, '${found[0]}')).`,
    )
  }
  const classNames = classesOf(images, '')
  return {
    ...datasetOf(files, images, { prefix: '', classNames, limits }),
    leftOut: [...notes.leftOut, ...emptyClasses(notes.emptyFolders, [''])],
    linksOutside: notes.linksOutside,
  }
}

export interface ImageSplits extends FolderNotes {
  readonly train: ImageFolder
  /** To choose by, while training. */
  readonly validation?: ImageFolder
  /** To look at once, at the end. */
  readonly test?: ImageFolder
  readonly classNames: readonly string[]
}

/**
 * Images in a folder a class, with folders for training, validation and testing above, where there are any:
 * `train/cat/1.jpg`, `val/cat/2.jpg`, `test/dog/3.jpg`. These are known as people write them: `Train`, `training_set`,
 * `VALID`, `dev`, `test2017`. The classes are those of the training images.
 *
 * @param limits what one image may take, as `{ maxPixels: 2e8 }`
 * @throws DatasetError if there are no images in folders; for folders that look like these and are not (two for training,
 * `Test` beside `cats`, images without a class in `test`); and for a class that is not trained
 * @example const { train, validation, test, classNames } = await imageSplits(diskFiles('photos'))
 */
export async function imageSplits(files: Files, limits: ImageLimits = {}): Promise<ImageSplits> {
  checkLimits(limits)
  const { images, notes } = await imagesIn(files)
  const folders = splitFolders(images, files.path) ?? { train: '' }
  const prefixes = Object.values(folders).map((folder) => (folder === '' ? '' : `${folder}/`))
  const prefixOf = (split: SplitName) => (folders[split] ? `${folders[split]}/` : '')
  const isTaken = (name: string) => prefixes.some((prefix) => isInClass(name, prefix))
  const [taken, loose] = [images.filter(isTaken), images.filter((name) => !isTaken(name))]
  const classNames = classesOf(taken, prefixOf('train'))
  const part = (split: SplitName): ImageFolder | undefined =>
    folders[split] === undefined ? undefined : datasetOf(files, taken, { prefix: prefixOf(split), classNames, limits })
  const [validation, test] = [part('validation'), part('test')]
  return {
    train: part('train') as ImageFolder, // splitFolders finds no parts without it
    ...(validation && { validation }),
    ...(test && { test }),
    classNames,
    leftOut: [...notes.leftOut, ...inNoClass(loose), ...emptyClasses(notes.emptyFolders, ['', prefixOf('train')])],
    linksOutside: notes.linksOutside,
  }
}

const isInClass = (name: string, prefix: string): boolean =>
  name.startsWith(prefix) && name.slice(prefix.length).includes('/')

/** @throws DatasetError where there are none in folders */
async function imagesIn(files: Files) {
  const survey = await surveyOf(files)
  const { images, leftOut } = sortFiles(survey)
  const found = images.filter((name) => name.includes('/'))
  const loose = images.filter((name) => !name.includes('/'))
  if (found.length === 0) {
    const unread = leftOut.map(
      ({ what, names, remedy }) => `${names.length} ${what}${remedy ? `. ${remedy.replace(/\.$/, '')}` : ''}`,
    )
    throw new DatasetError(
      `imageFolder: expected images in a folder a class, as cat/1.jpg, got ${survey.names.length} files without any` +
        `${loose.length > 0 ? `; ${loose.length} images lie in no folder` : ''}${unread.length > 0 ? `; there are ${unread.join('; ')}` : ''}. ` +
        'Name the folder that has one folder for each class.',
    )
  }
  // A folder with files of which none is an image is as empty as one with none.
  const filled = new Set(found.flatMap(foldersAbove))
  const folders = new Set([
    ...survey.names.filter((name) => !isJunkName(name)).flatMap(foldersAbove),
    ...survey.emptyFolders,
  ])
  const emptyFolders = [...folders].filter((folder) => !filled.has(folder)).sort(byName)
  return {
    images: found,
    notes: { leftOut: [...leftOut, ...inNoClass(loose)], linksOutside: survey.linksOutside, emptyFolders },
  }
}

/** `a/b/1.jpg` → `a`, `a/b` */
const foldersAbove = (name: string): string[] =>
  name
    .split('/')
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join('/'))

const inNoClass = (names: readonly string[]): LeftOut[] =>
  names.length === 0
    ? []
    : [{ what: 'images in no class folder', names, remedy: 'Move each into the folder of its class.' }]

/** Folders in which training images of a class should be, or all images of a split. */
function emptyClasses(empty: readonly string[], prefixes: readonly string[]): LeftOut[] {
  const isClass = (folder: string, prefix: string) =>
    folder.startsWith(prefix) && !folder.slice(prefix.length).includes('/')
  const names = empty.filter((folder) => prefixes.some((prefix) => isClass(folder, prefix)))
  return names.length === 0
    ? []
    : [{ what: 'folders without an image that is read', names, remedy: 'Put images into them, or remove them.' }]
}

const classesOf = (names: readonly string[], prefix: string): string[] =>
  [...new Set(names.filter((name) => isInClass(name, prefix)).map((name) => classOf(name, prefix)))].sort(byName)

const classOf = (name: string, prefix: string): string => name.slice(prefix.length, name.indexOf('/', prefix.length))

/** @throws DatasetError for a class that is none of `classNames` */
function datasetOf(
  files: Files,
  all: readonly string[],
  {
    prefix,
    classNames,
    limits,
  }: { readonly prefix: string; readonly classNames: readonly string[]; readonly limits: ImageLimits },
): ImageFolder {
  const names = all
    .filter((name) => isInClass(name, prefix))
    .sort((a, b) => byName(classOf(a, prefix), classOf(b, prefix)) || byName(a, b))
  const labelOf = new Map(classNames.map((name, label) => [name, label]))
  const labels = names.map((name) => {
    const label = labelOf.get(classOf(name, prefix))
    if (label !== undefined) return label
    const folder = files.path(prefix + classOf(name, prefix))
    throw new DatasetError(
      `${folder}: there is no class ${classOf(name, prefix)} among the training images, which have ${classNames.join(', ')}. Move, rename or remove it.`,
      { path: folder },
    )
  })
  return {
    length: names.length,
    labels,
    classNames,
    names,
    async get(index) {
      checkIndex(index, names.length)
      const name = itemAt(names, index)
      return {
        image: await decodeImage(await files.read(name), files.path(name), limits),
        label: itemAt(labels, index),
      }
    },
  }
}
