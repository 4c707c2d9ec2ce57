import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

const tiny = ['data.size=16', 'model.channels=[4]', 'batchSize=4', 'epochs=2', 'seed=1']

async function withPhotos(classes: Record<string, number> = { cats: 10, dogs: 5 }): Promise<Session> {
  const shell = session()
  await writePhotos(join(shell.cwd, 'my photos'), classes)
  return shell
}

const json = (shell: Session, path: string) => JSON.parse(readFileSync(join(shell.cwd, path), 'utf8'))

describe('train folder=PATH', () => {
  test('trains on a folder a class, and chooses and measures by a fifth of each class', async () => {
    const shell = await withPhotos()
    const { code, stdout, stderr } = await shell.run('train', 'folder=my photos', ...tiny)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('data      12 training images, 3 validation images, 2 classes'),
    ])
    expect(stdout.match(/^epoch \d\/2 /gm)).toHaveLength(2)
    expect(readdirSync(join(shell.cwd, 'runs'))).toEqual(['my-photos'])
    expect(json(shell, 'runs/my-photos/data.json')).toEqual({
      classNames: ['cats', 'dogs'],
      image: { height: 16, width: 16, channels: 3 },
      trainImages: 12,
      validationImages: 3,
      testImages: 0,
      samples: {
        names: expect.stringMatching(/^[\da-f]{64}$/),
        contents: expect.stringMatching(/^[\da-f]{64}$/),
        leftOut: [],
      },
    })
    expect(stdout).toMatch(/^validation accuracy [\d.]+% \(\d of 3 images\)/m)
    const { split, confusion } = json(shell, 'runs/my-photos/result.json')
    expect(split).toBe('validation')
    expect(confusion.map((row: number[]) => row.reduce((a, b) => a + b))).toEqual([2, 1])
    const config = parse(readFileSync(join(shell.cwd, 'runs/my-photos/config.yaml'), 'utf8'))
    expect(config).toMatchObject({
      preset: 'photos',
      ...{ data: 'folder', 'data.directory': 'my photos', 'data.validation': 0.2 },
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

  test('val chooses, test is looked at once at the end', async () => {
    const shell = session()
    await writePhotos(join(shell.cwd, 'split/Training_set'), { cats: 6, dogs: 4 })
    await writePhotos(join(shell.cwd, 'split/VAL'), { cats: 2, dogs: 3 })
    await writePhotos(join(shell.cwd, 'split/Test'), { cats: 1, dogs: 1 })
    const { code, stdout, stderr } = await shell.run('train', 'folder=split', ...tiny)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('10 training images, 5 validation images, 2 test images, 2 classes'),
    ])
    expect(stdout.match(/^epoch \d\/2 .* \| val loss /gm)).toHaveLength(2)
    expect(stdout).toMatch(/^test accuracy [\d.]+% \(\d of 2 images\)/m)
    const records = readFileSync(join(shell.cwd, 'runs/split/metrics.jsonl'), 'utf8').trim().split('\n')
    expect(records.map((line) => JSON.parse(line).validation.images)).toEqual([5, 5])
    expect(json(shell, 'runs/split/result.json')).toMatchObject({ split: 'test', images: 2 })
    const { stdout: told } = await shell.run('data', 'inspect', 'split')
    expect(told).toMatch(/^class +train +validation +test$/m)
    expect(told).toMatch(/^cats +6 +2 +1 /m)
  })

  test('without val, a part of train chooses; with data.validation=0 nothing does', async () => {
    const shell = session()
    await writePhotos(join(shell.cwd, 'split/train'), { cats: 10, dogs: 5 })
    await writePhotos(join(shell.cwd, 'split/test'), { cats: 1, dogs: 1 })
    const { stderr } = await shell.run('train', 'folder=split', ...tiny, 'name=a')
    expect(stderr).toContain('12 training images, 3 validation images, 2 test images, 2 classes')
    const all = await shell.run('train', 'folder=split', ...tiny, 'data.validation=0', 'name=b')
    expect([all.code, all.stderr]).toEqual([0, expect.stringContaining('15 training images, 2 test images, 2 classes')])
    expect(all.stdout.match(/^epoch \d\/2 \| train loss [\d.]+ acc +[\d.]+% \| \d/gm)).toHaveLength(2)
    expect(all.stdout).toMatch(/^test accuracy/m)
    expect(readdirSync(join(shell.cwd, 'runs/b/checkpoints'))).not.toContain('best')
    expect((await shell.run('runs')).code).toBe(0)
    expect((await shell.run('visualize', 'runs/b', '--only', 'curves')).code).toBe(0)
    const early = await shell.run('train', 'folder=split', ...tiny, 'data.validation=0', 'earlyStopping.patience=2')
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('needs validation images')])
  })

  test('takes val alone as it is, and refuses a class that is not trained', async () => {
    const shell = await withPhotos()
    await writePhotos(join(shell.cwd, 'split/train'), { cats: 6, dogs: 4 })
    await writePhotos(join(shell.cwd, 'split/val'), { dogs: 3 })
    const { stderr } = await shell.run('train', 'folder=split', ...tiny)
    expect(stderr).toContain('10 training images, 3 validation images, 2 classes')
    expect(json(shell, 'runs/split/result.json').confusion[0]).toEqual([0, 0])
    await writePhotos(join(shell.cwd, 'split/val'), { birds: 1 })
    expect(await shell.run('train', 'folder=split', ...tiny)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'split/val/birds: there is no class birds among the training images, which have cats, dogs.',
      ),
    })
  })

  test('a folder train alone is divided, as its classes would be', async () => {
    const shell = session()
    await writePhotos(join(shell.cwd, 'set', 'train'), { cats: 10, dogs: 5 })
    const { code, stderr } = await shell.run('train', 'folder=set', ...tiny)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('data      12 training images, 3 validation images, 2 classes'),
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
    expect((await shell.run('predict', 'runs/a')).stdout).toMatch(
      /^image 3\/3 validation image 2 \((cats|dogs)\): 16x16 /m,
    )
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
    expect(stopped.stderr).toContain('cats/broken.jpg is not an image that can be read')
    expect(readdirSync(shell.cwd)).not.toContain('runs')
    // A command without settings has another remedy.
    const statistics = await shell.run('data', 'statistics', 'my photos')
    expect([statistics.code, statistics.stderr]).toEqual([
      1,
      expect.stringMatching(/broken\.jpg .* Fix or remove it\.$/m),
    ])
    const { code, stderr } = await shell.run('train', 'folder=my photos', 'data.onError=skip', ...tiny)
    expect([code, stderr]).toEqual([0, expect.stringContaining('left out 1 of 16 images')])
    await writePhotos(join(shell.cwd, 'split/train'), { cats: 3, dogs: 3 })
    mkdirSync(join(shell.cwd, 'split/test/cats'), { recursive: true })
    writeFileSync(join(shell.cwd, 'split/test/cats/broken.jpg'), 'no image')
    expect(await shell.run('train', 'folder=split', 'data.onError=skip', ...tiny)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none of the 1 test images of split can be read.'),
    })
    rmSync(join(shell.cwd, 'my photos/cats/broken.jpg'))
    expect((await shell.run('train', 'folder=my photos', 'name=whole', ...tiny)).code).toBe(0)
    writeFileSync(join(shell.cwd, 'my photos/cats/0.jpg'), 'no image')
    for (const words of [['eval'], ['predict'], ['visualize']]) {
      const { code, stderr } = await shell.run(...words, 'runs/whole')
      expect([code, stderr]).toEqual([1, expect.stringMatching(/0\.jpg .* Fix or remove it\.$/m)])
    }
  })

  test('a resumed run goes on with the images that it began with: what it left out stays out, and what broke since is told', async () => {
    const shell = await withPhotos()
    const broken = join(shell.cwd, 'my photos/cats/broken.jpg')
    writeFileSync(broken, 'no image')
    const skipping = ['data.onError=skip', 'name=skipping']
    await shell.run('train', 'folder=my photos', ...tiny, ...skipping)
    for (const words of [[], ['data.onError=skip']]) {
      const { code, stderr } = await shell.run('train', '--resume', 'runs/skipping', ...words)
      expect([code, stderr]).toEqual([0, expect.stringContaining('left out 1 of 16 images')])
    }
    rmSync(broken)
    await shell.run('train', 'folder=my photos', 'name=strict', ...tiny)
    const photo = join(shell.cwd, 'my photos/cats/0.jpg')
    const bytes = readFileSync(photo)
    writeFileSync(photo, 'no image')
    const stopped = await shell.run('train', '--resume', 'runs/strict')
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      expect.stringMatching(
        /cats\/0\.jpg .* The run runs\/strict was trained with it: put it back as it was, give data\.directory=FOLDER /,
      ),
    ])
    expect(stopped.stderr).not.toContain('onError')
    const others = await shell.run('train', '--resume', 'runs/skipping')
    expect([others.code, others.stderr]).toEqual([1, expect.stringMatching(/the data of the run .* has changed/)])
    // As many as before, and not the same.
    copyFileSync(join(shell.cwd, 'my photos/dogs/0.jpg'), broken)
    const another = await shell.run('train', '--resume', 'runs/skipping')
    expect([another.code, another.stderr.replace(/\s+/g, ' ')]).toEqual([
      1,
      expect.stringContaining(
        'not the same ones: it began without cats/broken.jpg, which could not be read, and now cats/0.jpg cannot be read. Give',
      ),
    ])
    rmSync(broken)
    writeFileSync(photo, bytes)
    renameSync(photo, join(shell.cwd, 'my photos/cats/zero.jpg'))
    const renamed = await shell.run('train', '--resume', 'runs/skipping')
    expect([renamed.code, renamed.stderr]).toEqual([
      1,
      expect.stringContaining('as many images, but not the same ones'),
    ])
    renameSync(join(shell.cwd, 'my photos/cats/zero.jpg'), photo)
    copyFileSync(join(shell.cwd, 'my photos/dogs/0.jpg'), photo)
    const replaced = await shell.run('train', '--resume', 'runs/skipping')
    expect([replaced.code, replaced.stderr.replace(/\s+/g, ' ')]).toEqual([
      1,
      expect.stringContaining('there are the same files, but what is in them has changed'),
    ])
    writeFileSync(photo, bytes)
    for (const name of ['strict', 'skipping'])
      expect((await shell.run('train', '--resume', `runs/${name}`)).code).toBe(0)
  })

  test('what is left out is told, with what to do', async () => {
    const shell = await withPhotos()
    const folder = join(shell.cwd, 'my photos')
    for (const name of ['.ipynb_checkpoints', '__MACOSX/cats', 'cats/@eaDir', 'cats/.thumbnails', 'birds', 'phone']) {
      mkdirSync(join(folder, name), { recursive: true })
    }
    for (const name of ['.DS_Store', 'cats/._0.jpg', 'cats/Thumbs.db', '__MACOSX/cats/._0.jpg', 'cats/notes.txt']) {
      writeFileSync(join(folder, name), '')
    }
    for (const name of ['phone/1.HEIC', 'phone/2.heic', 'cats/b.tga', 'dogs/c.CR2'])
      writeFileSync(join(folder, name), '')
    for (const name of ['0.JFIF', '0.jpe']) copyFileSync(join(folder, 'cats/0.jpg'), join(folder, 'cats', name))
    copyFileSync(join(folder, 'cats/0.jpg'), join(folder, 'loose.jpg'))
    await writePhotos(join(shell.cwd, 'elsewhere'), { wolves: 4 })
    symlinkSync(join(shell.cwd, 'elsewhere/wolves'), join(folder, 'wolves'))
    symlinkSync(folder, join(folder, 'dogs', 'circle'))
    const { code, stderr } = await shell.run('train', 'folder=my photos', ...tiny)
    const said = stderr.replace(/\n {10}/g, ' ')
    expect([code, said]).toEqual([0, expect.stringContaining('3 classes')])
    expect(json(shell, 'runs/my-photos/data.json').classNames).toEqual(['cats', 'dogs', 'wolves'])
    for (const line of [
      '2 .heic files (photos as phones keep them), which are not read: phone/1.HEIC, phone/2.heic. Convert them, as with ImageMagick: magick mogrify -format jpg phone/*.heic',
      '1 .tga files (images), which are not read: cats/b.tga. Convert them, as with ImageMagick: magick mogrify -format png cats/*.tga',
      '1 .cr2 files (raw photos of a camera), which are not read: dogs/c.CR2.',
      '1 files that are not images (.txt): cats/notes.txt.',
      '7 hidden files and files of the system: .DS_Store, .ipynb_checkpoints …',
      '1 images in no class folder: loose.jpg. Move each into the folder of its class.',
      '2 folders without an image that is read: birds, phone. Put images into them, or remove them.',
      '1 entries that are not files (a link back to a folder that it lies in): dogs/circle.',
    ]) {
      expect(said).toContain(`left out  ${line}`)
    }
    expect(said).toContain('links     1 lead out of the folder, and were followed: wolves\n')
    expect((await shell.run('data', 'inspect', 'my photos')).stdout).toContain('left out  2 .heic files')
  })

  test('a run goes on only with the images that it began with', async () => {
    const shell = await withPhotos()
    await shell.run('train', 'folder=my photos', ...tiny, 'name=a')
    rmSync(join(shell.cwd, 'my photos/cats/0.jpg'))
    expect(await shell.run('train', '--resume', 'runs/a')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the data of the run runs/a has changed: it began with 12 + 3 + 0 images'),
    })
  })

  test.each([
    [['data=folder'], 2, 'data=folder (command line) needs the folder of the images. Try folder=./photos'],
    [['folder=none'], 1, 'none: it is missing. Name an existing folder.'],
    [['folder=empty'], 1, 'expected images in a folder a class'],
    [['folder=one'], 2, 'one has images of one class, cats'],
    [['folder=few'], 2, 'dogs has one image: expected at least two'],
    [['folder=my photos', 'data.size=100000'], 2, 'images of data.size=100000 take'],
    [['folder=my photos', 'data.validation=0'], 2, 'data.validation=0 leaves nothing to measure on'],
    [['folder=my photos', 'data.validation=1'], 2, 'expected a number from 0 to below 1'],
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
