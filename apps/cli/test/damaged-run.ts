import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '@ddnet/ops'
import { tuple } from '@ddnet/testing'
import { expect } from 'vitest'
import { afterImages, type Session, session } from './session.ts'

// What a loss of power, a full disk or a backup put back can leave of the files of a run.

const tiny = [
  'model.channels=[4]',
  'batchSize=8',
  'steps=12',
  'validation.every=4',
  'validation.images=40',
  'checkpoint.every=4',
  'checkpoint.keep=3',
  'name=a',
]
const run = 'runs/a'

/** What a run comes to: its weights, its optimizer, and what its log says but for the times. */
export interface Outcome {
  readonly weights: string
  readonly optimizer: string
  readonly log: string
}

/** A run that was stopped on its way, to be damaged; what it would have come to; and an older state of its folder. */
export interface Stopped {
  readonly folder: string
  readonly older: string
  readonly whole: Outcome
}

/** @param cwd an empty folder, of whoever asks */
export async function stoppedRun(cwd: string): Promise<Stopped> {
  const [wholeFolder, stoppedFolder] = tuple(
    ['whole', 'stopped'].map((name) => join(cwd, name)),
    2,
  )
  for (const folder of [wholeFolder, stoppedFolder]) mkdirSync(folder)
  const whole = session({ cwd: wholeFolder })
  expect((await whole.run('train', ...tiny)).code).toBe(0)
  // In step 11; two validations have taken 8 images each.
  const loadData = afterImages(11 * 8 + 2 * 8, () => shell.signal('SIGINT'))
  const shell: Session = session({ cwd: stoppedFolder, loadData })
  const older = join(shell.cwd, 'older')
  shell.onWrite = (text) => {
    // Behind the first checkpoint, in the middle of the run.
    if (text.startsWith('step  8/12')) cpSync(join(shell.cwd, run), older, { recursive: true, verbatimSymlinks: true })
  }
  expect((await shell.run('train', ...tiny)).code).toBe(130)
  return { folder: join(shell.cwd, run), older, whole: outcome(join(whole.cwd, run)) }
}

function outcome(folder: string): Outcome {
  const last = (name: string) => readFileSync(join(folder, 'checkpoints/last', name)).toString('base64')
  const log = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').replaceAll(/"seconds":[\d.e-]+/g, '')
  return { weights: last('model.safetensors'), optimizer: last('optimizer.safetensors'), log }
}

/** All files of a run. */
export const filesOf = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => statSync(join(folder, name)).isFile() && !/checkpoints\/(last|best)\//.test(name))
    .sort()

export const edits: Readonly<Record<string, (bytes: Buffer, older: Buffer | undefined, at: number) => Buffer | null>> =
  {
    emptied: () => Buffer.alloc(0),
    'filled with zeros': (bytes) => Buffer.alloc(bytes.length),
    'zeros at its end': (bytes, _, at) => Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]),
    'cut at the end of a line': (bytes, _, at) => bytes.subarray(0, bytes.indexOf(10, at) + 1 || at),
    'cut anywhere': (bytes, _, at) => bytes.subarray(0, at),
    'there twice': (bytes) => Buffer.concat([bytes, bytes]),
    'an older one': (_, older) => older ?? null,
    missing: () => null,
  }

export type Result = 'exact' | 'exact, and told' | 'refused'

/**
 * Damages one file of a copy of a run, and goes on with it: it comes to exactly what the undisturbed run does, in silence only where
 * nothing is lost, or it is refused with a line that names the file and what to do.
 *
 * @returns how it went; undefined where the edit changes nothing
 */
export async function editAndResume(
  { folder, older, whole }: Stopped,
  file: string,
  edit: string,
  seed: number,
): Promise<Result | undefined> {
  const shell = session()
  const copy = join(shell.cwd, run)
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true })
  const bytes = readFileSync(join(copy, file))
  const old = existsSync(join(older, file)) ? readFileSync(join(older, file)) : undefined
  const at = random.integer(random.key(seed).fold(`${file} ${edit}`), Math.max(1, Math.floor(0.8 * bytes.length)))
  const changed = edits[edit]?.(bytes, old, at) ?? null
  if (changed?.equals(bytes)) return undefined
  if (changed === null) rmSync(join(copy, file))
  else writeFileSync(join(copy, file), changed)

  const { code, stderr } = await shell.run('train', '--resume', run)
  const what = `${file} ${edit} (byte ${at}): ${stderr}`
  if (code !== 0) {
    expect(code, what).toBe(1)
    const line = stderr.split('\n').find((each) => each.startsWith('ddnet: ')) ?? ''
    const name = file.replace(/^checkpoints\/(step=\d+\/)?/, '')
    expect(line, what).toContain(name)
    expect(line, what).toMatch(/[Dd]elete |[Pp]ut |--checkpoint /)
    return 'refused'
  }
  const { log, ...numbers } = outcome(copy)
  const { log: wholeLog, ...wholeNumbers } = whole
  expect(numbers, what).toEqual(wholeNumbers)
  const isTold = /^note /m.test(stderr)
  // What the log lacks has been told.
  if (log !== wholeLog) expect(stderr.replace(/\s+/g, ' '), what).toContain('metrics.jsonl is not what it was')
  return isTold ? 'exact, and told' : 'exact'
}
