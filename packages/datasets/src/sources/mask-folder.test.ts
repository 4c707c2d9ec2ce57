import { deflateSync } from 'node:zlib'
import { crc32 } from '@ddnet/ops/checks'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { expected, fixtureFiles, memoryFiles } from '../../test/source-files.ts'
import { type MaskFolderOptions, maskFolder } from './mask-folder.ts'

describe('maskFolder', () => {
  test('has the numbers of the masks, whatever their depth', async () => {
    const folder = await maskFolder(fixtureFiles('cells'))
    expect(folder.names).toEqual(['palette1.png', 'palette2.png', 'palette4.png', 'palette8.png', 'wide.png'])
    for (const [index, name] of folder.names.entries()) {
      const rows: number[][] = expected[name.replace('.png', '')]
      const { mask, image } = await folder.get(index)
      expect(image.shape).toEqual([rows.length, rows[0]?.length, 3])
      expect(mask.shape).toEqual([rows.length, rows[0]?.length])
      expect([...mask.data]).toEqual(rows.flat())
    }
  })

  test('says what is wrong, and where', async () => {
    const wrong = await maskFolder(fixtureFiles('wrong'))
    await expect(wrong.get(0)).rejects.toThrow(
      'expected a mask of grey values or with a palette, whose numbers are the classes, got 3 channels of 12 colors. Say which color each class has, as in colors: [[',
    )
    await expect(wrong.get(1)).rejects.toThrow(/size\.png has 4×3 pixels, but its image 3×4\. Make the mask again\./)
    await expect(
      maskFolder(memoryFiles({ 'images/1.jpg': '', 'images/2.jpg': '', 'masks/1.png': '' })),
    ).rejects.toThrow('memory/images/2.jpg has no mask: expected memory/masks/2.png. Add it, or take the image out.')
    await expect(maskFolder(memoryFiles({}))).rejects.toThrow(
      'memory/images has no images. Expected memory/images/1.jpg',
    )
    await expect(maskFolder(memoryFiles({ 'images/1.jpg': '', 'masks/a.txt': '' }))).rejects.toThrow(
      'memory/masks has no masks. Expected memory/images/1.jpg with its mask memory/masks/1.png, or another folder as masks.',
    )
  })

  test.each<[string, readonly string[], RegExp]>([
    [
      'two images of one mask',
      ['images/3.jpg', 'images/3.png', 'masks/3.png'],
      /memory\/images\/3\.jpg and memory\/images\/3\.png would share the mask memory\/masks\/3\.png\./,
    ],
    [
      'two masks of one image',
      ['images/3.jpg', 'masks/3.PNG', 'masks/3.png'],
      /memory\/images\/3\.jpg has two masks, memory\/masks\/3\.PNG and memory\/masks\/3\.png\./,
    ],
    [
      'a mask that was saved as a JPEG',
      ['images/3.jpg', 'masks/3.jpg'],
      /memory\/images\/3\.jpg has no mask that is a PNG, but memory\/masks\/3\.jpg\. Save masks as PNGs/,
    ],
    [
      'more than one of them',
      ['images/1.jpg', 'images/2.jpg', 'images/3.jpg', 'masks/2.png'],
      /memory\/images\/1\.jpg has no mask.* So it is with 1 more of 3 images\./,
    ],
  ])('%s are refused', async (_, names, message) => {
    const files = memoryFiles(Object.fromEntries(names.map((name) => [name, ''])))
    await expect(maskFolder(files)).rejects.toThrow(message)
  })

  test('a mask without an image is told, and a name with a dot keeps it', async () => {
    const files = memoryFiles({ 'images/a.b.jpg': '', 'masks/a.b.png': '', 'masks/c.png': '' })
    const { names, leftOut } = await maskFolder(files)
    expect(names).toEqual(['a.b.jpg'])
    expect(leftOut).toEqual([
      {
        what: 'masks without an image',
        names: ['masks/c.png'],
        remedy: 'Add the images, or take the masks out.',
      },
    ])
  })
})

