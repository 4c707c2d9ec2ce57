import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

const tiny = ['size=16', 'model.channels=[4]', 'batchSize=4', 'epochs=2', 'seed=1']

async function withPhotos(classes: Record<string, number> = { cats: 10, dogs: 5 }): Promise<Session> {
  const shell = session()
  await writePhotos(join(shell.cwd, 'my photos'), classes)
  return shell
}

const json = (shell: Session, path: string) => JSON.parse(readFileSync(join(shell.cwd, path), 'utf8'))

describe('train folder=PATH', () => {
  test('trains on a folder a class, and measures on a fifth of each class', async () => {
    const shell = await withPhotos()
    const { code, stdout, stderr } = await shell.run('train', 'folder=my photos', ...tiny)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('data      12 training images, 3 test images, 2 classes'),
    ])
    expect(stdout.match(/^epoch \d\/2 /gm)).toHaveLength(2)
    expect(readdirSync(join(shell.cwd, 'runs'))).toEqual(['my-photos'])
    expect(json(shell, 'runs/my-photos/data.json')).toEqual({
      classNames: ['cats', 'dogs'],
      trainImages: 12,
      testImages: 3,
    })
    const { confusion } = json(shell, 'runs/my-photos/result.json')
    expect(confusion.map((row: number[]) => row.reduce((a, b) => a + b))).toEqual([2, 1])
    const config = parse(readFileSync(join(shell.cwd, 'runs/my-photos/config.yaml'), 'utf8'))
    expect(config).toMatchObject({
      preset: 'photos',
      data: { name: 'folder', directory: 'my photos', validation: 0.2 },
    })
  })

  test('learns', async () => {
    const shell = await withPhotos({ red: 20, blue: 20 })
    await shell.run('train', 'folder=my photos', ...tiny, 'epochs=12', 'optimizer.learningRate=0.02', 'name=a')
    expect(json(shell, 'runs/a/result.json').accuracy).toBe(1)
  })

  test('goes on by the command that Ctrl-C leaves', async () => {
    const shell = await withPhotos()
    shell.onWrite = (text) => {
      if (!text.startsWith('epoch 1/2')) return
      shell.signal('SIGINT')
      shell.onWrite = () => {}
    }
    const { code, stderr } = await shell.run('train', 'folder=my photos', ...tiny, 'name=a')
    expect(code).toBe(130)
    const command = /^go on {5}ddnet (.+)$/m.exec(stderr)?.[1] as string
    expect(command).toBe('train --resume runs/a')
    expect((await shell.run(...command.split(' '))).code).toBe(0)
    expect(json(shell, 'runs/a/result.json').step).toBe(6)
  })

  test('takes train and test folders as they are', async () => {
    const shell = await withPhotos()
    await writePhotos(join(shell.cwd, 'split/train'), { cats: 6, dogs: 4 })
    await writePhotos(join(shell.cwd, 'split/val'), { dogs: 3 })
    const { stderr } = await shell.run('train', 'folder=split', ...tiny)
    expect(stderr).toContain('10 training images, 3 test images, 2 classes')
    expect(json(shell, 'runs/split/result.json').confusion[0]).toEqual([0, 0])
    await writePhotos(join(shell.cwd, 'split/val'), { birds: 1 })
    expect(await shell.run('train', 'folder=split', ...tiny)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no class birds in'),
    })
  })

  test('a folder train alone is divided, as its classes would be', async () => {
    const shell = session()
    await writePhotos(join(shell.cwd, 'set', 'train'), { cats: 10, dogs: 5 })
    const { code, stderr } = await shell.run('train', 'folder=set', ...tiny)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('data      12 training images, 3 test images, 2 classes'),
    ])
    await writePhotos(join(shell.cwd, 'few', 'train'), { cats: 3, dogs: 1 })
    expect(await shell.run('train', 'folder=few', ...tiny)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`few/train/dogs has one image`),
    })
  })

  test('train beside other folders is a class', async () => {
    const shell = await withPhotos({ train: 4, bus: 4 })
    expect((await shell.run('train', 'folder=my photos', ...tiny, 'name=a')).code).toBe(0)
    expect(json(shell, 'runs/a/data.json').classNames).toEqual(['bus', 'train'])
  })

  test('predict needs the run alone, eval the images too', async () => {
    const shell = await withPhotos()
    await shell.run('train', 'folder=my photos', ...tiny, 'name=a')
    const evaluated = await shell.run('eval', 'runs/a', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject(json(shell, 'runs/a/result.json'))
    expect((await shell.run('predict', 'runs/a')).stdout).toMatch(/^image 3\/3 test image 2 \((cats|dogs)\): 16x16 /m)
    renameSync(join(shell.cwd, 'my photos/cats/0.jpg'), join(shell.cwd, 'cat.jpg'))
    rmSync(join(shell.cwd, 'my photos'), { recursive: true })
    const { code, stdout } = await shell.run('predict', 'runs/a', 'cat.jpg')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^image 1\/1 cat\.jpg: 40x60 (cats|dogs) [\d.]+%, /)])
    expect((await shell.run('eval', 'runs/a')).stderr).toMatch(/ddnet: .*my photos/)
  })

  test('an image that cannot be read stops it by name, or is left out and said to be', async () => {
    const shell = await withPhotos()
    writeFileSync(join(shell.cwd, 'my photos/cats/broken.jpg'), 'no image')
    const stopped = await shell.run('train', 'folder=my photos', ...tiny)
    expect(stopped).toMatchObject({ code: 1, stderr: expect.stringContaining('data.onError=skip') })
    expect(stopped.stderr).toContain('cats/broken.jpg is not an image')
    expect(readdirSync(shell.cwd)).not.toContain('runs')
    const { code, stderr } = await shell.run('train', 'folder=my photos', 'data.onError=skip', ...tiny)
    expect([code, stderr]).toEqual([0, expect.stringContaining('left out 1 of 16 images')])
  })

  test('a run goes on only with the images that it began with', async () => {
    const shell = await withPhotos()
    await shell.run('train', 'folder=my photos', ...tiny, 'name=a')
    rmSync(join(shell.cwd, 'my photos/cats/0.jpg'))
    expect(await shell.run('train', '--resume', 'runs/a')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the data of the run runs/a has changed: it began with 12 + 3 images'),
    })
  })

  test.each([
    [['data.name=folder'], 2, 'data.name=folder (command line) needs the folder of the images. Try folder=./photos'],
    [['folder=none'], 1, 'none: it is missing. Name an existing folder.'],
    [['folder=empty'], 1, 'expected images in a folder a class'],
    [['folder=one'], 2, 'one has images of one class, cats'],
    [['folder=few'], 2, 'dogs has one image: expected at least two'],
    [['folder=my photos', 'size=100000'], 2, 'images of size=100000 take'],
    [['data.validation=0.5'], 2, 'data cifar10 has no such setting, only folder'],
    [['folder=my photos', 'data.validation=1'], 2, 'expected a number above 0 and below 1'],
    [['foldr=x'], 2, "'foldr=x' is not a valid setting"],
  ])('%j is refused with a remedy', async (words, code, message) => {
    const shell = await withPhotos()
    mkdirSync(join(shell.cwd, 'empty'))
    await writePhotos(join(shell.cwd, 'one'), { cats: 2 })
    await writePhotos(join(shell.cwd, 'few'), { cats: 2, dogs: 1 })
    const result = await shell.run('train', ...words)
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)])
  })
})
