import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { readTensorBoardRecords } from '@ddnet/formats'
import { mul } from '@ddnet/ops'
import { defined, itemAt, useBackend } from '@ddnet/testing'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import { breaks, failWrites, run } from '../../test/logged-runs.ts'
import type { TinyNet } from '../../test/tiny.ts'
import { type Callback, DivergedError, tensorBoard } from '../index.ts'

beforeAll(() => useBackend('cpu'))
afterEach(() => vi.restoreAllMocks())
const newFolder = folders()
const png = readFileSync(new URL('../../../formats/fixtures/reference-tensorboard.png', import.meta.url))

describe('tensorBoard', () => {
  /** What the files of a folder tell, in their order: step and tags. */
  const read = (folder: string) =>
    readdirSync(folder)
      .sort()
      .flatMap((name) => readTensorBoardRecords(readFileSync(path.join(folder, name))))
      .filter(({ tags }) => tags.length > 0)
      .map(({ step, tags }) => `${step} ${tags.join(' ')}`)

  test('losses, scores, weights and pictures have their tags', async () => {
    const folder = path.join(newFolder(), 'run')
    await run((model) =>
      tensorBoard({
        to: folder,
        every: 6,
        histograms: { model },
        images: ({ step }) => (step === 8 ? { predictions: png } : {}),
      }),
    )
    const weights = [
      'hidden.weight',
      'hidden.bias',
      'norm.weight',
      'norm.bias',
      'norm.running_mean',
      'norm.running_var',
    ]
    const tags = [...weights, 'output.weight', 'output.bias'].map((name) => `weights/${name}`).join(' ')
    const validation = 'train/accuracy validation/loss validation/accuracy'
    expect(read(folder)).toEqual([
      `4 ${validation}`,
      `5 train/accuracy ${tags}`,
      '6 train/loss learning_rate',
      `8 ${validation} predictions`,
      `10 train/accuracy ${tags}`,
      '12 train/loss learning_rate',
      `12 ${validation}`,
    ])
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\.ddnet\.0$/)])
  })

  const logger = (to: string) => (model: TinyNet) => tensorBoard({ to, every: 1, histograms: { model, every: 3 } })
  let whole: string[]
  beforeAll(async () => {
    const folder = newFolder()
    await run(logger(folder))
    whole = read(folder)
  })

  test.each(breaks)(
    'a run that broke after the $phase of step $step (dies: $dies) tells what a whole one does',
    async ({ dies, ...at }) => {
      const broken = newFolder()
      const resume = defined(await run(logger(broken), { at, dies }))
      await fs.appendFile(path.join(broken, itemAt(readdirSync(broken), 0)), Uint8Array.of(20, 0, 0))
      await run(logger(broken), { resume })
      expect(read(broken)).toEqual(whole)
      expect(readdirSync(broken)).toHaveLength(2)
    },
  )

  test('a function gets the file, and the files of others are left alone', async () => {
    const folder = newFolder()
    await fs.writeFile(path.join(folder, 'events.out.tfevents.1.host'), 'not ours')
    await run(() => tensorBoard({ to: folder }))
    expect(readFileSync(path.join(folder, 'events.out.tfevents.1.host'), 'utf8')).toBe('not ours')
    const parts: Uint8Array[] = []
    await run(() => tensorBoard({ to: (bytes) => void parts.push(bytes), every: 12 }))
    expect(readTensorBoardRecords(Buffer.concat(parts)).map(({ step }) => step)).toEqual([0, 4, 5, 8, 10, 12, 12])
  })

  test('a full disk is named', async () => {
    const folder = newFolder()
    failWrites(new Error('ENOSPC: no space left on device, write'))
    await expect(run(() => tensorBoard({ to: folder }))).rejects.toThrow(
      /^log: could not write .*\/events\.out\..*: ENOSPC/,
    )
  })

  test('weights that are not finite at the end of an epoch are a divergence', async () => {
    const logged = run((model) => ({
      ...tensorBoard({ to: newFolder(), histograms: { model } }),
      needsState(step) {
        if (step === 5) model.output.weight.assign(mul(model.output.weight.value, Number.NaN))
        return false
      },
    }))
    await expect(logged).rejects.toThrow(/^Training diverged at step 5: output\.weight is not finite \(learning rate/)
    await expect(logged).rejects.toBeInstanceOf(DivergedError)
  })

  const python = process.env['DDNET_PYTHON'] ?? 'python3'
  const hasTensorBoard = spawnSync(python, ['-c', 'import tensorboard']).status === 0
  const reason = hasTensorBoard ? '' : ` (${python} has no tensorboard: give one that has as DDNET_PYTHON)`

  test.skipIf(!hasTensorBoard)(`TensorBoard's own reader finds what was told, across a resume${reason}`, async () => {
    const folder = newFolder()
    const losses: [number, number][] = []
    const scores: [number, number][] = []
    const logger = (model: TinyNet): Callback => ({
      ...tensorBoard({ to: folder, every: 1, histograms: { model }, images: () => ({ predictions: png }) }),
    })
    const watched = (model: TinyNet): Callback => {
      const callback = logger(model) as Required<Callback>
      return {
        ...callback,
        onStep: async (event, control) => {
          losses[event.step - 1] = [event.step, Math.fround(event.loss)]
          await callback.onStep(event, control)
        },
        onValidation: async (event, control) => {
          scores[event.step / 4 - 1] = [event.step, Math.fround(event.validation['accuracy'] as number)]
          await callback.onValidation(event, control)
        },
      }
    }
    const resume = defined(await run(watched, { at: { step: 5, phase: 'step' } }))
    await run(watched, { resume })
    const script = new URL('../../../formats/fixtures/make_tensorboard.py', import.meta.url).pathname
    const found = JSON.parse(
      execFileSync(python, [script, folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    expect(found.scalars['train/loss']).toEqual(losses)
    expect(found.scalars['validation/accuracy']).toEqual(scores)
    expect(found.scalars.learning_rate).toHaveLength(12)
    expect(found.images.predictions.map((image: number[]) => image.slice(0, 3))).toEqual([
      [4, 3, 2],
      [8, 3, 2],
      [12, 3, 2],
    ])
    expect(found.histograms['weights/hidden.weight'].map((each: number[]) => each.slice(0, 2))).toEqual([
      [5, 128],
      [10, 128],
    ])
  })
})
