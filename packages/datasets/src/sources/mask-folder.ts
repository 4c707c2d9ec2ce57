import { entryOf, itemAt } from '@ddnet/ops/checks'
import { decodeImage } from '#decode-image'
import type { Dataset, SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { maskField } from '../fields.ts'
import { type Files, subfolder, surveyOf } from '../files/files.ts'
import { isJunkName } from '../files/junk.ts'
import { checkIndex } from '../image-dataset.ts'
import { checkMeaning, decodeMask, type MaskMeaning } from '../images/decode-mask.ts'
import { checkLimits, type ImageLimits } from '../images/limits.ts'
import { type Frame, frameOf, orientationOf, storedSize, turnedPixels } from '../images/orientation.ts'
import { type LeftOut, sortFiles } from './sort-files.ts'

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
}

export interface MaskFolder extends Dataset<SegmentationSample> {
  /** The name of each image in its folder. */
  readonly names: readonly string[]
  /** Files among the images that are not taken. */
  readonly leftOut: readonly LeftOut[]
}

/**
 * Images and their masks: `images/1.jpg` with `masks/1.png`. The numbers in a mask are its classes: grey values, or
 * places in a palette; `colors` says what painted ones mean, `ignore` what belongs to no class. A photo that EXIF turns has a
 * mask of the size of its file, which is turned with it, or of the turned photo, which is not.
 *
 * @throws DatasetError for an image without a mask, and later, naming the file, for one that does not decode, whose mask
 * has another size, or a value that is not a class
 * @example map(await maskFolder(diskFiles('cells')), randomCrop({ size: 128 }), randomHorizontalFlip(), scale)
 * @example maskFolder(diskFiles('VOC2012'), { images: 'JPEGImages', masks: 'SegmentationClass', classes: 21, ignore: 255 })
 */
export async function maskFolder(
  files: Files,
  { images = 'images', masks = 'masks', frame = 'stored', classes, colors, ignore, ...limits }: MaskFolderOptions = {},
): Promise<MaskFolder> {
  const meaning: MaskMeaning = {
    ...(classes !== undefined && { classes }),
    ...(colors !== undefined && { colors }),
    ...(ignore !== undefined && { ignore }),
  }
  checkMeaning(meaning)
  checkLimits(limits)
  const imageFiles = subfolder(files, images)
  const maskFiles = subfolder(files, masks)
  const { images: names, leftOut } = sortFiles(await surveyOf(imageFiles))
  if (names.length === 0) {
    throw new DatasetError(`maskFolder: found no images in ${images}. Expected ${images}/1.jpg and ${masks}/1.png.`)
  }
  const expected = (name: string): string => name.replace(/\.[^.]*$/, '.png')
  const present = (await maskFiles.list()).filter((name) => /\.png$/i.test(name) && !isJunkName(name))
  const maskOf = new Map(present.map((name) => [expected(name), name])) // `1.PNG` is one too
  const missing = names.filter((name) => !maskOf.has(expected(name)))
  if (missing[0] !== undefined) {
    throw new DatasetError(
      `maskFolder: ${missing.length} of ${names.length} images have no mask; the first one is ${imageFiles.path(missing[0])}, ` +
        `expected ${maskFiles.path(expected(missing[0]))}. Add the masks, or take the images out.`,
      { path: imageFiles.path(missing[0]) },
    )
  }
  return {
    length: names.length,
    names,
    leftOut,
    async get(index) {
      checkIndex(index, names.length)
      const name = itemAt(names, index)
      const maskName = entryOf(maskOf, expected(name)) // none is missing
      const path = maskFiles.path(maskName)
      const [imageFile, maskFile] = await Promise.all([imageFiles.read(name), maskFiles.read(maskName)])
      const orientation = orientationOf(imageFile)
      const image = await decodeImage(imageFile, imageFiles.path(name), limits)
      const { mask, height, width } = await decodeMask(maskFile, path, meaning, limits)
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
}
