import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSafetensors } from '@ddnet/formats'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { height, width, writeMasks } from './masks.ts'
import { type Session, session } from './session.ts'

// `ddnet train masks=FOLDER` with images and masks as people have them.

const small = [
  'data.size=16',
  'model.channels=[4,8]',
  'batchSize=4',
  'epochs=6',
  'optimizer.learningRate=0.02',
  'backend=wasm',
]
const weightsOf = (shell: Session, run: string) =>
  decodeSafetensors(readFileSync(join(shell.cwd, run, 'checkpoints/last/model.safetensors'))).tensors

describe('images with masks', () => {
  test('are trained on, measured, predicted and shown by one command each; a run that was stopped goes on to the bit', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 20)
    const { code, stdout, stderr } = await shell.run('train', 'masks=cells', ...small, 'name=whole')
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('data      16 training images, 4 validation images, 2 classes'),
    ])
    expect(stdout + stderr).toMatch(/epoch 6\/6 .*mIoU/)
    const report = readFileSync(join(shell.cwd, 'runs/whole/report.html'), 'utf8')
    expect(report).toContain('Masks')

    const evaluated = await shell.run('eval', 'runs/whole', '--json')
    const figures = JSON.parse(evaluated.stdout)
    expect([evaluated.code, figures.meanIou]).toEqual([0, expect.closeTo(1, 0)])
    expect(Object.keys(figures.classes)).toEqual(['0', '1'])

    const predicted = await shell.run('predict', 'runs/whole', 'cells/images/3.jpg', '--json')
    expect([predicted.code, JSON.parse(predicted.stdout)]).toEqual([
      0,
      expect.objectContaining({ image: 'cells/images/3.jpg', shape: [height, width], shares: expect.anything() }),
    ])

    cpSync(join(shell.cwd, 'runs/whole'), join(shell.cwd, 'runs/cut'), { recursive: true })
    const resumed = await shell.run('train', '--resume', 'runs/cut', '--checkpoint', 'step=12')
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('going on after step 12 of 24')])
    expect(weightsOf(shell, 'runs/cut')).toEqual(weightsOf(shell, 'runs/whole'))
  })

  test('a run does not go on with other images', async () => {
    const other = session()
    await writeMasks(join(other.cwd, 'cells'), 20)
    await other.run('train', 'masks=cells', ...small, 'name=a')
    for (const name of ['images/7.jpg', 'masks/7.png']) rmSync(join(other.cwd, 'cells', name))
    const { code, stderr } = await other.run('train', '--resume', 'runs/a', '--checkpoint', 'step=12')
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      expect.not.stringMatching('0'),
      expect.stringContaining('images'),
    ])
  })

  test('nor with masks that were painted anew, wherever they are now', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 8)
    await shell.run('train', 'masks=cells', ...small, 'name=a')
    cpSync(join(shell.cwd, 'cells'), join(shell.cwd, 'moved'), { recursive: true })
    const resume = async () => {
      const words = ['--resume', 'runs/a', '--checkpoint', 'step=8', 'data.directory=moved']
      const { code, stderr } = await shell.run('train', ...words)
      return [code, stderr.replaceAll(/\s+/g, ' ')]
    }
    const repainted = join(shell.cwd, 'moved/masks/5.png')
    const before = readFileSync(repainted)
    cpSync(join(shell.cwd, 'moved/masks/4.png'), repainted)
    expect(await resume()).toEqual([
      1,
      expect.stringContaining(
        'the data of the run runs/a has changed: there are the same files, but what is in them has changed.',
      ),
    ])
    writeFileSync(repainted, before)
    expect(await resume()).toEqual([0, expect.stringContaining('going on after step 8')])
  })
})

