import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSafetensors } from '@ddnet/formats'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Session, session } from './session.ts'

// `ddnet train masks=FOLDER` with images and masks as people have them.

const [width, height] = [24, 20]

/** Dark pictures with a bright square, and where it is: gray values, 0 and `value`. */
async function writeMasks(folder: string, count: number, value = 1): Promise<void> {
  for (const name of ['images', 'masks']) mkdirSync(join(folder, name), { recursive: true })
  for (let index = 0; index < count; index++) {
    const [left, top] = [(index * 5) % 14, (index * 3) % 10]
    const isInside = (at: number) => {
      const [x, y] = [at % width, Math.floor(at / width)]
      return x >= left && x < left + 9 && y >= top && y < top + 9
    }
    const gray = (inside: number, outside: number) =>
      sharp(
        Uint8Array.from({ length: width * height }, (_, at) => (isInside(at) ? inside : outside)),
        {
          raw: { width, height, channels: 1 },
        },
      ).toColourspace('b-w')
    await gray(220, 30 + index)
      .jpeg()
      .toFile(join(folder, `images/${index}.jpg`))
    await gray(value, 0)
      .png()
      .toFile(join(folder, `masks/${index}.png`))
  }
}

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
      expect.objectContaining({ image: 'cells/images/3.jpg', shape: [16, 16], shares: expect.anything() }),
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
    expect(await told()).toMatch(/1 of 6 images have no mask; the first one is .*cells\/images\/2\.jpg/)
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
