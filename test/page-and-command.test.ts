import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Session, session, tinyData } from '../apps/cli/test/session.ts'
import { catalog, configOf } from '../apps/studio/src/experiment.ts'
import { packRun, unpackRun } from '../apps/studio/src/run-storage.ts'
import {
  type Config,
  createModel,
  createTask,
  createTrainer,
  type DataHost,
  fitOptions,
  flatSettings,
  loadRunData,
  type OpenedCheckpoint,
  RunFolder,
  readRecord,
  recordOf,
  TrainingRun,
} from '../packages/experiment/src/index.ts'
import { memoryStorage, type NamedFile, readTar, type Storage } from '../packages/trainer/src/index.ts'

// A run of the page and a run of `ddnet train` are one: either goes on with the other's, and nothing of it changes.

const host: DataHost = {
  cifar10: async () => tinyData(),
  imageFolder: () => Promise.reject(new Error('not asked here')),
  files: () => {
    throw new Error('not asked here')
  },
  npmPackage: () => Promise.reject(new Error('nothing of npm is needed')),
  log: () => {},
}
const backend = { name: 'wasm', device: 'WebAssembly' }

/** Every setting that decides a number, each with another value than its default. */
const settings = {
  'task.labelSmoothing': 0.1,
  'data.size': 16,
  'data.validation': 0.3,
  'data.flip': false,
  'data.crop': 3,
  'data.mean': [0.5, 0.4, 0.3],
  'data.std': [0.2, 0.3, 0.25],
  'model.channels': [6, 4],
  'model.normalization': 'none',
  optimizer: 'adamW',
  'optimizer.learningRate': 0.003,
  'optimizer.beta1': 0.8,
  'optimizer.beta2': 0.99,
  'optimizer.eps': 1e-6,
  'optimizer.weightDecay': 0.05,
  schedule: 'cosine',
  'schedule.minimum': 1e-4,
  'ema.decay': 0.9,
  clipNorm: 0.5,
  batchSize: 6,
  accumulate: 2,
  steps: 40,
  seed: 7,
  'validation.every': 10,
  'validation.images': 20,
  'earlyStopping.patience': 30,
  monitor: 'loss',
  'earlyStopping.minDelta': 0.001,
  maxSeconds: 9000,
  'checkpoint.every': 20,
  'checkpoint.keep': 9,
}
const words = Object.entries(settings).map(([path, value]) => `${path}=${JSON.stringify(value).replaceAll('"', '')}`)

/** Trains as the page does, up to a step, in a storage in memory. */
async function onPage(
  config: Config,
  until: number,
  storage: Storage = memoryStorage('run'),
  opened?: OpenedCheckpoint,
) {
  const data = await loadRunData(config, host)
  const model = createModel(config, data.facts)
  const folder = new RunFolder(storage)
  const task = createTask(config, data.facts)
  const parts = { config, data, task, backend, environment: { backend } }
  const notes: string[] = []
  const run =
    opened === undefined
      ? await TrainingRun.begin(folder, parts)
      : await TrainingRun.goOn(folder, opened, parts, { dataRemedy: '', onNote: (note) => notes.push(note) })
  const trained = { model, task, config, data }
  await createTrainer(trained, {
    callbacks: [
      ...run.callbacks(model, { when: (step) => step === until }),
      {
        async onStep({ step }, control) {
          if (step === until && until < (config.steps ?? 0)) control.stop()
        },
      },
    ],
  }).fit({ ...fitOptions(trained), ...(run.resume && { resume: run.resume }) })
  model.dispose()
  return { storage, notes }
}

/** A run of the page as it is downloaded, unpacked into a folder. */
async function download(storage: Storage, folder: string): Promise<void> {
  const root = 'ddnet-studio/'
  write(
    folder,
    readTar(await packRun(storage)).map(({ name, bytes }) => ({ name: name.slice(root.length), bytes })),
  )
}

function write(folder: string, files: readonly NamedFile[]): void {
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
}

