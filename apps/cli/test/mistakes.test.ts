import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

const said = async (shell: Session, ...args: string[]) => {
  const { code, stderr } = await shell.run(...args)
  return [code, stderr.replace(/^ddnet: /, '').trimEnd()]
}

describe('words of other tools', () => {
  test.each([
    ['--epochs=3', "unknown option '--epochs=3'. Settings have no dashes: epochs=3"],
    ['--epochs 3', "unknown option '--epochs'. Settings have no dashes: epochs=3"],
    ['--lr 0.1', "unknown option '--lr'. Settings have no dashes: optimizer.learningRate=0.1"],
    ['--batch-size=8', "unknown option '--batch-size=8'. Settings have no dashes: batchSize=8"],
    ['--batch', "unknown option '--batch'. Settings have no dashes: batchSize=64"],
    ['--device cuda', "unknown option '--device'. Try --backend, as in --backend webgpu"],
    ['--gpu=0', "unknown option '--gpu=0'. Try --backend, as in --backend webgpu"],
    ['--data photos', "unknown option '--data'. Settings have no dashes: folder=photos"],
    ['--optimizer.lr=1', "unknown option '--optimizer.lr=1'. Settings have no dashes: optimizer.learningRate=1"],
    ['--workers=8', /^unknown option '--workers=8'. Images are read beside the training/],
    ['--colour', "unknown option '--colour'. Usage: ddnet config [options] [words...]"],
    ['batch', /Similar: batchSize=64$/],
    ['lr=0.1', /Similar: optimizer.learningRate$/],
    ['cifar-10', /Similar: cifar10$/],
  ])('config %s', async (line, message) => {
    const told = await said(session(), 'config', ...line.split(' '))
    expect(told).toEqual([2, typeof message === 'string' ? message : expect.stringMatching(message)])
  })

  test('a command without settings names none', async () => {
    expect(await said(session(), 'eval', 'runs/a', '--epochs=3')).toEqual([
      2,
      "unknown option '--epochs=3'. Usage: ddnet eval [options] <run>",
    ])
    expect(await said(session(), 'eval', 'runs/a', '--device=cpu')).toEqual([
      2,
      "unknown option '--device=cpu'. Try --backend, as in --backend webgpu",
    ])
  })
})

describe('data sets', () => {
  test('the path of a folder is one, as for data inspect', async () => {
    const shell = session()
    await writePhotos(join(shell.cwd, 'my photos'), { cats: 2, dogs: 2 })
    for (const word of ['my photos', './my photos', join(shell.cwd, 'my photos'), 'folder=my photos']) {
      const { code, stdout } = await shell.run('config', word)
      expect([code, parse(stdout)]).toMatchObject([
        0,
        { data: 'folder', 'data.directory': word.replace('folder=', '') },
      ])
    }
  })

  test.each([
    [['cifar10', 'folder=photos'], "'cifar10' and 'folder=photos' (command line) are two data sets. Give one of them."],
    [['folder=a', 'folder=b'], "'folder=a' and 'folder=b' (command line) are two data sets. Give one of them."],
    [['cifar10', 'data=folder'], "'cifar10' and 'data=folder' (command line) contradict each other. Give one of them."],
    [['folder='], 'folder= (command line): expected the path of a folder, got nothing. Try folder=./photos'],
    [['./nowhere'], 'there is no folder ./nowhere. Give the path of a folder of images.'],
    [['my.yaml'], 'my.yaml is a file: expected a data set or the path of a folder. Try --config my.yaml'],
    [
      ['cifar10', '--backend', 'wasm', 'backend=cpu'],
      "'--backend wasm' and 'backend=cpu' (command line) contradict each other. Give one of them.",
    ],
    [['epochs='], 'epochs= (command line): expected a whole number above 0, got nothing. Try epochs=10'],
  ])('%s is refused', async (words, message) => {
    const shell = session()
    writeFileSync(join(shell.cwd, 'my.yaml'), 'epochs: 3\n')
    expect(await said(shell, 'config', ...words)).toEqual([2, message])
  })

  test('a run is no folder of images', async () => {
    const shell = session()
    await shell.run('train', 'cifar10', 'model.channels=[4]', 'batchSize=8', 'steps=1', 'name=a')
    expect(await said(shell, 'train', 'runs/a')).toEqual([
      2,
      'runs/a is a run, and no folder of images. To go on with it: ddnet train --resume runs/a',
    ])
  })

  test('~ is the folder of the user, wherever a path is', async () => {
    const shell = session({ env: { HOME: '/home/you', DDNET_RUNS: '~/runs' } })
    const { stdout } = await shell.run('config', 'folder=~/photos')
    expect(parse(stdout)).toMatchObject({ 'data.directory': '/home/you/photos', runs: join(homedir(), 'runs') })
    expect(await said(shell, 'config', '--config=~/none.yaml')).toEqual([
      2,
      'cannot read /home/you/none.yaml: there is no such file. Give the path of a file of settings.',
    ])
    expect(await said(shell, 'eval', '~/none')).toEqual([1, expect.stringContaining('there is no run /home/you/none')])
    expect(await said(shell, 'data', 'inspect', '~/none')).toEqual([2, expect.stringContaining("'/home/you/none'")])
  })
})