describe('masks of classes', () => {
  type Png = Parameters<typeof encode>[0]
  const masked = (mask: Omit<Png, 'width' | 'height'>, options: MaskFolderOptions, name = 'masks/1.png') => {
    const image = encode({ width: 3, height: 2, channels: 3, data: new Uint8Array(18) })
    const contents = { 'images/1.png': image, [name]: encode({ width: 3, height: 2, ...mask }) }
    return maskFolder(memoryFiles(contents), options)
  }
  const grey = { channels: 1, data: Uint8Array.of(0, 1, 2, 255, 1, 0) }

  test('the value of what belongs to no class becomes −100', async () => {
    const { mask } = await (await masked(grey, { ignore: 255, classes: 3 })).get(0)
    expect(mask.data).toEqual(Int32Array.of(0, 1, 2, -100, 1, 0))
    expect((await (await masked(grey, {})).get(0)).mask.data).toEqual(grey.data)
  })

  test('a value that is not a class is refused by file and pixel', async () => {
    await expect((await masked(grey, { classes: 3 })).get(0)).rejects.toThrow(
      'memory/masks/1.png: the pixel at column 0, row 1 has the value 255, expected a class of 0 … 2. Where it belongs to no class: ignore: 255.',
    )
    await expect((await masked(grey, { classes: 2, ignore: 255 })).get(0)).rejects.toThrow(
      'column 2, row 0 has the value 2',
    )
  })

  const [black, red, white] = [
    [0, 0, 0],
    [255, 0, 0],
    [255, 255, 255],
  ] as const
  const painted = [black, red, black, white, red, black].flat()

  test('colors are classes, painted or in a palette, with alpha or without', async () => {
    const options = { colors: [black, red], ignore: white }
    const classes = Int32Array.of(0, 1, 0, -100, 1, 0)
    const rgb = { channels: 3, data: Uint8Array.from(painted) }
    const rgba = {
      channels: 4,
      data: Uint8Array.from(painted.flatMap((value, at) => (at % 3 === 2 ? [value, 9] : [value]))),
    }
    const palette = {
      channels: 1,
      palette: [black, red, white].map((color) => [...color]),
      data: Uint8Array.of(0, 1, 0, 2, 1, 0),
    } as const
    for (const mask of [rgb, rgba]) expect((await (await masked(mask, options)).get(0)).mask.data).toEqual(classes)
    const file = await sharpPalette(palette.data)
    const image = encode({ width: 3, height: 2, channels: 3, data: new Uint8Array(18) })
    const folder = await maskFolder(memoryFiles({ 'images/1.png': image, 'masks/1.PNG': file }), options)
    expect((await folder.get(0)).mask.data).toEqual(classes)
  })

  /** A PNG with a palette of black, red and white, whose chunks are written here. */
  async function sharpPalette(places: Uint8Array): Promise<Uint8Array> {
    const rows = Uint8Array.of(0, ...places.subarray(0, 3), 0, ...places.subarray(3))
    const header = Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0)
    const chunk = (type: string, data: Uint8Array) => {
      const content = Buffer.concat([Buffer.from(type), data])
      const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
      length.writeUInt32BE(data.length)
      sum.writeUInt32BE(crc32(content))
      return Buffer.concat([length, content, sum])
    }
    return new Uint8Array(
      Buffer.concat([
        Buffer.of(137, 80, 78, 71, 13, 10, 26, 10),
        chunk('IHDR', header),
        chunk('PLTE', Uint8Array.from([black, red, white].flat())),
        chunk('IDAT', deflateSync(rows)),
        chunk('IEND', new Uint8Array(0)),
      ]),
    )
  }

  test('a color that is none of them is refused by file and pixel', async () => {
    const folder = await masked({ channels: 3, data: Uint8Array.from(painted) }, { colors: [black, white] })
    await expect(folder.get(0)).rejects.toThrow(
      'memory/masks/1.png: the pixel at column 1, row 0 has the color [255, 0, 0], which is none of the 2 of colors. Add it there, or where it belongs to no class: ignore: [255,0,0].',
    )
  })

  test('errors name options as whoever asks has them', async () => {
    const optionText = (name: string, value?: unknown) =>
      value === undefined ? `data.${name}` : `data.${name}=${JSON.stringify(value)}`
    const told = async (mask: Omit<Png, 'width' | 'height'>, options: MaskFolderOptions) =>
      (await masked(mask, { ...options, optionText })).get(0).then(
        () => 'nothing',
        ({ message }: Error) => message,
      )
    const rgb = { channels: 3, data: Uint8Array.from(painted) }
    expect(await told(rgb, {})).toContain(
      'got 3 channels of 3 colors. Say which color each class has, as in data.colors=[[0,0,0],[255,0,0],[255,255,255]], or',
    )
    expect(await told(rgb, { colors: [black, white] })).toContain(
      'which is none of the 2 of data.colors. Add it there, or where it belongs to no class: data.ignore=[255,0,0].',
    )
    expect(await told(grey, { classes: 3 })).toContain('Where it belongs to no class: data.ignore=255.')
    await expect(maskFolder(memoryFiles({}), { colors: [black, black], optionText })).rejects.toThrow(
      'expected data.colors that differ',
    )
  })

  test.each<[MaskFolderOptions, string]>([
    [{ classes: 0 }, 'expected classes to be a whole number above 0, got 0'],
    [{ colors: [[0, 0, 256]] }, 'expected colors of [red, green, blue] from 0 to 255, got [0,0,256]'],
    [{ colors: [black, black] }, 'expected colors that differ, got "0,0,0"'],
    [{ colors: [black], classes: 2 }, 'expected classes to be 1, the number of colors, got 2'],
    [{ colors: [black], ignore: 255 }, 'expected ignore to be a color [red, green, blue], as colors are, got 255'],
    [{ colors: [black], ignore: black }, 'expected ignore to be a color of no class, got [0,0,0]'],
    [{ ignore: -1 }, 'expected ignore to be a whole number of at least 0, got -1'],
  ])('%j are refused', async (options, message) => {
    await expect(masked(grey, options)).rejects.toThrow(`maskFolder: ${message}`)
  })

  test('what lies beside the images is left out', async () => {
    const image = encode({ width: 3, height: 2, channels: 3, data: new Uint8Array(18) })
    const files = {
      'images/1.png': image,
      'images/._1.png': '',
      'images/a.txt': '',
      'masks/1.png': encode({ width: 3, height: 2, ...grey }),
      'masks/._1.png': '',
    }
    const folder = await maskFolder(memoryFiles(files))
    expect([folder.length, folder.leftOut.map(({ names }) => names)]).toEqual([
      1,
      [['images/a.txt'.slice(7)], ['._1.png']],
    ])
  })
})