/** A run of `ddnet train` as a person packs it, opened in the page; `leave` says what is not packed. */
async function upload(folder: string, leave: (name: string) => boolean = () => false) {
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(leave)
  const tar = `${folder}.tar`
  execFileSync('tar', [
    '-cf',
    tar,
    ...left.map((name) => `--exclude=./${name}`),
    '--transform',
    's,^[.],run,',
    '-C',
    folder,
    '.',
  ])
  const storage = await unpackRun([{ name: 'run.tar', bytes: new Uint8Array(readFileSync(tar)) }])
  return { storage, opened: await new RunFolder(storage).openCheckpoint('last', () => catalog) }
}

/** What was measured, without when. */
const measured = (folder: string) =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }))

const weights = (folder: string, name = 'step=000040') =>
  readFileSync(join(folder, 'checkpoints', name, 'model.safetensors')).toString('base64')
const index = (folder: string) => JSON.parse(readFileSync(join(folder, 'checkpoints/index.json'), 'utf8'))

describe('a run with every setting away from its default', () => {
  /** In one go, by `ddnet train`. */
  async function whole(): Promise<{ shell: Session; folder: string; config: Config }> {
    const shell = session()
    const { code, stderr } = await shell.run('train', 'cifar10', 'preset=quick', 'name=whole', ...words)
    expect(code, stderr).toBe(0)
    const folder = join(shell.cwd, 'runs/whole')
    const { config } = (await upload(folder)).opened
    const flat = flatSettings(config)
    for (const [path, value] of Object.entries(settings)) expect(flat[path], path).toEqual(value)
    return { shell, folder, config }
  }

  test('that began in the page goes on by ddnet train, 20 steps each, to the last bit', async () => {
    const { shell, folder, config } = await whole()
    await download((await onPage(config, 20)).storage, join(shell.cwd, 'moved'))
    const { code, stderr } = await shell.run('train', '--resume', 'moved')
    expect(code, stderr).toBe(0)
    expect(measured(join(shell.cwd, 'moved'))).toEqual(measured(folder))
    expect(weights(join(shell.cwd, 'moved'))).toBe(weights(folder))
    expect(index(join(shell.cwd, 'moved')).best).toEqual(index(folder).best)
  })

  test('that began by ddnet train goes on in the page, 20 steps each, to the last bit, with its log and its best checkpoint', async () => {
    const { shell, folder } = await whole()
    // As it was after step 20: what came behind it, and the index, are not there.
    const half = await upload(folder, (name) => /step=0000[34]0|index\.json|result|predictions|report/.test(name))
    expect(half.opened.checkpoint.step).toBe(20)
    await half.storage.folder('notes').replaceFile('mine.txt', new TextEncoder().encode('of my own'))
    const { notes } = await onPage(half.opened.config, 40, half.storage, half.opened)
    expect(notes).toEqual([])
    const moved = join(shell.cwd, 'moved')
    await download(half.storage, moved)
    expect(readFileSync(join(moved, 'notes/mine.txt'), 'utf8')).toBe('of my own')
    expect(measured(moved)).toEqual(measured(folder))
    expect(weights(moved)).toBe(weights(folder))
    expect(index(moved)).toEqual(index(folder))
    expect(weights(moved, index(moved).best.name)).toBe(weights(folder, index(folder).best.name))
    // And back.
    const { code, stdout, stderr } = await shell.run('eval', 'moved', '--checkpoint', 'best', '--json')
    expect(code, stderr).toBe(0)
    const again = await shell.run('eval', 'runs/whole', '--checkpoint', 'best', '--json')
    expect({ ...JSON.parse(stdout), run: '' }).toEqual({ ...JSON.parse(again.stdout), run: '' })
  })
})

