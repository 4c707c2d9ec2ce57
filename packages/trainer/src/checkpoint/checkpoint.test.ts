import {
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { loader } from '@ddnet/datasets'
import { decodeSafetensors } from '@ddnet/formats'
import { random } from '@ddnet/ops'
import { adam, type Schedule } from '@ddnet/optimizers'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import { brightRows, classify, tinyNet } from '../../test/tiny.ts'
import {
  type Callback,
  type Checkpoint,
  type CheckpointOptions,
  checkpoint,
  decodeCheckpoint,
  earlyStopping,
  encodeCheckpoint,
  loadCheckpoint,
  Trainer,
} from '../index.ts'

beforeAll(() => useBackend('cpu'))
const newFolder = folders()

/** Trains with epochs of five steps and a validation every four. */
async function train(
  directory: string,
  steps: number,
  {
    resume,
    also = [],
    rate = 0.03,
    monitor = 'loss',
    ...options
  }: Partial<CheckpointOptions> & {
    resume?: Checkpoint
    also?: Callback[]
    rate?: number | Schedule
    monitor?: 'loss' | 'accuracy'
  } = {},
) {
  const model = tinyNet()
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: rate }),
    data: {
      train: loader(brightRows(40), { batchSize: 8, shuffle: true, key: random.key(5) }),
      validation: loader(brightRows(20, 2), { batchSize: 8 }),
    },
    step: classify,
    monitor,
    callbacks: [...also, checkpoint({ directory, best: false, ...options })],
  })
  try {
    return await trainer.fit({
      steps,
      validateEvery: 4,
      key: random.key(9),
      ...(resume === undefined ? {} : { resume }),
    })
  } finally {
    model.dispose()
  }
}
const stopAt = (last: number): Callback => ({
  needsState: (step) => step === last,
  onStep: ({ step }, control) => {
    if (step === last) control.stop()
  },
})
const names = (directory: string) => readdirSync(directory).sort()
const bytes = (directory: string, file: string) => readFileSync(path.join(directory, file)).toString('hex')
const files = ['model.safetensors', 'optimizer.safetensors', 'state.json']

