import { entryOf, itemAt } from '@ddnet/ops/checks'
import { decodeImage } from '#decode-image'
import type { Dataset, SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { maskField } from '../fields.ts'
import { byName, type Files, subfolder, surveyOf } from '../files/files.ts'
import { isJunkName } from '../files/junk.ts'
import { checkIndex } from '../image-dataset.ts'
import { asOption, checkMeaning, decodeMask, type MaskMeaning, type OptionText } from '../images/decode-mask.ts'
import { checkLimits, type ImageLimits } from '../images/limits.ts'
import { type Frame, frameOf, orientationOf, storedSize, turnedPixels } from '../images/orientation.ts'
import { isImage, type LeftOut, sortFiles } from './sort-files.ts'

/** `maxPixels` and `maxSeconds` are what one image, and its mask, may take. */
export interface MaskFolderOptions extends MaskMeaning, ImageLimits {
  /** The folder of the images: `images` by default. */
  readonly images?: string
  /** The folder of the masks, PNGs with the names of the images: `masks` by default. */
  readonly masks?: string
  /**
   * What masks refer to of photos that EXIF turns, where their size does not tell: `stored` by default, the photo as it lies
   * in its file; `upright`, as people see it.
   */
  readonly frame?: Frame
  /** How errors name the options, and say what to set one to, for programs that have them under other names: `ignore: 255` by default. */
  readonly optionText?: OptionText
}

export interface MaskFolder extends Dataset<SegmentationSample> {
  /** The name of each image in its folder. */
  readonly names: readonly string[]
  /** Files among the images, and masks without an image, that are not taken. */
  readonly leftOut: readonly LeftOut[]
}

/** An image that has no mask of its own, and what to do about it. */
export interface MaskProblem {
  /** The file, below the folder of the data. */
  readonly file: string
  readonly problem: string
}

/**
 * Images and their masks: `images/1.jpg` with `masks/1.png`. The numbers in a mask are its classes: grey values, or
 * places in a palette; `colors` says what painted ones mean, `ignore` what belongs to no class. A photo that EXIF turns has a
 * mask of the size of its file, which is turned with it, or of the turned photo, which is not.
 *
 * @throws DatasetError for an image without a mask of its own, and later, naming the file, for one that does not decode, whose mask
 * has another size, or a value that is not a class
 * @example map(await maskFolder(diskFiles('cells')), randomCrop({ size: 128 }), randomHorizontalFlip(), scale)
 * @example maskFolder(diskFiles('VOC2012'), { images: 'JPEGImages', masks: 'SegmentationClass', classes: 21, ignore: 255 })
 */
export async function maskFolder(files: Files, options: MaskFolderOptions = {}): Promise<MaskFolder> {
  const { folder, problems } = await pairMasks(files, options)
  refuseUnpaired(problems, folder.length, files)
  return folder
}

/**
 * @param others how many images have a mask of their own
 * @throws DatasetError where there are problems, with the first of them
 */
export function refuseUnpaired(problems: readonly MaskProblem[], others: number, { path }: Pick<Files, 'path'>): void {
  const [first] = problems
  if (first === undefined) return
  const more = problems.length - 1
  const alike = more === 0 ? '' : ` So it is with ${more} more of ${others + problems.length} images.`
  throw new DatasetError(`${first.problem}${alike}`, { path: path(first.file) })
}

/**
 * What `maskFolder` has of a folder, and what it refuses: for whoever lists all that is wrong.
 *
 * @throws DatasetError for a folder without any images, and for options that contradict each other
 */
export async function pairMasks(
  files: Files,
  options: MaskFolderOptions = {},
): Promise<{ readonly folder: MaskFolder; readonly problems: readonly MaskProblem[] }> {
  const { images = 'images', masks = 'masks', frame = 'stored', optionText = asOption } = options
  const { classes, colors, ignore, maxPixels, maxSeconds } = options
  const meaning: MaskMeaning = {
    ...(classes !== undefined && { classes }),
    ...(colors !== undefined && { colors }),
    ...(ignore !== undefined && { ignore }),
  }
  const limits: ImageLimits = {
    ...(maxPixels !== undefined && { maxPixels }),
    ...(maxSeconds !== undefined && { maxSeconds }),
  }
  checkMeaning(meaning, optionText)
  checkLimits(limits)
  const imageFiles = subfolder(files, images)
  const maskFiles = subfolder(files, masks)
  const sorted = sortFiles(await surveyOf(imageFiles))
  if (sorted.images.length === 0) {
    throw new DatasetError(
      `${files.path(images)} has no images. Expected ${files.path(images)}/1.jpg with its mask ${files.path(masks)}/1.png.`,
      { path: files.path(images) },
    )
  }
  const present = (await maskFiles.list()).filter((name) => !isJunkName(name))
  if (!present.some(isImage)) {
    throw new DatasetError(
      `${files.path(masks)} has no masks. Expected ${files.path(images)}/1.jpg with its mask ${files.path(masks)}/1.png, or another folder as ${optionText('masks')}.`,
      { path: files.path(masks) },
    )
  }
  const stem = (name: string): string => name.replace(/\.[^./]*$/, '')
  const maskOf = groupedBy(
    present.filter((name) => /\.png$/i.test(name)),
    stem,
  ) // `1.PNG` is one too
  const notPng = groupedBy(
    present.filter((name) => isImage(name) && !/\.png$/i.test(name)),
    stem,
  )
  const imageOf = groupedBy(sorted.images, stem)
  const problemOf = (name: string): string | undefined => {
    const own = stem(name)
    const path = imageFiles.path(name)
    const [mask, second] = maskOf.get(own) ?? []
    const twin = imageOf.get(own)?.find((each) => each !== name)
    if (mask === undefined) {
      const [other] = notPng.get(own) ?? []
      return other === undefined
        ? `${path} has no mask: expected ${maskFiles.path(`${own}.png`)}. Add it, or take the image out.`
        : `${path} has no mask that is a PNG, but ${maskFiles.path(other)}. Save masks as PNGs, which keep each value as it is.`
    }
    if (second !== undefined) {
      return `${path} has two masks, ${maskFiles.path(mask)} and ${maskFiles.path(second)}. Take one of them out.`
    }
    if (twin === undefined) return undefined
    return `${path} and ${imageFiles.path(twin)} would share the mask ${maskFiles.path(mask)}. Take one of the images out, or give it a name of its own, with its mask.`
  }
  const told = sorted.images.map((name) => ({ name, problem: problemOf(name) }))
  const names = told.flatMap(({ name, problem }) => (problem === undefined ? [name] : []))
  const problems = told.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [{ file: `${images}/${name}`, problem }],
  )
  const alone = present.filter((name) => /\.png$/i.test(name) && !imageOf.has(stem(name))).sort(byName)
  const leftOut: LeftOut[] = [
    ...sorted.leftOut,
    ...(alone.length === 0
      ? []
      : [
          {
            what: 'masks without an image',
            names: alone.map((name) => `${masks}/${name}`),
            remedy: 'Add the images, or take the masks out.',
          },
        ]),
  ]
  const folder: MaskFolder = {
    length: names.length,
    names,
    leftOut,
    async get(index) {
      checkIndex(index, names.length)
      const name = itemAt(names, index)
      const maskName = itemAt(entryOf(maskOf, stem(name)), 0) // none is missing
      const path = maskFiles.path(maskName)
      const [imageFile, maskFile] = await Promise.all([imageFiles.read(name), maskFiles.read(maskName)])
      const orientation = orientationOf(imageFile)
      const image = await decodeImage(imageFile, imageFiles.path(name), limits)
      const { mask, height, width } = await decodeMask(maskFile, path, meaning, limits, optionText)
      const own = frameOf([height, width], image.shape, orientation, frame)
      if (own === undefined) {
        const [storedHeight, storedWidth] = storedSize(image.shape, orientation)
        const turned = orientation === 1 ? '' : ` (turned by its EXIF data from ${storedWidth}×${storedHeight})`
        throw new DatasetError(
          `${path} has ${width}×${height} pixels, but its image ${image.shape[1]}×${image.shape[0]}${turned}. Make the mask again.`,
          { path },
        )
      }
      const [imageHeight, imageWidth] = image.shape
      const turned = own === 'upright' ? mask : turnedPixels(mask, [height, width], orientation)
      return { image, mask: maskField(turned, [imageHeight, imageWidth]) }
    },
  }
  return { folder, problems }
}

function groupedBy(names: readonly string[], key: (name: string) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const name of names) groups.set(key(name), [...(groups.get(key(name)) ?? []), name])
  return groups
}
