import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Session, session, tinyData } from '../apps/cli/test/session.ts'
import { catalog, configOf, loadData, train } from '../apps/studio/src/experiment.ts'
import type { NamedFile } from '../apps/studio/src/protocol.ts'
import { betterThan, filesOfRun, type KeptBest, type OpenedRun, openRun } from '../apps/studio/src/run-folder.ts'
import { writeTar } from '../apps/studio/src/tar.ts'
import {
  type Config,
  createModel,
  type DataHost,
  flatSettings,
  readRecord,
  recordOf,
} from '../packages/experiment/src/index.ts'
import type { Snapshot, ValidationEvent } from '../packages/trainer/src/index.ts'

// A run of the page and a run of `ddnet train` are one: either goes on with the other's, and nothing of it changes.

const host: DataHost = {
  cifar10: async () => tinyData(),
  imageFolder: () => Promise.reject(new Error('not asked here')),
  files: () => {
    throw new Error('not asked here')
  },
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

/** Trains as the page does, up to a step. */
async function onPage(config: Config, until: number, opened?: OpenedRun) {
  const data = await loadData(config, host)
  const model = createModel(config, data.facts)
  const validations: ValidationEvent[] = []
  let snapshot: Snapshot | undefined
  let best: KeptBest | undefined = opened?.best
  await train(model, data, config, {
    ...(opened !== undefined && { resume: opened.checkpoint }),
    callback: {
      needsState: (step) => step === until,
      async onStep({ step }, control) {
        if (step === until && until < (config.steps ?? 0)) control.stop()
      },
      async onEnd(_event, control) {
        snapshot = await control.snapshot()
      },
      async onValidation(event, control) {
        validations.push(event)
        const better = betterThan(best, event)
        if (better !== undefined) best = { ...better, snapshot: await control.snapshot() }
      },
    },
  })
  model.dispose()
  if (snapshot?.step !== until) throw new Error(`there was no step ${until}`)
  return filesOfRun({ snapshot, config, validations, backend, data, folder: opened?.folder ?? [], best })
}

function write(folder: string, files: readonly NamedFile[]): void {
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
}

/** The files of a run whose links are left out. */
const filesIn = (folder: string): NamedFile[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name))
    .map((path) => ({ name: path.slice(folder.length + 1), bytes: new Uint8Array(readFileSync(path)) }))

const tarOf = (files: readonly NamedFile[]): NamedFile => ({
  name: 'run.tar',
  bytes: writeTar(
    files.map(({ name, bytes }) => ({ name: `run/${name}`, bytes })),
    0,
  ),
})

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
    const { record } = await openRun(filesOf(folder, 'step=000040'))
    const { config } = record.saved
    const flat = flatSettings(config)
    for (const [path, value] of Object.entries(settings)) expect(flat[path], path).toEqual(value)
    return { shell, folder, config }
  }

  const filesOf = (folder: string, name: string): NamedFile[] =>
    readdirSync(join(folder, 'checkpoints', name)).map((file) => ({
      name: file,
      bytes: new Uint8Array(readFileSync(join(folder, 'checkpoints', name, file))),
    }))

  test('that began in the page goes on by ddnet train, 20 steps each, to the last bit', async () => {
    const { shell, folder, config } = await whole()
    write(join(shell.cwd, 'moved'), await onPage(config, 20))
    const { code, stderr } = await shell.run('train', '--resume', 'moved')
    expect(code, stderr).toBe(0)
    expect(measured(join(shell.cwd, 'moved'))).toEqual(measured(folder))
    expect(weights(join(shell.cwd, 'moved'))).toBe(weights(folder))
    expect(index(join(shell.cwd, 'moved')).best).toEqual(index(folder).best)
  })

  test('that began by ddnet train goes on in the page, 20 steps each, to the last bit, with its log and its best checkpoint', async () => {
    const { shell, folder } = await whole()
    // As it was after step 20.
    const before = filesIn(folder).filter(({ name }) => !/step=0000[34]0|result|predictions|report/.test(name))
    const half = await openRun([
      tarOf(
        before.map((file) =>
          file.name === 'checkpoints/index.json'
            ? { ...file, bytes: new TextEncoder().encode('{"last":{"name":"step=000020","step":20}}') }
            : file,
        ),
      ),
    ])
    expect(half.checkpoint.step).toBe(20)
    const files = await onPage(half.record.saved.config, 40, half)
    const moved = join(shell.cwd, 'moved')
    write(moved, files)
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