describe('checkpoint', () => {
  test("saves the model as PyTorch's state dict, the optimizer and the state, at the end of every epoch", async () => {
    const directory = newFolder()
    await train(directory, 10, { config: { name: 'tiny' } })
    expect(names(directory)).toEqual(['index.json', 'last', 'step=000005', 'step=000010'])
    expect(names(path.join(directory, 'last'))).toEqual(files)
    expect(readlinkSync(path.join(directory, 'last'))).toBe('step=000010')
    const { tensors, metadata } = decodeSafetensors(readFileSync(path.join(directory, 'last/model.safetensors')))
    expect(metadata).toEqual({ format: 'pt' })
    expect(Object.keys(tensors).sort()).toEqual([
      'hidden.bias',
      'hidden.weight',
      'norm.bias',
      'norm.num_batches_tracked',
      'norm.running_mean',
      'norm.running_var',
      'norm.weight',
      'output.bias',
      'output.weight',
    ])
    expect(tensors['norm.num_batches_tracked']?.data).toEqual(BigInt64Array.of(10n))
    const { step, phase, config, optimizer, loader, key } = await loadCheckpoint(path.join(directory, 'last'))
    expect({ step, phase, config, loader, key }).toEqual({
      step: 10,
      phase: 'epoch',
      config: { name: 'tiny' },
      loader: { epoch: 1, position: 5 },
      key: { high: 0, low: 9 },
    })
    expect(optimizer.step).toBe(10)
    expect(Object.keys(optimizer.tensors)).toContain('adam.m.hidden.weight')
  })

  test('saves after every so many steps, and at the end', async () => {
    const directory = newFolder()
    await train(directory, 8, { every: 3, keep: 9 })
    expect(names(directory)).toEqual(['index.json', 'last', 'step=000003', 'step=000006', 'step=000008'])
  })

  test('saves where the run is stopped', async () => {
    const directory = newFolder()
    await train(directory, 10, { also: [stopAt(2)] })
    expect((await loadCheckpoint(path.join(directory, 'last'))).step).toBe(2)
  })

  test('keeps the newest and the best', async () => {
    const directory = newFolder()
    const scores: number[] = []
    const also = [
      { onValidation: (event: { validation: { loss: number } }) => void scores.push(event.validation.loss) },
    ]
    await train(directory, 24, { best: true, every: 2, keep: 2, also, rate: (step) => (step < 8 ? 0.03 : 3) })
    const best = 4 * (scores.indexOf(Math.min(...scores)) + 1)
    expect(best).toBeLessThan(20) // such a schedule does not end with its best
    const folder = `step=${String(best).padStart(6, '0')}`
    expect(names(directory)).toEqual(['best', 'index.json', 'last', folder, 'step=000022', 'step=000024'])
    expect((await loadCheckpoint(path.join(directory, 'best'))).step).toBe(best)
    expect(readlinkSync(path.join(directory, 'best'))).toBe(folder)
    expect(JSON.parse(readFileSync(path.join(directory, 'index.json'), 'utf8')).best).toEqual({
      name: folder,
      step: best,
      score: Math.min(...scores),
      of: 'loss',
    })
  })

  test('a score that is better when higher is best when highest', async () => {
    const directory = newFolder()
    const scores: number[] = []
    const onValidation: NonNullable<Callback['onValidation']> = ({ validation }) =>
      void scores.push(validation['accuracy'] as number)
    await train(directory, 12, { best: true, monitor: 'accuracy', also: [{ onValidation }] })
    const { step } = await loadCheckpoint(path.join(directory, 'best'))
    expect(step).toBe(4 * (scores.indexOf(Math.max(...scores)) + 1))
  })

  test('without links, as on Windows, `last` and `best` are found all the same', async () => {
    const directory = newFolder()
    const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue('win32')
    try {
      await train(directory, 6, { best: true })
    } finally {
      platform.mockRestore()
    }
    expect(existsSync(path.join(directory, 'last'))).toBe(false)
    expect((await loadCheckpoint(path.join(directory, 'last'))).step).toBe(6)
    expect((await loadCheckpoint(path.join(directory, 'best'))).step % 2).toBe(0)
  })

  test('does not save weights that are not finite, nor after the run diverged', async () => {
    const directory = newFolder()
    // The loss of the step before is still finite: only the weights tell.
    await expect(train(directory, 10, { every: 1, rate: Number.MAX_VALUE })).rejects.toThrow(/is not finite/)
    expect(names(directory)).toEqual([])
    const good = newFolder()
    await train(good, 5)
    const resume = await loadCheckpoint(path.join(good, 'last'))
    await expect(train(good, 10, { resume, rate: 1e38 })).rejects.toThrow('diverged')
    expect((await loadCheckpoint(path.join(good, 'last'))).step).toBe(5)
  })

  test.each<[string, () => unknown]>([
    ['keep', () => checkpoint({ directory: 'x', keep: 0 })],
    ['every', () => checkpoint({ directory: 'x', every: 0.5 })],
  ])('refuses a bad %s', (option, create) => {
    expect(create).toThrow(RangeError)
    expect(create).toThrow(`expected ${option}`)
  })

  test('refuses a folder that holds another run, or that goes on further', async () => {
    const directory = newFolder()
    await train(directory, 10)
    await expect(train(directory, 5)).rejects.toThrow(
      'already goes on to step 10, but the run begins at step 0. Resume its last checkpoint, choose another directory, or',
    )
    const resume = await loadCheckpoint(path.join(directory, 'step=000005'))
    await expect(train(directory, 10, { resume })).rejects.toThrow('already goes on to step 10')
    expect(names(directory)).toEqual(['index.json', 'last', 'step=000005', 'step=000010'])
  })

  test('goes on in another folder', async () => {
    const [first, second] = [newFolder(), newFolder()]
    await train(first, 5)
    await train(second, 8, { resume: await loadCheckpoint(path.join(first, 'last')) })
    expect(names(second)).toEqual(['index.json', 'last', 'step=000008'])
  })
})

describe('a resumed run', () => {
  // Inside an epoch, at a validation, at an epoch's end, in the second epoch.
  test.each([3, 4, 5, 7])('stopped after step %i and resumed writes the bytes of an unbroken one', async (step) => {
    const [whole, broken] = [newFolder(), newFolder()]
    await train(whole, 10, { best: true })
    await train(broken, 10, { best: true, also: [stopAt(step)] })
    expect((await loadCheckpoint(path.join(broken, 'last'))).step).toBe(step)
    await train(broken, 10, { best: true, resume: await loadCheckpoint(path.join(broken, 'last')) })
    for (const file of files) expect(bytes(broken, `last/${file}`)).toBe(bytes(whole, `last/${file}`))
    expect(bytes(broken, 'index.json')).toBe(bytes(whole, 'index.json'))
  })

  test.each<[string, Callback]>([
    ['onStep', { onStep: ({ step }) => failAt(step, 7) }],
    ['onValidation', { onValidation: ({ step }) => failAt(step, 8) }],
    ['onEpoch', { onEpoch: ({ step }) => failAt(step, 10) }],
  ])('after a callback that threw in %s writes the bytes of an unbroken one', async (_, bad) => {
    const [whole, broken] = [newFolder(), newFolder()]
    await train(whole, 10, { best: true, every: 2 })
    await expect(train(broken, 10, { best: true, every: 2, also: [bad] })).rejects.toThrow('The callback #1 failed')
    await train(broken, 10, { best: true, every: 2, resume: await loadCheckpoint(path.join(broken, 'last')) })
    for (const file of files) expect(bytes(broken, `last/${file}`)).toBe(bytes(whole, `last/${file}`))
    expect(bytes(broken, 'index.json')).toBe(bytes(whole, 'index.json'))
  })
  const failAt = (step: number, at: number): void => {
    if (step === at) throw new Error('no more paper')
  }

  test('stops early where an unbroken one would', async () => {
    const stopping = () => ({ also: [earlyStopping({ minDelta: 9, patience: 4 })] })
    const [whole, broken] = [newFolder(), newFolder()]
    const { message } = await train(whole, 40, stopping())
    expect(message).toMatch(/^Early stopping: 4 validations brought nothing better than .* of step 4/)
    await train(broken, 40, { also: [...stopping().also, stopAt(13)] })
    const resume = await loadCheckpoint(path.join(broken, 'last'))
    expect(resume.callbacks).toEqual({ earlyStopping: { of: 'loss', best: expect.any(Number), step: 4, waited: 2 } })
    expect((await train(broken, 40, { ...stopping(), resume })).message).toBe(message)
    for (const file of files) expect(bytes(broken, `last/${file}`)).toBe(bytes(whole, `last/${file}`))
  })
})

