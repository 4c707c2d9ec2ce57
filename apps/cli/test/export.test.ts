import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSafetensors } from '@ddnet/formats'
import { DDNet } from '@ddnet/models'
import { softmax, tensor, transpose } from '@ddnet/ops'
import { entryOf, itemAt, readTensors } from '@ddnet/testing'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { runOnnx } from '../../../packages/formats/test/onnx-runtime.ts'
import { type Session, session } from './session.ts'

const tiny = ['model.channels=[4,8]', 'batchSize=8', 'steps=4', 'validation.images=40', 'name=a']

async function trained(...settings: string[]): Promise<Session> {
  const shell = session()
  await shell.run('train', ...tiny, ...settings)
  return shell
}

const photoCount = 3
const photoPixels = 32 * 32 * 3

/** Photos of CIFAR-10, as bytes. */
function photos(): Uint8Array[] {
  const { data } = readTensors('one-model/logits.safetensors').testImages as { data: Uint8Array }
  return Array.from({ length: photoCount }, (_, index) => data.slice(index * photoPixels, (index + 1) * photoPixels))
}

/** What `ddnet predict` says of the photos: confidences by class. */
async function predicted(shell: Session): Promise<Record<string, number>[]> {
  const names = await Promise.all(
    photos().map(async (photo, index) => {
      const raw = { width: 32, height: 32, channels: 3 } as const
      await sharp(photo, { raw })
        .png()
        .toFile(join(shell.cwd, `${index}.png`))
      return `${index}.png`
    }),
  )
  const { stdout } = await shell.run('predict', 'runs/a', ...names, '--json')
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const { predictions } = JSON.parse(line) as { predictions: { name: string; confidence: number }[] }
      return Object.fromEntries(predictions.map(({ name, confidence }) => [name, confidence]))
    })
}

interface Facts {
  preprocessing: { mean: number | number[]; std: number | number[] }
  input: { name: string; shape: (number | string)[] }
  output: { name: string; shape: (number | string)[] }
  classes: string[]
}

/** The same by ONNX Runtime, which is told nothing but what the export said. */
async function throughOnnx(file: Uint8Array, { preprocessing, input, output, classes }: Facts, inOrder: boolean) {
  const per = (values: number | number[], channel: number) =>
    typeof values === 'number' ? values : itemAt(values, channel)
  const prepared = Float32Array.from(
    photos().flatMap((photo) => [...photo]),
    (pixel, at) => (pixel / 255 - per(preprocessing.mean, at % 3)) / per(preprocessing.std, at % 3),
  )
  const images = tensor(prepared, [photoCount, 32, 32, 3])
  const results = await runOnnx(file, { [input.name]: inOrder ? images : transpose(images, [0, 3, 1, 2]) })
  const { shape, values } = entryOf(results, output.name)
  const shares = await softmax(tensor(values, [...shape] as [number, number])).data()
  return photos().map((_, index) =>
    Object.fromEntries(classes.map((name, label) => [name, itemAt(shares, index * classes.length + label)])),
  )
}

/** The largest difference of two confidences. */
const distance = (theirs: Record<string, number>[], ours: Record<string, number>[]): number =>
  Math.max(
    ...ours.flatMap((guesses, index) =>
      Object.entries(guesses).map(([name, confidence]) => Math.abs(entryOf(theirs[index], name) - confidence)),
    ),
  )

describe('export to ONNX', () => {
  test.each([
    { settings: [], options: [], shape: ['batch', 3, 32, 32], tolerance: 1e-5 },
    {
      settings: ['data.mean=[0.49,0.48,0.45]', 'data.std=[0.25,0.24,0.26]'],
      options: ['--layout', 'NHWC'],
      shape: ['batch', 32, 32, 3],
      tolerance: 1e-5,
    },
    { settings: [], options: ['--float16'], shape: ['batch', 3, 32, 32], tolerance: 2e-3 }, // 11 bits of each weight
    { settings: ['model.normalization=none'], options: [], shape: ['batch', 3, 32, 32], tolerance: 1e-5 },
  ])('with $options of a run with $settings: ONNX Runtime says of photos what predict says', async (each) => {
    const shell = await trained(...each.settings)
    const { code, stdout } = await shell.run('export', 'runs/a', 'm.onnx', ...each.options, '--json')
    expect(code).toBe(0)
    const facts = JSON.parse(stdout)
    const file = readFileSync(join(shell.cwd, 'm.onnx'))
    expect(facts).toMatchObject({ bytes: file.length, run: 'runs/a', checkpoint: 'last', step: 4 })
    expect(facts.input).toEqual({ name: 'input', shape: each.shape })
    const found = await throughOnnx(file, facts, each.options.includes('NHWC'))
    expect(distance(found, await predicted(shell))).toBeLessThan(each.tolerance)
  })

  test('float16 takes half the bytes', async () => {
    const shell = await trained('model.channels=[32,64]')
    const bytesOf = async (...options: string[]) =>
      JSON.parse((await shell.run('export', 'runs/a', 'm.onnx', '--force', '--json', ...options)).stdout).bytes
    expect((await bytesOf('--float16')) / (await bytesOf())).toBeCloseTo(0.5, 1)
  })
})

