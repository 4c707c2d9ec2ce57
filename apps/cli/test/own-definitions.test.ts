import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { built, ownFiles } from './own-files.ts'

const { ddnet, folder } = ownFiles()

const own = ['data=./my-data.ts', 'model=./my-model.ts']

describe.skipIf(!built)(`a model and data of one's own${built ? '' : ' (skipped: the command is not built)'}`, () => {
  test('have their settings in config, with what is said of them', async () => {
    const { code, stdout, stderr } = await ddnet('config', ...own, 'model.width=4', '--explain')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^# Channels of the convolution: a whole number above 0\nmodel\.width: 4 +# command line$/m)
    expect(stdout).toMatch(/^data\.count: 40 +# default$/m)
    expect(stdout).not.toContain('model.channels')
  })

  test('are told apart from what they do not have', async () => {
    expect(await ddnet('config', ...own, 'model.widht=4')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`'model.widht=4' is not a valid setting (command line). Similar: model.width`),
    })
    expect(await ddnet('config', ...own, 'model.width=0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected a whole number above 0, got 0. Try model.width=8'),
    })
    expect(await ddnet('config', 'model=./my-data.ts')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/my-data\.ts exports a definition of kind 'data': expected a model\./),
    })
    expect(await ddnet('config', 'model=./none.ts')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/none\.ts: there is no such file/),
    })
  })

  test('train, go on, and are measured', async () => {
    const settings = [
      'steps=60',
      'batchSize=8',
      'optimizer.learningRate=0.05',
      'validation.every=30',
      'checkpoint.every=30',
    ]
    const { code, stderr } = await ddnet('train', ...own, ...settings, 'name=bars')
    expect(code, stderr).toBe(0)
    const result = JSON.parse(readFileSync(join(folder(), 'runs/bars/result.json'), 'utf8'))
    expect(result).toMatchObject({ step: 60, images: 20, accuracy: 1, classes: { upright: 1, level: 1 } })
    expect(readFileSync(join(folder(), 'runs/bars/config.yaml'), 'utf8')).toMatch(/^model: \.\/my-model\.ts/m)

    const evaluated = await ddnet('eval', 'runs/bars', '--checkpoint', 'step=30', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ step: 30, images: 20 })
    const resumed = await ddnet('train', '--resume', 'runs/bars', '--checkpoint', 'step=30')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(folder(), 'runs/bars/result.json'), 'utf8'))).toEqual(result)
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/bars .* 60 /)
  })
})
