import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { built, ownFiles } from './own-files.ts'

const { ddnet, folder } = ownFiles()

describe.skipIf(!built)(`tasks of one's own${built ? '' : ' (skipped: the command is not built)'}`, () => {
  test('train for another task, which the model names', async () => {
    const words = ['data=./my-data.ts', 'model=./my-autoencoder.ts']
    expect(await ddnet('config', ...words)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'model=./my-autoencoder.ts (command line) is not for task=classification, only for reconstruction. Try task=reconstruction',
      ),
    })
    const settings = ['steps=60', 'batchSize=8', 'optimizer.learningRate=0.02', 'validation.every=30']
    const { code, stdout, stderr } = await ddnet('train', ...words, 'task=reconstruction', ...settings, 'name=copied')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^step 30\/60 \| train loss [\d.]+ psnr +[\d.]+ dB \| val loss [\d.]+ psnr +[\d.]+ dB \| /m)
    expect(stdout).toMatch(/^test [\d.]+ dB, mean squared error [\d.e-]+, mean absolute error [\d.e-]+$/m)
    const result = JSON.parse(readFileSync(join(folder(), 'runs/copied/result.json'), 'utf8'))
    expect(result).toMatchObject({ step: 60, split: 'test', images: 20 })
    // Gray everywhere, the mean of black and white bars, has -10 log10(0.25) = 6 dB.
    expect(result.psnr).toBeGreaterThan(10)
    // The mean of the images' ratios is above the ratio of their mean error, for the logarithm is concave.
    expect(result.psnr).toBeGreaterThan(-10 * Math.log10(result.loss))
    expect(result.psnr).toBeLessThan(-10 * Math.log10(result.loss) + 1)
    expect(existsSync(join(folder(), 'runs/copied/predictions.png'))).toBe(true)
    const head = readFileSync(join(folder(), 'runs/copied/metrics.csv'), 'utf8').split('\n')[0]
    expect(head).toBe(
      'step,epoch,learningRate,seconds,trainLoss,trainPsnr,validationLoss,validationPsnr,validationImages',
    )
    const evaluated = await ddnet('eval', 'runs/copied', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ psnr: result.psnr, loss: result.loss })
    expect((await ddnet('predict', 'runs/copied')).stdout).toMatch(
      /^image 1\/10 test image 0 \(upright\): 8x8 error [\d.e-]+, [\d.]+ dB, /m,
    )
    expect(
      (await ddnet('train', 'data=./my-data.ts', 'model=./my-model.ts', 'steps=4', 'batchSize=8', 'name=bars')).code,
    ).toBe(0)
    // Each run has the score that it watches: one by its accuracy, the other by its loss.
    expect((await ddnet('runs', 'list')).stdout).toMatch(/^run +started +steps +time +score/m)
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/copied .* loss [\d.e-]+ /)
    const compared = (await ddnet('runs', 'compare', 'runs/copied', 'runs/copied')).stdout
    expect(compared).toMatch(/^loss +[\d.e-]+ test +[\d.e-]+ test$/m)
    expect(compared).not.toContain('accuracy')
    const visualized = await ddnet('visualize', 'runs/copied', '--only', 'curves,confusion,filters,grad-cam')
    expect(visualized.code, visualized.stderr).toBe(0)
    const told = visualized.stdout.replace(/\s+/g, ' ')
    expect(told).toContain('no confusion: the task has no classes that could be taken for each other')
    expect(told).toContain('filters.png')
    expect(told).toContain('no grad-cam: the model answers for each pixel')
    const exported = await ddnet('export', 'runs/copied', 'copied.onnx', '--json')
    expect(exported.code, exported.stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(folder(), 'copied.json'), 'utf8'))).toMatchObject({
      input: { shape: ['batch', 1, 8, 8] },
      preprocessing: { channelOrder: 'gray' },
      output: { shape: ['batch', 1, 8, 8], values: 'pictures, scaled as those of the input' },
    })
  })

  test('a task in TypeScript has its settings, and gets all of its fields where a sample is predicted', async () => {
    const words = ['data=./shares.ts', 'model=./regressor.ts', 'task=./my-task.ts']
    const { stdout: explained } = await ddnet('config', ...words, 'task.scale=2', '--explain')
    expect(explained).toMatch(
      /^# What the shares are multiplied by: a number above 0\ntask\.scale: 2 +# command line$/m,
    )
    expect(await ddnet('config', ...words, 'task.scael=2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Similar: task.scale'),
    })
    const settings = ['steps=200', 'batchSize=16', 'optimizer.learningRate=0.1', 'validation.every=100', 'task.scale=2']
    const { code, stderr } = await ddnet('train', ...words, ...settings, 'name=shares')
    expect(code, stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(folder(), 'runs/shares/result.json'), 'utf8')).error).toBeLessThan(0.02)
    expect((await ddnet('runs', 'list')).stdout).toMatch(/runs\/shares .* error [\d.e-]+ /)
    const lines = (await ddnet('predict', 'runs/shares', '--json')).stdout.trimEnd().split('\n')
    // The second test image has 5 of 48 pixels bright.
    expect(JSON.parse(lines[1] ?? '').truth).toBeCloseTo(2 * (5 / 48 - 0.25), 5)

    // An image file has the image alone, and is read as high and wide as the run's.
    const raw = { width: 80, height: 60, channels: 3 } as const
    const half = Uint8Array.from({ length: 80 * 60 * 3 }, (_, at) => (at < 80 * 30 * 3 ? 255 : 0))
    await sharp(half, { raw }).png().toFile(join(folder(), 'half.png'))
    const predicted = await ddnet('predict', 'runs/shares', 'half.png', '--json')
    expect(predicted.code, predicted.stderr).toBe(0)
    const found = JSON.parse(predicted.stdout)
    expect(found.truth).toBeUndefined()
    expect(Math.abs(found.value - 2 * (0.5 - 0.25))).toBeLessThan(0.05)
    const exported = await ddnet('export', 'runs/shares', 'shares.onnx')
    expect(exported.code, exported.stderr).toBe(0)
    expect(exported.stdout).toMatch(/^output +'output', float32 \[batch, 1\]$/m)
    expect(JSON.parse(readFileSync(join(folder(), 'shares.json'), 'utf8'))).not.toHaveProperty('classes')
    expect((await ddnet('find-lr', ...words, '--steps', '20', '--json')).code).not.toBe(2)
  })

  test('image files are read in the channels of the run, by predict and by visualize', async () => {
    const settings = ['steps=20', 'batchSize=8', 'validation.every=10', 'name=looked']
    const { code, stderr } = await ddnet('train', 'data=./my-data.ts', 'model=./looked.ts', ...settings)
    expect(code, stderr).toBe(0)
    const raw = { width: 16, height: 16, channels: 3 } as const
    const photo = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * 7) % 256)
    await sharp(photo, { raw }).png().toFile(join(folder(), 'photo.png'))
    const predicted = await ddnet('predict', 'runs/looked', 'photo.png')
    expect(predicted.code, predicted.stderr).toBe(0)
    expect(predicted.stdout).toMatch(/^image 1\/1 photo\.png: 16x16 (upright|level) [\d.]+%, (upright|level) [\d.]+%, /)
    const only = 'filters,feature-maps,grad-cam,deconvnet,confusion'
    const pictures = await ddnet('visualize', 'runs/looked', 'photo.png', '--only', only, '--json')
    expect(pictures.code, pictures.stderr).toBe(0)
    const { pictures: made, leftOut } = JSON.parse(pictures.stdout)
    expect(leftOut).toEqual([])
    expect(made.map(({ title }: { title: string }) => title)).toContain('Grad-CAM')
    expect(made.find(({ title }: { title: string }) => title.startsWith('Filters')).caption).not.toContain('red')
  })

  test('train for a task of its own, which the model names as its definition does', async () => {
    const [data, model, task] = ['data=./data.mjs', 'model=./model.mjs', 'task=./task.mjs'] as const
    expect(await ddnet('config', data, model)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'model=./model.mjs (command line) is not for task=classification, only for radius. Try task=./radius.ts, the file that defines it',
      ),
    })
    const settings = ['steps=100', 'batchSize=32', 'optimizer.learningRate=0.05', 'validation.every=50']
    const { code, stderr } = await ddnet('train', data, model, task, ...settings, 'name=discs')
    expect(code, stderr).toBe(0)
    const result = JSON.parse(readFileSync(join(folder(), 'runs/discs/result.json'), 'utf8'))
    // Of radii that are drawn evenly from 0.25 to 1, a guess of the mean is wrong by a quarter of 0.75 on average.
    expect(result.error).toBeLessThan(0.75 / 4 / 3)
    const evaluated = await ddnet('eval', 'runs/discs', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ error: result.error })
    expect((await ddnet('predict', 'runs/discs', '--csv')).stdout).toMatch(/^image,radius\ntest image 0,0\.\d+\n/)
    // Its steps are measured without its data.
    const { backends } = JSON.parse((await ddnet('bench', data, model, task, '--backend', 'wasm', '--json')).stdout)
    expect(backends.wasm.step.median).toBeGreaterThan(0)
  })
})
