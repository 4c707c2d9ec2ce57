import {
  type ClassificationSample,
  type Dataset,
  imageFolder,
  map,
  normalize,
  randomHorizontalFlip,
  randomResizedCrop,
} from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'

/** Photographs as ImageNet's are trained on: a random part at 224 pixels, flipped, normalised. */
export async function photos(folder: string): Promise<Dataset<ClassificationSample>> {
  const standard = normalize({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] })
  return map(await imageFolder(diskFiles(folder)), randomResizedCrop(224), randomHorizontalFlip(), standard)
}
