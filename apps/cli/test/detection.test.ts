import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSafetensors } from '@ddnet/formats'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Session, session } from './session.ts'

// `ddnet train coco=FILE` with images and boxes as people have them.

const [width, height] = [48, 40]

interface Written {
  images: { id: number; file_name: string; width: number; height: number }[]
  annotations: { id: number; image_id: number; category_id: number; bbox: number[]; iscrowd?: number; area?: number }[]
  categories: { id: number; name: string }[]
}

/** Dark pictures with a bright rectangle each, that stands or lies; categories with gaps in their ids. */
async function writeBoxes(folder: string, count: number): Promise<Written> {
  mkdirSync(join(folder, 'images'), { recursive: true })
  const document: Written = {
    images: [],
    annotations: [],
    categories: [
      { id: 7, name: 'high' },
      { id: 3, name: 'wide' },
    ],
  }
  for (let index = 0; index < count; index++) {
    const [wide, high] = index % 2 === 0 ? [20, 10] : [10, 20]
    const [left, top] = [(index * 7) % (width - wide), (index * 5) % (height - high)]
    const pixels = Uint8Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)]
      return x >= left && x < left + wide && y >= top && y < top + high ? 220 : 30
    })
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .png()
      .toFile(join(folder, `images/${index}.png`))
    document.images.push({ id: 100 + index, file_name: `${index}.png`, width, height })
    document.annotations.push({
      id: index,
      image_id: 100 + index,
      category_id: index % 2 === 0 ? 3 : 7,
      bbox: [left, top, wide, high],
    })
  }
  save(folder, document)
  return document
}

const save = (folder: string, document: unknown): void =>
  writeFileSync(join(folder, 'annotations.json'), JSON.stringify(document))

const small = [
  'data.size=32',
  'model.width=4',
  'model.deconv=[16,16,16]',
  'model.hidden=16',
  'batchSize=4',
  'epochs=3',
  'optimizer.learningRate=0.01',
  'backend=wasm',
]
const weightsOf = (shell: Session, run: string) =>
  decodeSafetensors(readFileSync(join(shell.cwd, run, 'checkpoints/last/model.safetensors'))).tensors

describe('images with boxes', () => {
  test('are trained on, measured, predicted, exported and shown by one command each; a run that was stopped goes on to the bit', async () => {
    const shell = session()
    const document = await writeBoxes(join(shell.cwd, 'shapes'), 20)
    const { code, stdout, stderr } = await shell.run('train', 'coco=shapes/annotations.json', ...small, 'name=whole')
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('data      18 training images, 2 validation images, 2 classes'),
    ])
    expect(stdout + stderr).toMatch(/epoch 3\/3 .*AP/)
    expect(readFileSync(join(shell.cwd, 'runs/whole/report.html'), 'utf8')).toContain('Boxes')

    const evaluated = await shell.run('eval', 'runs/whole', '--json')
    const figures = JSON.parse(evaluated.stdout)
    expect([evaluated.code, Object.keys(figures.classes)]).toEqual([0, ['wide', 'high']])
    expect(figures).toMatchObject({ AP: expect.any(Number), AP50: expect.any(Number), AR100: expect.any(Number) })

    const predicted = await shell.run('predict', 'runs/whole', 'shapes/images/3.png', '--json', '--to', 'found')
    expect([predicted.code, JSON.parse(predicted.stdout)]).toEqual([
      0,
      expect.objectContaining({ image: 'shapes/images/3.png', size: [height, width], objects: expect.any(Array) }),
    ])
    expect((await sharp(join(shell.cwd, 'found/3.png')).metadata()).width).toBe(width * 5)

    const ofCoco = await shell.run('predict', 'runs/whole', 'shapes/images', '--coco', 'results.json')
    expect([ofCoco.code, ofCoco.stderr]).toEqual([0, expect.stringContaining('boxes in results.json')])
    const results = JSON.parse(readFileSync(join(shell.cwd, 'results.json'), 'utf8'))
    expect(new Set(results.map((each: { image_id: number }) => each.image_id)).size).toBeGreaterThan(1)
    for (const { image_id, category_id, bbox, score } of results) {
      expect(document.images.map(({ id }) => id)).toContain(image_id)
      expect([3, 7]).toContain(category_id)
      const [left, top, wide, high] = bbox
      expect([left >= 0, top >= 0, left + wide <= width + 1e-3, top + high <= height + 1e-3, score > 0]).not.toContain(
        false,
      )
    }
    cpSync(join(shell.cwd, 'shapes/images/3.png'), join(shell.cwd, 'stranger.png'))
    const stranger = await shell.run('predict', 'runs/whole', 'stranger.png', '--coco', 'others.json')
    expect([stranger.code, stranger.stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringContaining('stranger.png is no image of'),
    ])

    const exported = await shell.run('export', 'runs/whole', 'model.onnx')
    expect([exported.code, exported.stderr]).toEqual([0, expect.any(String)])
    const described = JSON.parse(readFileSync(join(shell.cwd, 'model.json'), 'utf8'))
    expect(described.outputs).toEqual([
      { name: 'heatMap', shape: ['batch', 2, 8, 8], dtype: 'float32' },
      { name: 'size', shape: ['batch', 2, 8, 8], dtype: 'float32' },
      { name: 'offset', shape: ['batch', 2, 8, 8], dtype: 'float32' },
    ])
    expect([described.preprocessing.resize, described.classes]).toEqual([
      expect.stringContaining('scale the longer side'),
      ['wide', 'high'],
    ])

    cpSync(join(shell.cwd, 'runs/whole'), join(shell.cwd, 'runs/cut'), { recursive: true })
    const resumed = await shell.run('train', '--resume', 'runs/cut', '--checkpoint', 'step=10')
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('going on after step 10 of 15')])
    expect(weightsOf(shell, 'runs/cut')).toEqual(weightsOf(shell, 'runs/whole'))
  })

  test('a folder of parts is one word, and crowds and boxes that are cut are named', async () => {
    const shell = session()
    const document = await writeBoxes(join(shell.cwd, 'shapes/train'), 6)
    await writeBoxes(join(shell.cwd, 'shapes/test'), 2)
    const [first, second, third] = document.annotations
    if (!first || !second || !third) throw new Error('there are six')
    first.iscrowd = 1
    second.bbox = [40, 2, 30, 10]
    third.bbox = [3, 3, 0, 4]
    save(join(shell.cwd, 'shapes/train'), document)
    const { code, stderr } = await shell.run(
      'train',
      'coco=shapes',
      ...small,
      'steps=1',
      'epochs=null',
      'data.validation=0.3',
    )
    const told = stderr.replaceAll(/\s+/g, ' ')
    expect([code, told]).toEqual([0, expect.stringContaining('4 training images, 2 validation images, 2 test images')])
    expect(told).toContain('as crowds, which are no single objects: 1: annotations[0] (annotation 0, image 100, 0.png)')
    expect(told).toContain('no area on their image: 1: annotations[2] (annotation 2, image 102, 2.png)')
    expect(told).toContain(
      'cut to their image, beyond which they reach (is bbox [x, y, width, height]?): 1: annotations[1] (annotation 1',
    )
  })
})