test('the page and ddnet train leave the same files', async () => {
  const shell = session()
  const small = [
    'model.channels=[4]',
    'batchSize=8',
    'steps=4',
    'validation.every=2',
    'validation.images=20',
    'checkpoint.every=2',
  ]
  expect((await shell.run('train', 'cifar10', 'preset=quick', 'name=a', ...small)).code).toBe(0)
  const folder = join(shell.cwd, 'runs/a')
  const { opened } = await upload(folder)
  await download((await onPage(opened.config, 4)).storage, join(shell.cwd, 'page'))
  const filesOf = (path: string) =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) =>
        join(parentPath, name)
          .slice(path.length + 1)
          .replace(/tfevents\.\d+/, 'tfevents'),
      )
      .filter((name) => !['result.json', 'predictions.png', 'report.html'].includes(name)) // of its end, which a page shows
      .sort()
  expect(filesOf(join(shell.cwd, 'page'))).toEqual(filesOf(folder))
  const text = (path: string) => readFileSync(join(shell.cwd, path), 'utf8')
  for (const name of ['data.json', 'checkpoints/index.json']) expect(text(`page/${name}`)).toBe(text(`runs/a/${name}`))
  expect(measured(join(shell.cwd, 'page'))).toEqual(measured(folder))
})

describe('what a page cannot go on with is refused when it is opened', () => {
  async function trained(...words: string[]): Promise<string> {
    const shell = session()
    const small = ['model.channels=[4]', 'batchSize=8', 'steps=2', 'validation.images=20']
    const { code, stderr } = await shell.run('train', 'cifar10', 'preset=quick', 'name=a', ...small, ...words)
    expect(code, stderr).toBe(0)
    return join(shell.cwd, 'runs/a')
  }

  test('settings beside the checkpoint that are not its own', async () => {
    const folder = await trained()
    const file = join(folder, 'config.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/batchSize: 8 /, 'batchSize: 16 '))
    await expect(upload(folder)).rejects.toThrow(
      'run.tar/config.yaml says batchSize=16, but the checkpoint run.tar/checkpoints/step=000002 was trained with 8.',
    )
    rmSync(file)
    const { storage, opened } = await upload(folder)
    const { notes } = await onPage(opened.config, 2, storage, opened)
    expect(notes).toEqual(['There is no config.yaml. It is written again, from the checkpoint.'])
    expect(await storage.kind('config.yaml')).toBe('file')
  })

  test('data that the checkpoint was not trained on', async () => {
    const folder = await trained()
    const { storage, opened } = await upload(folder)
    const file = join(folder, 'data.json')
    const { classNames, ...data } = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...data, classNames: [...classNames].reverse() }))
    await expect(upload(folder)).rejects.toThrow('of other names or in another order, but the checkpoint')
    const others = { ...opened, record: { ...opened.record, data: { ...opened.record.data, trainImages: 7 } } }
    await expect(onPage(opened.config, 2, storage, others)).rejects.toThrow(
      /^the data of the run run\.tar has changed: it began with 7 \+/,
    )
  })

  test('a tar file without a checkpoint, or with two runs', async () => {
    const folder = await trained()
    await expect(upload(folder, (name) => /step=/.test(name))).rejects.toThrow('run.tar has no checkpoint')
    await expect(unpackRun([{ name: 'a.tar', bytes: new Uint8Array(0) }])).rejects.toThrow('a.tar has no checkpoint')
    execFileSync('sh', ['-c', 'cp -r a b && tar -cf two.tar a b'], { cwd: join(folder, '..') })
    const bytes = new Uint8Array(readFileSync(join(folder, '../two.tar')))
    await expect(unpackRun([{ name: 'two.tar', bytes }])).rejects.toThrow('two.tar has more than one run: a/, b/.')
  })
})

test('what the page begins is what ddnet train does with the same settings', () => {
  const config = configOf({ steps: 100, batchSize: 8, seed: 7, validationImages: 20, backend: 'auto' })
  expect(flatSettings(config)).toMatchObject({
    preset: 'quick',
    ...{ steps: 100, batchSize: 8, seed: 7, 'validation.images': 20, 'validation.every': 5, 'checkpoint.every': 5 },
    'optimizer.learningRate': 4e-3,
  })
  const data = { classNames: ['cat', 'dog'], image: { height: 32, width: 32, channels: 3 } }
  const counts = { trainImages: 90, validationImages: 10, testImages: 20 }
  const { saved } = readRecord(recordOf(config, { ...data, ...counts }, backend), 'the page', catalog)
  expect(saved.config).toEqual(config)
})