/** The classes of a mask, by the colors that Pascal VOC has for them. */
async function classesIn(shell: Session, file: string) {
  const { data, info } = await sharp(join(shell.cwd, file)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const colors = ['0,0,0', '128,0,0']
  const classes = Array.from({ length: info.width * info.height }, (_, at) =>
    colors.indexOf([...data.subarray(3 * at, 3 * at + 3)].join()),
  )
  return { height: info.height, width: info.width, classes }
}

describe('predict writes masks', () => {
  test('of the size of each picture, whatever that is, with the classes as values, and over the picture', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 20)
    await shell.run('train', 'masks=cells', ...small, 'name=a')
    mkdirSync(join(shell.cwd, 'new/deep'), { recursive: true })
    const square = { create: { width: 8, height: 8, channels: 3, background: '#ddd' } } as const
    const write = (name: string, size: { width: number; height: number }) =>
      sharp({ create: { ...size, channels: 3, background: '#333' } })
        .composite([{ input: square, left: size.width - 10, top: 2 }])
        .toFile(join(shell.cwd, 'new', name))
    await write('wide.png', { width: 71, height: 20 })
    await write('deep/tall.jpg', { width: 20, height: 50 })
    writeFileSync(join(shell.cwd, 'new/broken.jpg'), 'no image')
    const { code, stdout, stderr } = await shell.run('predict', 'runs/a', 'new', '--to', 'found', '--json')
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([code, told]).toEqual([
      1,
      [
        { image: 'new/broken.jpg', error: expect.stringContaining('broken.jpg') },
        expect.objectContaining({
          image: 'new/deep/tall.jpg',
          shape: [50, 20],
          files: ['found/deep/tall.png', 'found/deep/tall-overlay.png'],
        }),
        expect.objectContaining({
          image: 'new/wide.png',
          shape: [20, 71],
          files: ['found/wide.png', 'found/wide-overlay.png'],
        }),
      ],
    ])
    expect(stderr).toMatch(/^files {5}4 in found$/m)
    expect(stderr).toMatch(/^left out {2}1 of 3 images, which could not be read: new\/broken\.jpg$/m)
    const { height, width, classes } = await classesIn(shell, 'found/wide.png')
    expect([height, width]).toEqual([20, 71])
    // The square is at columns 61 … 68 and rows 2 … 9: far to the right of the middle that was once cut out.
    expect(classes[6 * 71 + 65]).toBe(1)
    expect(classes[15 * 71 + 20]).toBe(0)
    const ones = classes.filter((label) => label === 1).length
    expect(told[2].shares['1']).toBeCloseTo(ones / (20 * 71), 9)
    const overlay = sharp(join(shell.cwd, 'found/wide-overlay.png'))
    expect(await overlay.metadata()).toMatchObject({ width: 71, height: 20 })
    const painted = await overlay.removeAlpha().raw().toBuffer()
    expect([...painted.subarray(3 * (15 * 71 + 20), 3 * (15 * 71 + 21))]).toEqual([0x33, 0x33, 0x33])

    const again = await shell.run('predict', 'runs/a', 'new/wide.png', '--to', 'found')
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining('found has files in it already. Give a new folder as --to, or'),
    ])
    expect((await shell.run('predict', 'runs/a', 'new/wide.png', '--to', 'found', '--force')).code).toBe(0)
    const photo = readFileSync(join(shell.cwd, 'new/wide.png'))
    const over = await shell.run('predict', 'runs/a', 'new/wide.png', '--to', 'new', '--force')
    expect([over.code, over.stderr]).toEqual([1, expect.stringContaining('new/wide.png is one of the images.')])
    expect(readFileSync(join(shell.cwd, 'new/wide.png'))).toEqual(photo)
  })

  test('what predict writes is read as masks again', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 8)
    await shell.run('train', 'masks=cells', ...small, 'name=a')
    await shell.run('predict', 'runs/a', 'cells/images', '--to', 'again/masks')
    for (const name of ['images', 'masks']) mkdirSync(join(shell.cwd, 'again', name), { recursive: true })
    cpSync(join(shell.cwd, 'cells/images'), join(shell.cwd, 'again/images'), { recursive: true })
    const { code, stderr } = await shell.run('train', 'masks=again', ...small, 'data.classes=2', 'name=b')
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringContaining('left out 8 masks without an image: masks/0-overlay.png, masks/1-overlay.png …'),
    ])
  })
})

test.each([
  ['unet', 'down.0', 'up.0', []],
  ['segnet', 'down.0', 'up.1', ['model.depths=[1,1]']],
  ['ddnetPixels', 'encoder.0', 'decoder.1', []],
])('what %s has learned is shown: curves, predictions, filters and maps', async (model, first, last, settings) => {
  const shell = session()
  await writeMasks(join(shell.cwd, 'cells'), 8)
  await shell.run('train', 'masks=cells', ...small, `model=${model}`, ...settings, 'name=a')
  const only = 'curves,predictions,filters,feature-maps,grad-cam'
  const { code, stdout, stderr } = await shell.run('visualize', 'runs/a', '--only', only, '--json')
  expect(code, stderr).toBe(0)
  const { pictures, leftOut } = JSON.parse(stdout)
  const names = pictures.map(({ file }: { file: string }) => file.replace('runs/a/pictures/', ''))
  const expected = ['curves', 'predictions', 'filters', `feature-maps-${first}`, `feature-maps-${last}`]
  expect(names).toEqual(expect.arrayContaining(expected.map((name) => `${name}.png`)))
  expect(leftOut).toEqual([
    {
      name: 'grad-cam',
      reason: 'the model answers for each pixel, so that its predictions show where it sees what',
    },
  ])
})

