import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cifar10ClassNames } from '@ddnet/datasets'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

async function withPhotos(): Promise<Session> {
  const shell = session()
  await writePhotos(join(shell.cwd, 'photos'), { cats: 6, dogs: 3 })
  return shell
}

describe('data inspect', () => {
  test('counts the images of each class, their sizes and kinds', async () => {
    const { code, stdout } = await (await withPhotos()).run('data', 'inspect', 'photos')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^cats +6 {2}█{30}$/m)
    expect(stdout).toMatch(/^dogs +3 {2}█{15}$/m)
    expect(stdout).toMatch(/^2 classes +9$/m)
    expect(stdout).toContain('sizes     40x60 (2), 43x58 (2), 46x56 (2), 49x54 (1), 52x52 (1), 1 more\n')
    expect(stdout).toContain('files     jpg (5), png (4)\n')
  })

  test('lists every image that cannot be read: exit code 1', async () => {
    const shell = await withPhotos()
    writeFileSync(join(shell.cwd, 'photos/dogs/a.jpg'), 'no image')
    const whole = await sharp(join(shell.cwd, 'photos/cats/1.png')).toBuffer()
    writeFileSync(join(shell.cwd, 'photos/cats/cut.png'), whole.subarray(0, 80))
    const { code, stdout } = await shell.run('data', 'inspect', 'photos', '--json')
    expect(code).toBe(1)
    const { broken, classes } = JSON.parse(stdout)
    expect(broken.map(({ file }: { file: string }) => file)).toEqual(['cats/cut.png', 'dogs/a.jpg'])
    expect(classes).toEqual([
      { name: 'cats', train: 7 },
      { name: 'dogs', train: 4 },
    ])
    expect((await shell.run('data', 'inspect', 'photos')).stdout.match(/^broken /gm)).toHaveLength(2)
  })

  test('knows CIFAR-10', async () => {
    const { stdout } = await session().run('data', 'inspect', 'cifar10')
    expect(stdout).toMatch(/^airplane +8 +4 {2}█+$/m)
    expect(stdout).toMatch(/^10 classes +80 +40$/m)
  })

  test('what is neither is refused', async () => {
    expect(await session().run('data', 'inspect', 'cifar')).toMatchObject({
      code: 2,
      stderr:
        "ddnet: 'cifar' is neither a data set nor a folder that is here: expected cifar10, mnist, fashionMnist, masks=PATH or the path of a folder.\n",
    })
  })

  test('a data set that needs a folder says how it is given, and is read from there', async () => {
    const shell = session()
    expect(await shell.run('data', 'inspect', 'fashionMnist')).toMatchObject({
      code: 2,
      stderr: 'ddnet: fashionMnist needs the folder of its files. Try fashionMnist=./fashionMnist\n',
    })
    mkdirSync(join(shell.cwd, 'fashionMnist'))
    for (const [name, count] of [
      ['train', 20],
      ['t10k', 10],
    ] as const) {
      const pixels = Buffer.alloc(count * 28 * 28)
      const labels = Buffer.from(Array.from({ length: count }, (_, index) => index % 10))
      // A magic number that says bytes and axes, the sizes of the axes, the bytes: yann.lecun.com/exdb/mnist
      const file = (sizes: readonly number[], bytes: Buffer) =>
        Buffer.concat([
          Buffer.from([0, 0, 8, sizes.length]),
          ...sizes.map((size) => Buffer.from([0, 0, size >> 8, size & 255])),
          bytes,
        ])
      writeFileSync(join(shell.cwd, `fashionMnist/${name}-images-idx3-ubyte`), file([count, 28, 28], pixels))
      writeFileSync(join(shell.cwd, `fashionMnist/${name}-labels-idx1-ubyte`), file([count], labels))
    }
    const { code, stdout, stderr } = await shell.run('data', 'inspect', 'fashionMnist=./fashionMnist')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^ankle boot +2 +1 {2}█+$/m)
  })
})

describe('data statistics', () => {
  test('are those of the pixels, and settings for train', async () => {
    const shell = session()
    for (const [name, background] of [
      ['a', { r: 255, g: 51, b: 0 }],
      ['b', { r: 0, g: 51, b: 102 }],
    ] as const) {
      mkdirSync(join(shell.cwd, 'photos/train', name), { recursive: true })
      mkdirSync(join(shell.cwd, 'photos/test', name), { recursive: true })
      const image = sharp({ create: { width: 20, height: 30, channels: 3, background } })
      await image.png().toFile(join(shell.cwd, 'photos/train', name, '0.png'))
      await image.negate().toFile(join(shell.cwd, 'photos/test', name, '0.png'))
    }
    const { stdout } = await shell.run('data', 'statistics', 'photos')
    expect(stdout).toContain('mean      [0.5,0.2,0.2]\nstd       [0.5,0,0.2]\n')
    expect(stdout).toContain("train     'data.mean=[0.5,0.2,0.2]' 'data.std=[0.5,0,0.2]'\n")
    const json = JSON.parse((await shell.run('data', 'statistics', 'photos', '--json')).stdout)
    expect(json.images).toBe(2)
    expect(json.mean[0]).toBeCloseTo(0.5, 12)
  })
})

describe('data prepare', () => {
  test('writes CIFAR-10 as PNGs, which train reads and which have the same pixels', async () => {
    const shell = session()
    const { code, stdout } = await shell.run('data', 'prepare', 'cifar10', '--to', 'out', '--images', '2')
    expect([code, stdout]).toEqual([0, '40 images of 10 classes are written to out\n'])
    expect(readdirSync(join(shell.cwd, 'out/train')).sort()).toEqual([...cifar10ClassNames].sort())
    expect(readdirSync(join(shell.cwd, 'out/test/frog'))).toHaveLength(2)
    const of = async (...words: string[]) => (await shell.run('data', 'statistics', ...words, '--json')).stdout
    await shell.run('data', 'prepare', 'cifar10', '--to', 'all')
    expect(await of('all', '--size', '32')).toBe(await of('cifar10'))
    const trained = await shell.run('train', 'folder=out', 'data.size=32', 'model.channels=[4]', 'epochs=1')
    expect([trained.code, trained.stderr]).toEqual([
      0,
      expect.stringContaining('16 training images, 4 validation images, 20 test images'),
    ])
  })

  test('writes photographs as squares', async () => {
    const shell = await withPhotos()
    const { stdout } = await shell.run('data', 'prepare', 'photos', '--to', 'small', '--size', '24')
    expect(stdout).toBe('9 images of 2 classes are written to small\n')
    const { width, height } = await sharp(join(shell.cwd, 'small/dogs/2.png')).metadata()
    expect([width, height]).toEqual([24, 24])
  })

  test('without --to says where CIFAR-10 is', async () => {
    const { stdout } = await session({ env: { DDNET_CACHE: '/cache' } }).run('data', 'prepare', 'cifar10')
    expect(stdout).toBe('CIFAR-10 is ready: 80 training images, 40 test images in /cache\n')
  })

  test.each([
    [['photos'], 'expected where to write the images. As in: --to prepared'],
    [['photos', '--to', 'photos'], 'photos is not empty. Give a new folder with --to'],
    [['cifar10', '--images', '2'], '--size and --images are of what is written. Add --to FOLDER'],
    [['cifar10', '--to', 'a', '--size', '1.5'], 'Expected a whole number above 0.'],
  ])('%j is refused', async (words, message) => {
    const { code, stderr } = await (await withPhotos()).run('data', 'prepare', ...words)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})