describe('what is wrong with them is told before anything is trained', () => {
  test('by its file and annotation', async () => {
    const shell = session()
    const folder = join(shell.cwd, 'shapes')
    const good = await writeBoxes(folder, 4)
    const told = async (document: unknown, ...words: string[]) => {
      save(folder, document)
      const { code, stderr } = await shell.run('train', 'coco=shapes/annotations.json', ...small, ...words)
      expect(code).not.toBe(0)
      return stderr.replaceAll(/\s+/g, ' ')
    }
    const [first, ...others] = good.annotations
    expect(await told({ ...good, annotations: [{ ...first, category_id: 9 }] })).toContain(
      'shapes/annotations.json: expected annotations[0] (annotation 0, image 100, 0.png).category_id to be the id of a category, got 9',
    )
    expect(await told({ ...good, annotations: [first, first, ...others] })).toContain(
      'expected annotations[1].id to be one of its own, got 0',
    )
    expect(await told({ ...good, annotations: [{ ...first, bbox: [0, 0, -4, 4] }] })).toContain(
      'or was it [left, top, right, bottom]?',
    )
    expect(await told({ ...good, images: good.images.map((image) => ({ ...image, width: 7 })) })).toMatch(
      /shapes\/images\/0\.png has 48×40 pixels, but .*shapes\/annotations\.json says 7×40/,
    )
    expect(await told({ ...good, images: [], annotations: [] })).toContain('shapes/annotations.json has no images')
    expect(await told({ ...good, categories: [], annotations: [] })).toContain('has no categories')
    rmSync(join(folder, 'images/2.png'))
    expect(await told(good)).toMatch(
      /1 of 4 images of shapes\/annotations\.json are missing; the first one is .*shapes\/images\/2\.png\. Say where they are with data\.images=FOLDER/,
    )
    expect(await told(good, 'data.size=40')).toContain('data.size=40 (command line): expected a multiple of 32')
    expect(await told(good, 'data.testImages=shapes')).toContain('needs data.testAnnotations')
  })

  test('categories of parts that differ', async () => {
    const shell = session()
    await writeBoxes(join(shell.cwd, 'shapes/train'), 4)
    const test = await writeBoxes(join(shell.cwd, 'shapes/test'), 2)
    save(join(shell.cwd, 'shapes/test'), { ...test, categories: [...test.categories, { id: 9, name: 'round' }] })
    const { code, stderr } = await shell.run('train', 'coco=shapes', ...small)
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringContaining('the categories of shapes/test/annotations.json are wide, high, round, and those of'),
    ])
  })

  test('data without boxes, and a word without a path', async () => {
    const shell = session()
    const { code, stderr } = await shell.run('train', 'cifar10', 'task=detection', 'model=centernet', 'model.width=4')
    expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
      2,
      expect.stringContaining('task=detection needs of each sample boxes (boxes), boxLabels (class of each box)'),
    ])
    const empty = await shell.run('train', 'coco=')
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('Try coco=./annotations.json')])
  })
})