test("outlines in a file of COCO's are masks: inspected, trained on, and missing images named", async () => {
  const shell = session()
  await writeMasks(join(shell.cwd, 'cells'), 8)
  const names = Array.from({ length: 8 }, (_, at) => `${at}.jpg`)
  const annotations = names.map((_, id) => {
    const [left, top] = [(id * 5) % 14, (id * 3) % 10] // as writeMasks has its squares
    const outline = [left, top, left + 9, top, left + 9, top + 9, left, top + 9]
    return { id, image_id: id, category_id: 1, bbox: [left, top, 9, 9], segmentation: [outline] }
  })
  const images = names.map((file_name, id) => ({ id, file_name, height, width }))
  const document = { images, annotations, categories: [{ id: 1, name: 'cell' }] }
  writeFileSync(join(shell.cwd, 'cells/cells.json'), JSON.stringify(document))
  const inspected = async (data: string) => JSON.parse((await shell.run('data', 'inspect', data, '--json')).stdout)
  const [found, painted] = [await inspected('masks=cells/cells.json'), await inspected('masks=cells')]
  expect(found.classes.map(({ name }: { name: string }) => name)).toEqual(['background', 'cell'])
  const shares = ({ classes }: typeof found) => classes.map(({ share }: { share: number }) => share)
  expect(shares(found)).toEqual(shares(painted))
  const { code, stderr } = await shell.run('train', 'masks=cells/cells.json', ...small, 'name=a')
  expect([code, stderr]).toEqual([0, expect.stringContaining('2 classes')])
  const predicted = await shell.run('predict', 'runs/a', 'cells/images/3.jpg')
  expect(predicted.stdout).toMatch(/24x20 .*background \d+\.\d%/)
  rmSync(join(shell.cwd, 'cells/images/5.jpg'))
  expect((await inspected('masks=cells/cells.json')).broken).toEqual([
    { file: 'images/5.jpg', problem: expect.stringContaining('is not there. Add it, or take it out of the list.') },
  ])
})

describe('data inspect masks=FOLDER', () => {
  test('counts classes by masks and pixels, what is ignored, and sizes', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells/train'), 4)
    await writeMasks(join(shell.cwd, 'cells/val'), 2, 7)
    const { code, stdout } = await shell.run('data', 'inspect', 'masks=cells', 'data.ignore=7', '--json')
    const found = JSON.parse(stdout)
    const pixels = 6 * width * height
    expect([code, found]).toEqual([
      0,
      expect.objectContaining({
        images: { train: 4, validation: 2 },
        classes: [
          { name: '0', images: { train: 4, validation: 2 }, share: 1 - (6 * 81) / pixels },
          { name: '1', images: { train: 4, validation: 0 }, share: (4 * 81) / pixels },
        ],
        ignored: { images: { train: 0, validation: 2 }, share: (2 * 81) / pixels },
        sizes: [{ size: '24x20', images: 6 }],
        broken: [],
      }),
    ])
    const told = await shell.run('data', 'inspect', 'masks=cells', 'data.ignore=7', 'data.classes=["sky","sun"]')
    expect(told.stdout).toMatch(/^sky +4 +2 +83\.1% {2}█{25}$/m)
    expect(told.stdout).toMatch(/^none +0 +2 +5\.6% /m)
    expect(told.stdout).toMatch(/^2 classes +4 +2$/m)
  })

  test('lists every file that is wrong, and what is left out; a plain folder with images and masks is one', async () => {
    const shell = session()
    const file = (name: string) => join(shell.cwd, 'cells', name)
    await writeMasks(join(shell.cwd, 'cells'), 6)
    rmSync(file('masks/1.png'))
    writeFileSync(file('masks/2.png'), 'no PNG')
    rmSync(file('images/3.jpg'))
    cpSync(file('images/4.jpg'), file('images/4.jpeg'))
    const { code, stdout } = await shell.run('data', 'inspect', 'cells', '--json')
    const { broken, leftOut, classes } = JSON.parse(stdout)
    expect(broken.map(({ file }: { file: string }) => file)).toEqual([
      'images/1.jpg',
      'images/2.jpg',
      'images/4.jpeg',
      'images/4.jpg',
    ])
    expect([code, leftOut[0].names, classes.length]).toEqual([1, ['masks/3.png'], 2])
    const told = await shell.run('data', 'inspect', 'masks=cells')
    expect(told.stdout.match(/^broken /gm)).toHaveLength(4)
    expect(told.stdout).toContain('left out  1 masks without an image: masks/3.png.')
  })

  test('images and masks are not taken for two classes', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 6)
    const { code, stderr } = await shell.run('train', 'folder=cells', 'backend=wasm', 'epochs=1')
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(
        'cells has images and their masks, and no folder a class. For a class for each pixel: masks=cells',
      ),
    ])
  })
})

