import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { coco, maskFolder } from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
import { describe, expect, test } from 'vitest'
import { session } from './session.ts'

// `ddnet data prepare --synthetic scenes`, whose files are read back by what reads anybody's.

const few = ['--synthetic', 'scenes', '--images', '6', '--test', '2', '--size', '40'] as const

describe('composed scenes', () => {
  test('have images, masks in a palette, boxes and captions, which readers take as they are', async () => {
    const shell = session()
    const { code, stdout } = await shell.run('data', 'prepare', 'cifar10', ...few, '--to', 'scenes')
    expect([code, stdout]).toEqual([0, '8 scenes of 10 classes are written to scenes\n'])
    const names = ['annotations.json', 'captions.jsonl', 'images', 'masks']
    expect(readdirSync(join(shell.cwd, 'scenes/train'))).toEqual(names)
    expect(readdirSync(join(shell.cwd, 'scenes/test/images'))).toEqual(['0.png', '1.png'])

    const files = diskFiles(join(shell.cwd, 'scenes/train'))
    const [masks, boxes] = [
      await maskFolder(files, { classes: 11 }),
      await coco(files, { annotations: 'annotations.json', images: 'images', masks: true }),
    ]
    expect([masks.length, boxes.length, boxes.classNames.length]).toEqual([6, 6, 10])
    const captions = readFileSync(join(shell.cwd, 'scenes/train/captions.jsonl'), 'utf8').trimEnd().split('\n')
    for (let index = 0; index < 6; index++) {
      const [fromMask, fromCoco] = [await masks.get(index), await boxes.get(index)]
      expect(Array.from(fromMask.mask.data)).toEqual(Array.from(fromCoco.mask.data))
      expect(fromMask.image).toEqual(fromCoco.image)
      const { file_name, caption } = JSON.parse(captions[index] ?? '')
      const shown = [...fromCoco.boxLabels.data].map((label) => boxes.classNames[label] ?? '')
      expect([file_name, shown.filter((name) => caption.includes(name))]).toEqual([boxes.names[index], shown])
    }
    // Behind the signature, IHDR and the sizes: 8 bits, a palette.
    expect([...readFileSync(join(shell.cwd, 'scenes/train/masks/0.png')).subarray(24, 26)]).toEqual([8, 3])
  })

  test('are the same bytes for the same options, and others for another seed', async () => {
    const shell = session()
    const make = (to: string, ...more: string[]) => shell.run('data', 'prepare', 'cifar10', ...few, '--to', to, ...more)
    await make('one', '--seed', '7')
    await make('same', '--seed', '7')
    await make('other', '--seed', '8')
    const bytes = (folder: string) =>
      readdirSync(join(shell.cwd, folder), { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name)).toString('base64'))
        .sort()
    expect(bytes('same')).toEqual(bytes('one'))
    expect(bytes('other')).not.toEqual(bytes('one'))
  })

  test('a number of objects is exact', async () => {
    const shell = session()
    await shell.run('data', 'prepare', 'cifar10', ...few, '--objects', '3', '--to', 'scenes')
    const { annotations } = JSON.parse(readFileSync(join(shell.cwd, 'scenes/train/annotations.json'), 'utf8'))
    expect(annotations).toHaveLength(18)
  })

  test.each([
    [[], 'expected where to write the scenes. As in: --to scenes'],
    [['--to', 'a', '--objects', '4-2'], 'Expected a whole number above 0, or two in order, as in 1-4.'],
    [['--to', 'a', '--objects', '400'], 'objects on 40 × 40 pixels, got 400'],
    [['--to', 'a', '--size', '8'], 'expected size as a whole number of at least 16 pixels, got 8'],
    [['--to', 'a', '--test', '-1'], 'Expected a whole number of at least 0.'],
    [['--to', 'a', '--synthetic', 'poems'], 'scenes'],
  ])('%j is refused, and nothing is written', async (words, message) => {
    const shell = session()
    const { code, stderr } = await shell.run('data', 'prepare', 'cifar10', ...few, ...words)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    expect(readdirSync(shell.cwd)).toEqual([])
  })

  test('options of scenes alone are told, and so is a missing name', async () => {
    const shell = session()
    const seeded = await shell.run('data', 'prepare', 'cifar10', '--to', 'a', '--seed', '1')
    expect([seeded.code, seeded.stderr]).toEqual([
      2,
      expect.stringContaining('--seed is of scenes. Add --synthetic scenes'),
    ])
    const nameless = await shell.run('data', 'prepare')
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining('data prepare cifar10')])
  })
})
