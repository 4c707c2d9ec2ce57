import { decodeImage } from '#decode-image'
import type { Dataset, SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { type Files, subfolder, surveyOf } from '../files/files.ts'
import { checkIndex } from '../image-dataset.ts'
import { decodeMask } from '../images/decode-mask.ts'
import { type LeftOut, sortFiles } from './sort-files.ts'

export interface MaskFolderOptions {
  /** The folder of the images: `images` by default. */
  readonly images?: string
  /** The folder of the masks, PNGs with the names of the images: `masks` by default. */
  readonly masks?: string
}

export interface MaskFolder extends Dataset<SegmentationSample> {
  /** The name of each image in its folder. */
  readonly names: readonly string[]
  /** Files among the images that are not taken. */
  readonly leftOut: readonly LeftOut[]
}

/**
 * Images and their masks: `images/1.jpg` with `masks/1.png`. The numbers in a mask are its classes: grey values, or
 * places in a palette.
 *
 * @throws DatasetError for an image without a mask, and later, naming the file, for one that does not decode or whose mask
 * has another size
 * @example map(await maskFolder(diskFiles('cells')), randomCrop({ size: 128 }), randomHorizontalFlip(), scale)
 */
export async function maskFolder(
  files: Files,
  { images = 'images', masks = 'masks' }: MaskFolderOptions = {},
): Promise<MaskFolder> {
  const imageFiles = subfolder(files, images)
  const maskFiles = subfolder(files, masks)
  const { images: names, leftOut } = sortFiles(await surveyOf(imageFiles))
  if (names.length === 0) {
    throw new DatasetError(`maskFolder: found no images in ${images}. Expected ${images}/1.jpg and ${masks}/1.png.`)
  }
  const maskOf = (name: string): string => name.replace(/\.[^.]*$/, '.png')
  const present = new Set(await maskFiles.list())
  const missing = names.filter((name) => !present.has(maskOf(name)))
  if (missing[0] !== undefined) {
    throw new DatasetError(
      `maskFolder: ${missing.length} of ${names.length} images have no mask; the first one is ${imageFiles.path(missing[0])}, ` +
        `expected ${maskFiles.path(maskOf(missing[0]))}. Add the masks, or take the images out.`,
      { path: imageFiles.path(missing[0]) },
    )
  }
  return {
    length: names.length,
    names,
    leftOut,
    async get(index) {
      checkIndex(index, names.length)
      const name = names[index] as string
      const path = maskFiles.path(maskOf(name))
      const [imageFile, maskFile] = await Promise.all([imageFiles.read(name), maskFiles.read(maskOf(name))])
      const image = await decodeImage(imageFile, imageFiles.path(name))
      const { mask, height, width } = await decodeMask(maskFile, path)
      if (height !== image.shape[0] || width !== image.shape[1]) {
        throw new DatasetError(
          `${path} has ${width}×${height} pixels, but its image ${image.shape[1]}×${image.shape[0]}. Make the mask again.`,
          { path },
        )
      }
      return { ...image, mask }
    },
  }
}