describe('what is wrong with them is told before anything is trained', () => {
  test('255 is a class to some and none to others: it is asked for', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 6, 255)
    const { code, stderr } = await shell.run('train', 'masks=cells', ...small)
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringContaining(
        'the masks of cells have the value 255 beside 0. Where it belongs to no class: data.ignore=255. Where it is white, a class of its own: data.colors=[[0,0,0],[255,255,255]]',
      ),
    ])
    const painted = await shell.run('train', 'masks=cells', ...small, 'data.colors=[[0,0,0],[255,255,255]]', 'name=a')
    expect([painted.code, painted.stderr]).toEqual([0, expect.stringContaining('2 classes')])
    const ignored = await shell.run('train', 'masks=cells', ...small, 'data.ignore=255', 'name=b')
    expect([ignored.code, ignored.stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringContaining('the masks of cells have the value 0 alone: expected at least two classes.'),
    ])
  })

  test('masks in which nothing counts', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 6, 0)
    const told = async (...words: string[]) => {
      const { code, stdout, stderr } = await shell.run('train', ...words, ...small, 'data.ignore=0', 'data.classes=2')
      expect(stdout + stderr).not.toContain('epoch')
      return [code, stderr.replaceAll(/\s+/g, ' ')]
    }
    expect(await told('masks=cells')).toEqual([
      2,
      expect.stringMatching(
        /no pixel of the training masks in \S*cells\/masks has a class: all of them, in the middle square of each that is used, are 0, which data\.ignore leaves out\./,
      ),
    ])
    await writeMasks(join(shell.cwd, 'parts/train'), 6)
    await writeMasks(join(shell.cwd, 'parts/val'), 2, 0)
    expect(await told('masks=parts')).toEqual([
      2,
      expect.stringMatching(/no pixel of the validation masks in \S*parts\/val\/masks has a class/),
    ])
  })

  test('by the names that the settings have', async () => {
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 6)
    const told = async (...words: string[]) => {
      const { code, stderr } = await shell.run('train', 'masks=cells', ...small, ...words)
      expect(code).not.toBe(0)
      expect(stderr).not.toContain('maskFolder')
      return stderr.replaceAll(/\s+/g, ' ')
    }
    await sharp({ create: { width, height, channels: 3, background: '#f00' } })
      .png()
      .toFile(join(shell.cwd, 'cells/masks/2.png'))
    expect(await told()).toContain('Say which color each class has, as in data.colors=[[0,0,0],[255,0,0]], or convert')
    expect(await told('data.colors=[[0,0,0],[1,1,1]]')).toContain(
      'has the color [255, 0, 0], which is none of the 2 of data.colors. Add it there, or where it belongs to no class: data.ignore=[255,0,0].',
    )
    await writeMasks(join(shell.cwd, 'cells'), 6, 9)
    expect(await told('data.classes=2')).toContain('Where it belongs to no class: data.ignore=9.')
    rmSync(join(shell.cwd, 'cells/images'), { recursive: true })
    mkdirSync(join(shell.cwd, 'cells/images'))
    expect(await told()).toMatch(/cells\/images is empty: expected \S*cells\/images\/1\.jpg with its mask/)
  })

  test('a mask that is missing, of another size or of a value that is no class, by its file', async () => {
    const shell = session()
    const mask = (name: string) => join(shell.cwd, 'cells/masks', name)
    await writeMasks(join(shell.cwd, 'cells'), 6)
    const told = async (...words: string[]) => {
      const { code, stderr } = await shell.run('train', 'masks=cells', ...small, ...words)
      expect(code).not.toBe(0)
      return stderr.replaceAll(/\s+/g, ' ')
    }
    expect(await told('data.classes=1')).toContain('data.classes')
    await sharp({ create: { width: 5, height: 5, channels: 3, background: '#000' } })
      .toColourspace('b-w')
      .png()
      .toFile(mask('2.png'))
    expect(await told()).toMatch(/cells\/masks\/2\.png has 5×5 pixels, but its image 24×20/)
    await sharp(new Uint8Array(width * height).fill(7), { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(mask('2.png'))
    expect(await told('data.classes=2')).toMatch(
      /cells\/masks\/2\.png: the pixel at column 0, row 0 has the value 7, expected a class of 0 … 1\./,
    )
    writeFileSync(mask('2.png'), 'no PNG')
    expect(await told()).toContain('cells/masks/2.png')
    rmSync(mask('2.png'))
    expect(await told()).toMatch(
      /cells\/images\/2\.jpg has no mask: expected .*cells\/masks\/2\.png\. Add it, or take the image out\./,
    )
  })

  test('data without masks', async () => {
    const shell = session()
    const { code, stderr } = await shell.run(
      'train',
      'cifar10',
      'task=segmentation',
      'model=unet',
      'model.channels=[4,8]',
      'backend=wasm',
    )
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringContaining(
        'task=segmentation needs of each sample mask (class of each pixel), and those of data=cifar10 have image, label. Take other data, or another task.',
      ),
    ])
  })
})
