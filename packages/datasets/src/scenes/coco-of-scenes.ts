import { itemAt } from '@ddnet/ops/checks'
import type { CocoRuns } from '../sources/coco-mask.ts'
import type { SceneObject } from './scenes.ts'

/** COCO's JSON of objects, as pycocotools and `coco` read it. */
export interface CocoInstances {
  readonly images: readonly {
    readonly id: number
    readonly file_name: string
    readonly width: number
    readonly height: number
  }[]
  readonly annotations: readonly {
    readonly id: number
    readonly image_id: number
    readonly category_id: number
    /** Left, top, width and height. */
    readonly bbox: readonly [x: number, y: number, width: number, height: number]
    readonly area: number
    readonly iscrowd: 0
    readonly segmentation: CocoRuns
  }[]
  readonly categories: readonly { readonly id: number; readonly name: string }[]
}

/**
 * Scenes as COCO's JSON. Identifiers count from 1: the category of label `i` is `i + 1`, as in the masks of the scenes.
 *
 * @param size height and width of each scene
 */
export function cocoOfScenes(
  scenes: readonly { readonly fileName: string; readonly objects: readonly SceneObject[] }[],
  size: number,
  classNames: readonly string[],
): CocoInstances {
  const all = scenes.flatMap(({ objects }, image) => objects.map((object) => ({ object, image })))
  return {
    images: scenes.map(({ fileName }, at) => ({ id: at + 1, file_name: fileName, width: size, height: size })),
    annotations: all.map(({ object: { label, box, area, segmentation }, image }, at) => ({
      id: at + 1,
      image_id: image + 1,
      category_id: label + 1,
      bbox: [box[0], box[1], box[2] - box[0], box[3] - box[1]] as const,
      area,
      iscrowd: 0 as const,
      segmentation,
    })),
    categories: classNames.map((_, label) => ({ id: label + 1, name: itemAt(classNames, label) })),
  }
}
