import { writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { memoryLimit } from '../src/machine.ts'
import { formatBytes } from '../src/terminal/format.ts'
import { writePhotos } from './photos.ts'
import { screen } from './screen.ts'
import { type Session, session } from './session.ts'

// What people see, at 80 columns, to be read in transcripts/. With `vitest -u` these tests write the files.

const columns = 80
const tiny = 'model.channels: [4]\nbatchSize: 8\nepochs: 3\nvalidation.images: 40\n'

/** A shell and what it has shown. */
class Recording {
  readonly shell: Session
  readonly #look: (written: string) => string[]
  readonly #parts: string[] = []

  /** @param look how a person sees what was written; by default as a terminal shows it */
  constructor(options: Parameters<typeof session>[0] = {}, look: (written: string) => string[] = screen) {
    this.shell = session({ isTTY: true, columns, ...options })
    writeFileSync(join(this.shell.cwd, 'tiny.yaml'), tiny)
    this.#look = look
  }

  /** Runs a command line, and keeps both of its streams as they come; `watch` sees the screen after each write. */
  async run(line: string, watch: (shown: string[]) => void = () => {}): Promise<void> {
    let written = ''
    this.shell.onWrite = (text) => {
      written += text
      watch(this.#look(written))
    }
    const { code } = await this.shell.run(...wordsOf(line))
    this.note(`$ ddnet ${line}`, ...this.#look(written), ...(code === 0 ? [] : [`(exit code ${code})`]))
  }

  note(...lines: string[]): void {
    this.#parts.push(lines.join('\n').trimEnd())
  }

  get text(): string {
    return `${this.#parts.map((part) => normalised(part, this.shell.cwd)).join('\n\n')}\n`
  }

  async expectFile(name: string): Promise<void> {
    const { text } = this
    for (const line of text.split('\n')) expect(visible(line), `${name}: ${line}`).toBeLessThanOrEqual(columns)
    await expect(text).toMatchFileSnapshot(fileURLToPath(new URL(`transcripts/${name}.txt`, import.meta.url)))
  }
}

const visible = (line: string): number => [...line.replace(/␛\[[\d;]*m/g, '')].length

/** Lines as a file has them, with the codes made visible. */
const raw = (written: string): string[] => written.replaceAll('\x1b', '␛').trimEnd().split('\n')

/** Words as a shell splits them; 'in quotes' is one. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')

/** What differs from run to run, of the same width where it stands in a table. */
function normalised(text: string, cwd: string): string {
  return text
    .replaceAll(cwd, '/home/you')
    .replace(/node \S+(?=\/scripts\/)/g, 'node ~/ddnet')
    .replaceAll(process.version, 'v20.20.0')
    .replaceAll(`${process.platform} ${arch()} ${release()}`, 'linux x64 6.1.0')
    .replaceAll(`${availableParallelism()} cores`, '8 cores')
    .replaceAll(formatBytes(memoryLimit()), '32.0 GB')
    .replaceAll(packageJson.version, '1.0.0')
    .replaceAll(cpus()[0]?.model.trim() || 'unknown', 'A processor')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-01-31 12:00')
    .replace(/\b\d:\d\d\b(?!:)/g, '0:07')
    .replace(/[\d.]+ k?B\b/g, '12 kB')
    .replace(/[\d.,]+( it\/s| s\/it| images\/s|ms\b)/g, '12$1')
}

test('help', async () => {
  const recording = new Recording()
  for (const line of [
    '--help',
    'train --help',
    'predict --help',
    'visualize --help',
    'export --help',
    'find-lr --help',
    'bench --help',
    'data --help',
    'data prepare --help',
    'backend install --help',
  ])
    await recording.run(line)
  await recording.expectFile('help')
})

const training = 'train --config tiny.yaml name=a'

// What people read in the end is the same everywhere.

test('training on a terminal', async () => {
  const recording = new Recording()
  await recording.run(training)
  await recording.expectFile('train')
})

test('training on a terminal with NO_COLOR: no color', async () => {
  const recording = new Recording({ env: { NO_COLOR: '1' } }, (written) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: color codes begin with one
    expect(written).not.toMatch(/\x1b\[[\d;]*m/)
    return screen(written)
  })
  await recording.run(training)
  await recording.expectFile('train')
})

test('training into a file: no codes, no line that is rewritten', async () => {
  const recording = new Recording({ isTTY: false }, raw)
  await recording.run(training)
  expect(recording.text).not.toMatch(/[␛\r]/)
  await recording.expectFile('train')
})

test('training into a file with FORCE_COLOR: color, and no other codes', async () => {
  const recording = new Recording({ isTTY: false, env: { FORCE_COLOR: '1' } }, raw)
  await recording.run(training)
  expect(recording.text.replace(/␛\[\d+m/g, '')).not.toMatch(/[␛\r]/)
  await recording.expectFile('train-force-color')
})

test('the line that is rewritten while a run trains', async () => {
  const recording = new Recording()
  let line: string | undefined
  await recording.run(training, (shown) => {
    line ??= shown.find((each) => / eta /.test(each))
  })
  const fixed = (line ?? '')
    .replace(/ data \d+%/, '')
    .replace(/━*─+/, '━━────────────────')
    .replace(/loss \d\.\d\d/, 'loss 2.00')
  expect(normalised(fixed, recording.shell.cwd)).toBe(
    'epoch 1/3 ━━──────────────── 1/9 12 it/s loss 2.00 lr 1.6e-4 eta 0:07',
  )
  expect(line?.length).toBeLessThan(columns)
})

async function withRuns(recording: Recording): Promise<void> {
  await recording.shell.run('train', '--config', 'tiny.yaml', 'name=a')
  await recording.shell.run('train', '--config', 'tiny.yaml', 'name=b', 'optimizer.learningRate=0.02', 'seed=7')
}

test('using runs', async () => {
  const recording = new Recording()
  const { cwd } = recording.shell
  await withRuns(recording)
  const photo = sharp({ create: { width: 640, height: 480, channels: 3, background: 'red' } })
  await photo.jpeg().toFile(join(cwd, 'bus.jpg'))
  await photo.png().toFile(join(cwd, 'a-photograph-with-a-long-name.png'))
  await recording.run('eval runs/a')
  await recording.run('predict runs/a bus.jpg a-photograph-with-a-long-name.png')
  await recording.run('predict runs/a')
  await recording.run('runs list')
  await recording.run('runs compare runs/a runs/b')
  await recording.run('export runs/a model.onnx')
  await recording.run('visualize runs/a bus.jpg --to looked')
  await recording.expectFile('use')
})

test('looking for a learning rate', async () => {
  const recording = new Recording()
  await recording.run('find-lr --config tiny.yaml --steps 40 --plot rates.svg')
  await recording.expectFile('find-lr')
})

test('data', async () => {
  const recording = new Recording()
  const { cwd } = recording.shell
  await writePhotos(join(cwd, 'photos'), { cats: 6, dogs: 3 })
  writeFileSync(join(cwd, 'photos/dogs/a.jpg'), 'no image')
  await recording.run('data inspect photos')
  await recording.run('data inspect cifar10')
  await recording.run('data statistics cifar10')
  await recording.run('data prepare cifar10 --to small --images 2')
  await recording.run("init 'My Network'")
  await recording.expectFile('data')
})

test('settings', async () => {
  const recording = new Recording({ isTTY: false })
  await recording.run('config epochs=3')
  await recording.run('config epochs=3 --explain')
  await recording.expectFile('config')
})

test('this machine', async () => {
  const recording = new Recording({ env: { DDNET_CACHE: '/cache' } })
  await recording.run('doctor')
  await recording.run('bench batchSize=32')
  await recording.run('bench --backend wasm --profile --steps 7')
  await recording.expectFile('machine')
})

test('what goes wrong', async () => {
  const recording = new Recording()
  await withRuns(recording)
  for (const line of [
    'trian',
    'train epoch=3',
    'train cifar100',
    'train batchSize=0',
    'train model.channels=[4,8] data.size=33',
    'train --backend webgpu',
    'train preset=article',
    'eval runs/none',
    'predict runs/a none.png',
    'data inspect nowhere',
    'train --resume runs/a steps=20',
    'train --config tiny.yaml optimizer.learningRate=1e30 optimizer=sgd',
  ])
    await recording.run(line)
  await recording.expectFile('errors')
})
