import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSafetensors } from '@ddnet/formats'
import { decodePng } from '@ddnet/visuals'
import { describe, expect, test } from 'vitest'
import { type Session, session } from './session.ts'

// `ddnet train model=vae` and `ddnet generate` on small pictures of ten colors.

const vae = ['cifar10', 'model=vae', 'model.channels=[4,8]', 'model.latent=4', 'task.images=20']
const short = ['batchSize=16', 'epochs=2', 'backend=wasm']

const words = (text: string) => text.replaceAll(/\s+/g, ' ')
const weightsOf = (shell: Session, run: string) =>
  decodeSafetensors(readFileSync(join(shell.cwd, run, 'checkpoints/last/model.safetensors'))).tensors
/** The files of a folder by name. */
const filesOf = (shell: Session, folder: string) =>
  Object.fromEntries(
    readdirSync(join(shell.cwd, folder)).map((name) => [name, readFileSync(join(shell.cwd, folder, name))]),
  )

describe('a run of vae', () => {
  test('is trained, measured and shown by one command each, and goes on to the bit where it was stopped', async () => {
    const shell = session()
    const { code, stdout, stderr } = await shell.run('train', ...vae, ...short, 'name=whole')
    expect([code, stderr]).toEqual([0, expect.stringContaining('ddnet generate runs/whole count=64 seed=1')])
    expect(stdout).toMatch(/epoch 2\/2 \| train loss \S+ bpd .* val loss \S+ bpd/)
    const result = JSON.parse(readFileSync(join(shell.cwd, 'runs/whole/result.json'), 'utf8'))
    expect(result).toMatchObject({ split: 'test', generatedImages: 20 })
    // The bound in nats, over 3072 values, in bits.
    expect(result.bitsPerDimension).toBeCloseTo(-result.elbo / (3072 * Math.LN2), 6)
    expect(result.frechetDistance).toBeGreaterThan(0)
    expect(readdirSync(join(shell.cwd, 'runs/whole/samples'))).toEqual(['step=000005.png', 'step=000010.png'])
    const report = readFileSync(join(shell.cwd, 'runs/whole/report.html'), 'utf8')
    expect(report).toContain('New images of the same noise, on the way')

    const evaluated = await shell.run('eval', 'runs/whole', '--json')
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ elbo: result.elbo, frechetDistance: result.frechetDistance })

    cpSync(join(shell.cwd, 'runs/whole'), join(shell.cwd, 'runs/cut'), { recursive: true })
    const resumed = await shell.run('train', '--resume', 'runs/cut', '--checkpoint', 'step=5')
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('going on after step 5 of 10')])
    expect(weightsOf(shell, 'runs/cut')).toEqual(weightsOf(shell, 'runs/whole'))
    expect(filesOf(shell, 'runs/cut/samples')).toEqual(filesOf(shell, 'runs/whole/samples'))
  })

  test('makes images: the same words, the same bytes', async () => {
    const shell = session()
    await shell.run('train', ...vae, ...short, 'name=a')
    const made = async (folder: string, ...asked: string[]) => {
      const { code, stdout } = await shell.run('generate', 'runs/a', ...asked, '--to', folder, '--json')
      expect(code).toBe(0)
      return { told: JSON.parse(stdout), files: filesOf(shell, folder) }
    }
    const first = await made('one', 'count=5', 'seed=3')
    expect(first.told).toMatchObject({ run: 'runs/a', count: 5, seed: 3, sheet: 'one/sheet.png' })
    expect(Object.keys(first.files)).toEqual(['0000.png', '0001.png', '0002.png', '0003.png', '0004.png', 'sheet.png'])
    expect(decodePng(first.files['0000.png'] as Uint8Array)).toMatchObject({ width: 32, height: 32 })
    expect((await made('again', 'count=5', 'seed=3')).files).toEqual(first.files)
    const other = await made('other', 'count=5', 'seed=4')
    expect(other.files['0000.png']).not.toEqual(first.files['0000.png'])

    // A row goes from one image to another, and begins with the image of its place.
    const rows = await made('rows', 'count=2', 'seed=3', 'between=4', '--interpolate')
    expect(rows.told.images).toHaveLength(8)
    expect(rows.files['0000.png']).toEqual(first.files['0000.png'])
    expect(rows.files['0004.png']).toEqual(first.files['0001.png'])

    const told = await shell.run('generate', 'runs/a', 'count=2')
    expect(told.stdout).toContain('runs/a/generated/count=2,seed=1/sheet.png')
  })

  test('that is told classes makes images of one', async () => {
    const shell = session()
    await shell.run('train', ...vae, 'task.conditional=true', ...short, 'name=a')
    const { code, stdout } = await shell.run('generate', 'runs/a', 'class=cat', 'count=3', '--json')
    expect([code, JSON.parse(stdout).images.map((image: { class: string }) => image.class)]).toEqual([
      0,
      ['cat', 'cat', 'cat'],
    ])
    const all = await shell.run('generate', 'runs/a', 'count=12', '--json')
    const classes = JSON.parse(all.stdout).images.map((image: { class: string }) => image.class)
    expect([classes[0], classes[9], classes[10]]).toEqual(['airplane', 'truck', 'airplane'])
    const wrong = await shell.run('generate', 'runs/a', 'class=cta')
    expect([wrong.code, words(wrong.stderr)]).toEqual([2, expect.stringContaining('Try class=cat')])
  })
})

