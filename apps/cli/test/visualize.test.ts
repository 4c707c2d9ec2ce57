import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memory } from '@ddnet/ops'
import { readTensors } from '@ddnet/testing'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Session, session, tinyData } from './session.ts'

const tiny = ['model.channels=[4,8]', 'batchSize=8', 'steps=4', 'validation.images=40', 'validation.every=2', 'name=a']

/** All that is made without hundreds of steps. */
const quick = 'curves,confusion,predictions,filters,feature-maps,grad-cam,deconvnet'

async function trained(options: Parameters<typeof session>[0] = {}, ...settings: string[]): Promise<Session> {
  const shell = session(options)
  await shell.run('train', ...tiny, ...settings)
  return shell
}

/** A photo of CIFAR-10 as a file. */
async function writePhoto(shell: Session, name: string): Promise<void> {
  const { data } = readTensors('one-model/logits.safetensors').testImages as { data: Uint8Array }
  const raw = { width: 32, height: 32, channels: 3 } as const
  await sharp(data.slice(0, 32 * 32 * 3), { raw })
    .png()
    .toFile(join(shell.cwd, name))
}

const pixels = async (shell: Session, path: string) => {
  const { data, info } = await sharp(join(shell.cwd, path)).raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

describe('visualize', () => {
  test('draws test images of different classes into the run, and lists what it wrote', async () => {
    const shell = await trained()
    const before = memory().numTensors
    const { code, stdout, stderr } = await shell.run('visualize', 'runs/a', '--only', quick)
    expect([code, stderr]).toEqual([0, expect.stringContaining('run       runs/a, checkpoint last, step 4\n')])
    expect(memory().numTensors).toBe(before)
    const names = [
      'confusion.png',
      'curves.png',
      'deconvnet.png',
      'feature-maps-decoder.1.png',
      'feature-maps-encoder.0.png',
      'feature-maps-encoder.1.png',
      'filters.png',
      'grad-cam.png',
      'predictions.png',
    ]
    expect(readdirSync(join(shell.cwd, 'runs/a/pictures')).sort()).toEqual(names)
    expect(stdout).toMatch(/^pictures {2}runs\/a\/pictures\n {10}curves\.png +640×720 +[\d.]+ kB\n/)
    for (const name of names) expect(stdout).toContain(`          ${name} `)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    // Four filters of 3×3 weights, ten pixels each.
    const { width, height } = await pixels(shell, 'runs/a/pictures/filters.png')
    expect([width, height]).toEqual([4 * 34 + 4, 34 + 4])
  })

  test('looks at images that are given, without the data set, and puts all into a report', async () => {
    let isHere = true
    const loadData = async () => {
      if (!isHere) throw new Error('the data set is not here')
      return tinyData()
    }
    const shell = await trained({ loadData }, 'data.size=8') // hundreds of steps follow
    isHere = false
    await writePhoto(shell, 'cat.png')
    const before = readFileSync(join(shell.cwd, 'runs/a/report.html'), 'utf8')
    const { code, stdout } = await shell.run('visualize', 'runs/a', 'cat.png', '--to', 'out/here', '--json')
    expect(code).toBe(0)
    const { pictures, leftOut, report, ...about } = JSON.parse(stdout)
    expect(about).toEqual({ run: 'runs/a', checkpoint: 'last', step: 4 })
    expect([leftOut, report]).toEqual([[], 'out/here/report.html'])
    expect(pictures.map(({ file }: { file: string }) => file)).toContain('out/here/reconstructions.png')
    for (const { file, width, height, bytes } of pictures) {
      expect(await pixels(shell, file)).toMatchObject({ width, height })
      expect(readFileSync(join(shell.cwd, file)).length).toBe(bytes)
    }
    const html = readFileSync(join(shell.cwd, report), 'utf8')
    const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading)
    expect(headings).toEqual([
      'Summary',
      'Curves',
      'Classes',
      'Confusion matrix',
      'Predictions',
      'Filters of the first layer',
      ...['encoder.0', 'encoder.1', 'decoder.1'].map((layer) => `Feature maps of ${layer}`),
      'Grad-CAM',
      'Deconvnet projections',
      'Reconstructions',
    ])
    // Of the photo, whose class nobody told.
    expect(html.match(/<figure class="">/g)).toHaveLength(1)
    expect(readFileSync(join(shell.cwd, 'runs/a/report.html'), 'utf8')).toBe(before)
    const { caption } = pictures.find(({ file }: { file: string }) => file.endsWith('reconstructions.png'))
    // A layer that has all of the image gives it back, and one behind two poolings does not.
    expect(caption).toMatch(/encoder\.0 [\d.]+% and [\d.]+%; encoder\.1 [\d.]+% and [\d.]+%; decoder\.1/)
  })

  test('the picture of an image is the image: the first column of Grad-CAM', async () => {
    const shell = await trained()
    await writePhoto(shell, 'cat.png')
    await shell.run('visualize', 'runs/a', 'cat.png', '--only', 'grad-cam')
    const photo = await pixels(shell, 'cat.png')
    const table = await pixels(shell, 'runs/a/pictures/grad-cam.png')
    // Four times as large, above the lower margin, before three others of its size.
    const at = (x: number, y: number) => [
      ...table.data.subarray((y * table.width + x) * 4, (y * table.width + x) * 4 + 3),
    ]
    const left = table.width - 16 - 4 * 128 - 3 * 8
    const top = table.height - 16 - 128
    for (const [x, y] of [
      [0, 0],
      [31, 31],
      [10, 20],
    ] as const) {
      const start = (y * 32 + x) * 3
      expect(at(left + 4 * x + 1, top + 4 * y + 1)).toEqual([...photo.data.subarray(start, start + 3)])
    }
  })

  test('leaves out what a model does not have, and says why: the deconvnet of another one than DDNet', async () => {
    const shell = session()
    await shell.run('train', ...tiny.slice(1), 'model=article', 'data.size=8')
    const { code, stdout } = await shell.run('visualize', 'runs/a', '--only', quick)
    expect(code).toBe(0)
    expect(stdout).toContain('no deconvnet: it goes back by the switches of a DDNet, and this is')
    expect(readdirSync(join(shell.cwd, 'runs/a/pictures'))).not.toContain('deconvnet.png')
    expect(readdirSync(join(shell.cwd, 'runs/a/pictures'))).toContain('grad-cam.png')
  })

  test('without validations there are no curves, without test images no matrix of a checkpoint that was not measured', async () => {
    const shell = await trained()
    rmSync(join(shell.cwd, 'runs/a/metrics.jsonl'))
    rmSync(join(shell.cwd, 'runs/a/result.json'))
    await writePhoto(shell, 'cat.png')
    const args = ['visualize', 'runs/a', 'cat.png', '--only', 'curves,confusion', '--json']
    expect(JSON.parse((await shell.run(...args)).stdout)).toMatchObject({
      pictures: [],
      leftOut: [
        { name: 'curves', reason: 'the run has no epoch or validation yet' },
        { name: 'confusion', reason: expect.stringContaining('was not measured: ddnet eval does it') },
      ],
    })
  })

  test('measures another checkpoint on the test images, and not what result.json says of the last', async () => {
    const longer = ['steps=30', 'optimizer.learningRate=0.03', 'checkpoint.every=2', 'checkpoint.keep=15']
    const shell = await trained({}, ...longer)
    const picture = async (checkpoint: string) => {
      await shell.run('visualize', 'runs/a', '--only', 'confusion', '--checkpoint', checkpoint)
      return (await pixels(shell, 'runs/a/pictures/confusion.png')).data
    }
    const [last, early] = [await picture('last'), await picture('step=000002')]
    expect(early.equals(last)).toBe(false)
    rmSync(join(shell.cwd, 'runs/a/result.json'))
    expect((await picture('last')).equals(last)).toBe(true)
  })

  test('shows on a terminal how far it is', async () => {
    const shell = await trained({ isTTY: true, columns: 80 })
    const { stderr } = await shell.run('visualize', 'runs/a', '--only', 'grad-cam,deconvnet')
    expect(stderr).toMatch(/grad-cam .*0\/4/)
    expect(stderr).toMatch(/deconvnet .*0\/40/)
  })

  test('what is wrong is named: exit code 2 for the command line, else 1', async () => {
    const shell = await trained()
    writeFileSync(join(shell.cwd, 'file'), '')
    for (const [expected, args, message] of [
      [
        2,
        ['--only', 'maps'],
        "--only maps: there is no picture 'maps'. There are: curves, confusion, predictions, filters, ",
      ],
      [1, ['--to', 'file'], 'cannot make the folder file: a file is in its way. Choose another with --to FOLDER'],
      [1, ['none.png'], 'cannot read the image none.png: there is no such file.'],
      [2, ['--checkpoint', 'first'], 'Expected last, best or step=NUMBER.'],
      [1, ['--checkpoint', 'step=3'], 'checkpoints/step=000003. Other checkpoints of the run: step=000004'],
    ] as const) {
      const { code, stdout, stderr } = await shell.run('visualize', 'runs/a', ...args)
      expect([code, stdout]).toEqual([expected, ''])
      expect(stderr.split('\n').filter((line) => line.startsWith('ddnet: '))).toEqual([
        expect.stringContaining(message),
      ])
    }
  })

  test('a damaged metrics.jsonl is named with its line', async () => {
    const shell = await trained()
    appendFileSync(join(shell.cwd, 'runs/a/metrics.jsonl'), '{"step":true}\n')
    const { code, stderr } = await shell.run('visualize', 'runs/a')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ddnet: .*runs\/a\/metrics\.jsonl:3 is damaged: /m)])
  })
})
