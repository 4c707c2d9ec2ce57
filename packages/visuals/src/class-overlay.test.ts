import { expect, test } from 'vitest'
import { blank, classColor, classOverlay } from './index.ts'

test('classes have the colors of Pascal VOC', () => {
  // https://github.com/tensorflow/models/blob/master/research/deeplab/utils/get_dataset_colormap.py, create_pascal_label_colormap
  expect([0, 1, 2, 3, 8, 20, 255].map(classColor)).toEqual([
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
    [128, 128, 0],
    [64, 0, 0],
    [0, 64, 128],
    [224, 224, 192],
  ])
  expect(new Set(Array.from({ length: 256 }, (_, label) => classColor(label).join())).size).toBe(256)
})

test('classes above 0 are drawn over the picture, each over the pixels that are nearest to it', () => {
  const { data } = classOverlay(blank(4, 1, [100, 100, 100]), { data: [1, -100], shape: [1, 2] }, { opacity: 0.5 })
  expect([...data]).toEqual([114, 50, 50, 255, 114, 50, 50, 255, 100, 100, 100, 255, 100, 100, 100, 255])
  expect([...classOverlay(blank(1, 1, [9, 9, 9]), { data: [0], shape: [1, 1] }).data]).toEqual([9, 9, 9, 255])
  expect(() => classOverlay(blank(1, 1, [0, 0, 0]), { data: [0], shape: [1, 1] }, { opacity: 2 })).toThrow(
    'classOverlay: expected an opacity in 0…1, got 2.',
  )
})
