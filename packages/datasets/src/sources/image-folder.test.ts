import { itemAt } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { expected, fixtureFiles, memoryFiles } from '../../test/source-files.ts'
import { diskFiles } from '../files/disk-files.ts'
import { imageFolder } from './image-folder.ts'

describe('imageFolder', () => {
  test('has a class for each folder, and the pixels that Pillow reads', async () => {
    const folder = await imageFolder(fixtureFiles('photos'))
    expect(folder.classNames).toEqual(['cat', 'dog'])
    expect(folder.names).toEqual([
      'cat/1.png',
      'cat/deeper/2.jpg',
      'dog/1.jpg',
      'dog/gray.png',
      'dog/transparent.png',
      'dog/turned.jpg',
    ])
    expect(folder.labels).toEqual([0, 0, 1, 1, 1, 1])
    for (const [index, name] of folder.names.entries()) {
      const { image, label } = await folder.get(index)
      expect(label).toBe(folder.labels[index])
      const pixels = expected.photos[name]
      if (pixels === undefined) continue
      expect(image.shape).toEqual([pixels.length, pixels[0].length, 3])
      const errors = pixels.flat(2).map((value: number, at: number) => Math.abs(value - itemAt(image.data, at)))
      expect(Math.max(...errors)).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0) // decoders of JPEG may differ a little
    }
  })

  test('turns photographs as their EXIF data says, and puts what is transparent on white', async () => {
    const folder = await imageFolder(fixtureFiles('photos'))
    const upright = await folder.get(2)
    const turned = await folder.get(5)
    expect([upright.image.shape, turned.image.shape]).toEqual([
      [16, 24, 3],
      [24, 16, 3],
    ])
    // Clockwise: the top left corner comes from the bottom left one.
    expect([...turned.image.data.subarray(0, 3)]).toEqual([
      ...upright.image.data.subarray(15 * 24 * 3, 15 * 24 * 3 + 3),
    ])
    expect([...(await folder.get(4)).image.data.subarray(0, 3)]).toEqual([255, 255, 255])
  })

  test('says what it expected', async () => {
    await expect(imageFolder(memoryFiles({ 'a.jpg': '', 'notes.txt': '' }))).rejects.toThrow(
      'imageFolder: expected images in a folder a class, as cat/1.jpg, got 2 files without any; 1 images lie in no folder; there are 1 files that are not images (.txt). Name the folder that has one folder for each class.',
    )
    await expect(imageFolder(diskFiles('/no/such/folder'))).rejects.toThrow(
      'cannot list the folder /no/such/folder: it is missing. Name an existing folder.',
    )
    const damaged = await imageFolder(memoryFiles({ 'cat/1.jpg': 'no image' }))
    await expect(damaged.get(0)).rejects.toMatchObject({ name: 'DatasetError', path: 'memory/cat/1.jpg' })
    await expect(damaged.get(0)).rejects.toThrow('memory/cat/1.jpg is not an image that can be read: it begins with')
    await expect(damaged.get(1)).rejects.toThrow(RangeError)
  })
})