describe('loadCheckpoint', () => {
  /** A run with two checkpoints. */
  async function saved(): Promise<string> {
    const directory = newFolder()
    await train(directory, 10)
    return directory
  }

  test.each<[string, string, (file: string) => void, string]>([
    ['model.safetensors', 'cut off', (file) => truncateSync(file, 100), 'it has 100 bytes, expected'],
    ['optimizer.safetensors', 'empty', (file) => truncateSync(file, 0), 'it has 0 bytes, expected'],
    ['model.safetensors', 'changed in one bit', flipBit, 'its checksum differs'],
    ['optimizer.safetensors', 'changed in one bit', flipBit, 'its checksum differs'],
    ['state.json', 'cut off', (file) => truncateSync(file, 40), 'state.json is damaged: '],
    ['state.json', 'something else', (file) => writeFileSync(file, '{}'), 'state.json is not that of a checkpoint'],
    ['model.safetensors', 'missing', (file) => rmSync(file), 'model.safetensors is missing'],
    ['optimizer.safetensors', 'missing', (file) => rmSync(file), 'optimizer.safetensors is missing'],
    ['state.json', 'missing', (file) => rmSync(file), 'state.json is missing'],
  ])('names %s when it is %s, and the other checkpoint', async (file, _, damage, message) => {
    const directory = await saved()
    damage(path.join(directory, 'step=000010', file))
    const error: Error = await loadCheckpoint(path.join(directory, 'last')).catch((error) => error)
    expect(error.name).toBe('CheckpointError')
    expect(error.message).toContain(`${directory}/last (step=000010): ${file}`)
    expect(error.message).toContain(message)
    expect(error.message).toContain('Other checkpoints of the run: step=000005.')
    expect((await loadCheckpoint(path.join(directory, 'step=000005'))).step).toBe(5)
  })

  function flipBit(file: string): void {
    const content = readFileSync(file)
    const at = content.length - 5
    content[at] = itemAt(content, at) ^ 1
    writeFileSync(file, content)
  }

  test('names what a newer version wrote', async () => {
    const directory = await saved()
    const file = path.join(directory, 'step=000010/state.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"formatVersion": 3', '"formatVersion": 4'))
    await expect(loadCheckpoint(path.join(directory, 'last'))).rejects.toThrow('Update @ddnet/trainer')
  })

  test('names a folder that is not there', async () => {
    const directory = newFolder()
    await expect(loadCheckpoint(path.join(directory, 'last'))).rejects.toThrow(
      `there is no checkpoint ${directory}/last`,
    )
    await expect(loadCheckpoint(path.join(directory, 'no/step=000001'))).rejects.toThrow('There is no other checkpoint')
  })

  test('an index that leads elsewhere is damaged', async () => {
    const directory = await saved()
    const file = path.join(directory, 'index.json')
    const index = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...index, best: { name: '../elsewhere', step: 1, score: 1, of: 'loss' } }))
    await expect(loadCheckpoint(path.join(directory, 'best'))).rejects.toThrow('index.json is damaged')
  })

  test('a damaged index is named; without one the newest checkpoint is the last', async () => {
    const directory = await saved()
    writeFileSync(path.join(directory, 'index.json'), '{')
    await expect(loadCheckpoint(path.join(directory, 'last'))).rejects.toThrow(
      'index.json is damaged. Delete it: the newest checkpoint is then the last.',
    )
    rmSync(path.join(directory, 'index.json'))
    expect((await loadCheckpoint(path.join(directory, 'last'))).step).toBe(10)
  })

  test('reads a checkpoint that was copied elsewhere', async () => {
    const directory = await saved()
    const copy = path.join(newFolder(), 'mine')
    cpSync(path.join(directory, 'last'), copy, { recursive: true, dereference: true })
    expect(lstatSync(copy).isDirectory()).toBe(true)
    expect((await loadCheckpoint(copy)).step).toBe(10)
  })
})

describe('the files of a checkpoint', () => {
  test('survive encoding and decoding without a file system', async () => {
    const directory = newFolder()
    await train(directory, 5)
    const { config, version, ...snapshot } = await loadCheckpoint(path.join(directory, 'last'))
    const files = await encodeCheckpoint(snapshot, { config: [1, 'two'] })
    expect(await decodeCheckpoint({ ...files })).toEqual({ ...snapshot, version, config: [1, 'two'] })
  })
})
