import { decodeImage } from '#decode-image'
import type { Dataset, Sample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { byName, type Files } from '../files/files.ts'
import { checkIndex } from '../image-dataset.ts'

export const IMAGE_NAME: RegExp = /\.(jpe?g|png|webp|gif|avif|tiff?|bmp)$/i

export interface ImageFolder extends Dataset<Sample> {
  readonly labels: readonly number[]
  /** The folders' names, sorted: label `i` is the class `classNames[i]`. */
  readonly classNames: readonly string[]
  /** The name of each sample's file. */
  readonly names: readonly string[]
}

/**
 * Images in a folder a class: `cat/1.jpg`, `cat/more/2.png`, `dog/3.jpg`. An image is read and decoded when it is asked
 * for, as RGB bytes of its own size, turned as its EXIF data says.
 *
 * @throws DatasetError if there are no images in folders, and later, naming the file, for one that does not decode
 * @see torchvision.datasets.ImageFolder
 * @example map(await imageFolder(diskFiles('photos/train')), randomResizedCrop(224), randomHorizontalFlip(), scale)
 */
export async function imageFolder(files: Files): Promise<ImageFolder> {
  const all = await files.list()
  const found = all.filter((name) => name.includes('/') && IMAGE_NAME.test(name))
  if (found.length === 0) {
    const loose = all.filter((name) => IMAGE_NAME.test(name)).length
    throw new DatasetError(
      `imageFolder: expected images in a folder a class, as cat/1.jpg, got ${all.length} files without any` +
        `${loose > 0 ? `; ${loose} images lie in no folder` : ''}. Name the folder that has one folder for each class.`,
    )
  }
  const classOf = (name: string): string => name.slice(0, name.indexOf('/'))
  const classNames = [...new Set(found.map(classOf))].sort(byName)
  const names = found.sort((a, b) => byName(classOf(a), classOf(b)) || byName(a, b))
  const labels = names.map((name) => classNames.indexOf(classOf(name)))
  return {
    length: names.length,
    labels,
    classNames,
    names,
    async get(index) {
      checkIndex(index, names.length)
      const name = names[index] as string
      return { ...(await decodeImage(await files.read(name), files.path(name))), label: labels[index] as number }
    },
  }
}