describe('export to safetensors', () => {
  test('holds the weights of the checkpoint, and in its metadata how to use them', async () => {
    const shell = await trained()
    expect((await shell.run('export', 'runs/a', 'm.safetensors')).code).toBe(0)
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(shell.cwd, 'm.safetensors')))
    const own = decodeSafetensors(readFileSync(join(shell.cwd, 'runs/a/checkpoints/last/model.safetensors')))
    expect(tensors).toEqual(own.tensors)
    const model = new DDNet({ channels: [4, 8] })
    model.loadStateDict(tensors)
    model.dispose()
    expect(JSON.parse(metadata.preprocessing as string)).toMatchObject({ mean: 0.4734, std: 0.2516, colors: 'RGB' })
    expect(JSON.parse(metadata.classes as string)).toHaveLength(10)
    expect(metadata).toMatchObject({ format: 'pt', size: '32', step: '4' })
  })

  test('--float16 rounds, --checkpoint takes an earlier one', async () => {
    const shell = await trained('checkpoint.every=2', 'steps=4')
    await shell.run('export', 'runs/a', 'half.safetensors', '--float16')
    await shell.run('export', 'runs/a', 'early.safetensors', '--checkpoint', 'step=000002')
    const weight = (path: string) =>
      decodeSafetensors(readFileSync(join(shell.cwd, path))).tensors['heads.class.weight']?.data as Float32Array
    const last = weight('runs/a/checkpoints/last/model.safetensors')
    // Half a unit in the last of 11 bits.
    for (const [at, value] of weight('half.safetensors').entries())
      expect(Math.abs(value - itemAt(last, at))).toBeLessThanOrEqual(Math.abs(itemAt(last, at)) * 2 ** -11 + 3e-8)
    expect(weight('half.safetensors')).not.toEqual(last)
    expect(weight('early.safetensors')).toEqual(weight('runs/a/checkpoints/step=000002/model.safetensors'))
    expect(weight('early.safetensors')).not.toEqual(last)
  })
})

describe('export', () => {
  test('says what it wrote, within 80 columns', async () => {
    const shell = await trained()
    const { code, stdout, stderr } = await shell.run('export', 'runs/a', 'm.onnx')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^file {6}m\.onnx: [\d.]+ kB, ONNX, opset 17$/m)
    expect(stdout).toMatch(/^model {5}ddnet of runs\/a after 4 steps: [\d,]+ float32 weights$/m)
    expect(stdout).toContain(
      "input     'input', float32 [batch, 3, 32, 32]: RGB, (pixel / 255 - 0.4734) /\n          0.2516\n",
    )
    expect(stdout).toContain("output    'output', float32 [batch, 10]: logits; probabilities: softmax over")
    expect(stdout).toContain('classes   airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck\n')
    expect(stderr).toContain('run       runs/a, checkpoint last, step 4\n')
    for (const line of `${stdout}${stderr}`.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('replaces a file with --force alone, and leaves nothing beside it', async () => {
    const shell = await trained()
    writeFileSync(join(shell.cwd, 'm.onnx'), 'mine')
    const { code, stdout, stderr } = await shell.run('export', 'runs/a', 'm.onnx')
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      'ddnet: m.onnx exists already. Give another name, or replace it with --force.\n',
    ])
    expect(readFileSync(join(shell.cwd, 'm.onnx'), 'utf8')).toBe('mine')
    expect((await shell.run('export', 'runs/a', 'm.onnx', '--force')).code).toBe(0)
    expect(readFileSync(join(shell.cwd, 'm.onnx')).length).toBeGreaterThan(1000)
    expect(readdirSync(shell.cwd).sort()).toEqual(['m.json', 'm.onnx', 'runs'])
  })

  test.each([
    [2, ['m.pt'], "'m.pt': expected a file that ends with .onnx or .safetensors, as in model.onnx"],
    [2, ['m.onnx', '--layout', 'CHW'], "--layout CHW: expected NCHW (channels first, as PyTorch's) or NHWC"],
    [2, ['m.safetensors', '--layout', 'NHWC'], '--layout is of images, and .safetensors holds weights alone.'],
    [1, ['none/m.onnx'], 'cannot write none/m.onnx: there is no folder '],
    [1, ['file/m.onnx'], 'cannot write file/m.onnx: '],
    [1, ['folder.onnx', '--force'], 'folder.onnx is a folder. Give the name of a file.'],
    [1, ['m.onnx'], 'there is no run runs/a. Train one first: ddnet train cifar10'],
  ])('exit code %i for %j: %s', async (expected, args, message) => {
    const shell = session()
    writeFileSync(join(shell.cwd, 'file'), '')
    mkdirSync(join(shell.cwd, 'folder.onnx'))
    const { code, stdout, stderr } = await shell.run('export', 'runs/a', ...args)
    expect([code, stdout]).toEqual([expected, ''])
    const lines = stderr.split('\n').filter((line) => line.startsWith('ddnet: '))
    expect(lines).toEqual([expect.stringContaining(message)])
    expect(readdirSync(shell.cwd).sort()).toEqual(['file', 'folder.onnx'])
  })
})

test('beside an ONNX file lies what goes in and what comes out', async () => {
  const shell = session()
  await shell.run('train', 'model.channels=[4]', 'batchSize=8', 'steps=1', 'name=a')
  expect((await shell.run('export', 'runs/a', 'model.onnx', '--layout', 'NHWC')).stdout).toMatch(
    /described +model\.json/,
  )
  expect(JSON.parse(readFileSync(join(shell.cwd, 'model.json'), 'utf8'))).toMatchObject({
    model: 'ddnet',
    checkpoint: 'last',
    step: 1,
    format: 'ONNX, opset 17',
    input: { name: 'input', layout: 'NHWC', dtype: 'float32', shape: ['batch', 32, 32, 3] },
    preprocessing: { size: 32, channelOrder: 'RGB', mean: 0.4734, std: 0.2516, pixels: '(value / 255 - mean) / std' },
    output: { name: 'output', values: 'logits', shape: ['batch', 10] },
    classes: expect.arrayContaining(['airplane', 'truck']),
  })
  const again = await shell.run('export', 'runs/a', 'model.onnx')
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('model.onnx exists already')])
})