describe('runs of gan and diffusion', () => {
  test.each([
    ['model=dcgan', ['model.width=4', 'model.latent=4', 'clipNorm=1', 'rates={"generator.*": 0.5}']],
    [
      'model=dcgan',
      ['model.width=4', 'model.norm=layer', 'task.loss=wasserstein', 'task.criticSteps=2', 'ema.decay=0.9'],
    ],
    ['model=dcgan', ['model.width=4', 'task.loss=hinge', 'task.conditional=true', 'model.upsampling=resize']],
    [
      'model=diffusion',
      ['model.channels=4', 'model.groups=2', 'model.multipliers=[1,1]', 'model.steps=20', 'task.samplingSteps=4'],
    ],
  ])('%s with %j is trained, goes on to the bit, and makes images', async (model, settings) => {
    const shell = session()
    const { code, stdout, stderr } = await shell.run(
      'train',
      'cifar10',
      model,
      ...settings,
      'task.images=10',
      ...short,
      'name=whole',
    )
    expect([code, stderr]).toEqual([0, expect.stringContaining('ddnet generate runs/whole')])
    expect(stdout).toContain('Fréchet distance')
    cpSync(join(shell.cwd, 'runs/whole'), join(shell.cwd, 'runs/cut'), { recursive: true })
    const resumed = await shell.run('train', '--resume', 'runs/cut', '--checkpoint', 'step=5')
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('going on after step 5 of 10')])
    expect(weightsOf(shell, 'runs/cut')).toEqual(weightsOf(shell, 'runs/whole'))
    expect(filesOf(shell, 'runs/cut/samples')).toEqual(filesOf(shell, 'runs/whole/samples'))
    const made = await shell.run('generate', 'runs/whole', 'count=3', '--json')
    expect([made.code, JSON.parse(made.stdout).images.length]).toEqual([0, 3])
    const found = await shell.run('predict', 'runs/whole')
    expect(found.code).toBe(0)
    const exported = await shell.run('export', 'runs/whole', 'model.onnx')
    const isOnePass = model === 'model=dcgan' && !settings.includes('task.conditional=true')
    expect([exported.code, words(exported.stderr)]).toEqual(
      isOnePass ? [0, expect.anything()] : [2, expect.stringContaining('ddnet export runs/whole model.safetensors')],
    )
    expect((await shell.run('export', 'runs/whole', 'model.safetensors')).code).toBe(0)
    const rate = await shell.run(
      'find-lr',
      'cifar10',
      model,
      ...settings,
      'batchSize=16',
      'backend=wasm',
      '--steps',
      '10',
      '--json',
    )
    expect(JSON.parse(rate.stdout).points.length).toBeGreaterThan(0)
  })
})

describe('what cannot be is told with what to do', () => {
  test('words of generate', async () => {
    const shell = session()
    await shell.run('train', ...vae, ...short, 'name=a')
    const told = async (...asked: string[]) => {
      const { code, stderr } = await shell.run('generate', 'runs/a', ...asked)
      return [code, words(stderr)]
    }
    expect(await told('cuont=3')).toEqual([2, expect.stringContaining('Similar: count=64')])
    expect(await told('count=0')).toEqual([2, expect.stringContaining('count=0: expected a whole number above 0.')])
    expect(await told('between=3')).toEqual([2, expect.stringContaining('Add --interpolate')])
    expect(await told('class=cat')).toEqual([2, expect.stringContaining('train with task.conditional=true')])
    expect(await told('steps=5')).toEqual([2, expect.stringContaining('makes an image in one pass')])
  })

  test('a run that makes none, and one that is not there', async () => {
    const shell = session()
    await shell.run('train', 'cifar10', 'model.channels=[4]', ...short, 'name=a')
    const { code, stderr } = await shell.run('generate', 'runs/a')
    expect([code, words(stderr)]).toEqual([
      2,
      expect.stringContaining('runs/a was trained for task=classification, which makes no images.'),
    ])
    expect((await shell.run('generate', 'runs/none')).code).toBe(1)
  })

  test.each([
    [['model=dcgan', 'data.size=30'], 'Try data.size=28'],
    [['model=dcgan', 'task.loss=wasserstein'], 'Try model.norm=layer'],
    [['model=dcgan', 'accumulate=2'], 'Try accumulate=1 batchSize=32'],
    [['model=dcgan', 'freeze=generator'], 'leaves nothing of the generator to train'],
    [['model=diffusion', 'data.size=30'], 'Try data.size=32'],
    [['model=diffusion', 'model.steps=10'], 'Try task.samplingSteps=10'],
    [['model=diffusion', 'model.attention=3'], 'Try model.attention=2'],
    [['model=diffusion', 'model.channels=12'], 'Try model.channels=16'],
    [['model=vae', 'task=classification'], 'Try task=vae'],
  ])('settings that do not go together: %j', async (settings, remedy) => {
    const shell = session()
    const { code, stderr } = await shell.run('train', 'cifar10', ...settings, ...short)
    expect([code, words(stderr)]).toEqual([2, expect.stringContaining(remedy)])
  })

  test('images that the model cannot take, before they are loaded', async () => {
    const shell = session()
    const { code, stderr } = await shell.run('train', ...vae, 'data.size=30', ...short)
    expect([code, words(stderr)]).toEqual([
      2,
      expect.stringContaining('data.size=30 (command line): expected a multiple of 4'),
    ])
    const scaled = await shell.run('train', ...vae, 'data.mean=[0.1,0.2,0.3]', ...short)
    expect([scaled.code, words(scaled.stderr)]).toEqual([2, expect.stringContaining('Try data.mean=0.5 data.std=0.5')])
  })
})
